#!/bin/sh
# Gets DuckDB for Python into a virtual environment of its own, in the folder given (or .build/differential).
# Nothing is installed on the machine, and nothing is put into the tree.
#
#     sh Tests/Differential/prepare.sh [FOLDER]
#
# Where it cannot be had, the reason stands in FOLDER/missing: that is no failure, the comparison is left out, loudly.
# What is there already is not fetched again, and needs no network.
set -u
folder=${1:-$(dirname "$0")/../../.build/differential}
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
version=2.0.1
python="$folder/venv/bin/python"
: >"$folder/missing"

missing() {
    printf '%s\n' "$1" | tee "$folder/missing" >&2
    exit 0
}

has_duckdb() {
    "$python" -c 'import sys, duckdb; sys.exit(duckdb.__version__ != sys.argv[1])' "$version" 2>/dev/null
}

has_duckdb && exit 0
if ! "$python" -c 'import pip' 2>/dev/null; then
    rm -rf "$folder/venv"
    timeout 120 python3 -m venv "$folder/venv" >"$folder/log" 2>&1 </dev/null ||
        missing "python3 -m venv does not work here (package python3-venv)"
fi
# Only what is built already: a comparison is not worth a compiler.
timeout 300 "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
    --only-binary :all: "duckdb==$version" >"$folder/log" 2>&1 </dev/null
has_duckdb || missing "PyPI did not give duckdb $version: $(tail -n 1 "$folder/log" | cut -c 1-200)"
