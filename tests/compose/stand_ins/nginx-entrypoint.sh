#!/bin/sh
# What nginx's image does with the variables that docker-compose.yml sets: it fills in the templates.
set -eu

if [ -n "${NGINX_ENTRYPOINT_LOCAL_RESOLVERS:-}" ]; then
    # Docker has one. Podman adds those of the machine, which know no service, and nginx asks them in turn.
    NGINX_LOCAL_RESOLVERS=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
    export NGINX_LOCAL_RESOLVERS
fi
# shellcheck disable=SC2016 # envsubst is given the names of all variables, and replaces no other dollar.
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p')
for template in /etc/nginx/templates/*.template; do
    envsubst "$names" < "$template" > "${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}/$(basename "$template" .template)"
done
exec "$@"
