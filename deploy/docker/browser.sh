#!/bin/sh
# chromedriver, and an end for what it has none for: a session whose task was killed is never quit by anybody.
set -eu

# A picture's task is ended after 30 minutes (execution_timeout): what is older than this belongs to nobody.
LONGEST_S=${BROWSER_LONGEST_S:-2100}
# Seconds between two looks at it.
LOOK_S=${BROWSER_LOOK_S:-30}

tidy() {
  while sleep "$LOOK_S"; do
    pkill -KILL --older "$LONGEST_S" chromium || true
    # Profiles of browsers that were killed.
    find "${TMPDIR:-/tmp}" -mindepth 1 -maxdepth 1 -user "$(id -u)" -not -newermt "-$LONGEST_S seconds" \
      -exec rm -rf {} + || true
  done
}
tidy &

# Its addresses are those of the network that it stands in: who may reach that is the network's affair.
exec chromedriver --port=4444 --allowed-ips= --allowed-origins='*' "$@"
