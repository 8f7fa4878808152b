//! Any messages and any answers, to both sides of every SASL mechanism, and to both sides at once with a meddler between them.
//!
//! No panic; nobody gets in without a secret; no client believes a server of SCRAM, HT or DIGEST-MD5 that has not proved itself; bounded heap.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::application::keys_of_nobody;
use wirestate_fuzz::meter::Meter;
use wirestate_sasl::client::{self, Client, Credentials};
use wirestate_sasl::server::{self, Answer, Ask, Identity, Rejection, Server, Step};
use wirestate_sasl::{Bindings, ChannelBinding, FakeKeys, Mechanism, Nonce, ScramKeys, Secret, apop, base64, saslprep};

const HEAP: isize = 64 * 1024;
const PASSWORD: &str = "a password that nobody will ever guess: 2b7e151628aed2a6";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    mechanism: u8,
    bindings: u8,
    success_data: bool,
    plus_offered: bool,
    messages: Vec<Option<&'a [u8]>>,
    answers: Vec<Reply>,
    text: &'a str,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Reply {
    Yes,
    Keys,
    Secret,
    NoKeys,
    Reject,
}

fuzz_target!(|input: Input| {
    let known: Vec<Mechanism> = Mechanism::every().collect();
    let mechanism = known[usize::from(input.mechanism) % known.len()];
    server_side(mechanism, &input);
    client_side(mechanism, &input);
    readers(input.text);
});

fn bindings(which: u8) -> Bindings {
    let exporter = ChannelBinding::TlsExporter([7; 32]);
    let end_point = ChannelBinding::TlsServerEndPoint(vec![8; 48]);
    match which % 4 {
        0 => Bindings::none(),
        1 => exporter.into(),
        2 => end_point.into(),
        _ => [end_point, exporter].into_iter().collect(),
    }
}

fn nonce(text: &str) -> Nonce {
    Nonce::new(text).expect("a lawful nonce")
}

fn server_side(mechanism: Mechanism, input: &Input) {
    let context = server::Context::new(nonce("server-nonce"))
        .fake_keys(FakeKeys::new([9; 32]))
        .bindings(bindings(input.bindings))
        .plus_offered(input.plus_offered)
        .success_data(input.success_data);
    let Ok(mut server) = Server::start(mechanism, &context) else { return };
    let mut answers = input.answers.iter().copied();
    let mut meter = Meter::default();
    let (mut vouched, mut over) = (false, false);
    for message in &input.messages {
        let over_before = over;
        meter.run(|| {
            let mut step = server.step(*message);
            while let Ok(Step::Ask(ask)) = step {
                assert!(server.step(Some(b"")).is_err(), "a question is open");
                let (answer, yes) = answer(answers.next().unwrap_or(Reply::Reject), ask);
                vouched |= yes;
                step = match server.answer(answer) {
                    Ok(step) => Ok(step),
                    // An answer that does not fit leaves the question open.
                    Err(_) => server.answer(Answer::Reject(Rejection::Temporary)),
                };
            }
            match step {
                Ok(Step::Done { .. }) => {
                    assert!(vouched, "in by {mechanism} without a word of the application");
                    over = true;
                }
                Ok(Step::Failed(_)) => over = true,
                Ok(_) => {}
                Err(_) => return,
            }
            assert!(!over_before, "a step after the end");
        });
        assert!(meter.peak() <= HEAP, "{} bytes of heap", meter.peak());
    }
}

/// The answer, and whether it alone lets somebody in.
fn answer(reply: Reply, ask: Ask) -> (Answer, bool) {
    match (reply, ask) {
        (Reply::Yes, _) => (Answer::AcceptAs(Identity::new("ann")), true),
        (Reply::Keys, Ask::Keys { hash, .. }) => (Answer::Keys(keys_of_nobody(hash)), false),
        // HT and DIGEST-MD5 take a secret only, with which the mechanism itself checks the proof.
        (Reply::Keys | Reply::Secret, _) => (Answer::Secret(Secret::new(PASSWORD)), false),
        (Reply::NoKeys, _) => (Answer::NoKeys, false),
        (Reply::Reject, _) => (Answer::Reject(Rejection::Credentials), false),
    }
}

fn client_side(mechanism: Mechanism, input: &Input) {
    let credentials = match mechanism {
        Mechanism::External => Credentials::external(),
        Mechanism::Anonymous => Credentials::anonymous("trace").expect("lawful"),
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token("ann", "token").expect("lawful"),
        Mechanism::Ht(_) => Credentials::fast_token("ann", PASSWORD).expect("lawful"),
        _ => Credentials::password("ann", PASSWORD).expect("lawful"),
    };
    let context = client::Context::new(nonce("client-nonce"))
        .host("server.example.com")
        .port(110)
        .service("pop")
        .bindings(bindings(input.bindings))
        .server_offers_plus(input.plus_offered)
        .iterations(1..=20);
    let Ok(mut client) = Client::start(mechanism, &credentials, &context) else { return };
    let mut meter = Meter::default();
    for message in &input.messages {
        meter.run(|| {
            if let Ok(client::Step::Work(work)) = client.step(*message) {
                let _ = client.resume(work.run());
            }
        });
        assert!(meter.peak() <= HEAP, "{} bytes of heap", meter.peak());
    }
    let data = input.success_data.then_some(input.text.as_bytes());
    let believed = client.succeed(data).is_ok();
    let proves = matches!(mechanism, Mechanism::Scram { .. } | Mechanism::Ht(_) | Mechanism::DigestMd5);
    assert!(!(believed && proves), "no server has proved itself");
}

fn readers(text: &str) {
    if let Ok(keys) = ScramKeys::from_text(text) {
        drop(keys);
    }
    if let Ok(decoded) = base64::decode(text.as_bytes(), 100) {
        assert_eq!(base64::decode(base64::encode(&decoded).as_bytes(), 100).ok().as_ref(), Some(&decoded));
    }
    if let Ok(prepared) = saslprep(text) {
        let prepared = prepared.to_string();
        let again = saslprep(&prepared).map(|again| again.to_string());
        assert!(again.is_err() || again == Ok(prepared), "SASLprep is not idempotent");
    }
    let _ = apop::Timestamp::find(text);
    let _ = Mechanism::from_name(text);
}
