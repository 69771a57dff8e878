#!/bin/sh
# Installs the programs that the product is compared with, into a virtual environment of their own in the
# folder given: they are no dependencies of the product.
set -eu
target=$1
here=$(dirname "$0")

python3 -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/references.txt"
touch "$target/installed"
