//! The laws of sans-IO machines for the POP3 client, on a corpus of good and of hostile servers, and on random ones.

use pop3_proto::client::{Config, TlsPolicy};
use proptest::prelude::*;
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::pop3_client::Fetcher;

#[global_allocator]
static HEAP: Heap = Heap;

const CAPA: &str = "+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\n.\r\n";

fn corpus() -> Vec<Sample> {
    let login = format!("+OK hello\r\n{CAPA}+OK\r\n+OK\r\n{CAPA}");
    let mail = "+OK 120 octets\r\nSubject: a\r\n\r\n..dot\r\nb\n.\nc\r\n.\r\n+OK\r\n";
    [
        format!(
            "{login}+OK 2 240\r\n+OK\r\n1 one\r\n2   two\r\n.\r\n+OK\r\n1 120\r\n2 120\r\n.\r\n{mail}{mail}+OK bye\r\n"
        ),
        format!(
            "{login}+OK odd\r\n+OK\r\nnonsense\r\n1 {}\r\n.\r\n-ERR [SYS/TEMP] no list\r\n+OK\r\n",
            "x".repeat(100)
        ),
        "-ERR [IN-USE] go away\r\n".into(),
        "+OK hello\r\n-ERR no CAPA\r\n+OK\r\n-ERR [AUTH] no\r\n+OK\r\n".into(),
        format!(
            "+OK hello\r\n{CAPA}+OK\r\n+OK\r\n{CAPA}+OK 1 6\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n1 6\r\n.\r\n+OK\r\nunended"
        ),
        "+OK hello\r\n+OK\r\nSASL SCRAM-SHA-256 PLAIN\r\n.\r\n+ cj1hYmMscz1h\r\n-ERR\r\n+OK\r\n".into(),
        "* OK this is IMAP\r\n".into(),
        format!("+OK {}\r\n", "x".repeat(20_000)),
        "\r\n+OK\r\n+OK\r\n+OK\r\n".into(),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Fetcher::default(), &corpus())
}

#[test]
fn all_laws_hold_around_stls() -> Result<(), wirestate_testing::Broken> {
    let clear = "+OK hello\r\n+OK\r\nSTLS\r\n.\r\n+OK go ahead\r\n";
    let sealed = format!("{CAPA}+OK\r\n+OK\r\n{CAPA}+OK 0 0\r\n+OK\r\n.\r\n+OK\r\n.\r\n+OK bye\r\n");
    laws::all(&Fetcher::new(Config::default()), &[Sample::from(clear).then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let sealed = format!("+OK hello\r\n{CAPA}+OK\r\n-ERR [AUTH] no\r\n");
    let config = Config::default().tls(TlsPolicy::Implicit);
    laws::all(&Fetcher::new(config), &[Sample::new().then(sealed.as_bytes())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Fetcher::default(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Fetcher::default(), &session, seed)?;
        laws::alive(&Fetcher::default(), &session)?;
    }
}
