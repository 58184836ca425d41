#!/bin/sh
# The images that docker-compose.yaml begins with. Each is pulled; where it can't be, a stand-in of the same name is
# made of Debian's packages. Never for more than tests: a stand-in is no image that its makers have signed.
set -eu

DEBIAN=debian:bookworm-slim
POSTGRES=postgres:17-trixie
REDIS=redis:7.2-bookworm
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

there() {
  docker image inspect "$1" >/dev/null 2>&1 || timeout 120 docker pull -q "$1" >/dev/null 2>&1
}

# A root file system of a release, with what this machine trusts: a closed place may have a certificate of its own.
base() { # release, packages with commas between
  debootstrap --variant=minbase ${2:+--include="$2"} "$1" "$WORK/$1" "$MIRROR" >"$WORK/log" 2>&1 || { tail -20 "$WORK/log" >&2; exit 1; }
  cat >"$WORK/$1/etc/apt/sources.list" <<EOF
deb $MIRROR $1 main
deb $MIRROR $1-updates main
deb ${MIRROR%/debian}/debian-security $1-security main
EOF
  if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
    cp /usr/local/share/ca-certificates/*.crt "$WORK/$1/usr/local/share/ca-certificates/"
    chroot "$WORK/$1" update-ca-certificates >/dev/null 2>&1
  fi
  rm -rf "$WORK/$1"/var/cache/apt/archives/*.deb "$WORK/$1"/var/lib/apt/lists/*
}

import() { # release, name, changes …
  from=$1 name=$2
  shift 2
  set -- "$@" "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" \
    "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt" "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"
  for change in "$@"; do
    printf '%s\0%s\0' -c "$change"
  done >"$WORK/changes"
  tar -C "$WORK/$from" -c . | xargs -0 -a "$WORK/changes" sh -c 'exec docker import "$@" - "$0"' "$name" >/dev/null
  rm -rf "${WORK:?}/$from"
  echo "· stand-in for $name (Debian $from)"
}

if ! there "$DEBIAN"; then
  base bookworm ca-certificates
  import bookworm "$DEBIAN" 'CMD ["bash"]'
fi

if ! there "$POSTGRES"; then
  base trixie ca-certificates,postgresql-17
  cp "$(dirname "$0")/postgres.sh" "$WORK/trixie/usr/local/bin/docker-entrypoint.sh"
  # Of the same number as in the image that it stands for.
  chroot "$WORK/trixie" sh -c 'usermod -u 999 postgres && groupmod -g 999 postgres && rm -rf /var/lib/postgresql/* &&
    install -d -o postgres -g postgres /var/lib/postgresql/data /var/run/postgresql'
  import trixie "$POSTGRES" 'ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin' \
    'ENV PGDATA=/var/lib/postgresql/data' 'VOLUME /var/lib/postgresql/data' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
fi

if ! there "$REDIS"; then
  base bookworm ca-certificates,redis-server
  chroot "$WORK/bookworm" sh -c 'usermod -u 999 redis && groupmod -g 999 redis 2>/dev/null; install -d -o redis /data'
  import bookworm "$REDIS" 'WORKDIR /data' 'VOLUME /data' 'USER 999:999' 'CMD ["redis-server"]'
fi
