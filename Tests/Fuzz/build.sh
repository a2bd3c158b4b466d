#!/bin/sh
# Builds one fuzz target together with the module it feeds: sh Tests/Fuzz/build.sh LineProtocolFuzz
#
# The sources are compiled as one module, so their imports of each other are dropped.
set -eu
name=$1
cd "$(dirname "$0")/../.."
case $name in
LineProtocolFuzz) sources="Sources/TramColumnar Sources/TramLineProtocol" ;;
LogRecordFuzz)
    # Of storage the log alone, as far as it does not know what is in a payload.
    sources="Sources/TramSystem Sources/TramStorage/Log/Log[!R]*.swift Sources/TramStorage/Log/LogRec*.swift"
    sources="$sources Sources/TramStorage/Log/LogReader.swift Sources/TramStorage/Log/LogReport.swift"
    sources="$sources Sources/TramStorage/Log/LittleEndian.swift Sources/TramStorage/StorageError.swift Tests/TramTesting"
    ;;
AggregateStateFuzz | QueryFuzz) sources="Sources/TramColumnar Sources/TramQuery" ;;
ColumnCodecFuzz) sources="Sources/TramColumnar Sources/TramCodec" libraries="zstd z" ;;
*)
    echo "unknown fuzz target: $name" >&2
    exit 1
    ;;
esac
out=.build/fuzz
rm -rf "$out/$name.sources"
mkdir -p "$out/$name.sources"
for source in $sources; do
    for file in $(find "$source" -name '*.swift'); do
        sed -E '/^(public |package |internal )?import Tram/d' "$file" >"$out/$name.sources/$(basename "$(dirname "$file")")-$(basename "$file")"
    done
done
clang -O -g -fsanitize=address -ISources/CTramSystem/include -c Sources/CTramSystem/shim.c -o "$out/$name.shim.o"
printf 'module CTramSystem { header "%s/Sources/CTramSystem/include/CTramSystem.h" }\n' "$PWD" >"$out/module.modulemap"
sed -E '/^import Tram/d' "Tests/Fuzz/$name.swift" >"$out/$name.sources/$name.swift"
options=""
for library in ${libraries:-}; do options="$options -l$library"; done
for module in CZstd CZlib; do options="$options -Xcc -fmodule-map-file=Sources/$module/module.modulemap"; done
# shellcheck disable=SC2086 # one word an option
swiftc -O -g -swift-version 6 -enable-upcoming-feature InternalImportsByDefault -package-name tram \
    -parse-as-library -sanitize=fuzzer,address $options -I "$out" "$out/$name.sources"/*.swift "$out/$name.shim.o" \
    -o "$out/$name"
