"""Captures one web page: picture and facts. Plain Python over a Selenium driver, without Airflow and the store."""
