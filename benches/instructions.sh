#!/bin/sh
# Counts instructions by callgrind and allocations by a counting allocator, and holds them to the budgets: benches/instructions.sh
#
# Each scenario runs with N units and with 2N; the difference is what a unit costs, free of all that is done once. Where the cost is
# linear the second N costs what the first did. A command that comes alone also pays for the poll that finds no other behind it. Needs
# valgrind (Debian: valgrind). Prints a table; fails where a budget is exceeded.
set -eu
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
cargo build --quiet --release --package wirestate-benches --bin count
count=${CARGO_TARGET_DIR:-target}/release/count
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

# valgrind counts each byte of a `rep movsb` as an instruction; without it the C library copies by vector instructions.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$count" "$1" "$2" 2>&1 >/dev/null | sed -n 's/.*Collected : *//p'
}

# row NAME SCENARIO UNITS INSTRUCTIONS-AT-MOST ALLOCATIONS-AT-MOST ("-": no budget)
row() {
    one=$(instructions "$2" "$3")
    two=$(instructions "$2" $(($3 * 2)))
    none=$(instructions "$2" 0)
    awk -v name="$1" -v scenario="$2" -v n="$3" -v one="$one" -v two="$two" -v none="$none" -v most="$4" -v most_allocations="$5" \
        -v allocations="$("$count" "$2" "$3")" -v failed="$failed" 'BEGIN {
        each = (two - one) / n; growth = (two - none) / (one - none); taken = allocations / n
        bad = ""
        if (most != "-" && each > most) bad = bad " over " most " instructions"
        if (most_allocations != "-" && taken > most_allocations) bad = bad " over " most_allocations " allocations"
        if (growth > 2.2) bad = bad " not linear"
        printf "| %s | %s | %s | %.3g | %s | %.2f |%s\n", name, each < 20 ? sprintf("%.2f", each) : sprintf("%.0f", each), most, taken, \
            most_allocations, growth, bad
        if (bad) print scenario >failed
    }'
}

echo "| POP3, per command | instructions | budget | allocations | budget | 2N / N |"
echo "|---|---|---|---|---|---|"
row "server: NOOP alone" noop 4096 1000 0
row "server: NOOP, 64 pipelined" noop-pipelined 4096 1000 0.1
row "server: STAT alone" stat 4096 1000 0
row "server: STAT, 64 pipelined" stat-pipelined 4096 1000 0.1
row "server: LIST 1" list-1 4096 - -
row "server: UIDL 1" uidl-1 4096 - -
row "server: RETR of one line" retr-1 4096 - -
row "client: NOOP out, reply in" client-noop 4096 - -
row "codec: parse a command" codec-command 4096 - -
row "codec: parse a response" codec-response 4096 - -
echo
echo "| POP3, per byte | instructions | budget | allocations | budget | 2N / N |"
echo "|---|---|---|---|---|---|"
row "server: message out, lines of 78" stuff 1000000 2 -
row "server: message out, one line" stuff-one-line 1000000 2 -
row "server: message out, dots only" stuff-dots 1000000 - -
row "server: message out, bare LFs only" stuff-bare-lf 1000000 - -
row "codec: message in, lines of 78" unstuff 1000000 2 -
row "codec: message in, one line" unstuff-one-line 1000000 2 -
row "codec: message in, dots only" unstuff-dots 1000000 - -
row "client: RETR, lines of 78" client-retr 1000000 2 -
row "server: line without end, byte by byte" endless-line 100000 - -
row "server: empty lines" empty-lines 100000 - -
echo
echo "| IRC, per line | instructions | budget | allocations | budget | 2N / N |"
echo "|---|---|---|---|---|---|"
row "server: PING alone" irc-ping 4096 1000 0
row "server: PING alone, an answer of more than 45 bytes" irc-ping-long 4096 1300 1
row "server: PING, 64 pipelined" irc-ping-pipelined 4096 1000 0.1
row "server: PRIVMSG of 44 bytes in, alone" irc-privmsg 4096 1000 1
row "server: PRIVMSG of 44 bytes in, 64 pipelined" irc-privmsg-pipelined 4096 1000 1.1
row "server: relay of a line, alone" irc-relay 4096 1000 1
row "server: relay of 64 lines" irc-relay-batch 4096 1000 0.1
row "codec: parse a message" irc-privmsg-parse 4096 200 0
echo
echo "| IMAP, per command or message | instructions | budget | allocations | budget | 2N / N |"
echo "|---|---|---|---|---|---|"
row "server: NOOP alone" imap-noop 4096 1000 0
row "server: NOOP, 64 pipelined" imap-noop-pipelined 4096 1000 0.1
row "server: NOOP alone, with a live mailbox" imap-noop-live 4096 1000 0
row "server: NOOP with a live mailbox, 64 pipelined" imap-noop-live-pipelined 4096 1000 0.1
row "server: NOOP alone, with a mailbox that is asked for each time" imap-noop-selected 4096 - 0
row "server: NOOP with a mailbox that is asked for each time, 64 pipelined" imap-noop-selected-pipelined 4096 - 0.1
row "server: FETCH of one message's FLAGS, with the mailbox's part" imap-fetch-flags 4096 - -
row "server: FETCH of all messages' FLAGS, per message" imap-fetch-all-flags 4096 1000 0.1
echo
echo "| XMPP, per message or login | instructions | budget | allocations | budget | 2N / N |"
echo "|---|---|---|---|---|---|"
row "server, router, server: a chat message of 230 bytes, alone" xmpp-chat 1024 15000 7.1
row "the same, 64 pipelined" xmpp-chat-pipelined 4096 14000 6
row "the same alone, kept in both archives" xmpp-chat-archived 1024 30000 25
row "server: login by SCRAM-SHA-1 with stored keys, to the resource" xmpp-login 256 - -
echo
echo "| bytes of an idle session | |"
echo "|---|---|"
"$count" idle | sed 's/\(.*\): \(.*\)/| \1 | \2 |/'
"$count" idle | awk -F': ' -v failed="$failed" '
    /^POP3 server (before login|after login, no message)|^IRC server/ && $2 > 512 { print $1 >failed }
    /^XMPP server, bound/ && $2 > 1024 { print $1 >failed }
    /^IMAP server (before login|after login|with a mailbox, empty)$/ && $2 > 1024 { print $1 >failed }
    /^what sessions share/ && $2 > 40000 { print $1 >failed }'
[ ! -s "$failed" ] || { echo; echo "over the budget: $(paste -sd' ' "$failed")"; exit 1; }
