#!/bin/sh
# Bytes for each number of real sensor data: Tram next to VictoriaMetrics, ClickHouse, Parquet, Vortex and pcodec.
# Its parts are in Benchmarks/sizes; `sh Benchmarks/sizes.sh --help` says what it takes and does.
set -eu

usage() {
    cat <<'END'
usage: sh Benchmarks/sizes.sh [--who LIST] [--tram FILE] [--folder DIR] [FEED ...]

Gives the rows of each feed to everyone on the list, lets everyone make them as small as it can, checks that all of it
is still there, and counts the bytes. A Markdown table for each feed goes to standard output, all talk to standard
error. Exit status: 0 when everyone kept everything, 1 when one did not, could not be had here, or something failed
(the others are measured all the same, and the table says who was not), 2 for wrong usage.

  FEED        line protocol with times in nanoseconds: plain, .gz or .zst. When nothing is said: traffic and air of
              samples/city, which are short; their README says where the full ones come from
  --who       who, in which order (tram,victoria-metrics,clickhouse,parquet,vortex,pcodec)
  --tram      a tram to use; without it, Tram is built
  --folder    for binaries, Python packages and data, outside the repository (tram-sizes in $TMPDIR, else in /tmp); it
              is kept, which makes the next sitting start sooner, and may be deleted at any time

VictoriaMetrics is had from Debian without installing it, the last four from PyPI into an environment of their own
(pyarrow, chdb, vortex-data, pcodec: 1.5 GB of disk). After that a feed of 400,000 rows takes about a minute and 2 GB
of memory. The bytes are the same every time, but for VictoriaMetrics, which differs by a few KB.

What the bytes hold differs, and the table says so: Tram, ClickHouse, Parquet and Vortex keep strings and tags,
VictoriaMetrics no strings, pcodec neither. Tram's are all files of the database: the log, the manifest, names,
segments with checksums, statistics and their directory. pcodec has no file format, index or statistics: what it makes
of each column is added up. Where somebody who knows the data would declare decimals, this is done for ClickHouse and
pcodec, in lines of their own.
END
}

wrong() {
    printf '%s\n' "$*" >&2
    usage >&2
    exit 2
}

# The path of a file, seen from anywhere.
absolute() {
    printf '%s/%s' "$(cd "$(dirname "$1")" && pwd -P)" "$(basename "$1")"
}

who=tram,victoria-metrics,clickhouse,parquet,vortex,pcodec folder=${TMPDIR:-/tmp}/tram-sizes tram=
given=
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --who | --tram | --folder) [ $# -gt 1 ] || wrong "$1 needs a value." ;;
    -*) wrong "Unknown: $1" ;;
    *) break ;;
    esac
    case $1 in
    --who)
        who=$2
        given=" --who $2"
        ;;
    --tram) tram=$2 ;;
    --folder) folder=$2 ;;
    esac
    shift 2
done

case ,$who, in
*,,*) wrong "--who is separated by single commas: '$who'." ;;
esac
modules= wants_tram=no wants_peer=no
for name in $(printf '%s' "$who" | tr , ' '); do
    case $name in
    tram) wants_tram=yes ;;
    victoria-metrics) wants_peer=yes ;;
    clickhouse) modules="$modules chdb:chdb" ;;
    parquet) modules="$modules pyarrow:pyarrow" ;;
    vortex) modules="$modules pyarrow:pyarrow vortex:vortex-data" ;;
    pcodec) modules="$modules numpy:numpy pcodec:pcodec" ;;
    *) wrong "--who is tram, victoria-metrics, clickhouse, parquet, vortex and pcodec; '$name' is none of them." ;;
    esac
done
if [ -n "$tram" ]; then
    [ -x "$tram" ] || wrong "--tram is a binary, and '$tram' is none."
    tram=$(absolute "$tram")
fi
# The feeds from now on: one absolute path after another.
count=$#
while [ "$count" -gt 0 ]; do
    [ -r "$1" ] && [ -f "$1" ] || wrong "No feed is '$1'."
    given="$given $(basename "$1")"
    set -- "$@" "$(absolute "$1")"
    shift
    count=$((count - 1))
done

mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd -P)
cd "$(dirname "$0")/.."
case $folder/ in
"$(pwd -P)"/*)
    rmdir "$folder" 2>/dev/null || true
    wrong "The work folder must lie outside the repository."
    ;;
esac
. samples/prepare.sh
. Benchmarks/peers/debian.sh
[ $# -gt 0 ] || set -- samples/city/traffic.lp.zst samples/city/air.lp.zst

missing_for_sizes() {
    command -v python3 >/dev/null || printf ' python3'
    python3 -c 'import ensurepip, venv' 2>/dev/null || printf ' python3-venv'
    command -v zstd >/dev/null || printf ' zstd'
    command -v prlimit >/dev/null && command -v flock >/dev/null || printf ' util-linux'
}

# One by one: what cannot be had here does not keep the others away. The table says what is missing.
get_module() {
    ! "$folder/venv/bin/python" -c "import $1" 2>/dev/null || return 0
    say "Getting $2 from PyPI."
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$2" >&2 ||
        say "$2 CANNOT BE HAD HERE; the lines above say why. The others go on."
}

install_packages "$(missing_for_sizes)"
exec 9>"$folder/lock"
if ! flock -n 9; then
    say "Another sitting is using $folder."
    exit 1
fi
if [ "$wants_peer" = yes ]; then
    get_peer victoria-metrics || say "The others go on."
fi
[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
for module in $modules; do
    get_module "${module%:*}" "${module#*:}"
done
if [ "$wants_tram" = yes ] && [ -z "$tram" ]; then
    install_missing
    build tram
    tram=$PWD/.build/release/tram
fi
exec "$folder/venv/bin/python" -B Benchmarks/sizes/run.py --folder "$folder" --who "$who" --tram "${tram:-none}" \
    --line "sh Benchmarks/sizes.sh$given" "$@"
