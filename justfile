# `just` lists what there is to do; `just test` does it.

_list:
    @just --list --unsorted

# All tests that need nothing but Rust
test *arguments:
    cargo test --workspace {{arguments}}

# Other people's programs against ours; with words, only the cases that have one in their titles
interop *words:
    tests/interop/run.sh {{words}}

# Every fuzz target, or those named, for so many seconds each
fuzz seconds="60" *targets:
    fuzz/run.sh {{seconds}} {{targets}}

# The benchmarks
bench *arguments:
    cargo bench {{arguments}}

# All that must hold before a change goes in, or some steps of it
ci *steps:
    .ci/run {{steps}}

# Licences, advisories, banned and duplicate crates (needs cargo-deny)
deny:
    cargo deny --workspace check

# Changes that no test notices, in one crate (needs cargo-mutants)
mutants crate="wirestate-pop3-proto":
    cargo mutants --package {{crate}} --output target

# Which lines the tests run, as HTML in target/llvm-cov (needs cargo-llvm-cov)
coverage:
    cargo llvm-cov --workspace --html
