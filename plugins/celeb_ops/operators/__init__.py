"""Operators for the steps of one site."""

# First: it rejects an Airflow that is too old.
from celeb_ops.hooks import airflow_names as airflow_names
