//! Our XMPP client against our XMPP server: over random cuts and delays, through a stand-in for TLS, and over connections that break.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_testing::{Broken, Pair};
use wirestate_tests::talk::Application;
use wirestate_tests::xmpp::{Desk, PASSWORD, open_config, starttls_config};
use xmpp_proto::client::{
    Account, Client, Config, Continuation, Event, LegacyLogin, Method, State, TlsPolicy, UserAgent,
};
use xmpp_proto::server::{self, Server};
use xmpp_proto::xml::Element;

/// What the client has heard in the end.
#[derive(Debug, Default)]
struct Heard {
    ready: Option<String>,
    method: Option<Method>,
    has_token: bool,
    is_managed: bool,
    failed_login: bool,
    texts: Vec<String>,
    answered: bool,
    closed: Option<String>,
}

fn agent() -> UserAgent {
    UserAgent { id: "d4565fa7-4d72-4749-b3d3-740edbf87770".into(), software: None, device: None }
}

fn juliet(password: &str) -> Account {
    Account::user("juliet@im.example/balcony", password).unwrap().agent(agent())
}

fn clear() -> Config {
    Config::default().tls(TlsPolicy::Never)
}

fn message(text: &str) -> Element {
    format!("<message xmlns='jabber:client' to='juliet@im.example'><body>{text}</body></message>").parse().unwrap()
}

/// A pair, what its client hears, and the desk behind its server.
type Both = (Pair<Client, Server>, Arc<Mutex<Heard>>, Arc<Mutex<Desk>>);

fn pair(config: Config, account: Account, desk: Desk) -> Both {
    let client = Client::new(config.into(), account, [8; 32], Instant::START);
    let server = Server::new(desk.config.clone(), [7; 32], Instant::START);
    let (heard, desk) = (Arc::new(Mutex::new(Heard::default())), Arc::new(Mutex::new(desk)));
    let (ears, behind) = (heard.clone(), desk.clone());
    let pair = Pair::new(client, server)
        .on_client(move |client, event, _| hear(&mut ears.lock().unwrap(), client, event))
        .on_server(move |server, event, _| behind.lock().unwrap().answer(server, event).unwrap());
    (pair, heard, desk)
}

