#!/bin/sh
# Counts what a stanza of XMPP costs in our XML and in others', as ratios in one run: benches/xmpp.sh [CODEC...|hostile]
#
# Instructions by callgrind, allocations by a counting allocator. Each codec goes once and twice over the stanzas of a corpus; the difference is
# what they cost. "ours" is framer and parser over reads of 4 KiB, as "rxml" is (its events with namespaces; "rxml-raw" without); a read takes an
# allocation or two of the inbox's own. "ours-whole" is an element that is whole in memory, as "minidom" and "xso" have it; xso reads into types that
# are made for our messages and presences, of which there are none for the others. quick-xml gives events, checks no well-formedness, and is shown for
# comparison. "write" writes an element from its parts, or from a tree of theirs; "relay" stamps another `from` and links the rest. "hostile" is
# what floods cost that come byte by byte: twice as many bytes over once. Needs valgrind (Debian: valgrind). Fails where a target is missed.
set -eu
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
cargo build --quiet --release --package wirestate-benches --example xmpp
xmpp=${CARGO_TARGET_DIR:-target}/release/examples/xmpp
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# As in instructions.sh: `rep movsb` counts by the byte.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$xmpp" "$1" "$2" "$3" 2>&1 >/dev/null | sed -n 's/.*Collected : *//p'
}

hostile() {
    echo "instructions for 40,000 bytes of a flood over those for 20,000, byte by byte | times, per byte"
    echo "---|---"
    "$xmpp" floods - 0 | while read -r flood; do
        echo "$flood $(instructions flood "$flood" 0) $(instructions flood "$flood" 1) $(instructions flood "$flood" 2)"
    done | awk '
        { times = ($4 - $2) / ($3 - $2); printf "%s | %.2f, %.0f\n", $1, times, ($4 - $3) / 20000 }
        times > 2.2 { print "missed: " $1 ": at most 2.2 times"; bad = 1 }
        END { exit bad }'
}

case ${1:-} in
    "") hostile ;;
    hostile) hostile; exit ;;
esac

codecs=${*:-ours-framer ours ours-whole quick-xml quick-xml-ns rxml-raw rxml minidom xso ours-write ours-relay minidom-write}
for corpus in message presence roster pubsub mixed; do
    for codec in $codecs; do
        case $codec/$corpus in xso/roster | xso/pubsub | xso/mixed) continue ;; esac
        one=$(instructions "$corpus" "$codec" 1)
        two=$(instructions "$corpus" "$codec" 2)
        echo "$corpus $codec $((two - one)) $("$xmpp" "$corpus" "$codec" 1) $("$xmpp" "$corpus" count 0)"
    done
done >"$figures"

awk '
    { count[$1, $2] = $3 / $6; taken[$1, $2] = $4 / $5; if (!($2 in seen)) { seen[$2]; order[++codecs] = $2 } }
    function cell(corpus, codec) {
        if (!((corpus, codec) in count)) return "-"
        ours = codec ~ /write$/ ? "ours-write" : codec ~ /^(minidom|xso)$/ ? "ours-whole" : "ours"
        ratio = codec !~ /^ours/ && count[corpus, ours] ? sprintf(" (x %.2f)", count[corpus, codec] / count[corpus, ours]) : ""
        return sprintf("%.1f%s, %.1f", count[corpus, codec], ratio, taken[corpus, codec])
    }
    function missed(what) { print "missed: " what; bad = 1 }
    function at_least(corpus, codec, ours, times) {
        if ((corpus, codec) in count && (corpus, ours) in count && count[corpus, codec] < times * count[corpus, ours])
            missed(corpus ": " codec " / " times)
    }
    END {
        print "instructions per byte (times ours), allocations per stanza | message, 590 B | presence, 405 B | roster, 11 KB | pubsub, 5 KB | mixed"
        print "---|---|---|---|---|---"
        for (at = 1; at <= codecs; at++) {
            codec = order[at]
            print codec " | " cell("message", codec) " | " cell("presence", codec) " | " cell("roster", codec) " | " cell("pubsub", codec) " | " cell("mixed", codec)
        }
        split("message presence roster pubsub mixed", corpora)
        for (at in corpora) {
            corpus = corpora[at]
            at_least(corpus, "rxml", "ours", 4.5)
            at_least(corpus, "minidom", "ours-whole", 5.5)
            at_least(corpus, "xso", "ours-whole", 7)
            if ((corpus, "ours-whole") in taken && taken[corpus, "ours-whole"] > 1) missed(corpus ": one allocation at most")
            if (taken[corpus, "ours-write"] > 0) missed(corpus ": writing without allocation")
        }
        exit bad
    }' "$figures"
