#!/bin/sh
# Counts what a message of IMAP costs in our codec and in others', as ratios in one run: benches/imap.sh [CODEC...]
#
# Instructions by callgrind, allocations by a counting allocator. Each codec goes so many times over a corpus, and once more; the difference is
# what it costs, for each message. "ours" is framing and parser, as imap-codec-stream (its Fragmentizer), imap-next and io-imap are; bytes come by
# 16 KiB a read, and messages from 64 KiB on are streamed by ours. "imap-proto-stream" tries again after each read. "borrowed", imap-codec and
# imap-proto alone parse a whole message in memory. "encode" writes values that are parsed already: ours into one buffer. Needs valgrind
# (Debian: valgrind). Fails where a target is missed; allocations are those of the parser, for the inbox takes one for each read.
set -eu
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
cargo build --quiet --release --package wirestate-benches --example imap
imap=${CARGO_TARGET_DIR:-target}/release/examples/imap
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

# As in instructions.sh: `rep movsb` counts by the byte.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$imap" "$1" "$2" "$3" 2>&1 >/dev/null | sed -n 's/.*Collected : *//p'
}

codecs=${*:-ours imap-codec-stream imap-next io-imap imap-proto-stream ours-borrowed imap-codec imap-proto ours-encode imap-codec-encode}
for corpus in commands append flags envelope body-1k body-16k body-1m search list; do
    for codec in $codecs; do
        # Others do not read commands, or none at all.
        taken=$("$imap" "$corpus" "$codec" 1 2>/dev/null) || continue
        echo "$corpus $codec $(($(instructions "$corpus" "$codec" 2) - $(instructions "$corpus" "$codec" 1))) $taken"
    done
done >"$figures"

awk -v order="$codecs" '
    { count[$1, $2] = $3 / $4; taken[$1, $2] = $5 / $4; if (!($1 in seen)) { seen[$1]; corpora[++rows] = $1 } }
    function cell(corpus, codec, ours, ratio) {
        if (!((corpus, codec) in count)) return "-"
        ours = codec ~ /encode$/ ? "ours-encode" : codec == "imap-codec" || codec == "imap-proto" ? "ours-borrowed" : "ours"
        if (codec !~ /^ours/ && (corpus, ours) in count) ratio = sprintf(" (x %.1f)", count[corpus, codec] / count[corpus, ours])
        return sprintf("%.0f%s, %.1f", count[corpus, codec], ratio, taken[corpus, codec])
    }
    function missed(what) { print "missed: " what; bad = 1 }
    function at_most(corpus, instructions, allocations) {
        if ((corpus, "ours") in count && count[corpus, "ours"] > instructions) missed(corpus ": at most " instructions " instructions")
        if ((corpus, "ours-borrowed") in count && taken[corpus, "ours-borrowed"] > allocations)
            missed(corpus ": at most " allocations " allocations")
    }
    END {
        codecs = split(order, codec)
        printf "instructions (times ours), allocations"
        for (at = 1; at <= codecs; at++) printf " | %s", codec[at]
        print ""
        for (at = 0; at <= codecs; at++) printf "%s---", at ? "|" : ""
        print ""
        for (row = 1; row <= rows; row++) {
            printf "%s", corpora[row]
            for (at = 1; at <= codecs; at++) printf " | %s", cell(corpora[row], codec[at])
            print ""
            if ((corpora[row], "ours-encode") in count && taken[corpora[row], "ours-encode"] > 0) missed(corpora[row] ": to encode without allocation")
            if ((corpora[row], "imap-codec-encode") in count && (corpora[row], "ours-encode") in count &&
                count[corpora[row], "ours-encode"] > count[corpora[row], "imap-codec-encode"]) missed(corpora[row] ": to encode as cheaply as imap-codec")
        }
        at_most("commands", 1500, 1)
        at_most("flags", 1500, 1)
        at_most("envelope", 20000, 5)
        at_most("search", 30 * 10000, 1)
        literals = split("append body-1k body-16k body-1m", literal)
        for (at = 1; at <= literals; at++) {
            corpus = literal[at]
            if ((corpus, "ours") in count && (corpus, "imap-next") in count && count[corpus, "imap-next"] < 20 * count[corpus, "ours"])
                missed(corpus ": a twentieth of imap-next")
        }
        exit bad
    }' "$figures"
