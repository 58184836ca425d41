#!/bin/sh
# `make cluster`: secrets, images, services; waits until a run can be triggered, and says where.
# Needs Docker with Compose and nothing else: an empty server has no Python of ours.
set -eu
# The path without links, as Compose sees it: it names the project by the folder.
cd -P "$(dirname "$0")/.."

stop() {
  echo "✗ $*" >&2
  exit 1
}

# --- what must be there ---------------------------------------------------------------------------

command -v docker >/dev/null || stop "There is no docker here: https://docs.docker.com/engine/install/"
docker info >/dev/null 2>&1 || stop "Docker does not answer: is it running, and may $(id -un) use it (group docker)?"
if docker compose version >/dev/null 2>&1; then
  compose() { docker compose "$@"; }
elif command -v docker-compose >/dev/null; then
  compose() { docker-compose "$@"; }
else
  stop "Docker's Compose is missing: https://docs.docker.com/compose/install/"
fi

# --- .env: what is in there stays -------------------------------------------------------------------

in_file() { # the last value that .env gives a name, without quotes or a comment
  [ -f .env ] || return 0
  sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" .env | tail -1 | tr -d '\r' |
    sed "s/^\(['\"]\)\(.*\)\1[[:space:]]*\(#.*\)\{0,1\}\$/\2/; t
         s/[[:space:]]\{1,\}#.*\$//; s/[[:space:]]*\$//"
}
value() { # the environment's, else .env's
  eval "given=\${$1:-}"
  if [ -n "$given" ]; then printf %s "$given"; else in_file "$1"; fi
}
put() { # name, value: a line of .env. Beside it first: a full disk must not cost the secrets that are in there.
  [ "$(in_file "$1")" != "$2" ] || return 0
  case $2 in *"
"*) stop "$1 has a line break in it: .env has a line for each value." ;; esac
  cp -p .env .env.new
  grep -v "^$1=" .env >.env.new || true
  printf '%s=%s\n' "$1" "$2" >>.env.new
  mv .env.new .env
}
random() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
secret() { # name, value for where it is not set yet
  given=$(in_file "$1")
  [ -n "$given" ] || put "$1" "$2"
  case $(in_file "$1") in
    # Passwords stand in addresses, and each reader of .env has rules of its own for other signs.
    *[!A-Za-z0-9._~=-]*) stop "$1 in .env may have letters, digits and . _ ~ = - only." ;;
  esac
}

