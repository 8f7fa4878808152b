//! The laws of sans-IO machines for the IRC server, on a corpus of good and of hostile sessions, and on random ones.

use std::time::Duration;

use irc_proto::server::{Flood, Tls};
use proptest::prelude::*;
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::irc::{Desk, PLAIN, WRONG, starttls_config};

#[global_allocator]
static HEAP: Heap = Heap;

const REGISTER: &str = "NICK ann\r\nUSER ann 0 * :Ann Example\r\n";

fn corpus() -> Vec<Sample> {
    let caps = "CAP LS 302\r\nCAP REQ :message-tags batch labeled-response sasl\r\n";
    [
        format!(
            "{REGISTER}PING 1\r\n@label=x PRIVMSG #a :hi\r\nJOIN #a\r\nJOIN\r\nFOO\r\nPASS x\r\nPONG :a b\r\nNICK ann2\r\nQUIT :bye\r\nPING 2\r\n"
        ),
        format!(
            "{caps}PASS secret\r\n{REGISTER}AUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}\r\nCAP END\r\n@label=1 PING a\r\n@label=2 CAP LS 302\r\n@label=3 PONG\r\n@label=4;x=y FOO\r\n"
        ),
        format!(
            "{caps}AUTHENTICATE SCRAM-SHA-256\r\nAUTHENTICATE biwsbj1hbm4scj1h\r\nAUTHENTICATE Zm9v\r\nAUTHENTICATE *\r\nAUTHENTICATE FOO\r\nAUTHENTICATE CRAM-MD5\r\n{REGISTER}CAP END\r\nAUTHENTICATE PLAIN\r\n"
        ),
        "NICK\r\nNICK 9\r\nNICK bob\r\nUSER a b c\r\nUSER a!b 0 * :x\r\nJOIN #a\r\nXECHO\r\nXECHO a\r\nXLATER\r\nCAP\r\nCAP FOO\r\nCAP REQ :foo\r\nCAP LIST\r\n".into(),
        "WEBIRC gate g host.example 192.0.2.1 :secure\r\nWEBIRC gate g host 192.0.2.1\r\nNICK ann\r\nSTARTTL x\n".into(),
        "WEBIRC wrong g host.example 192.0.2.1\r\nNICK ann\r\n".into(),
        "POST / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        "\r\n  \r\n\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        format!("{REGISTER}\r\n\r\n  \r\n\0\r\nA\rB\r\n:x\r\n001 x\r\nPRIVMSG #a :caf\u{e9}\r\nPART #a\nQUIT\n"),
        format!("{REGISTER}@{}\r\n{}\r\nPING 1\r\n", "t".repeat(5000), "X".repeat(600)),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .chain([Sample::from(format!("{caps}AUTHENTICATE PLAIN\r\nAUTHENTICATE {WRONG}\r\n").as_str())
        .wait(Duration::from_secs(3))
        .then(format!("{REGISTER}CAP END\r\n").as_bytes())])
    .chain([Sample::from(REGISTER).wait(Duration::from_secs(91)).then(b"PONG :irc.localhost\r\nPRIVMSG x").end()])
    .chain([Sample::from(&b"\x16\x03\x01\x02\x00\x01\x00"[..])])
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Desk::default(), &corpus())
}

#[test]
fn all_laws_hold_with_flood_control_and_cookies() -> Result<(), wirestate_testing::Broken> {
    let desk = Desk::with(|config| {
        config.flood = Flood::RFC1459;
        config.ping_cookie = true;
        config.reauthentication = true;
    });
    laws::all(&desk, &corpus()[..4])
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let sample = Sample::from("CAP LS 302\r\nNICK eve\r\nSTARTTLS\r\n").then(
        format!("CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}\r\n{REGISTER}CAP END\r\nQUIT\r\n")
            .as_bytes(),
    );
    laws::all(&Desk::new(starttls_config()), &[sample])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let desk = Desk::with(|config| config.tls = Tls::Implicit);
    laws::all(&desk, &[Sample::new().then(format!("{REGISTER}PING 1\r\nQUIT\r\n").as_bytes())])
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
