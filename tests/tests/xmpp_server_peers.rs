//! Components (XEP-0114) and other servers (RFC 6120, XEP-0220, XEP-0288) at the XMPP server, and the laws for both.

use std::sync::Arc;

use wirestate_machine::{Instant, Machine, Misuse, Relay, TlsFacts, Upgraded};
use wirestate_sasl::Secret;
use wirestate_testing::{Heap, Sample, Subject, laws};
use wirestate_tests::talk::{Application, Talk};
use xmpp_proto::jid::Jid;
use xmpp_proto::payload::component::digest;
use xmpp_proto::server::component::{self, Component};
use xmpp_proto::server::peer::{self, Peer, Verdict};
use xmpp_proto::server::{Tls, Violation};
use xmpp_proto::stanza::StanzaCondition;
use xmpp_proto::stream::{Content, Packet, StreamCondition, StreamError};

#[global_allocator]
static HEAP: Heap = Heap;

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn id_in(header: &str) -> String {
    header.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

// --- components ---

const COMPONENT: &str =
    "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='chat.example'>";

/// One secret, for `chat.example`; what comes is said back.
#[derive(Clone, Debug, Default)]
struct Hall {
    config: Arc<component::Config>,
    stanzas: usize,
    closed: Option<String>,
}

impl Application for Hall {
    fn answer(&mut self, server: &mut Component, event: component::Event) -> Result<(), Misuse> {
        match event {
            component::Event::Handshake { ticket, domain } if domain.as_str() == "chat.example" => {
                server.admit(ticket, &Secret::new("hamlet"))
            }
            component::Event::Handshake { ticket, .. } => server.refuse(ticket, StreamCondition::HostUnknown),
            component::Event::Stanza(stanza) => {
                self.stanzas += 1;
                server.relay(&Packet::of(stanza.view()));
                Ok(())
            }
            component::Event::Closed(reason) => {
                self.closed = Some(reason.to_string());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Subject for Hall {
    type Machine = Component;

    fn machine(&self, now: Instant) -> Component {
        Component::new(self.config.clone(), [7; 32], now)
    }

    fn react(&mut self, server: &mut Component, event: component::Event, _now: Instant) {
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Component, choice: u64, _now: Instant) {
        match choice % 4 {
            0 => server.end(),
            1 => server.close_with(&StreamError::new(StreamCondition::Conflict)),
            2 => server.relay(
                &Packet::write(Content::Component, |writer| {
                    writer.element("message", Content::Component.ns()).map(drop)
                })
                .unwrap(),
            ),
            _ => server.shutdown(),
        }
    }

    fn limit(&self) -> usize {
        2 * 1024 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

/// What the first session of a seed proves itself by.
fn handshake() -> String {
    let header = Talk::<Hall>::new().say(COMPONENT);
    format!("<handshake>{}</handshake>", digest(&id_in(&header), &Secret::new("hamlet")))
}

fn connected() -> Talk<Hall> {
    let mut talk = Talk::<Hall>::new();
    let said = talk.say([COMPONENT, &handshake()].concat());
    assert!(said.ends_with("<handshake/>"), "{said}");
    talk
}

#[test]
fn a_component_speaks_for_its_domain() {
    let mut talk = connected();
    let message = "<message from='romeo@chat.example/x' to='juliet@im.example'><body>Hi</body></message>";
    assert_eq!(talk.say(message), message);
    assert!(talk.say("<iq from='chat.example' to='@' type='get' id='1'/>").contains("<jid-malformed"));
    assert_eq!(talk.say("</stream:stream>"), "</stream:stream>");
    assert_eq!(talk.desk.closed.as_deref(), Some("stream ended"));
}

#[test]
fn what_a_component_may_not() {
    for (said, condition) in [
        ("<message from='romeo@im.example' to='a@b'/>", "invalid-from"),
        ("<message to='a@b'/>", "invalid-from"),
        ("<message from='chat.example'/>", "improper-addressing"),
        ("<handshake/>", "unsupported-stanza-type"),
        ("<foo/>", "unsupported-stanza-type"),
        ("<message xmlns='jabber:client' from='chat.example' to='a@b'/>", "unsupported-stanza-type"),
    ] {
        let mut talk = connected();
        assert!(talk.say(said).contains(&format!("<{condition} xmlns=")), "{said}");
    }
    for (said, condition) in [
        ([COMPONENT, "<handshake>00</handshake>"].concat(), "not-authorized"),
        ([COMPONENT, "<message from='chat.example' to='a@b'/>"].concat(), "not-authorized"),
        ([&COMPONENT.replace("chat", "other"), "<handshake/>"].concat(), "host-unknown"),
        (COMPONENT.replace("jabber:component:accept", "jabber:client"), "invalid-namespace"),
        (COMPONENT.replace(" to='chat.example'", ""), "improper-addressing"),
    ] {
        let mut talk = Talk::<Hall>::new();
        let told = talk.say(&said);
        assert!(told.contains(&format!("<{condition} xmlns=")) && told.ends_with("</stream:stream>"), "{said}: {told}");
        assert_eq!(talk.desk.stanzas, 0);
    }
}

#[test]
fn a_silent_component_is_asked() {
    let mut talk = connected();
    assert!(talk.wait(300).contains("<ping xmlns='urn:xmpp:ping'/>"));
    talk.say("<iq from='chat.example' to='chat.example' type='result' id='are-you-there'/>");
    assert_eq!(talk.desk.stanzas, 0);
    talk.wait(300);
    assert!(talk.wait(60).contains("<connection-timeout"));
}

#[test]
fn idle_sessions_are_small() -> Result<(), wirestate_testing::Broken> {
    let component = [COMPONENT, &handshake()].concat();
    let cost = laws::idle(&Hall::default(), &component.as_str().into())?;
    assert!(cost <= 1024, "{cost} bytes, {} of them the component's machine", size_of::<Component>());
    let cost = laws::idle(&Gate::default(), &[PEER, RESULT].concat().as_str().into())?;
    assert!(cost <= 1024, "{cost} bytes, {} of them the peer's machine", size_of::<Peer>());
    Ok(())
}

#[test]
fn all_laws_hold_for_components() -> Result<(), wirestate_testing::Broken> {
    let all = [COMPONENT, &handshake()].join("\n");
    laws::all(
        &Hall::default(),
        &[
            format!("{all}\n<message from='chat.example' to='a@b'/>\n<iq from='chat.example' to='@' id='1'/>\n</stream:stream>").as_str().into(),
            format!("{COMPONENT}\n<handshake>0</handshake>\n").as_str().into(),
            format!("{all}\n<message from='x' to='y'/>\n").as_str().into(),
            Sample::from(all.as_str()).wait(std::time::Duration::from_secs(301)).then(b" ").end(),
        ],
    )
}

// --- servers ---

const PEER: &str = "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
                    xmlns:db='jabber:server:dialback' from='a.example' to='b.example' version='1.0'>";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const RESULT: &str = "<db:result from='a.example' to='b.example'>good</db:result>";
const EXTERNAL: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>";
const MESSAGE: &str = "<message from='romeo@a.example' to='juliet@b.example'><body>Hi</body></message>";

/// Keys that are `good` are right; certificates of `CN=a.example` prove that domain.
#[derive(Clone, Debug)]
struct Gate {
    config: Arc<peer::Config>,
    stanzas: usize,
    closed: Option<String>,
}

impl Default for Gate {
    fn default() -> Self {
        Gate::with(|config| config.tls = Tls::Off)
    }
}

impl Gate {
    fn with(change: impl FnOnce(&mut peer::Config)) -> Self {
        let mut config = peer::Config::serving(["b.example", "c.example"]).unwrap();
        change(&mut config);
        Gate { config: Arc::new(config), stanzas: 0, closed: None }
    }
}

impl Application for Gate {
    fn answer(&mut self, server: &mut Peer, event: peer::Event) -> Result<(), Misuse> {
        match event {
            peer::Event::External { ticket, domain, certificate } => {
                match certificate.subject.as_deref() == Some(&format!("CN={domain}")) {
                    true => server.accept(ticket),
                    false => server.refuse(ticket),
                }
            }
            peer::Event::Result(key) => {
                let verdict = match &*key.key {
                    "good" => Verdict::Valid,
                    "bad" => Verdict::Invalid,
                    _ => Verdict::Error(StanzaCondition::RemoteServerNotFound),
                };
                server.answer_result(&key.from, &key.to, &verdict)
            }
            peer::Event::Verify(key) => {
                server.answer_verify(&key, key.key == "good");
                Ok(())
            }
            peer::Event::Stanza(stanza) => {
                self.stanzas += 1;
                server.relay(&Packet::of(stanza.view()));
                Ok(())
            }
            peer::Event::Closed(reason) => {
                self.closed = Some(reason.to_string());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Subject for Gate {
    type Machine = Peer;

    fn machine(&self, now: Instant) -> Peer {
        Peer::new(self.config.clone(), [7; 32], now)
    }

    fn react(&mut self, server: &mut Peer, event: peer::Event, _now: Instant) {
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Peer, choice: u64, now: Instant) {
        match choice % 6 {
            0 => server.end(),
            1 => server.close_with(&StreamError::new(StreamCondition::Conflict)),
            2 => server.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => drop(server.answer_result(&jid("a.example"), &jid("b.example"), &Verdict::Valid)),
            4 => server.shutdown(),
            _ => drop(server.upgrade()),
        }
    }

    fn limit(&self) -> usize {
        2 * 1024 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

fn certified() -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.peer_certificate = Some(vec![1].into());
    facts.peer_subject = Some("CN=a.example".into());
    facts
}

/// XEP-0220 §2.1.
#[test]
fn dialback_proves_a_pair_of_domains() {
    let mut talk = Talk::<Gate>::new();
    let said = talk.say(PEER);
    assert!(said.contains("<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"), "{said}");
    assert!(said.contains("<bidi xmlns='urn:xmpp:features:bidi'/>") && !said.contains("EXTERNAL"));
    assert_eq!(talk.say(RESULT), "<db:result from='b.example' to='a.example' type='valid'/>");
    assert_eq!(talk.say(MESSAGE), "", "not both ways unless asked");
    assert_eq!(talk.desk.stanzas, 1);
    assert_eq!(
        talk.say("<db:verify from='a.example' to='b.example' id='1'>good</db:verify>"),
        "<db:verify from='b.example' to='a.example' id='1' type='valid'/>"
    );
    // Another pair over the same stream, and one that is not ours.
    assert!(talk.say(RESULT.replace("b.example", "c.example")).contains("type='valid'"));
    assert_eq!(talk.server.pairs().count(), 2);
    assert!(talk.say(RESULT.replace("b.example", "d.example")).contains("<item-not-found"));
    assert!(
        talk.say(RESULT.replace("a.example", "e.example").replace("good", "?")).contains("<remote-server-not-found")
    );
    let said = talk.say(MESSAGE.replace("a.example", "evil.example"));
    assert!(said.contains("<invalid-from"), "{said}");
    assert_eq!(talk.desk.stanzas, 1);
}

#[test]
fn a_wrong_key_ends_the_stream() {
    let mut talk = Talk::<Gate>::new();
    talk.say(PEER);
    let said = talk.say(RESULT.replace("good", "bad"));
    assert_eq!(said, "<db:result from='b.example' to='a.example' type='invalid'/></stream:stream>");
    assert_eq!(talk.desk.closed.as_deref(), Some("refused"));
}

/// XEP-0288.
#[test]
fn stanzas_may_go_both_ways() {
    let mut talk = Talk::<Gate>::new();
    talk.say([PEER, "<bidi xmlns='urn:xmpp:bidi'/>", RESULT].concat());
    assert!(talk.server.is_bidi());
    assert_eq!(talk.say(MESSAGE), MESSAGE);
}

/// RFC 6120 §9.2: STARTTLS, EXTERNAL, and a new header.
#[test]
fn a_certificate_proves_a_domain() {
    let mut talk = Talk::with(Gate::with(|_| {}));
    let said = talk.say(PEER);
    assert!(said.contains("<required/>") && !said.contains("dialback'>"), "{said}");
    assert_eq!(talk.say(STARTTLS), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    talk.secure_with(certified());
    assert!(talk.say(PEER).contains("<mechanism>EXTERNAL</mechanism>"));
    assert_eq!(talk.say(EXTERNAL), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert!(talk.say(PEER).ends_with("</stream:features>"));
    talk.say(MESSAGE);
    assert_eq!(talk.desk.stanzas, 1);
    // Another domain than the certificate's.
    let mut talk = Talk::with(Gate::with(|_| {}));
    talk.say([PEER, STARTTLS].concat());
    talk.secure_with(certified());
    talk.say(PEER.replace("a.example", "bank.example"));
    for _ in 0..2 {
        assert!(talk.say(EXTERNAL).contains("<not-authorized/>"));
    }
    talk.say(EXTERNAL);
    assert_eq!(talk.violation.or_else(|| talk.server.poll(Instant::START).err()), Some(Violation::TooManyFailedLogins));
}

#[test]
fn what_comes_too_early() {
    for said in [MESSAGE, RESULT, EXTERNAL] {
        let mut talk = Talk::with(Gate::with(|_| {}));
        talk.say(PEER);
        assert!(talk.say(said).contains("<not-authorized"), "{said}");
    }
    let mut talk = Talk::with(Gate::with(|_| {}));
    talk.say(PEER);
    talk.say([STARTTLS, RESULT].concat());
    assert_eq!(talk.violation, Some(Violation::DataBeforeUpgrade));
}

#[test]
fn keys_that_wait_are_few() {
    let mut talk = Talk::<Gate>::new();
    talk.say(PEER);
    let keys: String = (0..40).map(|number| RESULT.replace("a.example", &format!("a{number}.example"))).collect();
    talk.server.inbox().push(keys.as_bytes());
    let mut results = 0;
    while let Ok(Some(event)) = talk.server.poll(Instant::START) {
        results += usize::from(matches!(event, peer::Event::Result(_)));
    }
    assert_eq!(results, 16);
    assert!(talk.say("").contains("<resource-constraint"));
}

#[test]
fn all_laws_hold_for_servers() -> Result<(), wirestate_testing::Broken> {
    let verify = "<db:verify from='a.example' to='b.example' id='1'>bad</db:verify>";
    let tls = Sample::from([PEER, "\n", STARTTLS].concat().as_str())
        .then([PEER, "\n", RESULT, "\n", MESSAGE, "\n", EXTERNAL].concat().as_bytes());
    laws::all(&Gate::with(|_| {}), &[tls])?;
    laws::all(
        &Gate::default(),
        &[
            [PEER, RESULT, MESSAGE, verify, "<bidi xmlns='urn:xmpp:bidi'/>"].join("\n").as_str().into(),
            [PEER, "<bidi xmlns='urn:xmpp:bidi'/>", RESULT, MESSAGE, MESSAGE, "</stream:stream>"]
                .join("\n")
                .as_str()
                .into(),
            [PEER, EXTERNAL, RESULT, "<iq from='a.example' to='b.example'/>", "<foo/>"].join("\n").as_str().into(),
            Sample::from([PEER, RESULT].concat().as_str()).wait(std::time::Duration::from_secs(400)).end(),
        ],
    )
}
