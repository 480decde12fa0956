#!/usr/bin/env bash
# The steps of deploy/Dockerfile by hand, for a machine without Docker (run as root): what .dockerignore lets in is built,
# and the program is started as somebody else on a read-only file system, with the image's settings. Ends with 0 if it gets healthy,
# writes nowhere but into /data, and stops in good order.
set -euo pipefail
shopt -s globstar nullglob
root=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'code=$?; [ "$code" = 0 ] || cat "$room/log" >&2; [ -z "${server:-}" ] || kill "$server" 2>/dev/null; rm -rf "$room"' EXIT
chmod 755 "$room"

# COPY . .
mkdir "$room/build" "$room/dependencies" "$room/app" "$room/data"
cd "$root"
for pattern in $(sed -n 's/^!//p' .dockerignore); do
  for file in $pattern; do
    case $file in */node_modules/*|*/data/*|*.log) continue ;; esac
    if [ -f "$file" ]; then install -D "$file" "$room/build/$file"; fi
  done
done
cp package.json package-lock.json "$room/dependencies"

(cd "$room/build" && npm ci --ignore-scripts --no-audit --no-fund && npm run build)
(cd "$room/dependencies" && npm ci --ignore-scripts --omit=dev --no-audit --no-fund)

cp package.json LICENSE deploy/health.mjs "$room/app"
cp -r "$room/dependencies/node_modules" "$room/build/dist" "$room/app"
chown -R 0:0 "$room/app"
chown 1000:1000 "$room/data"

# ENV, with this folder for /data; nobody else is to reach it.
settings=$(sed -n '/^ENV/,/^[^ E]/p' deploy/Dockerfile | grep -o '[A-Z_]*=[^ \\]*' |
  sed "s#/data#$room/data#; s#0\.0\.0\.0#127.0.0.1#")
export LATCHKEY_HTTP_PORT=${LATCHKEY_HTTP_PORT:-18080} LATCHKEY_MQTT_PORT=${LATCHKEY_MQTT_PORT:-18830}
# Everything is read-only but /data; both mounts are this process's alone.
# shellcheck disable=SC2086
unshare --mount bash -c '
  mount --bind "$0/data" "$0/data" && mount -o remount,bind,ro / && cd "$0/app" &&
  ! touch /written "$0/app/written" 2>/dev/null &&
  exec setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --no-new-privs env -i PATH="$PATH" \
    LATCHKEY_HTTP_PORT="$LATCHKEY_HTTP_PORT" LATCHKEY_MQTT_PORT="$LATCHKEY_MQTT_PORT" "$@" node dist/main.js
' "$room" $settings >"$room/log" 2>&1 &
server=$!

for _ in $(seq 120); do
  if node "$room/app/health.mjs"; then break; fi
  kill -0 "$server"
  sleep 0.5
done
node "$room/app/health.mjs"
curl -fsS "http://127.0.0.1:$LATCHKEY_HTTP_PORT/claim" >/dev/null
kill -TERM "$server"
wait "$server"
test -s "$room/data/instance.key"
echo "built, healthy as uid 1000 on a read-only root, and ended with 0"
