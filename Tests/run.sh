#!/bin/sh
# Every test in one command: installs what is missing, builds tram and its tests in release, and runs them.
# Words given to it go to `swift test`: sh Tests/run.sh --filter HouseTests
set -eu
cd "$(dirname "$0")/.."
. samples/prepare.sh

install_missing
# The binary first: some tests start it. The tests then use the same compiled modules. Building the product of the tests
# alone leaves the benchmarks and their libraries out.
build tram
build tramPackageTests

# What a person wants to see of the lines of a run: suites, failures and the end, not each test that began or passed.
# The line that tells of a test case goes on over several lines when its arguments do.
interesting() {
    inside=no
    while IFS= read -r line; do
        case $line in
        '◇'* | '✔'* | '✘'* | '↳'*) inside=no ;;
        esac
        case $inside$line in
        yes*'started.') inside=no ;;
        yes*) ;;
        'no◇'*'started.') ;;
        'no◇'*) inside=yes ;;
        'no✔ Test "'* | 'no✔ Test '*'() passed'*) ;;
        'no↳ Testing Library'* | 'no↳ Target Platform'*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
}

say "Running the tests. Failures are shown; every line is kept in .build/tests.log."
{
    status=0
    swift test -c release --skip-build --disable-xctest "$@" 2>&1 || status=$?
    echo "$status" >.build/status
} | tee .build/tests.log | interesting
status=$(cat .build/status)

if grep -q 'SKIPPED:' .build/tests.log; then
    say "Left out, and why:"
    grep -o 'SKIPPED:.*' .build/tests.log | sort -u >&2
fi
if [ "$status" -eq 0 ]; then
    say "All tests passed."
else
    say "Tests failed. .build/tests.log has every line."
fi
exit "$status"
