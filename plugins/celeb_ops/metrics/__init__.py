"""Counters that go where Airflow's own metrics go."""
