"""One web page → picture and facts. Plain Python over a Selenium driver; knows nothing of Airflow or the store."""
