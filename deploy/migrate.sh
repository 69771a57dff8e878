#!/bin/sh
# Brings the database of docker-compose.yml to the schema of this release: the roles that a Supabase
# project has, then each migration that was not applied yet, in a transaction of its own. Runs before
# PostgREST, every time; connects as PG* in the environment say.
set -eu

: "${AUTHENTICATOR_PASSWORD:?}"
roles=${ROLES:-/deploy/roles.sql}
migrations=${MIGRATIONS:-/deploy/migrations}

run() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname=postgres "$@"
}

ask() {
    run --tuples-only --no-align --command="$1"
}

if [ "$(ask "select count(*) from pg_roles where rolname = 'authenticator'")" = 0 ]; then
    run --single-transaction --file="$roles"
fi
run --set=password="$AUTHENTICATOR_PASSWORD" <<'SQL'
alter role authenticator password :'password';
SQL
applied=
if [ "$(ask "select to_regclass('public.schema_version') is not null")" = t ]; then
    applied=$(ask "select version from public.schema_version")
fi
for file in "$migrations"/*.sql; do
    name=$(basename "$file" .sql)
    if ! echo "$applied" | grep -qx "${name%%_*}"; then
        echo "applying $name"
        # As on Supabase: by a role that is no superuser. A PostgREST that runs is told with the commit, and
        # only then: while it reads the schema anew, requests wait.
        run --single-transaction --command="set role postgres" --file="$file" \
            --command="notify pgrst, 'reload schema'" > /dev/null
    fi
done
echo "the schema is up to date"
