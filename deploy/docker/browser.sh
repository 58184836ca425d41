#!/bin/sh
# chromedriver, and four things that it does not do by itself.
set -eu

# A picture's task is ended after 30 minutes (execution_timeout): what is older than this belongs to nobody.
LONGEST_S=${BROWSER_LONGEST_S:-2100}
# Seconds between two looks at it.
LOOK_S=${BROWSER_LOOK_S:-30}
# Of /tmp (1 GB of memory), what one browser may take; a front page takes some 10 MB.
DISK_MB=${BROWSER_DISK_MB:-500}

# 1. It answers "ready" also where no browser starts. Then there shall be no answer, and a reason in the log.
profile=$(mktemp -d)
if ! said=$(timeout 120 chromium --headless=new --no-first-run --disable-background-networking --disable-sync \
  --disable-component-update --user-data-dir="$profile" --dump-dom about:blank 2>&1); then
  echo "$said"
  echo "Chromium does not start here. Of its sandbox: may users make user namespaces on this host? (docs/cluster.md)"
  exit 1
fi
rm -rf "$profile"

# 2. A session whose task was killed is never quit by anybody.
tidy() {
  while sleep "$LOOK_S"; do
    pkill -KILL --older "$LONGEST_S" chromium || true
    # Each browser leaves the folder of its socket behind. Where nobody listens any more, it is nobody's.
    for socket in "${TMPDIR:-/tmp}"/org.chromium.Chromium.*/SingletonSocket; do
      if [ -S "$socket" ] && ! grep -qF "$socket" /proc/net/unix; then rm -rf "${socket%/*}"; fi
    done
    # Profiles of browsers that were killed.
    find "${TMPDIR:-/tmp}" -mindepth 1 -maxdepth 1 -user "$(id -u)" -not -newermt "-$LONGEST_S seconds" \
      -exec rm -rf {} + || true
  done
}
tidy &

# 3. A page may fill its browser's profile, and with it the /tmp of all browsers here.
bound() {
  while sleep 1; do
    du -sm "${TMPDIR:-/tmp}"/*/ 2>/dev/null | while read -r taken profile; do
      if [ "$taken" -gt "$DISK_MB" ]; then
        echo "A page filled more than $DISK_MB MB of disk: its browser is ended."
        pkill -KILL -f -- "--user-data-dir=${profile%/}" || true
        rm -rf "$profile"
      fi
    done
  done
}
bound &

# 4. The pages that it shows could ask it for sessions by a form, and a session starts any program. Of requests that
# come from a page it shall take its own alone; workers' requests come from none. Their Host is its address or name.
origins=http://${BROWSER_NAME:-browser}:4444
for address in $(hostname -i); do
  origins="$origins,http://$address:4444"
done
exec chromedriver --port=4444 --allowed-ips= --allowed-origins="$origins" "$@"
