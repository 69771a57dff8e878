#!/usr/bin/env bash
# Installs programs that the tests run and that are missing, by Debian's packages of the same names.
# Fails loudly where it cannot.
#
#   tests/need-tools.sh curl unzip
set -euo pipefail

missing=()
for tool in "$@"; do
    command -v "$tool" > /dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get > /dev/null; then
    echo "The tests need ${missing[*]}: install what is missing and try again." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "The tests need ${missing[*]}, and only root may install: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
for tool in "${missing[@]}"; do
    command -v "$tool" > /dev/null || { echo "$tool was installed, but is not there." >&2; exit 1; }
done
