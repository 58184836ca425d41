#!/bin/sh
# Airflow's database as this version wants it, and the login that .env names.
set -eu
airflow db migrate >/tmp/migrate.log 2>&1 || { cat /tmp/migrate.log; exit 1; }
# Each time: whoever changed the password in .env need not look for a second place.
if ! airflow users reset-password --username admin --password "$AIRFLOW_ADMIN_PASSWORD" >/dev/null 2>&1; then
  airflow users create --role Admin --username admin --firstname Admin --lastname Admin --email admin@localhost \
    --password "$AIRFLOW_ADMIN_PASSWORD" >/tmp/create.log 2>&1 || { cat /tmp/create.log; exit 1; }
fi
echo "The database is up to date; the login is admin."
