#!/bin/sh
# Measures whole servers on loopback, as ratios in one run: benches/live.sh
#
# CPU time of the tokio adapter against a bare tokio echo; memory of idle connections; CPU time against Dovecot's pop3d, which runs
# unprivileged with a configuration of its own and with processes that are used again (Debian: dovecot-pop3d). Without Dovecot the
# last table is left out. Everything that is started is ended, and everything written lies in a temporary folder.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release --package wirestate-benches --bin live --bin peer
bin=$PWD/${CARGO_TARGET_DIR:-target}/release
case ${CARGO_TARGET_DIR:-} in /*) bin=$CARGO_TARGET_DIR/release ;; esac
ulimit -n 10000 2>/dev/null || true

dir=$(mktemp -d /tmp/wirestate-live.XXXXXX)
dovecot_pid=
end() {
    [ -z "$dovecot_pid" ] || kill "$dovecot_pid" 2>/dev/null || true
    rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' INT TERM

# Twenty messages of 100 kB, in lines of 78 octets with CRLF.
mkdir -p "$dir/mail/ann/new" "$dir/mail/ann/cur" "$dir/mail/ann/tmp" "$dir/mail/bob/new" "$dir/mail/bob/cur"
message=$(mktemp -p "$dir")
awk 'BEGIN { printf "From: ann@example.com\r\nSubject: a long one\r\n\r\n"
    for (i = 0; i < 1282; i++) printf "%076d\r\n", i }' >"$message"
size=$(wc -c <"$message")
i=10
while [ $i -lt 30 ]; do
    cp "$message" "$dir/mail/ann/cur/17000000$i.M${i}P1.bench,S=$size,W=$size:2,S"
    i=$((i + 1))
done

dovecot=$(PATH=$PATH:/usr/sbin command -v dovecot || true)
if [ -n "$dovecot" ]; then
    user=$(id -un) group=$(id -gn) as=
    if [ "$(id -u)" = 0 ]; then
        user=nobody group=nogroup as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
    fi
    port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 20000) }')
    printf 'ann:{PLAIN}pencil\nbob:{PLAIN}pencil\n' >"$dir/users"
    cat >"$dir/dovecot.conf" <<CONF
protocols = pop3
listen = 127.0.0.1
base_dir = $dir/run
state_dir = $dir/run
log_path = $dir/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
first_valid_uid = 1
mail_location = maildir:$dir/mail/%u
passdb {
  driver = passwd-file
  args = $dir/users
}
userdb {
  driver = static
  args = uid=$user gid=$group home=$dir/mail/%u
}
service auth {
  client_limit = 2000
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service pop3-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {
    port = $port
  }
}
service pop3 {
  service_count = 0
  process_min_avail = 1
}
CONF
    [ -z "$as" ] || chown -R "$user:$group" "$dir"
    $as "$dovecot" -F -c "$dir/dovecot.conf" &
    dovecot_pid=$!
    tries=0
    until "$bin/live" wait "$port" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { cat "$dir/log" >&2; exit 1; }
        sleep 0.1
    done
    "$dovecot" --version | sed 's/^/Dovecot /'
    echo
    "$bin/live" "$dir" "$dovecot_pid" "$port"
else
    echo "Dovecot is missing: apt-get install dovecot-pop3d" >&2
    "$bin/live" "$dir"
fi
