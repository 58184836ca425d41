"""An Airflow connection in, a client out."""
