#!/bin/sh
# Measures the adapters on loopback, as ratios in one run: benches/adapters.sh
#
# CPU time of a line echo on each runtime, per line and per connection, and how many connections it serves in a second, against a bare echo
# that writes once per read and against POE::Component::Server::TCP; memory of idle connections, plain and TLS, 10,000 of them or as many as
# the descriptors allow. Without POE (Debian: libpoe-perl) its rows are left out. Everything that is started is ended, and everything written
# lies in a temporary folder. Takes some minutes, most of them POE's; QUICK=1 does a tenth of the work, to see that it runs. WORKERS=2 adds tokio
# and async-std with two threads each; nothing is then bound to one processor, so that times vary more.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --package wirestate-benches --bin adapters --bin echo
bin=$PWD/${CARGO_TARGET_DIR:-target}/release
case ${CARGO_TARGET_DIR:-} in /*) bin=$CARGO_TARGET_DIR/release ;; esac

ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
case $(ulimit -n) in
unlimited) ;;
*) [ "$(ulimit -n)" -ge 10200 ] || { echo "this needs 10,200 open files: ulimit -n" >&2; exit 2; } ;;
esac

dir=$(mktemp -d /tmp/wirestate-adapters.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# All on one processor: whether a wake-up crosses from one to another makes the cost of a line differ twofold from turn to turn, and the
# crossing, dear on virtual machines, would hide what the servers themselves spend.
pin=
[ -n "${WORKERS:-}" ] || ! taskset -c 0 true 2>/dev/null || pin="taskset -c 0"

if perl -MPOE::Component::Server::TCP -e 'POE::Kernel->run' 2>/dev/null; then
    perl -MPOE -e 'POE::Kernel->run; printf "POE %s, Perl %vd\n\n", POE->VERSION, $^V'
    $pin "$bin/adapters" "$dir" benches/echo.pl
else
    echo "POE is missing, and left out: apt-get install libpoe-perl" >&2
    $pin "$bin/adapters" "$dir"
fi
