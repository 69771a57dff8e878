#!/usr/bin/env bash
# Installs Debian packages where that may be done, and says otherwise how it is done.
# Root is not asked where nobody is there to answer, as in CI; everybody else is, or it fails.
#
#   tests/apt-install.sh curl unzip
set -euo pipefail

fail() {
    echo "$1" >&2
    exit 1
}

command -v apt-get > /dev/null || fail "Install $* and try again: there is no apt-get here."

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
by_hand="${as_root[*]:+sudo }apt-get install $*"

has_terminal() {
    [ -z "${CI:-}" ] && [ -t 0 ] && [ -t 2 ]
}

if has_terminal; then
    read -r -p "$* must be installed. Run \`$by_hand\` now? [y/N] " answer
    [[ $answer =~ ^[Yy] ]] || fail "Not installed: $by_hand"
elif [ "$(id -u)" -ne 0 ]; then
    fail "$* must be installed: $by_hand"
fi

"${as_root[@]}" apt-get update -qq -o Acquire::Retries=5
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq -o Acquire::Retries=5 --no-install-recommends "$@" > /dev/null
