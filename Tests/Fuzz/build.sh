#!/bin/sh
# Builds one fuzz target together with the module it feeds: sh Tests/Fuzz/build.sh LineProtocolFuzz
#
# The sources are compiled as one module, so their imports of each other are dropped.
set -eu
name=$1
cd "$(dirname "$0")/../.."
case $name in
LineProtocolFuzz) modules="TramColumnar TramLineProtocol" libraries="" ;;
ColumnCodecFuzz) modules="TramColumnar TramCodec" libraries="zstd z" ;;
*)
    echo "unknown fuzz target: $name" >&2
    exit 1
    ;;
esac
out=.build/fuzz
rm -rf "$out/$name.sources"
mkdir -p "$out/$name.sources"
for module in $modules; do
    for file in $(find "Sources/$module" -name '*.swift'); do
        sed -E '/^(public |internal )?import Tram/d' "$file" >"$out/$name.sources/$module-$(basename "$file")"
    done
done
sed -E '/^import Tram/d' "Tests/Fuzz/$name.swift" >"$out/$name.sources/$name.swift"
options=""
for library in $libraries; do options="$options -l$library"; done
for module in CZstd CZlib; do options="$options -Xcc -fmodule-map-file=Sources/$module/module.modulemap"; done
# shellcheck disable=SC2086 # one word an option
swiftc -O -g -swift-version 6 -parse-as-library -sanitize=fuzzer,address $options "$out/$name.sources"/*.swift -o "$out/$name"