fn hear(heard: &mut Heard, client: &mut Client, event: Event) {
    match event {
        Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
        Event::Authenticated(method) => heard.method = Some(method),
        Event::AuthenticationFailed(_) => heard.failed_login = true,
        Event::Token(_) => heard.has_token = true,
        Event::Managed { is_resumable, .. } => heard.is_managed = is_resumable,
        Event::Ready(me) => {
            heard.ready = Some(me.to_string());
            client.send(message(&"word ".repeat(300))).unwrap();
            client.request("<iq xmlns='jabber:client' type='get'><q xmlns='urn:x'/></iq>".parse().unwrap()).unwrap();
            client.send(message("done")).unwrap();
        }
        Event::Response(..) => heard.answered = true,
        Event::Stanza(stanza) => {
            let text = stanza.element().child("body", "jabber:client").map(|body| body.text().into_owned());
            if text.as_deref() == Some("done") {
                client.close().unwrap();
            }
            heard.texts.extend(text);
        }
        Event::Closed(reason) => heard.closed = Some(format!("{reason:?}")),
        _ => {}
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
    assert!(!heard.failed_login && heard.answered, "{heard:?}");
    assert_eq!(heard.texts, ["word ".repeat(300), "done".into()]);
    assert_eq!(heard.closed.as_deref(), Some("Quit"));
}

fn method(client: Config, account: Account, server: server::Config) -> Result<Method, Broken> {
    let (pair, heard, desk) = pair(client, account, Desk::new(server));
    let mut pair = pair.with_facts(facts(), facts());
    pair.run_to_end(Duration::from_secs(60))?;
    let heard = heard.lock().unwrap();
    check(&heard);
    assert!(desk.lock().unwrap().closed.is_some());
    assert!(heard.ready.as_deref().is_some_and(|me| me.starts_with("juliet@im.example/")));
    Ok(heard.method.unwrap())
}

#[test]
fn sasl2_and_bind_2_where_both_know_them() -> Result<(), Broken> {
    let (mut pair, heard, desk) = pair(clear(), juliet(PASSWORD), Desk::default());
    pair.run_to_end(Duration::from_secs(60))?;
    let heard = heard.lock().unwrap();
    check(&heard);
    assert!(matches!(heard.method, Some(Method::Sasl2(mechanism)) if mechanism.name() == "SCRAM-SHA-512"), "{heard:?}");
    assert!(heard.is_managed);
    assert!(desk.lock().unwrap().who.is_some());
    Ok(())
}

#[test]
fn the_strongest_mechanism_is_chosen_by_what_the_channel_is() -> Result<(), Broken> {
    let name = |method| match method {
        Method::Sasl(mechanism) | Method::Sasl2(mechanism) => mechanism.name(),
        other => panic!("{other:?}"),
    };
    for sasl2 in [true, false] {
        let plain = method(clear().sasl2(sasl2), juliet(PASSWORD), open_config())?;
        assert_eq!((name(plain), matches!(plain, Method::Sasl2(_))), ("SCRAM-SHA-512", sasl2));
        let sealed = method(Config::default().sasl2(sasl2), juliet(PASSWORD), starttls_config())?;
        assert_eq!(name(sealed), "SCRAM-SHA-512-PLUS");
        let mut direct = open_config();
        direct.tls = server::Tls::Implicit;
        let sealed = method(Config::default().tls(TlsPolicy::Implicit).sasl2(sasl2), juliet(PASSWORD), direct)?;
        assert_eq!(name(sealed), "SCRAM-SHA-512-PLUS");
    }
    Ok(())
}

#[test]
fn a_login_of_old() -> Result<(), Broken> {
    let account = Account::legacy("juliet@im.example/balcony", PASSWORD, LegacyLogin::default()).unwrap();
    assert_eq!(method(clear(), account, open_config())?, Method::LegacyDigest);
    Ok(())
}

#[test]
fn a_wrong_password_ends_it() -> Result<(), Broken> {
    for config in [clear(), clear().sasl2(false)] {
        let (mut pair, heard, _) = pair(config, juliet("wrong"), Desk::default());
        pair.run_to_end(Duration::from_secs(60))?;
        let heard = heard.lock().unwrap();
        assert!(heard.failed_login && heard.ready.is_none());
        assert_eq!(heard.closed.as_deref(), Some("LoginFailed"));
    }
    Ok(())
}

#[test]
fn a_resource_that_is_taken() -> Result<(), Broken> {
    let account = Account::user("juliet@im.example/taken", PASSWORD).unwrap();
    let (mut pair, heard, _) = pair(clear().sasl2(false), account, Desk::default());
    pair.run_to_end(Duration::from_secs(60))?;
    let heard = heard.lock().unwrap();
    check(&heard);
    assert_eq!(heard.ready.as_deref(), Some("juliet@im.example/made"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_and_delays_change_nothing(seed: u64, most in 1usize..200, delay in 0u64..2000, sealed: bool, sasl2: bool) {
        let desk = Desk::new(if sealed { starttls_config() } else { open_config() });
        let config = if sealed { Config::default() } else { clear() };
        let (pair, heard, _) = pair(config.sasl2(sasl2), juliet(PASSWORD), desk);
        let mut pair =
            pair.with_facts(facts(), facts()).with_cuts(seed, most).with_latency(Duration::from_millis(delay));
        pair.run_to_end(Duration::from_secs(60))?;
        check(&heard.lock().unwrap());
    }

    /// A session that is cut again and again, with whatever was on the way lost: all that was sent arrives, once and in order, both ways.
    #[test]
    fn a_managed_stream_loses_nothing_and_doubles_nothing(
        cuts in proptest::collection::vec((1usize..600, 1usize..600, any::<bool>()), 1..12),
        sasl2: bool,
    ) {
        let config = Arc::new(clear().sasl2(sasl2));
        let mut journey = Journey { desk: Desk::default(), sent: 0, heard: Vec::new(), seen: Vec::new() };
        let mut before = Continuation::default();
        for (up, down, is_early) in cuts {
            let before_is_none = before.resumption.is_none();
            let mut client = Client::resuming(config.clone(), juliet(PASSWORD), before, [8; 32], Instant::START);
            let mut server = Server::new(journey.desk.config.clone(), [7; 32], Instant::START);
            // Some connections break before the session goes on.
            if !is_early || before_is_none {
                journey.travel(&mut client, &mut server, None);
                for _ in 0..3 {
                    journey.send(&mut client);
                }
            }
            journey.travel(&mut client, &mut server, Some((up, down)));
            if client.state() == State::Ready {
                journey.send(&mut client);
            }
            client.inbox().close();
            server.inbox().close();
            journey.settle(&mut client, &mut server);
            before = client.continuation();
            prop_assert!(before.resumption.is_some());
        }
        let mut client = Client::resuming(config, juliet(PASSWORD), before, [8; 32], Instant::START);
        let mut server = Server::new(journey.desk.config.clone(), [7; 32], Instant::START);
        journey.travel(&mut client, &mut server, None);
        let all: Vec<String> = (0..journey.sent).map(|n| n.to_string()).collect();
        prop_assert_eq!(&journey.seen, &all, "what the server saw");
        prop_assert_eq!(&journey.heard, &all, "what the client heard back");
    }
}

/// A session over many connections.
struct Journey {
    desk: Desk,
    sent: u32,
    heard: Vec<String>,
    seen: Vec<String>,
}

impl Journey {
    fn send(&mut self, client: &mut Client) {
        client.send(message(&self.sent.to_string())).unwrap();
        self.sent += 1;
    }

    /// Lets each end take what has arrived.
    fn settle(&mut self, client: &mut Client, server: &mut Server) {
        while let Ok(Some(event)) = client.poll(Instant::START) {
            match event {
                Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
                Event::Stanza(stanza) => self.heard.extend(body(stanza.element())),
                Event::Unacknowledged(lost) => panic!("{lost:?} may be lost"),
                _ => {}
            }
        }
        while let Ok(Some(event)) = server.poll(Instant::START) {
            if let server::Event::Stanza(stanza) = &event {
                self.seen.extend(body(stanza.element()));
            }
            // A connection that ends before it resumed anything leaves what is suspended alone.
            let is_end = matches!(event, server::Event::Closed(_));
            let suspended = if is_end { self.desk.suspended.take() } else { None };
            self.desk.answer(server, event).unwrap();
            if is_end && self.desk.suspended.is_none() {
                self.desk.suspended = suspended;
            }
        }
    }

    /// Carries bytes both ways until nothing more comes, or until so many went up and down.
    fn travel(&mut self, client: &mut Client, server: &mut Server, until: Option<(usize, usize)>) {
        let (mut up, mut down) = until.unwrap_or((usize::MAX, usize::MAX));
        loop {
            self.settle(client, server);
            let moved = carry(client, server, &mut up) + carry(server, client, &mut down);
            if moved == 0 {
                break;
            }
        }
    }
}

fn carry(from: &mut impl Machine, to: &mut impl Machine, most: &mut usize) -> usize {
    let said = from.outbox().to_vec();
    let some = said.get(..said.len().min(*most)).unwrap_or_default();
    let taken = to.inbox().push_some(some);
    bytes::Buf::advance(from.outbox(), taken);
    *most -= taken;
    taken
}

fn body(stanza: &Element) -> Option<String> {
    stanza.child("body", "jabber:client").map(|body| body.text().into_owned())
}
