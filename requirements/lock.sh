#!/bin/sh
# Resolves every *.in file again: newest versions that fit, with hashes, for every platform and Python from 3.11.
# Needs uv on the PATH (UV=... for another place). Run it from anywhere; files come out without the name of any index.
set -eu
cd "$(dirname "$0")"
lock() { "${UV:-uv}" pip compile "$1.in" --output-file "$1.txt" --quiet --upgrade --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-header --no-emit-package libclang; }
for name in airflow test images/keras images/cnn images/rnn images/transformer images/classical images/installer; do
    echo "requirements/$name.txt"
    lock "$name"
done
