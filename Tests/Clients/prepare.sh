#!/bin/sh
# Gets the clients that Tests/Clients/clients.py tries, into the folder given (or .build/clients), without installing
# anything on the machine: packages of PyPI go into a virtual environment, packages of Debian are only unpacked.
#
#     sh Tests/Clients/prepare.sh [FOLDER]
#
# What cannot be had is written into FOLDER/missing, a line each: its name, a tab, the reason. That is no failure: the
# scenarios that need it are left out, loudly. What is there already is not fetched again, and needs no network.
set -u
folder=${1:-$(dirname "$0")/../../.build/clients}
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
: >"$folder/missing"
# All talk goes to standard error.
exec >&2

say() {
    printf '%s\n' "$*"
}

missing() {
    say "$1 is left out: $2"
    printf '%s\t%s\n' "$1" "$2" >>"$folder/missing"
}

# Runs a command for at most so many seconds; its words are kept in FOLDER/log.
quietly() {
    seconds=$1
    shift
    timeout "$seconds" "$@" >"$folder/log" 2>&1 </dev/null
}

# The last line of the log that tells of an error.
reason() {
    grep -E '^(E|ERROR|error|fatal)[: ]' "$folder/log" | tail -n 1 | cut -c 1-200 | grep . ||
        tail -n 1 "$folder/log" | cut -c 1-200 | grep . || echo "nothing was said"
}

# --- PyPI -------------------------------------------------------------------------------------------------------------

python="$folder/venv/bin/python"

has_package() {
    "$python" -c 'import sys; from importlib.metadata import version; sys.exit(version(sys.argv[1]) != sys.argv[2])' \
        "$1" "$2" 2>/dev/null
}

environment() {
    "$python" -c 'import pip' 2>/dev/null && return 0
    for candidate in python3 /usr/bin/python3; do
        rm -rf "$folder/venv"
        command -v "$candidate" >/dev/null && quietly 120 "$candidate" -m venv "$folder/venv" && return 0
    done
    rm -rf "$folder/venv"
    return 1
}

pypi() {
    has_package "$1" "$2" && return
    if ! environment; then
        missing "$1" "python3 -m venv does not work here (package python3-venv)"
        return
    fi
    say "Getting $1 $2 for Python."
    # Only what is built already: a client is not worth a compiler.
    # shellcheck disable=SC2015 # either failure is one
    quietly 300 "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        --only-binary :all: "$1==$2" && has_package "$1" "$2" ||
        missing "$1" "PyPI did not give version $2: $(reason)"
}

pypi influxdb 5.3.2
pypi influxdb-client 1.50.0
pypi influxdb3-python 0.21.0
pypi schemathesis 4.32.5

# --- Debian -----------------------------------------------------------------------------------------------------------

# Whether one of these programs is on the machine or among what was unpacked.
has_program() {
    for name in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$name" >/dev/null && return 0
        for place in usr/bin usr/sbin bin sbin; do
            [ -x "$folder/debian/$place/$name" ] && return 0
        done
    done
    return 1
}

# apt-get without a right to anything: with lists and a cache of its own where the machine's do not know the package.
fetch() {
    rm -rf "$folder/packages"
    mkdir -p "$folder/packages/partial" "$folder/debian"
    set -- -o APT::Sandbox::User= -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
        download "$@"
    (cd "$folder/packages" && quietly 120 apt-get "$@") && return 0
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    set -- -o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" "$@"
    if [ ! -e "$folder/apt/updated" ]; then
        say "Getting Debian's lists of packages."
        quietly 180 apt-get -o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" \
            -o APT::Sandbox::User= -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update
        : >"$folder/apt/updated"
    fi
    (cd "$folder/packages" && quietly 120 apt-get "$@")
}

# A program, and the packages that bring it and what it needs: the libraries that few machines have.
debian() {
    program=$1
    shift
    has_program "$program" && return
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        missing "$program" "it is not on this machine, which has no apt-get to get it"
        return
    fi
    say "Getting $program."
    if ! fetch "$@"; then
        missing "$program" "Debian's packages did not give $1: $(reason)"
        return
    fi
    for package in "$folder"/packages/*.deb; do
        quietly 60 dpkg -x "$package" "$folder/debian"
    done
    has_program "$program" || missing "$program" "it is not in the package $1"
}

rm -rf "$folder/apt"
has_program curl || missing curl "it is not on this machine (package curl)"
debian influx influxdb-client
debian collectd collectd-core libcap2
has_program nc.traditional nc || debian nc.openbsd netcat-openbsd libbsd0 libmd0
debian socat socat libwrap0
rm -rf "$folder/packages" "$folder/apt" "$folder/log"

if [ -s "$folder/missing" ]; then
    say "Clients are in $folder; left out: $(cut -f 1 "$folder/missing" | tr '\n' ' ')"
else
    say "All clients are in $folder."
fi
