#!/usr/bin/env bash
# The browser that the web tests drive: Debian's Chromium, installed when it is missing. Fails loudly where it cannot.
set -euo pipefail

browser="${CHROMIUM:-/usr/bin/chromium}"
[ -x "$browser" ] && exit 0

if ! command -v apt-get > /dev/null; then
    echo "The web tests need Chromium: install it, and name it in CHROMIUM if it is not $browser." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "The web tests need Chromium, and only root may install it: apt-get install chromium" >&2
        exit 1
    fi
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
[ -x "$browser" ] || { echo "Chromium was installed, but there is no $browser." >&2; exit 1; }