in_project() { # name, what it must be: of folders the containers see these alone
  given=$(in_file "$1")
  case ${given:-$2} in
    "$2" | "$2"/* | "./$2" | "./$2"/* | s3://*) ;;
    *) stop "$1=$given: in the cluster it is $2${3:-}, or below it; mount another place in docker-compose.override.yaml (docs/cluster.md)." ;;
  esac
}
# The containers have the file, not this shell's environment.
for name in $(env | sed -n 's/^\(CELEBS_[A-Z_0-9]*\|AIRFLOW_CONN_[A-Z_0-9]*\)=..*/\1/p'); do
  eval "given=\${$name}"
  [ "$(in_file "$name")" = "$given" ] ||
    stop "$name is set in the environment, where the containers don't see it: write it into .env."
done
in_project CELEBS_STORE data " or s3://bucket/prefix"
in_project CELEBS_GALLERY gallery
in_project CELEBS_SITES include

umask 077
touch .env
# The services run as who owns the files; never as root.
uid=$(id -u)
[ "$uid" != 0 ] || uid=${SUDO_UID:-50000}
[ "$uid" != 0 ] || uid=50000
if [ "$(id -u)" = 0 ]; then
  # Their user is another one, of group 0: that one may read the secrets, and write the dataset.
  chgrp 0 .env && chmod 640 .env
else
  chmod 600 .env
fi
# A last line without its end, as some editors leave it.
[ ! -s .env ] || [ -z "$(tail -c 1 .env)" ] || echo >>.env

# As Compose makes it of the folder's name; kept when it is given, so that `docker compose …` by hand finds the same.
folder=$(basename "$PWD" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_-]//g; s/^[_-]*//')
project=$(value COMPOSE_PROJECT_NAME)
[ -z "${COMPOSE_PROJECT_NAME:-}" ] || put COMPOSE_PROJECT_NAME "$project"
project=${project:-$folder}
[ -z "${PORT:-}" ] || put PORT "$PORT"
port=$(value PORT)
port=${port:-8080}
[ -z "${AIRFLOW_BASE_URL:-}" ] || put AIRFLOW_BASE_URL "$AIRFLOW_BASE_URL"
base=$(value AIRFLOW_BASE_URL)
case ${base:-http://127.0.0.1:8080} in
  http://127.0.0.1:*) put AIRFLOW_BASE_URL "http://127.0.0.1:$port" ;;
esac

if [ -z "$(in_file POSTGRES_PASSWORD)" ] && docker volume inspect "${project}_postgres" >/dev/null 2>&1; then
  stop "A database of this cluster is there (volume ${project}_postgres), but its POSTGRES_PASSWORD is not in .env: bring that .env back, or give the database up with: docker volume rm ${project}_postgres"
fi
[ -n "$(in_file POSTGRES_PASSWORD)" ] ||
  echo "# Made by make cluster. Keep what follows: the database was made with it." >>.env
secret AIRFLOW_UID "$uid"
secret AIRFLOW_ADMIN_PASSWORD "$(random 12)"
secret POSTGRES_PASSWORD "$(random 24)"
secret REDIS_PASSWORD "$(random 24)"
secret AIRFLOW_FERNET_KEY "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n')"
secret AIRFLOW_API_SECRET_KEY "$(random 32)"
secret AIRFLOW_JWT_SECRET "$(random 32)"

# Tasks at once are as many as the workers have room for.
workers=$(value WORKERS) room=$(value WORKER_CONCURRENCY)
for number in "$workers" "$room"; do
  case $number in *[!0-9]*) stop "WORKERS and WORKER_CONCURRENCY are whole numbers, not $number." ;; esac
done
put PARALLELISM "$((${workers:-2} * ${room:-4}))"
# Containers keep the settings that they were made with: where these have changed, new containers are made.
put SETTINGS_DIGEST "$(grep -v '^SETTINGS_DIGEST=' .env | cksum | cut -d' ' -f1)"

umask 022
mkdir -p data gallery
if [ "$(id -u)" = 0 ]; then
  chgrp -R 0 data gallery && chmod -R g+rwX data gallery
fi

# --- build, start, wait -----------------------------------------------------------------------------

image() { docker image inspect -f '{{.Id}}' celebs-airflow 2>/dev/null || true; }
before=$(image)
if [ -z "${NO_BUILD:-}" ]; then
  echo "· images (the first time some minutes; log: .cluster-build.log)"
  compose build >.cluster-build.log 2>&1 || { tail -30 .cluster-build.log >&2; stop "The images could not be built."; }
fi
if [ -n "$before" ] && [ "$(image)" != "$before" ] && [ -n "$(compose ps -q scheduler 2>/dev/null)" ]; then
  echo "· another version: the old services end first, since it may change the database (tasks under way have 5 min)"
  compose stop worker triggerer dag-processor scheduler api-server >.cluster-up.log 2>&1
fi
echo "· services"
compose up -d "$@" >.cluster-up.log 2>&1 || {
  tail -30 .cluster-up.log >&2
  compose logs --no-color --tail 30 init >&2 || true
  if grep -q "Pool overlaps" .cluster-up.log; then
    stop "Another network here has the browsers' addresses: set BROWSERS_SUBNET=172.30.241.0/24, or others, in .env."
  fi
  stop "The services did not start."
}

waiting() { # the services that do not answer yet, one a line
  for id in $(compose ps -q); do
    docker inspect -f '{{index .Config.Labels "com.docker.compose.service"}} {{if and .State.Health .State.Running}}{{.State.Health.Status}}{{else}}{{.State.Status}}-{{.State.ExitCode}}{{end}}' "$id" 2>/dev/null
  done | grep -v -e ' healthy$' -e '^init exited-0$' | sort -u
}
database() { compose exec -T postgres psql -U airflow -d airflow -tAc "$1" 2>/dev/null; }
known() { # whether the DAG can be triggered
  database "select count(*) from dag where dag_id = 'trending_celebrities' and not is_stale" | grep -q 1
}
began=$(date +%s)
said=
while :; do
  left=$(waiting || true)
  if [ -z "$left" ]; then
    known && break
    left="the DAG"
    refused=$(database "select stacktrace from import_error where filename like '%trending_celebrities.py'" | grep . | tail -1)
    [ -z "$refused" ] || stop "Airflow can't load the DAG: $refused"
  fi
  now=$(echo "$left" | cut -d' ' -f1 | sort -u | tr '\n' ' ')
  [ "$now" = "$said" ] || echo "  waiting for ${now}"
  said=$now
  if [ $(($(date +%s) - began)) -gt "${CLUSTER_WAIT_S:-600}" ]; then
    echo "$left" >&2
    stop "That did not come up within ${CLUSTER_WAIT_S:-600} s: docker compose logs <service> says why."
  fi
  sleep 2
done
store=$(in_file CELEBS_STORE)
echo
echo "Airflow is up: $(in_file AIRFLOW_BASE_URL)   login: admin  password: $(in_file AIRFLOW_ADMIN_PASSWORD)"
echo "The schedule is on (08:00 and 20:00 UTC). Stop it with: docker compose down (the dataset stays in ${store:-data/})."
