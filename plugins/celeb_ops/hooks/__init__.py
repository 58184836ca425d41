"""Clients opened by Airflow connections."""
