//! Our IRC client against our IRC server: over random cuts and delays, and through a stand-in for TLS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use irc_proto::client::{Client, Config, Event, Identity, Pacing, SaslPolicy, TlsPolicy};
use irc_proto::codec::Parts;
use irc_proto::server::{self, Server};
use proptest::prelude::*;
use wirestate_machine::{Instant, TlsFacts, Upgraded};
use wirestate_sasl::client::Credentials;
use wirestate_testing::{Broken, Pair};
use wirestate_tests::irc::{Desk, PASSWORD, USER, open_config, starttls_config};
use wirestate_tests::talk::Application;

/// What the client has heard in the end.
#[derive(Debug, Default)]
struct Heard {
    registered: Option<Vec<u8>>,
    mechanism: Option<String>,
    failed_login: bool,
    joined: bool,
    texts: Vec<Vec<u8>>,
    echoes: usize,
    closed: Option<String>,
}

fn config(tls: TlsPolicy) -> Config {
    Config::default().tls(tls).sasl(SaslPolicy::Required).pacing(Pacing::Off)
}

/// A pair, what its client hears, and the desk behind its server.
type Both = (Pair<Client, Server>, Arc<Mutex<Heard>>, Arc<Mutex<Desk>>);

fn pair(config: Config, password: &str, desk: Desk) -> Both {
    let login = Credentials::password(USER, password).unwrap();
    // The desk says that `bob` is taken.
    let identity = Identity::new("bob", "ada", "Ada Lovelace").unwrap().or_nick("ada").unwrap().login(login);
    let client = Client::new(config.into(), identity, [8; 32], Instant::START);
    let server = Server::new(desk.config.clone(), [7; 32], Instant::START);
    let (heard, desk) = (Arc::new(Mutex::new(Heard::default())), Arc::new(Mutex::new(desk)));
    let (ears, behind) = (heard.clone(), desk.clone());
    let pair = Pair::new(client, server)
        .on_client(move |client, event, _| hear(&mut ears.lock().unwrap(), client, event))
        .on_server(move |server, event, _| {
            echo(server, &event);
            behind.lock().unwrap().answer(server, event).unwrap();
        });
    (pair, heard, desk)
}

fn hear(heard: &mut Heard, client: &mut Client, event: Event) {
    match event {
        Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
        Event::LoggedIn { mechanism, .. } => heard.mechanism = Some(mechanism.name().into()),
        Event::LoginFailed(_) => heard.failed_login = true,
        Event::Registered { nick, .. } => {
            heard.registered = Some(nick.to_vec());
            client.join("#lobby", None).unwrap();
        }
        Event::Message { message, about, .. } => {
            let message = message.borrow();
            heard.echoes += usize::from(about.is_some());
            if message.command().is(b"JOIN") {
                heard.joined = client.tracker().channel(b"#LOBBY").is_some();
                client.privmsg("#lobby", &"word ".repeat(300)).unwrap();
                client.privmsg("#lobby", "done").unwrap();
            } else if message.command().is(b"PRIVMSG") {
                let text = message.param(1).unwrap_or_default().to_vec();
                if text == b"done" {
                    client.quit("bye").unwrap();
                }
                heard.texts.push(text);
            }
        }
        Event::Closed(reason) => heard.closed = Some(format!("{reason:?}")),
        _ => {}
    }
}

/// The smallest network: what somebody says, that one hears, with the label that it had.
fn echo(server: &mut Server, event: &server::Event) {
    if let server::Event::Message(message) = event {
        let message = message.borrow();
        let label = message.tags().value(b"label").map(|label| label.unescaped().into_owned());
        let tag = label.as_deref().map(|label| (&b"label"[..], label));
        let params: Vec<_> = message.params().collect();
        let source = Some(&b"ada!ada@localhost"[..]);
        server.send(&Parts { tags: tag.as_slice(), source, command: message.command(), params: &params }).unwrap();
    }
}

fn facts() -> impl FnMut() -> Upgraded + 'static {
    || {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([5; 32]);
        Upgraded::Tls(Box::new(facts))
    }
}

fn check(heard: &Heard) {
    assert_eq!(heard.registered.as_deref(), Some(&b"ada"[..]));
    assert!(heard.joined && !heard.failed_login);
    assert_eq!(heard.texts.last().map(Vec::as_slice), Some(&b"done"[..]));
    let (_, long) = heard.texts.split_last().unwrap();
    assert_eq!(long.join(&b' ').trim_ascii_end(), "word ".repeat(300).trim_end().as_bytes());
    assert_eq!(heard.echoes, heard.texts.len());
    assert_eq!(heard.closed.as_deref(), Some("Quit"));
}

#[test]
fn a_session_goes_from_login_to_quit() -> Result<(), Broken> {
    let (mut pair, heard, desk) = pair(config(TlsPolicy::Never), PASSWORD, Desk::new(open_config()));
    pair.run_to_end(Duration::from_secs(60))?;
    check(&heard.lock().unwrap());
    assert_eq!(desk.lock().unwrap().who.as_deref(), Some(USER));
    Ok(())
}

#[test]
fn the_strongest_mechanism_is_chosen_by_what_the_channel_is() -> Result<(), Broken> {
    let mechanism = |client: Config, server: server::Config| {
        let (pair, heard, _) = pair(client, PASSWORD, Desk::new(server));
        let mut pair = pair.with_facts(facts(), facts());
        pair.run_to_end(Duration::from_secs(60))?;
        let heard = heard.lock().unwrap();
        check(&heard);
        Ok::<_, Broken>(heard.mechanism.clone().unwrap_or_default())
    };
    assert_eq!(mechanism(config(TlsPolicy::Never), open_config())?, "SCRAM-SHA-512");
    assert_eq!(mechanism(config(TlsPolicy::Required), starttls_config())?, "SCRAM-SHA-512-PLUS");
    let mut implicit = open_config();
    implicit.tls = server::Tls::Implicit;
    assert_eq!(mechanism(config(TlsPolicy::Implicit), implicit)?, "SCRAM-SHA-512-PLUS");
    Ok(())
}

#[test]
fn a_wrong_password_ends_it_where_the_login_is_required() -> Result<(), Broken> {
    let (mut pair, heard, _) = pair(config(TlsPolicy::Never), "wrong", Desk::new(open_config()));
    pair.run_to_end(Duration::from_secs(60))?;
    let heard = heard.lock().unwrap();
    assert!(heard.failed_login && heard.registered.is_none());
    assert_eq!(heard.closed.as_deref(), Some("LoginFailed"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_and_delays_change_nothing(seed: u64, most in 1usize..600, latency in 0u64..900) {
        let (pair, heard, _) = pair(config(TlsPolicy::Required), PASSWORD, Desk::new(starttls_config()));
        let mut pair = pair.with_facts(facts(), facts()).with_cuts(seed, most).with_latency(Duration::from_millis(latency));
        pair.run_to_end(Duration::from_secs(120))?;
        check(&heard.lock().unwrap());
    }
}
