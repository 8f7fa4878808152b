//! POP3 through real TLS layers, in memory: STLS (RFC 2595 §4) and implicit TLS (RFC 8314 §3.2), and somebody in the middle.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pop3_proto::Redactor;
use pop3_proto::client::{Client, Config as ClientConfig, TlsPolicy, Violation};
use pop3_proto::server::{Config, Server, Tls as ServerTls};
use proptest::prelude::*;
use wirestate_layers::tls::Failure;
use wirestate_layers::trace::Transcript;
use wirestate_layers::{Error, Tls, Trace};
use wirestate_machine::{Instant, Machine, Misuse};
use wirestate_sasl::{Mechanism, base64};
use wirestate_testing::{Broken, End, Pair};
use wirestate_tests::certificate::Trust;
use wirestate_tests::pop3::{Desk, PASSWORD, USER, on_the_wire, open_config, stls_config};
use wirestate_tests::pop3_client::{Fetcher, Mail};
use wirestate_tests::talk::Application;

const LONG: Duration = Duration::from_secs(100_000);

/// What is left when a session is over, beside its pair.
struct Outcome {
    mail: Arc<Mutex<Mail>>,
    desk: Arc<Mutex<Desk>>,
    /// What the client's application was refused.
    misuse: Arc<Mutex<Option<Misuse>>>,
}

impl Outcome {
    fn check_all_fetched(&self) {
        let (mail, desk) = (self.mail.lock().unwrap(), self.desk.lock().unwrap());
        let wires: Vec<_> = desk.messages.iter().map(|message| on_the_wire(message)).collect();
        assert_eq!(mail.messages.values().cloned().collect::<Vec<_>>(), wires);
        assert!(mail.committed && mail.failed == 0, "{mail:?}");
        assert_eq!(desk.who.as_deref(), Some(USER));
        assert_eq!(desk.removed.len(), wires.len());
    }

    fn check_nobody_logged_in(&self) {
        assert!(self.mail.lock().unwrap().method.is_none());
        assert!(self.desk.lock().unwrap().who.is_none());
    }
}

type Both = Pair<Tls<Client>, Tls<Server>>;

/// A client that trusts as `theirs` says, and a server that shows what `ours` says.
fn pair(client: ClientConfig, server: Config, theirs: &Trust, ours: &Trust) -> (Both, Outcome) {
    let (fetcher, desk) = (Fetcher::new(client), Desk::new(server));
    over_tls(fetcher, desk, theirs, ours)
}

fn over_tls(mut fetcher: Fetcher, desk: Desk, theirs: &Trust, ours: &Trust) -> (Both, Outcome) {
    let client = theirs.on_client(fetcher.client(Instant::START));
    let server = ours.on_server(desk.server(Instant::START));
    let outcome = Outcome { mail: fetcher.mail.clone(), desk: Arc::new(Mutex::new(desk)), misuse: Arc::default() };
    let (behind, misuse) = (outcome.desk.clone(), outcome.misuse.clone());
    let pair = Pair::new(client, server)
        .on_client(move |client, event, _| {
            if let Err(refused) = fetcher.answer(client, event) {
                misuse.lock().unwrap().get_or_insert(refused);
            }
        })
        .on_server(move |server, event, _| behind.lock().unwrap().answer(server, event).unwrap());
    (pair, outcome)
}

fn implicit_config() -> Config {
    let mut config = open_config();
    config.cleartext = false;
    config.tls = ServerTls::Implicit;
    config
}

/// STLS and implicit TLS, from both sides.
fn both_ways() -> [(ClientConfig, Config); 2] {
    [(ClientConfig::default(), stls_config()), (ClientConfig::default().tls(TlsPolicy::Implicit), implicit_config())]
}

/// Whether a client said nothing but CAPA and STLS before its handshake.
fn is_all_tls(said: &[u8]) -> bool {
    said.strip_prefix(b"CAPA\r\nSTLS\r\n").unwrap_or(said).first() == Some(&22)
}

