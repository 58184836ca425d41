#!/bin/sh
# Airflow's database as this version wants it, and the login that .env names.
set -eu
airflow db migrate >/tmp/migrate.log 2>&1 || { cat /tmp/migrate.log; exit 1; }
# The password is asked for twice. By standard input: a command line is open to everybody (ps).
with_password() { printf '%s\n%s\n' "$AIRFLOW_ADMIN_PASSWORD" "$AIRFLOW_ADMIN_PASSWORD" | airflow users "$@"; }
# Each time: whoever changed the password in .env need not look for a second place.
if ! with_password reset-password --username admin >/dev/null 2>&1; then
  with_password create --role Admin --username admin --firstname Admin --lastname Admin --email admin@localhost \
    >/tmp/create.log 2>&1 || { cat /tmp/create.log; exit 1; }
fi
echo "The database is up to date; the login is admin."
