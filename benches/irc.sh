#!/bin/sh
# Counts what a line of IRC costs in our codec and in others', as ratios in one run: benches/irc.sh [CODEC...]
#
# Instructions by callgrind, allocations by a counting allocator. Each codec goes once and twice over 3,000 lines; the difference is what a line
# costs. "visit" reads everything: each tag unescaped, the parts of the source, the command, each parameter; ircv3_parse unescapes what has a
# backslash, and in "visit-all" every value, as its own accessor does. "serialise" takes a line apart and writes it from its parts. "typed" reads
# parameters by name, "scan" is a look at each byte. Needs valgrind (Debian: valgrind). Fails where a target is missed.
set -eu
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
cargo build --quiet --release --package wirestate-benches --example irc
irc=${CARGO_TARGET_DIR:-target}/release/examples/irc
lines=3000
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# As in instructions.sh: `rep movsb` counts by the byte.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$irc" "$1" "$2" "$3" 2>&1 >/dev/null | sed -n 's/.*Collected : *//p'
}

codecs=${*:-scan ours-visit ours-strict ours-typed ircv3_parse-visit ircv3_parse-visit-all vinezombie-visit irc-proto-visit \
ours-serialise ours-shared ours-relay ours-owned ircv3_parse-serialise vinezombie-serialise irc-proto-serialise}
for corpus in legacy modern twitch; do
    for codec in $codecs; do
        one=$(instructions "$corpus" "$codec" 1)
        two=$(instructions "$corpus" "$codec" 2)
        echo "$corpus $codec $(((two - one) / lines)) $("$irc" "$corpus" "$codec" 1)"
    done
done >"$figures"

awk -v lines="$lines" '
    { count[$1, $2] = $3; taken[$1, $2] = $4 / lines; if (!($2 in seen)) { seen[$2]; order[++codecs] = $2 } }
    function cell(corpus, codec) {
        ours = codec ~ /serialise$/ ? "ours-serialise" : "ours-visit"
        ratio = codec !~ /^ours/ && count[corpus, ours] ? sprintf(" (x %.2f)", count[corpus, codec] / count[corpus, ours]) : ""
        return sprintf("%d%s, %.1f", count[corpus, codec], ratio, taken[corpus, codec])
    }
    function missed(what) { print "missed: " what; bad = 1 }
    END {
        print "instructions (times ours), allocations | legacy, 96 B | modern, 172 B | Twitch, 499 B"
        print "---|---|---|---"
        for (at = 1; at <= codecs; at++) {
            codec = order[at]
            print codec " | " cell("legacy", codec) " | " cell("modern", codec) " | " cell("twitch", codec)
        }
        split("legacy modern twitch", corpora)
        for (at in corpora) {
            corpus = corpora[at]
            if ((corpus, "ours-visit") in count && (corpus, "irc-proto-visit") in count && (corpus, "ircv3_parse-visit") in count) {
                if (count[corpus, "irc-proto-visit"] < 5 * count[corpus, "ours-visit"]) missed(corpus ": a fifth of irc-proto")
                if (count[corpus, "ircv3_parse-visit"] < count[corpus, "ours-visit"]) missed(corpus ": level with ircv3_parse")
            }
            if (taken[corpus, "ours-visit"] > 0) missed(corpus ": no allocation when borrowed")
            if (taken[corpus, "ours-owned"] > 1) missed(corpus ": one allocation when owned")
        }
        exit bad
    }' "$figures"
