//! The laws of sans-IO machines for the IRC client, on a corpus of good and of hostile servers, and on random ones.

use irc_proto::client::{Config, Pacing, SaslPolicy, TlsPolicy};
use proptest::prelude::*;
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::irc_client::{Chatter, unpaced};

#[global_allocator]
static HEAP: Heap = Heap;

const MODERN: &str = ":srv CAP * LS * :batch labeled-response message-tags echo-message server-time sasl=SCRAM-SHA-256,PLAIN\r\n\
    :srv CAP * LS :draft/multiline=max-bytes=4096,max-lines=9 draft/chathistory multi-prefix\r\n\
    :srv CAP * ACK :batch echo-message labeled-response message-tags multi-prefix server-time draft/chathistory draft/multiline sasl\r\n\
    AUTHENTICATE +\r\n:srv 904 * :no\r\n";

const GREETING: &str = ":srv 001 ada :Welcome ada!~a@example.org\r\n:srv 005 ada PREFIX=(ov)@+ CHANMODES=b,k,l,imnt WHOX MONITOR=9 :are supported\r\n\
    :srv 375 ada :-\r\n:srv 376 ada :end\r\n";

const CHAT: &str = ":ada!~a@example.org JOIN #lobby\r\n:srv 353 ada = #lobby :@bob ada +eve\r\n:srv 366 ada #lobby :end\r\n\
    @time=12:00;account=bob :bob!b@bob.example PRIVMSG #lobby :hello\r\n:bob!b@h PRIVMSG ada :\x01VERSION\x01\r\n\
    :bob!b@h MODE #lobby +v-o+b ada bob *!*@bad\r\n:eve QUIT :a.example b.example\r\n:bob NICK robert\r\nPING :token\r\n";

fn corpus() -> Vec<Sample> {
    let old = format!(":srv 421 * CAP :unknown\r\n{GREETING}{CHAT}");
    let modern = format!("{MODERN}{GREETING}{CHAT}");
    [
        format!("{old}:srv 311 ada bob b h * :Bob\r\n:srv 318 ada bob :end\r\n:srv 352 ada #lobby b h srv bob H@ :0 Bob\r\n:srv 315 ada #lobby :end\r\n"),
        format!("{modern}@label=w1 :srv BATCH +x labeled-response\r\n@batch=x :srv 311 ada bob b h * :Bob\r\n:srv BATCH -x\r\n@label=w2 :srv ACK\r\n"),
        format!("{modern}BATCH +a netsplit a.b c.d\r\n@batch=a BATCH +b x\r\n@batch=b FOO\r\n@batch=a :robert QUIT :a.b c.d\r\nBATCH -a\r\nBATCH +c y\r\n"),
        format!("{old}:bob!b@h PRIVMSG ada :quit\r\nERROR :Closing Link\r\n"),
        ":srv CAP * LS :\r\n:srv 433 * ada :in use\r\n:srv 432 * ada_ :no\r\n:srv 001 ada__ :hi\r\n:srv 422 ada__ :none\r\n:srv 731 ada__ :ada\r\n".into(),
        ":srv CAP * LS :sasl=SCRAM-SHA-256\r\n:srv CAP * ACK :sasl\r\nAUTHENTICATE +\r\nAUTHENTICATE cj1h\r\n:srv 906 * :aborted\r\n".into(),
        format!("{old}:srv CAP ada NEW :sasl=PLAIN away-notify\r\n:srv CAP ada ACK :away-notify sasl\r\nAUTHENTICATE +\r\n:srv 900 ada x ann :in\r\n:srv 903 ada :ok\r\n:srv CAP ada DEL :sasl\r\n"),
        format!("{old}{}\r\n:srv 005 ada CASEMAPPING=ascii LINELEN=900 :are\r\n@{} FOO\r\n", "x".repeat(2000), "y".repeat(9000)),
        "ERROR :Trying to reconnect too fast\r\n".into(),
        "HTTP/1.1 400 Bad Request\r\n\r\n".into(),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Chatter::default(), &corpus()[..2])
}

#[test]
fn all_laws_hold_without_pacing() -> Result<(), wirestate_testing::Broken> {
    // The long ones of the others are for the random tests below.
    laws::all(&Chatter::new(unpaced().sasl(SaslPolicy::Required)), &corpus()[4..6])
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let sealed = format!("{MODERN}{GREETING}{CHAT}");
    let clear = ":srv NOTICE * :hello\r\n:srv CAP * LS :tls sasl=PLAIN\r\n:srv 670 * :go ahead\r\n";
    let config = Config::default().tls(TlsPolicy::Required).pacing(Pacing::Off);
    laws::all(&Chatter::new(config), &[Sample::from(clear).then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let sealed = format!("{MODERN}{GREETING}{CHAT}");
    laws::all(&Chatter::new(Config::default()), &[Sample::new().then(sealed.as_bytes())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Chatter::default(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Chatter::new(unpaced()), &session, seed)?;
        laws::alive(&Chatter::default(), &session)?;
    }
}
