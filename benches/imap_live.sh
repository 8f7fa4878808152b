#!/bin/sh
# Measures switchboard's IMAP against Dovecot's imapd on loopback, as ratios in one run: benches/imap_live.sh
#
# CPU time of all processes of the server, and memory of idle sessions. Both serve a Maildir of 10,000 messages each, without TLS. Dovecot runs unprivileged
# with a configuration of its own, and with processes that are used again (Debian: dovecot-imapd); switchboard on one thread. Everything that is started is
# ended, and everything written lies in a temporary folder. Fails where switchboard is behind.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin
command -v dovecot >/dev/null || { echo "Dovecot is missing: apt-get install dovecot-imapd" >&2; exit 2; }
cargo build --quiet --release --package wirestate-benches --bin imap_live --package switchboard --bin switchboard
bin=$PWD/${CARGO_TARGET_DIR:-target}/release
case ${CARGO_TARGET_DIR:-} in /*) bin=$CARGO_TARGET_DIR/release ;; esac
ulimit -n 10000 2>/dev/null || true

dir=$(mktemp -d /tmp/wirestate-imap.XXXXXX)
chmod 755 "$dir"
pids=
end() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM

for data in "$dir/d" "$dir/s"; do
    "$bin/imap_live" mail "$data/mail/ann" 10000
    "$bin/imap_live" mail "$data/mail/bob" 0
done

user=$(id -un) group=$(id -gn) as=
if [ "$(id -u)" = 0 ]; then
    user=nobody group=nogroup as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
dovecot_port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 20000) }')
printf 'ann:{PLAIN}pencil\nbob:{PLAIN}pencil\n' >"$dir/d/users"
cat >"$dir/d/dovecot.conf" <<CONF
protocols = imap
listen = 127.0.0.1
base_dir = $dir/d/run
state_dir = $dir/d/run
log_path = $dir/d/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
default_idle_kill = 1 hours
first_valid_uid = 1
mail_max_userip_connections = 10000
mail_location = maildir:$dir/d/mail/%u
passdb {
  driver = passwd-file
  args = $dir/d/users
}
userdb {
  driver = static
  args = uid=$user gid=$group home=$dir/d/mail/%u
}
service auth {
  client_limit = 2000
}
service anvil {
  chroot =
  client_limit = 2000
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    port = $dovecot_port
  }
}
service imap {
  service_count = 0
  process_min_avail = 1
}
namespace inbox {
  inbox = yes
}
CONF
[ -z "$as" ] || chown -R "$user:$group" "$dir/d"
$as dovecot -F -c "$dir/d/dovecot.conf" &
dovecot_pid=$!
pids="$pids $dovecot_pid"

cat >"$dir/s/switchboard.toml" <<CONF
data = "$dir/s"
user = ["ann:pencil", "bob:pencil"]
pop3 = "off"
pop3s = "off"
irc = "off"
ircs = "off"
xmpp = "off"
xmpps = "off"
imaps = "off"
web = "off"
imap = "127.0.0.1:0"
[limits]
connections = 10000
connections-per-address = 10000
CONF
# On one thread, as each of Dovecot's processes.
TOKIO_WORKER_THREADS=1 "$bin/switchboard" --config "$dir/s/switchboard.toml" >"$dir/s/out" 2>"$dir/s/log" &
switchboard_pid=$!
pids="$pids $switchboard_pid"

tries=0
until "$bin/imap_live" wait "$dovecot_port" 2>/dev/null && grep -q '^listening imap ' "$dir/s/out"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { cat "$dir/d/log" "$dir/s/log" >&2; exit 1; }
    sleep 0.1
done
port=$(sed -n 's/^listening imap .*://p' "$dir/s/out")
dovecot --version | sed 's/^/Dovecot /'
echo
"$bin/imap_live" "$dovecot_pid" "$dovecot_port" "$switchboard_pid" "$port" || {
    status=$?
    tail -n 5 "$dir/d/log" >&2
    tail -n 5 "$dir/s/log" >&2
    exit $status
}
