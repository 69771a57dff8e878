#!/bin/sh
# Installs what runs docker-compose.yml in the tests, into the folder given, unless Docker does: podman, what
# builds images (Debian's packages, see tests/apt-install.sh), and podman-compose (PyPI).
set -eu
target=$1
here=$(dirname "$0")

mkdir -p "$target"
if ! { docker info && docker compose version; } > /dev/null 2>&1; then
    for program in podman buildah runc mmdebstrap iptables; do
        command -v "$program" > /dev/null && continue
        "$here/../apt-install.sh" podman buildah runc netavark aardvark-dns iptables mmdebstrap
        break
    done
    python3 -m venv "$target/podman-compose"
    "$target/podman-compose/bin/pip" install --quiet --disable-pip-version-check \
        --requirement "$here/podman-compose.txt"
fi
touch "$target/installed"