/// Whether this clear text has anything of a login.
fn has_credentials(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said).to_ascii_uppercase();
    ["USER", "PASS", "AUTH", "APOP"].iter().any(|word| said.contains(word))
}

#[test]
fn everything_is_fetched_and_nothing_is_seen_from_outside() -> Result<(), Broken> {
    for (client, server) in both_ways() {
        let trust = Trust::new();
        let (mut pair, outcome) = pair(client, server, &trust, &trust);
        pair.run_to_end(LONG)?;
        outcome.check_all_fetched();
        assert_eq!((&pair.client.error, &pair.server.error), (&None, &None));
        assert!(!pair.client.machine.was_truncated() && !pair.server.machine.was_truncated());
        for end in [End::Client, End::Server] {
            let said = String::from_utf8_lossy(pair.said(end)).into_owned();
            assert!(!said.contains("RETR") && !said.contains("Subject"), "{said}");
        }
        assert!(is_all_tls(pair.said(End::Client)));
    }
    Ok(())
}

#[test]
fn the_login_is_bound_to_the_channel() -> Result<(), Broken> {
    for (client, server) in both_ways() {
        let trust = Trust::new();
        // The server takes the login only if both ends see the same channel.
        let (mut pair, outcome) = pair(client.require_channel_binding(true), server, &trust, &trust);
        pair.run_to_end(LONG)?;
        outcome.check_all_fetched();
        let method = outcome.mail.lock().unwrap().method.clone().unwrap_or_default();
        assert!(method.contains("Sha512") && method.contains("plus: true"), "{method}");
    }
    Ok(())
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_session_before_any_credentials() -> Result<(), Broken> {
    for (client, server) in both_ways() {
        let (mut pair, outcome) = pair(client, server, &Trust::new(), &Trust::new());
        pair.run_to_end(LONG)?;
        let error = pair.client.machine.poll(pair.now());
        let Err(Error::Tls(Failure::Handshake(rustls::Error::InvalidCertificate(_)))) = error else {
            panic!("{error:?}");
        };
        let error = pair.server.machine.poll(pair.now());
        assert!(matches!(error, Err(Error::Tls(Failure::Handshake(rustls::Error::AlertReceived(_))))), "{error:?}");
        outcome.check_nobody_logged_in();
        assert!(is_all_tls(pair.said(End::Client)));
        assert!(pair.server.events.iter().all(|event| !event.starts_with("Authenticate")));
    }
    Ok(())
}

#[test]
fn a_session_stripped_of_tls_ends_before_any_credentials() -> Result<(), Broken> {
    let trust = Trust::new();
    let mut server = open_config();
    server.tls = ServerTls::Off;
    let (mut pair, outcome) = pair(ClientConfig::default(), server, &trust, &trust);
    pair.run_to_end(LONG)?;
    assert_eq!(pair.client.machine.poll(pair.now()).unwrap_err(), Error::Inner(Violation::TlsNotOffered));
    outcome.check_nobody_logged_in();
    assert!(!has_credentials(pair.said(End::Client)), "{}", pair.said(End::Client).escape_ascii());
    Ok(())
}

#[test]
fn a_client_that_can_do_without_tls_still_sends_no_password_in_the_clear() -> Result<(), Broken> {
    let trust = Trust::new();
    let mut server = open_config();
    server.tls = ServerTls::Off;
    server.mechanisms = vec![Mechanism::Plain, Mechanism::Login];
    let (mut pair, outcome) = pair(ClientConfig::default().tls(TlsPolicy::IfOffered), server, &trust, &trust);
    pair.run()?;
    assert_eq!(*outcome.misuse.lock().unwrap(), Some(Misuse::CleartextForbidden));
    outcome.check_nobody_logged_in();
    assert!(!has_credentials(pair.said(End::Client)), "{}", pair.said(End::Client).escape_ascii());
    Ok(())
}

/// Polls until nothing more happens, and gives what was said.
fn settle<M: Machine>(machine: &mut M) -> Result<Vec<u8>, M::Error> {
    while machine.poll(Instant::START)?.is_some() {}
    Ok(machine.outbox().drain())
}

/// A client that has just sent STLS.
fn client_at_stls(trust: &Trust) -> Tls<Client> {
    let fetcher = Fetcher::new(ClientConfig::default());
    let mut client = trust.on_client(fetcher.client(Instant::START));
    client.inbox().push(b"+OK hello\r\n");
    assert_eq!(settle(&mut client).unwrap(), b"CAPA\r\n");
    client.inbox().push(b"+OK\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n");
    assert_eq!(settle(&mut client).unwrap(), b"STLS\r\n");
    client
}

#[test]
fn octets_behind_the_ok_of_stls_are_no_response() {
    let trust = Trust::new();
    let injected = b"+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n";

    let mut together = client_at_stls(&trust);
    together.inbox().push(&[b"+OK begin\r\n", &injected[..]].concat());
    let error = settle(&mut together).unwrap_err();
    assert_eq!(error, Error::Inner(Violation::BytesBeforeTls));
    assert!(!has_credentials(&together.outbox().drain()));

    let mut apart = client_at_stls(&trust);
    apart.inbox().push(b"+OK begin\r\n");
    let hello = settle(&mut apart).unwrap();
    assert_eq!(hello.first(), Some(&22), "a handshake record");
    apart.inbox().push(injected);
    assert_eq!(settle(&mut apart).unwrap_err(), Error::Tls(Failure::NotTls));
    assert!(apart.is_closed() && !apart.is_encrypted());
    assert!(!has_credentials(&apart.outbox().drain()));
}

#[test]
fn octets_behind_stls_are_no_commands() {
    let trust = Trust::new();
    let injected = format!("USER {USER}\r\nPASS {PASSWORD}\r\nDELE 1\r\nQUIT\r\n");
    for together in [true, false] {
        let mut desk = Desk::new(stls_config());
        let mut server = trust.on_server(desk.server(Instant::START));
        settle(&mut server).unwrap();
        if together {
            server.inbox().push(&[b"STLS\r\n", injected.as_bytes()].concat());
        } else {
            server.inbox().push(b"STLS\r\n");
            assert_eq!(settle(&mut server).unwrap(), b"+OK begin TLS negotiation\r\n");
            // Once that is written, the stream is TLS.
            settle(&mut server).unwrap();
            server.inbox().push(injected.as_bytes());
        }
        let mut events = Vec::new();
        let ended = loop {
            match server.poll(Instant::START) {
                Ok(Some(event)) => {
                    events.push(format!("{event:?}"));
                    desk.answer(&mut server, event).unwrap();
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let said = server.outbox().drain();
        if together {
            assert_eq!(said, b"-ERR data came before the TLS negotiation\r\n");
        } else {
            assert_eq!(ended, Some(Error::Tls(Failure::NotTls)));
        }
        assert!(events.iter().all(|event| !event.starts_with("Authenticate")), "{events:?}");
        assert!(desk.who.is_none() && desk.removed.is_empty());
    }
}

/// A session with a transcript inside TLS at each end; the client logs in by one of `mechanisms`, or by USER and PASS.
fn traced(mechanisms: &[Mechanism], secrets: bool) -> Result<(Transcript, Transcript, Fetcher, Desk), Broken> {
    let trust = Trust::new();
    let mut config = stls_config();
    config.mechanisms = mechanisms.to_vec();
    let (fetcher, desk) = (Fetcher::new(ClientConfig::default()), Desk::new(config));
    let (client_sink, client_recording) = Transcript::recording();
    let (server_sink, server_recording) = Transcript::recording();
    let mut client = Trace::new(fetcher.client(Instant::START), Redactor::client(), client_sink);
    let mut server = Trace::new(desk.server(Instant::START), Redactor::server(), server_sink);
    if secrets {
        (client, server) = (client.with_secrets(), server.with_secrets());
    }
    let (mut fetches, mut serves) = (fetcher.clone(), desk.clone());
    let mut pair = Pair::new(trust.on_client(client), trust.on_server(server))
        .on_client(move |client, event, _| fetches.answer(client, event).unwrap())
        .on_server(move |server, event, _| serves.answer(server, event).unwrap())
        .with_latency(Duration::from_millis(40));
    pair.run_to_end(LONG)?;
    assert!(fetcher.mail.lock().unwrap().committed);
    drop(pair);
    let fresh = Fetcher::new(ClientConfig::default());
    Ok((client_recording.transcript(), server_recording.transcript(), fresh, desk))
}

#[test]
fn a_transcript_inside_tls_shows_the_session_and_no_password() -> Result<(), Broken> {
    let plain = base64::encode(format!("\0{USER}\0{PASSWORD}").as_bytes()).to_string();
    let login = base64::encode(PASSWORD.as_bytes()).to_string();
    for (mechanisms, secret) in
        [(&[][..], PASSWORD), (&[Mechanism::Plain][..], &plain), (&[Mechanism::Login][..], &login)]
    {
        let (client, server, ..) = traced(mechanisms, false)?;
        for transcript in [client, server] {
            let text = transcript.to_string();
            assert!(!text.contains(secret) && !text.contains(PASSWORD), "{text}");
            assert!(text.contains("STAT") && text.contains("Subject: one") && text.contains("QUIT"), "{text}");
        }
        let (client, server, ..) = traced(mechanisms, true)?;
        assert!(client.to_string().contains(secret) && server.to_string().contains(secret));
    }
    Ok(())
}

#[test]
fn a_transcript_with_secrets_replays() -> Result<(), Broken> {
    for mechanisms in [&[][..], &[Mechanism::Plain], &Mechanism::ALL] {
        let (client, server, mut fetcher, mut desk) = traced(mechanisms, true)?;
        let (client, server) = (client.to_string(), server.to_string());
        let mut again = desk.server(Instant::START);
        let replayed = server
            .parse::<Transcript>()
            .unwrap()
            .replay(&mut again, |server, event| desk.answer(server, event).unwrap());
        replayed.unwrap_or_else(|divergence| panic!("{divergence}\n{server}"));
        assert_eq!(desk.removed.len(), desk.messages.len());

        let mut again = fetcher.client(Instant::START);
        let replayed = client
            .parse::<Transcript>()
            .unwrap()
            .replay(&mut again, |client, event| fetcher.answer(client, event).unwrap());
        replayed.unwrap_or_else(|divergence| panic!("{divergence}\n{client}"));
        assert!(fetcher.mail.lock().unwrap().committed);
    }
    Ok(())
}

// Who takes a byte at a time is no slow peer as well, whose patience would end.
proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mail_comes_home_however_the_records_are_cut(
        messages in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"\r\n\n..ab \xe9"[..]), 0..2000), 0..5),
        seed: u64,
        most in 1usize..300,
        (latency, window) in prop_oneof![(0u64..2, 1usize..2000), (2u64..200, 200usize..2000)],
        piece in 1usize..100,
        way in 0usize..2,
    ) {
        let trust = Trust::new();
        let (client, server) = both_ways().into_iter().nth(way).unwrap();
        let mut desk = Desk::new(server);
        desk.messages = messages.into_iter().map(Bytes::from).collect();
        desk.piece = piece;
        let (pair, outcome) = over_tls(Fetcher::new(client), desk, &trust, &trust);
        let mut pair = pair.with_cuts(seed, most).with_latency(Duration::from_millis(latency)).with_window(window);
        pair.run_to_end(LONG)?;
        outcome.check_all_fetched();
    }
}
