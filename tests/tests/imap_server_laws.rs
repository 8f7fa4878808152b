//! The laws of sans-IO machines for the IMAP server, on a corpus of good and of hostile sessions, and on random ones.

use std::time::Duration;

use imap_proto::server::Tls;
use proptest::prelude::*;
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::imap::{Desk, open_config, starttls_config};

#[global_allocator]
static HEAP: Heap = Heap;

const LOGIN: &str = "l LOGIN ann \"pass word\"\r\n";

fn corpus() -> Vec<Sample> {
    [
        format!(
            "{LOGIN}a SELECT INBOX\r\nb FETCH 1:* (FLAGS BODY.PEEK[])\r\nc STORE 2 +FLAGS (\\Deleted Work)\r\nd EXPUNGE\r\ne LOGOUT\r\n"
        ),
        format!("{LOGIN}a APPEND INBOX (\\Seen) {{5}}\r\nhello\r\nb APPEND Saved {{3+}}\r\nabc {{2+}}\r\nde\r\nc STATUS Saved (MESSAGES)\r\n"),
        format!("{LOGIN}a SELECT INBOX\r\nb IDLE\r\nDONE\r\nc UID SEARCH RETURN (SAVE ALL) UNSEEN\r\nd MOVE $ Saved\r\ne CLOSE\r\n"),
        format!("{LOGIN}a ENABLE QRESYNC UIDONLY\r\nb SELECT INBOX (QRESYNC (1000 1))\r\nc UID FETCH 1:* (FLAGS)\r\nd UNAUTHENTICATE\r\ne NOOP\r\n"),
        "a LOGIN {3}\r\nann {9+}\r\npass word\r\nb XECHO \"a\\\"b\" {2+}\r\nxy\r\nc LIST \"\" *\r\n".into(),
        "a AUTHENTICATE PLAIN\r\nAGFubgBwYXNzIHdvcmQ=\r\nb ID (\"a\" NIL)\r\nc NAMESPACE\r\n".into(),
        "a LOGIN ann wrong\r\nb AUTHENTICATE CRAM-MD5\r\n*\r\nc AUTHENTICATE SCRAM-SHA-256 biwsbj1hbm4scj1h\r\nZm9v\r\n".into(),
        format!("{LOGIN}a FETCH 1\r\nb\r\n\r\nc SEARCH ((((\r\nd APPEND x {{99999999999+}}\r\n"),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        format!("{LOGIN}a NOTIFY SET (SELECTED (MessageNew MessageExpunge))\r\nb SELECT INBOX\r\nc REPLACE 1 INBOX {{1+}}\r\nx\r\n"),
        format!("a {}", "X".repeat(9_000)),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .chain([Sample::from("a LOGIN ann wrong\r\n").wait(Duration::from_secs(3)).then(b"b CAPABILITY\r\nc LOGOUT\r\n")])
    .chain([Sample::from(LOGIN).then(b"a SELECT INBOX\r\nb FETCH 1 BODY[]\r\n").end()])
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Desk::default(), &corpus())
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let after = format!("{LOGIN}b NOOP\r\nc LOGOUT\r\n");
    laws::all(&Desk::with(starttls_config()), &[Sample::from("a STARTTLS\r\n").then(after.as_bytes())])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let mut config = open_config();
    config.tls = Tls::Implicit;
    let after = format!("{LOGIN}b SELECT INBOX\r\nc LOGOUT\r\n");
    laws::all(&Desk::with(config), &[Sample::new().then(after.as_bytes())])
}

#[test]
fn all_laws_hold_around_compression() -> Result<(), wirestate_testing::Broken> {
    let before = format!("{LOGIN}a COMPRESS DEFLATE\r\n");
    let sample = Sample::from(before.as_str()).then(b"b SELECT INBOX\r\nc FETCH 1 FLAGS\r\n");
    laws::all(&Desk::default(), &[sample])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

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
