//! The laws of sans-IO machines for the POP3 server, on a corpus of good and of hostile sessions, and on random ones.

use std::time::Duration;

use pop3_proto::server::Tls;
use proptest::prelude::*;
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::pop3::{Desk, open_config, stls_config};

#[global_allocator]
static HEAP: Heap = Heap;

fn corpus() -> Vec<Sample> {
    let login = "USER ann\r\nPASS pass word\r\n";
    let plain = "AUTH PLAIN AGFubgBwYXNzIHdvcmQ=\r\n";
    [
        format!(
            "{login}STAT\r\nLIST\r\nUIDL\r\nRETR 2\r\nTOP 2 1\r\nDELE 1\r\nRSET\r\nNOOP\r\nLAST\r\nDELE 2\r\nQUIT\r\n"
        ),
        format!("CAPA\r\nUTF8\r\nLANG de\r\nLANG\r\n{plain}CAPA\r\nRETR 5\r\nXTND lines\r\nQUIT\r\n"),
        "USER ann\r\nPASS wrong\r\nSTAT\r\nAUTH CRAM-MD5\r\n*\r\nAUTH SCRAM-SHA-256 biwsbj1hbm4scj1h\r\nZm9v\r\n"
            .into(),
        format!("{login}RETR 0\r\nRETR 99\r\nFOO\r\nUIDL 1 2\r\n\r\n\nTOP 1\r\nRETR 1\r\nquit\r\n"),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        "AUTH PLAIN\r\nAGFubgBwYXNzIHdvcmQ=\r\nDELE 1\r\nDELE 2\r\nDELE 3\r\nQUIT\r\nNOOP\r\n".into(),
        format!("{login}{}", "X".repeat(600)),
        "XSHOW\r\nXTND a b\r\nUSER \u{e9}\r\nPASS\r\nPASS x\r\n".into(),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .chain([Sample::from("USER ann\r\nPASS wrong\r\n").wait(Duration::from_secs(3)).then(b"CAPA\r\nQUIT\r\n")])
    .chain([Sample::from("USER ann\r\nPASS pass word\r\nDELE 1\r\n").end()])
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Desk::default(), &corpus())
}

#[test]
fn all_laws_hold_around_stls() -> Result<(), wirestate_testing::Broken> {
    let sample = Sample::from("CAPA\r\nSTLS\r\n").then(b"USER ann\r\nPASS pass word\r\nSTAT\r\nQUIT\r\n");
    laws::all(&Desk::new(stls_config()), &[sample])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let mut config = open_config();
    config.tls = Tls::Implicit;
    let sample = Sample::new().then(b"USER ann\r\nPASS pass word\r\nSTAT\r\nQUIT\r\n");
    laws::all(&Desk::new(config), &[sample])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Desk::default(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Desk::default(), &session, seed)?;
        laws::alive(&Desk::default(), &session)?;
    }
}
