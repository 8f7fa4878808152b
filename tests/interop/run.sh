#!/usr/bin/env bash
# The interop suite: switchboard against the clients that people use, our clients
# against Dovecot, ngIRCd, InspIRCd, Prosody and the router of jabberd2, a compressed link against ngIRCd, the adapters' TLS against
# openssl, the IRC codec against the public vectors. All on loopback and in a temporary folder; ports are
# the system's choice. Needs Debian (or a child of it) for what is missing.
#
#   tests/interop/run.sh            everything
#   tests/interop/run.sh mpop stls  only cases with one of these words in their titles
#
# SWITCHBOARD=path, and INTEROP_CLIENT, INTEROP_IMAP_CLIENT, INTEROP_IRC_CLIENT, INTEROP_XMPP_CLIENT, INTEROP_ADAPTERS and INTEROP_CODEC, take programs that are built
# already;
# SWITCHBOARD_FLAGS adds flags, such as "--runtime blocking".
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/interop

.ci/install curl:curl mpop:mpop fetchmail:fetchmail getmail:getmail6 mutt:mutt mbsync:isync openssl:openssl python3:python3 pip3:python3-pip \
    dovecot:dovecot-core /usr/lib/dovecot/pop3:dovecot-pop3d /usr/lib/dovecot/imap:dovecot-imapd \
    neomutt:neomutt offlineimap:offlineimap3 imapfilter:imapfilter ngircd:ngircd inspircd:inspircd irssi:irssi weechat-headless:weechat-headless ii:ii \
    profanity:profanity go-sendxmpp:go-sendxmpp prosody:prosody jabberd2-router:jabberd2

target=${CARGO_TARGET_DIR:-target}
if [[ -z ${SWITCHBOARD:-} ]]; then
    cargo build --quiet --release -p switchboard
    SWITCHBOARD=$target/release/switchboard
fi
if [[ -z ${INTEROP_CLIENT:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-client
    INTEROP_CLIENT=$target/debug/interop-client
fi
if [[ -z ${INTEROP_IMAP_CLIENT:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-imap-client
    INTEROP_IMAP_CLIENT=$target/debug/interop-imap-client
fi
if [[ -z ${INTEROP_IRC_CLIENT:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-irc-client
    INTEROP_IRC_CLIENT=$target/debug/interop-irc-client
fi
if [[ -z ${INTEROP_XMPP_CLIENT:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-xmpp-client
    INTEROP_XMPP_CLIENT=$target/debug/interop-xmpp-client
fi
if [[ -z ${INTEROP_ADAPTERS:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-adapters
    INTEROP_ADAPTERS=$target/debug/interop-adapters
fi
if [[ -z ${INTEROP_CODEC:-} ]]; then
    cargo build --quiet -p wirestate-tests --bin interop-codec
    INTEROP_CODEC=$target/debug/interop-codec
fi
SWITCHBOARD=$(realpath "$SWITCHBOARD")
INTEROP_CLIENT=$(realpath "$INTEROP_CLIENT")
INTEROP_IMAP_CLIENT=$(realpath "$INTEROP_IMAP_CLIENT")
INTEROP_IRC_CLIENT=$(realpath "$INTEROP_IRC_CLIENT")
INTEROP_XMPP_CLIENT=$(realpath "$INTEROP_XMPP_CLIENT")
INTEROP_ADAPTERS=$(realpath "$INTEROP_ADAPTERS")
INTEROP_CODEC=$(realpath "$INTEROP_CODEC")
export SWITCHBOARD INTEROP_CLIENT INTEROP_IMAP_CLIENT INTEROP_IRC_CLIENT INTEROP_XMPP_CLIENT INTEROP_ADAPTERS INTEROP_CODEC

python=/usr/bin/python3
[[ -x $python ]] || python=python3
"$python" -c "import slixmpp" 2>/dev/null || .ci/install slixmpp:python3-slixmpp
"$python" -c "import gi; gi.require_version('Soup', '3.0'); import nbxmpp" 2>/dev/null ||
    .ci/install nbxmpp:python3-nbxmpp soup:gir1.2-soup-3.0
# What Debian does not have comes from PyPI, into a folder of the suite's own.
packages=$(realpath "$target")/interop-python
[[ -d $packages/parser_tests && -d $packages/irc && -d $packages/websockets ]] || "$python" -m pip install --quiet --root-user-action=ignore \
    --upgrade --target "$packages" irc-parser-tests==0.0.4 irc==20.5.0 websockets
PYTHONPATH=$here:$packages PYTHONDONTWRITEBYTECODE=1 exec "$python" -m suite "$@" </dev/null
