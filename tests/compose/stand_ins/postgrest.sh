#!/bin/sh
# PostgREST of npm is older than its option --ready, which docker-compose.yml uses.
set -eu

if [ "${1:-}" = --ready ]; then
    exec python -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)" \
        "http://$PGRST_ADMIN_SERVER_HOST:$PGRST_ADMIN_SERVER_PORT/ready"
fi
exec /opt/postgrest "$@"
