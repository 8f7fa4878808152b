#!/bin/sh
# Measures how IRC servers relay, as ratios in one run: benches/irc_relay.sh
#
# One sender into a channel of 100 and of 1,000 receivers; CPU time of the server's process for each delivery, and memory of an idle client. switchboard
# against InspIRCd and ngIRCd, each with a configuration of its own, without flood control (Debian: inspircd, ngircd); those that are not installed
# are left out. Everything that is started is ended, and everything written lies in a temporary folder.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --package wirestate-benches --bin relay --package switchboard --bin switchboard
bin=$PWD/${CARGO_TARGET_DIR:-target}/release
case ${CARGO_TARGET_DIR:-} in /*) bin=$CARGO_TARGET_DIR/release ;; esac
ulimit -n 10000 2>/dev/null || true
PATH=$PATH:/usr/sbin

dir=$(mktemp -d /tmp/wirestate-relay.XXXXXX)
chmod 755 "$dir"
pids=
end() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
await() {
    tries=0
    until python3 -c "import socket; socket.create_connection(('127.0.0.1', $1)).close()" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { echo "$2 does not start" >&2; cat "$dir/$2.log" >&2; exit 1; }
        sleep 0.1
    done
}
as=
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=nobody --regid=nogroup --clear-groups"; fi

set --
if command -v inspircd >/dev/null; then
    port=$(free_port)
    cat >"$dir/inspircd.conf" <<CONF
<config format="xml">
<server name="irc.example.org" description="bench" network="Bench" id="001">
<admin name="bench" nick="bench" email="bench@example.org">
<bind address="127.0.0.1" port="$port" type="clients">
<connect name="main" allow="*" timeout="60" pingfreq="10m" hardsendq="64M" softsendq="64M" recvq="1M" threshold="100000"
    commandrate="100000000" fakelag="no" localmax="10000" globalmax="10000" useident="no" resolvehostnames="no" maxchans="100">
<performance netbuffersize="65534" softlimit="12800" somaxconn="4096" timeskipwarn="60">
<limits maxnick="32">
<log method="file" type="*" level="default" target="$dir/inspircd.log">
<path configdir="$dir" datadir="$dir/i" logdir="$dir/i" runtimedir="$dir/i">
<pid file="$dir/i/inspircd.pid">
CONF
    mkdir -m 777 "$dir/i"
    $as inspircd --nofork --config="$dir/inspircd.conf" >"$dir/InspIRCd.log" 2>&1 &
    pids="$pids $!"
    set -- "$@" InspIRCd $! 127.0.0.1:"$port"
    await "$port" InspIRCd
fi
if command -v ngircd >/dev/null; then
    port=$(free_port)
    cat >"$dir/ngircd.conf" <<CONF
[Global]
Name = irc.example.org
Info = bench
Ports = $port
Listen = 127.0.0.1
ServerUID = nobody
ServerGID = nogroup
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 100
MaxNickLength = 32
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
CONF
    $as ngircd -n -f "$dir/ngircd.conf" >"$dir/ngIRCd.log" 2>&1 &
    pids="$pids $!"
    set -- "$@" ngIRCd $! 127.0.0.1:"$port"
    await "$port" ngIRCd
fi

# Without flood control, as the others.
mkdir "$dir/s"
# A hash that is there already: what it takes to make one would hide what clients take.
echo 'ann:$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$qLml5cbqFAO6YxVHhrSBHP0UWdxrIxkNcM8aMX3blzU' >"$dir/users"
cat >"$dir/switchboard.toml" <<CONF
threads = 1
data = "$dir/s"
users = "$dir/users"
pop3 = "off"
pop3s = "off"
ircs = "off"
xmpp = "off"
xmpps = "off"
imap = "off"
imaps = "off"
web = "off"
irc = "127.0.0.1:0"
[irc-network]
flood-control = false
[limits]
connections = 10000
connections-per-address = 10000
CONF
# On one thread, as the others.
"$bin/switchboard" --config "$dir/switchboard.toml" >"$dir/switchboard.out" 2>"$dir/switchboard.log" &
pid=$!
pids="$pids $pid"
tries=0
until grep -q '^listening irc ' "$dir/switchboard.out"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "switchboard does not start" >&2; cat "$dir/switchboard.log" >&2; exit 1; }
    sleep 0.1
done
port=$(sed -n 's/^listening irc .*://p' "$dir/switchboard.out")
"$bin/relay" switchboard "$pid" 127.0.0.1:"$port" "$@"
