#!/bin/sh
# Runs every fuzz target, or those named, for so many seconds each: fuzz/run.sh SECONDS [TARGET...]
#
# Works with stable Rust and without cargo-fuzz: the flags are those that `cargo fuzz build --sanitizer none` gives. A finding is left in
# fuzz/artifacts/TARGET and makes the script fail; the corpus that grows in fuzz/corpus/TARGET may be kept between runs.
# With FUZZ_RUNS each target makes so many runs at most, from the same seed: without a grown corpus, the same ones each time.
set -eu
cd "$(dirname "$0")"

seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- $(ls fuzz_targets | sed 's/\.rs$//')

# The target is named so that build scripts and procedural macros are not instrumented.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cforce-frame-pointers" \
    cargo build --release --bins --locked --target "$host" --target-dir target/fuzz

failed=
for target in "$@"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    dictionary=dictionaries/${target%%_*}.dict
    log=artifacts/$target/log
    printf '%s: ' "$target"
    # The heap of each machine is held to its own cap by the targets; this bounds the process.
    if "target/fuzz/$host/release/$target" "corpus/$target" "corpus-seeds/$target" \
        -max_total_time="$seconds" ${FUZZ_RUNS:+-runs="$FUZZ_RUNS" -seed=1} -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=4096 \
        -dict="$dictionary" -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "$runs runs, $(grep -o 'cov: [0-9]*' "$log" | tail -n 1), nothing found"
    else
        echo "FOUND SOMETHING; the end of $log:"
        grep -v '^#' "$log" | tail -n 30
        failed="$failed $target"
    fi
done
[ -z "$failed" ] || { echo "findings in:$failed"; exit 1; }
