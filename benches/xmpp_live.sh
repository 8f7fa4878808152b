#!/bin/sh
# Measures switchboard's XMPP against ejabberd and Prosody on loopback, as ratios in one run: benches/xmpp_live.sh
#
# CPU time of all processes of a server, in the user's mode and in the kernel's: for each chat message, for each delivery in a room, for each login by
# SCRAM-SHA-1; and memory of idle sessions. No TLS, stored SCRAM keys, no archives, little logging. All run unprivileged on one thread each, ejabberd's
# without spinning (Debian: ejabberd, prosody, installed where they are missing). Everything that is started is ended, and everything written lies in
# a temporary folder. Fails where switchboard misses a bound.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin
.ci/install prosody:prosody ejabberdctl:ejabberd python3:python3
cargo build --quiet --release --package wirestate-benches --bin xmpp_live --package switchboard --bin switchboard
bin=$PWD/${CARGO_TARGET_DIR:-target}/release
case ${CARGO_TARGET_DIR:-} in /*) bin=$CARGO_TARGET_DIR/release ;; esac
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"

dir=$(mktemp -d /tmp/wirestate-xmpp.XXXXXX)
chmod 755 "$dir"
pids=
end() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
users=500

# First: it hashes the passwords of all users while the others start.
mkdir "$dir/s"
cat >"$dir/switchboard.toml" <<CONF
data = "$dir/s"
user = [$(seq -f '"u%.0f:pencil"' -s , 0 $((users - 1)))]
server-name = "localhost"
pop3 = "off"
pop3s = "off"
imap = "off"
imaps = "off"
irc = "off"
ircs = "off"
xmpps = "off"
web = "off"
xmpp = "127.0.0.1:0"
[xmpp-server]
archive-messages = 0
[limits]
connections = 10000
connections-per-address = 10000
CONF
TOKIO_WORKER_THREADS=1 "$bin/switchboard" --config "$dir/switchboard.toml" >"$dir/switchboard.out" 2>"$dir/switchboard.log" &
switchboard_pid=$!
pids="$pids $switchboard_pid"

as=
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=nobody --regid=nogroup --clear-groups"; fi

ejabberd_port=$(free_port)
mkdir -m 777 "$dir/e"
cat >"$dir/e/ejabberd.yml" <<CONF
hosts: [localhost]
loglevel: error
auth_password_format: scram
disable_sasl_mechanisms: [digest-md5, X-OAUTH2]
listen:
  - port: $ejabberd_port
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    backlog: 128
shaper_rules:
  max_user_sessions: 100
access_rules:
  everybody:
    allow: all
modules:
  mod_blocking: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_client_state: {}
  mod_disco: {}
  mod_muc:
    host: rooms.localhost
    access_create: everybody
  mod_offline: {}
  mod_ping: {}
  mod_privacy: {}
  mod_roster:
    versioning: true
  mod_stream_mgmt: {}
  mod_version: {}
CONF
# No node's name, so that it needs no epmd; one scheduler, which does not spin while there is nothing to do.
(
    cd "$dir/e"
    HOME=$dir/e ERL_LIBS=$(dirname "$(dirname "$(dpkg -L ejabberd | grep '/ebin$')")") EJABBERD_CONFIG_PATH=$dir/e/ejabberd.yml
    EJABBERD_LOG_PATH=$dir/e/ejabberd.log ERL_CRASH_DUMP=$dir/e/crash.dump
    export HOME ERL_LIBS EJABBERD_CONFIG_PATH EJABBERD_LOG_PATH ERL_CRASH_DUMP
    exec $as erl +S 1:1 +SDio 1 +sbwt none +sbwtdcpu none +sbwtdio none +K true +P 250000 -noinput -mnesia dir "\"$dir/e/mnesia\"" -s ejabberd -eval "
        {ok, _} = application:ensure_all_started(ejabberd),
        [ok = ejabberd_auth:try_register(<<\"u\", (integer_to_binary(N))/binary>>, <<\"localhost\">>, <<\"pencil\">>) || N <- lists:seq(0, $((users - 1)))],
        ok = file:write_file(\"$dir/e/ready\", <<>>)."
) >"$dir/ejabberd.out" 2>&1 &
ejabberd_pid=$!
pids="$pids $ejabberd_pid"

prosody_port=$(free_port)
mkdir -m 777 "$dir/p"
"$bin/xmpp_live" accounts "$dir/p"
chmod -R a+rwX "$dir/p"
cat >"$dir/prosody.cfg.lua" <<CONF
pidfile = "$dir/p/prosody.pid"
data_path = "$dir/p"
certificates = "$dir/p"
interfaces = { "127.0.0.1" }
c2s_ports = { $prosody_port }
c2s_direct_tls_ports = { }
modules_enabled = {
    "roster"; "saslauth"; "disco"; "carbons"; "blocklist"; "version"; "ping"; "csi_simple"; "smacks"
}
modules_disabled = { "s2s"; "tls" }
authentication = "internal_hashed"
c2s_require_encryption = false
log = { error = "$dir/p/log" }
VirtualHost "localhost"
Component "rooms.localhost" "muc"
    muc_room_locking = false
CONF
$as prosody -F --config "$dir/prosody.cfg.lua" >"$dir/prosody.out" 2>&1 &
prosody_pid=$!
pids="$pids $prosody_pid"

await() {
    tries=0
    until eval "$2"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "$1 does not start" >&2; tail -n 20 "$dir/$1.out" "$dir"/?/*log "$dir/switchboard.log" >&2; exit 1; }
        sleep 0.1
    done
}
await ejabberd '[ -e "$dir/e/ready" ]'
await prosody '"$bin/xmpp_live" wait 127.0.0.1:"$prosody_port" 2>/dev/null'
await switchboard 'grep -q "^listening xmpp " "$dir/switchboard.out"'
port=$(sed -n 's/^listening xmpp .*://p' "$dir/switchboard.out")
dpkg-query --show --showformat='${Package} ${Version}\n' ejabberd prosody
echo
"$bin/xmpp_live" switchboard "$switchboard_pid" 127.0.0.1:"$port" ejabberd "$ejabberd_pid" 127.0.0.1:"$ejabberd_port" \
    prosody "$prosody_pid" 127.0.0.1:"$prosody_port" || {
    status=$?
    tail -n 5 "$dir"/?/*log "$dir/switchboard.log" >&2 || true
    exit $status
}
