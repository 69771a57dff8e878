#!/bin/sh
# What nginx's image does before it starts nginx: it reads what sets variables, and fills in the templates.
set -eu

for script in /docker-entrypoint.d/*.envsh; do
    # As the image does, which says so: "Ignoring …, not executable".
    [ -x "$script" ] || continue
    # shellcheck disable=SC1090 # docker-compose.yml mounts them.
    . "$script"
done
if [ -n "${NGINX_ENTRYPOINT_LOCAL_RESOLVERS:-}" ]; then
    # What release 0.2.0 asks for. The image gives nginx all of them, of which only the engine's own knows containers.
    NGINX_LOCAL_RESOLVERS=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
    export NGINX_LOCAL_RESOLVERS
fi
# shellcheck disable=SC2016 # envsubst is given the names of all variables, and replaces no other dollar.
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')
for template in /etc/nginx/templates/*.template; do
    envsubst "$names" < "$template" > "${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}/$(basename "$template" .template)"
done
exec "$@"
