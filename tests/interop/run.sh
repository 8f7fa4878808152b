#!/usr/bin/env bash
# The interop suite: switchboard against the clients that people use, our client
# against Dovecot, a compressed link against ngIRCd, the adapters' TLS against
# openssl. All on loopback and in a temporary folder; ports are
# the system's choice. Needs Debian (or a child of it) for what is missing.
#
#   tests/interop/run.sh            everything
#   tests/interop/run.sh mpop stls  only cases with one of these words in their titles
#
# SWITCHBOARD=path, INTEROP_CLIENT=path and INTEROP_ADAPTERS=path take programs that are built already;
# SWITCHBOARD_FLAGS adds flags, such as "--runtime blocking".
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/interop

.ci/install curl:curl mpop:mpop fetchmail:fetchmail getmail:getmail6 mutt:mutt openssl:openssl python3:python3 \
    dovecot:dovecot-core /usr/lib/dovecot/pop3:dovecot-pop3d ngircd:ngircd

target=${CARGO_TARGET_DIR:-target}
if [[ -z ${SWITCHBOARD:-} ]]; then
    cargo build --quiet --release -p switchboard
    SWITCHBOARD=$target/release/switchboard
fi
if [[ -z ${INTEROP_CLIENT:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-client
    INTEROP_CLIENT=$target/debug/interop-client
fi
if [[ -z ${INTEROP_ADAPTERS:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-adapters
    INTEROP_ADAPTERS=$target/debug/interop-adapters
fi
SWITCHBOARD=$(realpath "$SWITCHBOARD")
INTEROP_CLIENT=$(realpath "$INTEROP_CLIENT")
INTEROP_ADAPTERS=$(realpath "$INTEROP_ADAPTERS")
export SWITCHBOARD INTEROP_CLIENT INTEROP_ADAPTERS

python=/usr/bin/python3
[[ -x $python ]] || python=python3
PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 exec "$python" -m suite "$@" </dev/null
