# What Tests/run.sh, Benchmarks/peers.sh, Benchmarks/sizes.sh and samples/demo.sh share; sourced by each, with the root
# of the repository as working directory.
# All talk goes to standard error, so that standard output holds results alone.

say() {
    printf '%s\n' "$*" >&2
}

# What is not there of what a build needs, as names of Debian and Ubuntu packages.
missing_packages() {
    [ -e /usr/include/zstd.h ] || printf ' libzstd-dev'
    [ -e /usr/include/zlib.h ] || printf ' zlib1g-dev'
    [ -e /usr/share/zoneinfo/Asia/Ho_Chi_Minh ] || printf ' tzdata'
    command -v pkg-config >/dev/null || printf ' pkg-config'
    command -v git >/dev/null || printf ' git'
}

# apt-get with the words given: as root, or where sudo asks for no password.
apt_get() {
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >&2
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >&2
    fi
}

install_missing() {
    if ! command -v swift >/dev/null; then
        say "Swift is missing. Tram needs Swift 6.3; https://www.swift.org/install/linux/ says how to get it."
        exit 1
    fi
    install_packages "$(missing_packages)"
}

# Installs the packages named in one word, if there are any.
install_packages() {
    packages=$1
    [ -n "$packages" ] || return 0
    line="apt-get install --no-install-recommends$packages"
    if ! command -v apt-get >/dev/null; then
        say "These are missing (names of Debian and Ubuntu packages):$packages"
        say "Please install them with your system's package manager, and start again."
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        say "Some packages are missing, and installing them needs a password. Please run this line, and start again:"
        say "    sudo $line"
        exit 1
    fi
    say "Installing what is missing:$packages"
    # A machine that knows no packages yet has to be told of them first; the lists of others are good enough.
    # shellcheck disable=SC2086 # the names are separate words
    if ! apt_get install --no-install-recommends $packages; then
        apt_get update && apt_get install --no-install-recommends $packages || {
            say "That failed; the lines above say why. To try by hand: $line"
            exit 1
        }
    fi
}

# Runs a command. Its output goes to standard error: to a terminal as it is, else with the seconds since the start in
# front of each line. Its exit status is this function's.
with_progress() {
    if [ -t 2 ]; then
        "$@" >&2
        return
    fi
    mkdir -p .build
    began=$(date +%s)
    {
        status=0
        "$@" 2>&1 || status=$?
        echo "$status" >.build/status
    } | while IFS= read -r line; do
        printf '%4d s  %s\n' "$(($(date +%s) - began))" "$line" >&2
    done
    return "$(cat .build/status)"
}

# Builds a product in release.
build() {
    if [ ! -x .build/release/tram ]; then
        say "Building $1 in release. The first time this takes a few minutes: every module is compiled and optimised."
    else
        say "Building $1 in release."
    fi
    start=$(date +%s)
    if ! with_progress swift build -c release --product "$1"; then
        say "The build failed; the lines above say why."
        exit 1
    fi
    say "Built in $(($(date +%s) - start)) s."
}
