#!/bin/sh
# Tram's HTTP ingest next to VictoriaMetrics and InfluxDB 1.x: the same bodies, on this machine, in one sitting.
# Its parts are in Benchmarks/peers; `sh Benchmarks/peers.sh --help` says what it takes and does.
set -eu

usage() {
    cat <<'END'
usage: sh Benchmarks/peers.sh [--preset S|M|tiny] [--runs N] [--modes LIST] [--peers LIST] [--folder DIR] [--memory MIB]

Installs what is missing, gets the peers from Debian without installing them, builds Tram, generates the readings of
1,000 sensors, and lets every server take them over HTTP, in turn. A Markdown table with everything needed to repeat it
goes to standard output, all talk to standard error. Exit status: 0 when every server showed every row afterwards,
1 when one did not or something failed, 2 for wrong usage.

  --preset    how much data: tiny (100,000 rows, 17 MB of text, for trying out), S (1 million rows, 168 MB; when nothing
              is said) or M (10 million rows, 1.7 GB; needs 4 GB of disk, and 2 GB of memory beside the server's own)
  --runs      runs for each server and mode (3)
  --modes     connections, and p for plain or z for gzip bodies (4p,4z,1p,1z)
  --peers     which servers, in which order (tram,victoria-metrics,influxdb)
  --folder    for data, binaries and results, outside the repository (tram-peers in $TMPDIR, else in /tmp); it is kept,
              which makes the next sitting start sooner, and may be deleted at any time
  --memory    limit for each server in MiB (4096, or half of the machine's memory where that is less)

With preset S a run takes 4 to 10 seconds, all three servers in four modes about five minutes, and the first build of
Tram some more; with M ten times that. Leave the machine alone meanwhile: client and server share its cores, and so does
everything else.
END
}

wrong() {
    printf '%s\n' "$*" >&2
    usage >&2
    exit 2
}

preset=S runs=3 modes=4p,4z,1p,1z peers=tram,victoria-metrics,influxdb folder=${TMPDIR:-/tmp}/tram-peers memory=
given=
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --preset | --runs | --modes | --peers | --folder | --memory) [ $# -gt 1 ] || wrong "$1 needs a value." ;;
    *) wrong "Unknown: $1" ;;
    esac
    case $1 in
    --preset) preset=$2 ;;
    --runs) runs=$2 ;;
    --modes) modes=$2 ;;
    --peers) peers=$2 ;;
    --folder) folder=$2 ;;
    --memory) memory=$2 ;;
    esac
    # The folder changes nothing in the figures, and is the reader's own.
    [ "$1" = --folder ] || given="$given $1 $2"
    shift 2
done

# The seed is part of a preset: the same words give the same bytes.
seed=1
case $preset in
tiny) ticks=100 ;;
S) ticks=1000 ;;
M) ticks=10000 ;;
*) wrong "--preset is S, M or tiny, not '$preset'." ;;
esac
is_count() {
    case $1 in
    '' | 0* | *[!0-9]*) return 1 ;;
    esac
    [ ${#1} -le 7 ]
}
is_count "$runs" || wrong "--runs is a number of 1 or more, not '$runs'."
[ -z "$memory" ] || is_count "$memory" || wrong "--memory is a number of MiB, not '$memory'."
case ,$modes, in
*,,*) wrong "--modes are separated by single commas: '$modes'." ;;
esac
case ,$peers, in
*,,*) wrong "--peers are separated by single commas: '$peers'." ;;
esac
for mode in $(printf '%s' "$modes" | tr , ' '); do
    case $mode in
    *p | *z) connections=${mode%[pz]} ;;
    *) connections= ;;
    esac
    if ! is_count "$connections" || [ "$connections" -gt 256 ]; then
        wrong "A mode is a number of connections, 1 to 256, and p or z, not '$mode'."
    fi
done
debian=
wants_tram=no
for peer in $(printf '%s' "$peers" | tr , ' '); do
    case $peer in
    tram) wants_tram=yes ;;
    victoria-metrics | influxdb) debian="$debian $peer" ;;
    *) wrong "--peers are tram, victoria-metrics and influxdb; '$peer' is none of them." ;;
    esac
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

missing_for_peers() {
    command -v cc >/dev/null || printf ' gcc'
    [ -e /usr/include/stdio.h ] || printf ' libc6-dev'
    [ -e /usr/include/zlib.h ] || printf ' zlib1g-dev'
    command -v python3 >/dev/null || printf ' python3'
    command -v prlimit >/dev/null && command -v flock >/dev/null || printf ' util-linux'
}

generate() {
    data=$folder/data/$preset
    # Kept from an earlier sitting, if the same generator wrote it.
    wanted="$ticks $seed $(cksum <Benchmarks/peers/generate.c)"
    if [ "$(cat "$data/generator" 2>/dev/null)" = "$wanted" ]; then
        say "The data of preset $preset is there from an earlier sitting."
        return 0
    fi
    say "Generating the data of preset $preset."
    start=$(date +%s)
    rm -rf "$data"
    mkdir -p "$data"
    "$folder/bin/generate" 1000 "$ticks" "$seed" "$data"
    printf '%s\n' "$wanted" >"$data/generator"
    say "Generated in $(($(date +%s) - start)) s."
}

install_packages "$(missing_for_peers)"
exec 9>"$folder/lock"
if ! flock -n 9; then
    say "Another sitting is using $folder. Two at once would disturb each other, in whatever folder."
    exit 1
fi
for peer in $debian; do
    if ! get_peer "$peer"; then
        say "To go on without it, name the others with --peers."
        exit 1
    fi
done
if [ "$wants_tram" = yes ]; then
    install_missing
    build tram
    # A tram that does not know the command answers --help all the same, with the help of all commands.
    if ! .build/release/tram serve --help 2>/dev/null | grep -q -e --listen; then
        say "This version of tram has no command 'serve'. To compare the others: --peers victoria-metrics,influxdb"
        exit 1
    fi
fi
mkdir -p "$folder/bin"
cc -O2 -ffp-contract=off -o "$folder/bin/generate" Benchmarks/peers/generate.c -lm -lz
cc -O2 -o "$folder/bin/load" Benchmarks/peers/load.c -lpthread
generate

if [ -z "$memory" ]; then
    memory=$(awk '$1 == "MemTotal:" { half = int($2 / 2048); print half < 4096 ? half : 4096 }' /proc/meminfo)
fi
exec python3 -B Benchmarks/peers/run.py --folder "$folder" --preset "$preset" --runs "$runs" --modes "$modes" \
    --peers "$peers" --memory "$memory" --line "sh Benchmarks/peers.sh$given"
