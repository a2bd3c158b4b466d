#!/bin/sh
# The demo in one command: installs what is missing, builds tram, and runs it on the sample city.
# Words given to it go to `tram demo`: sh samples/demo.sh --lang vi
set -eu
cd "$(dirname "$0")/.."
. samples/prepare.sh

install_missing
build tram
exec .build/release/tram demo --once "$@"
