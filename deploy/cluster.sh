#!/bin/sh
# `make cluster`: secrets, images, services; waits until a run can be triggered, and says where.
# Needs Docker with Compose and nothing else: an empty server has no Python of ours.
set -eu
cd "$(dirname "$0")/.."

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

# --- .env: made once, never overwritten -------------------------------------------------------------

value() { # the last value that .env gives a name, without quotes around it; the environment's goes before it
  eval "given=\${$1:-}"
  if [ -n "$given" ]; then
    printf %s "$given"
  elif [ -f .env ]; then
    sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" .env | tail -1 | tr -d '\r' |
      sed "s/^\(['\"]\)\(.*\)\1\$/\2/"
  fi
}
random() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
secret() { # name, value: into .env where it is not set yet
  [ -n "$(value "$1")" ] && return
  # A file that somebody wrote may lack the end of its last line.
  [ ! -s .env ] || [ -z "$(tail -c 1 .env)" ] || echo >>.env
  [ -n "${made:-}" ] || printf '%s\n' "# Made by make cluster. Keep these: the database was made with them." >>.env
  made=yes
  printf '%s=%s\n' "$1" "$2" >>.env
}

in_project() { # name, what it must be: of folders the containers see these alone
  given=$(value "$1")
  case ${given:-$2} in
    "$2" | "$2"/* | "./$2" | "./$2"/* | s3://*) ;;
    *) stop "$1=$given: in the cluster it is $2${3:-}, or below it; mount another place in docker-compose.override.yaml (docs/cluster.md)." ;;
  esac
}
in_project CELEBS_STORE data " or s3://bucket/prefix"
in_project CELEBS_GALLERY gallery
in_project CELEBS_SITES include

umask 077
touch .env
project=$(value COMPOSE_PROJECT_NAME)
[ -n "$project" ] || project=$(basename "$PWD" | tr '[:upper:]' '[:lower:]' | sed 's/^[^a-z0-9]*//; s/[^a-z0-9_-]//g')
export COMPOSE_PROJECT_NAME="$project"
if [ -z "$(value POSTGRES_PASSWORD)" ] && docker volume inspect "${project}_postgres" >/dev/null 2>&1; then
  stop "A database of this cluster is there (volume ${project}_postgres), but its POSTGRES_PASSWORD is not in .env: " \
    "bring that .env back, or give the database up with: docker volume rm ${project}_postgres"
fi
# The services run as who owns the files; never as root.
uid=$(id -u)
[ "$uid" != 0 ] || uid=${SUDO_UID:-50000}
[ "$uid" != 0 ] || uid=50000
secret AIRFLOW_UID "$uid"
secret AIRFLOW_ADMIN_PASSWORD "$(random 12)"
secret POSTGRES_PASSWORD "$(random 24)"
secret REDIS_PASSWORD "$(random 24)"
secret AIRFLOW_FERNET_KEY "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n')"
secret AIRFLOW_API_SECRET_KEY "$(random 32)"
secret AIRFLOW_JWT_SECRET "$(random 32)"

# Containers keep the file that they were made with: one whose content changed makes new containers. It stands in the
# file itself, so that `docker compose up` by hand finds the same.
others=$(grep -v '^SETTINGS_DIGEST=' .env)
digest=SETTINGS_DIGEST=$(printf '%s\n' "$others" | cksum | cut -d' ' -f1)
grep -qx "$digest" .env || printf '%s\n' "$others" "$digest" >.env

umask 022
mkdir -p data gallery
if [ "$(id -u)" = 0 ]; then
  # The services' user is another one, of group 0: that one may read the secrets, and write the dataset.
  chmod 640 .env && chgrp 0 .env
  chgrp -R 0 data gallery && chmod -R g+rwX data gallery
fi

# --- build, start, wait -----------------------------------------------------------------------------

port=$(value PORT)
export PORT="${port:-8080}"
base=$(value AIRFLOW_BASE_URL)
export AIRFLOW_BASE_URL="${base:-http://127.0.0.1:$PORT}"

if [ -z "${NO_BUILD:-}" ]; then
  echo "· images (the first time some minutes; log: .cluster-build.log)"
  compose build >.cluster-build.log 2>&1 || { tail -30 .cluster-build.log >&2; stop "The images could not be built."; }
fi
echo "· services"
compose up -d "$@" >.cluster-up.log 2>&1 || {
  tail -30 .cluster-up.log >&2
  compose logs --no-color --tail 30 init >&2 || true
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
  left=$(waiting)
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
echo
echo "Airflow is up: $AIRFLOW_BASE_URL   login: admin  password: $(value AIRFLOW_ADMIN_PASSWORD)"
echo "The schedule is on (08:00 and 20:00 UTC). Stop it with: docker compose down (the dataset stays in $(value CELEBS_STORE | grep . || echo data/))."
