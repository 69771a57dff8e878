#!/usr/bin/env bash
# Fails unless the programs are there that the tests run; tests/apt-install.sh may install those that
# are missing, from Debian's packages of the same names.
#
#   tests/need-tools.sh curl unzip
set -euo pipefail

missing=()
for tool in "$@"; do
    command -v "$tool" > /dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] && exit 0

"$(dirname "$0")/apt-install.sh" "${missing[@]}"
for tool in "${missing[@]}"; do
    command -v "$tool" > /dev/null || { echo "$tool was installed, but is not there." >&2; exit 1; }
done
