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

is_applied() {
    [ "$(ask "select to_regclass('public.schema_version') is not null")" = t ] &&
        [ "$(ask "select count(*) from public.schema_version where version = '$1'")" = 1 ]
}

if [ "$(ask "select count(*) from pg_roles where rolname = 'authenticator'")" = 0 ]; then
    run --single-transaction --file="$roles"
fi
run --set=password="$AUTHENTICATOR_PASSWORD" <<'SQL'
alter role authenticator password :'password';
SQL
for file in "$migrations"/*.sql; do
    name=$(basename "$file" .sql)
    if ! is_applied "${name%%_*}"; then
        echo "applying $name"
        # As on Supabase: by a role that is no superuser.
        run --single-transaction --command="set role postgres" --file="$file"
    fi
done
ask "notify pgrst, 'reload schema'"
echo "the schema is up to date"
