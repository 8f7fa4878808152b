//! Components of jabberd2's router at our router: names, routes and pauses, the laws, the table against a model, and our own client at the other end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirestate_machine::{Ending, Instant, Machine, Misuse, Relay, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Rejection};
use wirestate_sasl::{Mechanism, Secret, base64};
use wirestate_testing::{Broken, Heap, Pair, Sample, Subject, laws};
use wirestate_tests::talk::{self, Application};
use xmpp_proto::client::{self, Account, Client, TlsPolicy};
use xmpp_proto::jid::Jid;
use xmpp_proto::payload::router::{Name, RouterError, presence};
use xmpp_proto::server::jabberd::{Config, Event, Keyword, RouterComponent, State, TABLE};
use xmpp_proto::server::{Ask, Tls, Violation};
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_proto::xml::Element;

#[global_allocator]
static HEAP: Heap = Heap;

const HEADER: &str = "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' \
                      xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const BIND: &str = "<bind name='echo.example' id='1'/>";
const ROUTE: &str = "<route from='echo.example' to='echo.example'><message xmlns='jabber:client'/></route>";

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

/// The user `jabberd` may have any name but `taken.example` and `bank.example`; what is for its own names comes back to it.
#[derive(Clone, Debug)]
struct Desk {
    config: Arc<Config>,
    unbound: Vec<String>,
    broadcasts: usize,
    closed: Option<String>,
}

impl Default for Desk {
    fn default() -> Self {
        Desk::with(|config| (config.tls, config.cleartext) = (Tls::Off, true))
    }
}

impl Desk {
    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.mechanisms = vec![Mechanism::DigestMd5, Mechanism::Plain, Mechanism::External];
        config.idle = Duration::from_secs(1000);
        change(&mut config);
        Desk { config: Arc::new(config), unbound: Vec::new(), broadcasts: 0, closed: None }
    }
}

impl Application for Desk {
    fn answer(&mut self, router: &mut RouterComponent, event: Event) -> Result<(), Misuse> {
        match event {
            Event::Authenticate { ticket, ask } => router.authenticate(
                ticket,
                match *ask {
                    Ask::Sasl(Sasl::Password { user, password, .. })
                        if user == "jabberd" && password.expose() == "secret" =>
                    {
                        Answer::Accept
                    }
                    Ask::Sasl(Sasl::Digest { user, .. }) if user == "jabberd" => Answer::Secret(Secret::new("secret")),
                    _ => Answer::Reject(Rejection::Credentials),
                },
            ),
            Event::Bind { ticket, name, .. } => match name.as_str() {
                "taken.example" => router.refuse(ticket, RouterError::Conflict),
                "bank.example" => router.refuse(ticket, RouterError::Forbidden),
                _ => router.bind(ticket),
            },
            Event::Unbound(name) => {
                self.unbound.push(name.to_string());
                Ok(())
            }
            Event::Route(route) => {
                match route.to() {
                    None => self.broadcasts += 1,
                    Some(to) if router.names().any(|(name, _)| name == to) => router.relay(&route.packet()),
                    Some(_) => router.relay(&route.bounce(RouterError::NotFound).unwrap()),
                }
                Ok(())
            }
            Event::Closed(reason) => {
                self.closed = Some(reason.to_string());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Subject for Desk {
    type Machine = RouterComponent;

    fn machine(&self, now: Instant) -> RouterComponent {
        RouterComponent::new(self.config.clone(), [7; 32], now)
    }

    fn react(&mut self, router: &mut RouterComponent, event: Event, _now: Instant) {
        let _ = self.answer(router, event);
    }

    fn meddle(&mut self, router: &mut RouterComponent, choice: u64, now: Instant) {
        match choice % 5 {
            0 => router.end(),
            1 => router.close_with(&StreamError::new(StreamCondition::Conflict)),
            2 => router.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => router.relay(&presence(&jid("sm.example"), true).unwrap()),
            _ => router.shutdown(),
        }
    }

    fn limit(&self) -> usize {
        2 * 1024 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

type Talk = talk::Talk<Desk>;

fn auth(password: &str) -> String {
    let plain = base64::encode(format!("\0jabberd\0{password}").as_bytes());
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
}

fn login() -> String {
    [HEADER, &auth("secret"), HEADER].concat()
}

fn connected_to(desk: Desk) -> Talk {
    let mut talk = Talk::with(desk);
    talk.say(login());
    assert_eq!(talk.server.state(), State::Connected, "{:?}", talk.events);
    talk
}

fn connected() -> Talk {
    connected_to(Desk::default())
}

fn bound() -> Talk {
    let mut talk = connected();
    assert_eq!(talk.say(BIND), "<bind id='1'/>");
    talk
}

#[test]
fn names_are_bound_and_released() {
    let mut talk = bound();
    assert_eq!(talk.say(BIND), "<bind id='1' error='409'/>");
    assert_eq!(talk.say("<bind name='taken.example'/>"), "<bind error='409'/>");
    assert_eq!(talk.say("<bind name='bank.example' id='&lt;'/>"), "<bind id='&lt;' error='403'/>");
    assert_eq!(talk.say("<bind/>") + &talk.say("<bind name='@'/>"), "<bind error='400'/><bind error='400'/>");
    assert_eq!(talk.say("<bind name='SM.example' multi='to'><default/><log/></bind>"), "<bind/>");
    let names: Vec<_> = talk.server.names().map(|(name, how)| (name.to_string(), how)).collect();
    let how = Name { multi: true, default: true, log: true };
    assert_eq!(names, [("echo.example".into(), Name::default()), ("sm.example".into(), how)]);
    assert_eq!(talk.say("<unbind name='echo.example' id='2'/>"), "<unbind id='2'/>");
    assert_eq!(talk.say("<unbind name='echo.example'/><unbind/>"), "<unbind error='404'/><unbind error='400'/>");
    assert_eq!(talk.desk.unbound, ["echo.example"]);
    assert_eq!(talk.say("</stream:stream>"), "</stream:stream>");
    assert_eq!((talk.desk.closed.as_deref(), talk.server.names().count()), (Some("stream ended"), 1));
}

#[test]
fn a_component_has_so_many_names_and_no_more() {
    let mut talk = connected();
    let names: String = (0..1025).map(|number| format!("<bind name='n{number}.example'/>")).collect();
    assert!(talk.say(names).ends_with("<bind/><bind error='403'/>"));
    assert_eq!(talk.server.names().count(), 1024);
}

#[test]
fn routes_are_from_names_that_are_bound() {
    let mut talk = bound();
    assert_eq!(talk.say(ROUTE), ROUTE);
    // Who is at the name is the receiver's to know.
    let inside = ROUTE.replace("from='echo.example'", "from='bob@echo.example/x'");
    assert_eq!(talk.say(&inside), inside);
    for (said, answer) in [
        (
            "<route from='other.example' to='echo.example'>x</route>",
            "<route from='other.example' to='echo.example' error='401'/>",
        ),
        ("<route from='echo.example'/>", "<route from='echo.example' error='400'/>"),
        ("<route to='echo.example'><a/></route>", "<route to='echo.example' error='400'><a/></route>"),
        ("<route from='echo.example' to='x.example'/>", "<route from='echo.example' to='x.example' error='404'/>"),
        ("<route from='x' type='broadcast'/>", "<route from='x' type='broadcast' error='401'/>"),
        ("<route from='echo.example' type='broadcast'/>", ""),
        // What came back does not go in circles, and what nobody knows goes nowhere.
        ("<route from='echo.example' to='echo.example' error='404'/>", ""),
        ("<route from='echo.example' to='echo.example' type='log'/>", ""),
        ("<route from='echo.example' to='echo.example' type='magic'/>", ""),
    ] {
        assert_eq!(talk.say(said), answer, "{said}");
    }
    assert_eq!(talk.desk.broadcasts, 1);
}

#[test]
fn a_pause_keeps_what_is_routed() {
    let mut talk = bound();
    assert_eq!(talk.say(["<throttle/>", ROUTE, BIND, ROUTE].concat()), "<throttle/><bind id='1' error='409'/>");
    assert!(talk.server.is_throttled());
    assert_eq!(talk.say("<throttle/>"), ["<throttle/>", ROUTE, ROUTE].concat());
    assert!(!talk.server.is_throttled());
    assert_eq!(talk.say(ROUTE), ROUTE);
}

#[test]
fn a_pause_has_an_end() {
    let mut talk = connected_to(Desk::with(|config| {
        (config.tls, config.cleartext) = (Tls::Off, true);
        config.limits.send_queue = 1024;
    }));
    talk.say([BIND, "<throttle/>"].concat());
    let said = talk.say(ROUTE.repeat(16));
    assert!(said.contains("<resource-constraint"), "{said}");
    assert_eq!(talk.desk.closed.as_deref(), Some("send queue exceeded"));
}

/// As jabberd2's own programs speak: no default namespace, and each element says its own.
#[test]
fn components_of_jabberd2_declare_no_namespace() {
    let mut talk = Talk::new();
    let header = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    let said = talk.say([header, &auth("secret"), header].concat());
    assert!(said.contains("<mechanism>DIGEST-MD5</mechanism>"), "{said}");
    let ns = "xmlns='http://jabberd.jabberstudio.org/ns/component/1.0'";
    assert_eq!(talk.say(format!("<bind {ns} name='sm'/>")), "<bind/>");
    let route = format!(
        "<route {ns} to='sm' from='sm'><c:session xmlns:c='http://jabberd.jabberstudio.org/ns/session/1.0'/></route>"
    );
    assert_eq!(talk.say(&route), route);
    assert!(talk.say("<route to='sm' from='sm'/>").contains("<unsupported-stanza-type"));
}

#[test]
fn what_a_component_may_not() {
    for (said, condition) in [
        ("<foo/>", "unsupported-stanza-type"),
        ("<message to='a@b'/>", "unsupported-stanza-type"),
        (STARTTLS, "unsupported-stanza-type"),
        ("<!-- -->", "restricted-xml"),
    ] {
        let mut talk = connected();
        let told = talk.say(said);
        assert!(told.contains(&format!("<{condition} xmlns=")) && told.ends_with("</stream:stream>"), "{said}: {told}");
    }
    for (said, condition) in [
        ([HEADER, BIND].concat(), "not-authorized"),
        ([HEADER, ROUTE].concat(), "not-authorized"),
        (HEADER.replace(" version='1.0'", ""), "unsupported-version"),
        (HEADER.replace("http://jabberd.jabberstudio.org/ns/component/1.0", "jabber:client"), "invalid-namespace"),
        ([HEADER, STARTTLS].concat(), "failure"),
    ] {
        let mut talk = Talk::new();
        let told = talk.say(&said);
        assert!(told.contains(&format!("<{condition} xmlns=")) && told.ends_with("</stream:stream>"), "{said}: {told}");
        assert!(talk.violation.is_some());
    }
}

#[test]
fn a_wrong_password_is_told_after_a_while() {
    let mut talk = Talk::new();
    talk.say(HEADER);
    for _ in 0..2 {
        assert_eq!(talk.say(auth("wrong")), "");
        assert_eq!(talk.say(auth("secret")), "", "nothing is read before the answer");
        talk.server.inbox().clear();
        assert!(talk.wait(2).contains("<not-authorized/></failure>"));
    }
    assert_eq!(talk.say(auth("wrong")), "");
    assert!(talk.wait(2).contains("<policy-violation"));
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
    assert!(talk.events.iter().any(|event| event.starts_with("LoginFailed { count: 3")), "{:?}", talk.events);
}

/// RFC 6120 §6.4.5, and the last of them is told before the session ends.
#[test]
fn what_is_no_login_is_told_at_once() {
    let mut talk = Talk::new();
    talk.say(HEADER);
    let none = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>";
    assert!(talk.say(none).contains("<invalid-mechanism/>"), "there is no certificate");
    assert!(talk.say("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").contains("<aborted/>"));
    let said = talk.say("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</response>");
    assert!(said.contains("<malformed-request/>") && said.ends_with("</stream:stream>"), "{said}");
    assert!(talk.last_event_is("LoginFailed { count: 3"), "{:?}", talk.events);
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
}

#[test]
fn a_silent_component_gets_a_space() {
    let mut talk = bound();
    for _ in 0..3 {
        assert_eq!(talk.wait(300), " ");
    }
    assert_eq!(talk.server.state(), State::Connected);
    assert!(talk.wait(100).contains("<connection-timeout"));
    let mut talk = bound();
    for _ in 0..5 {
        talk.wait(250);
        assert_eq!(talk.say(" "), "");
    }
    assert_eq!(talk.server.state(), State::Connected, "spaces are a sign of life");
}

#[test]
fn one_who_does_not_log_in_has_a_minute() {
    let mut talk = Talk::new();
    talk.say(HEADER);
    assert!(talk.wait(60).contains("<connection-timeout"));
    assert_eq!(talk.server.ending(), Some(Ending::Timeout));
}

#[test]
fn the_closing_handshake_has_two_sides() {
    let mut talk = bound();
    talk.server.end();
    assert_eq!(talk.say(ROUTE), "</stream:stream>");
    assert_eq!(talk.server.state(), State::Closing);
    assert_eq!(talk.say(BIND), "");
    assert_eq!(talk.wait(5), "");
    assert_eq!(talk.desk.closed.as_deref(), Some("the client did not end its stream in time"));
    let mut talk = bound();
    talk.server.shutdown();
    assert!(talk.say("").contains("<system-shutdown"));
    assert_eq!(talk.server.ending(), Some(Ending::Shutdown));
}

// --- hostile inputs, by the rows of the list ---

/// H1: what came behind STARTTLS was taken for said inside of it.
#[test]
fn h1_elements_behind_starttls() {
    for behind in ["<", HEADER, BIND, "</stream:stream>"] {
        let mut talk = Talk::with(Desk::with(|_| {}));
        talk.say(HEADER);
        let said = talk.say([STARTTLS, behind].concat());
        assert_eq!(talk.violation, Some(Violation::DataBeforeUpgrade), "{behind:?}");
        assert!(!said.contains("<proceed") && talk.server.upgrade().is_none());
    }
}

/// H3: credentials went out in the clear where TLS was wanted.
#[test]
fn h3_nothing_but_tls_is_offered_where_it_is_required() {
    let mut talk = Talk::with(Desk::with(|config| config.cleartext = true));
    let said = talk.say(HEADER);
    assert!(said.contains("<required/>") && !said.contains("<mechanism"), "{said}");
    assert!(talk.say(auth("secret")).contains("<not-authorized"));
    let mut talk = Talk::with(Desk::with(|_| {}));
    talk.say([HEADER, STARTTLS].concat());
    talk.secure();
    assert!(talk.say(login()).contains("<mechanism>PLAIN</mechanism>"));
    assert_eq!((talk.server.state(), talk.server.is_encrypted()), (State::Connected, true));
    // Without TLS, a password is not sent as it is.
    let mut talk = Talk::with(Desk::with(|config| config.tls = Tls::Off));
    assert!(!talk.say(HEADER).contains("PLAIN"));
}

/// H31: strangers filled the memory.
#[test]
fn h31_strangers_are_given_little() -> Result<(), Broken> {
    let endless = format!("{HEADER}<auth xmlns='{}", "x".repeat(64 * 1024));
    let deep = [HEADER, &"<a>".repeat(10_000)].concat();
    let many = [HEADER, &"<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".repeat(1000)].concat();
    for said in [endless, deep, many] {
        let mut talk = Talk::new();
        let mut rest = said.as_bytes();
        while !rest.is_empty() && talk.violation.is_none() {
            let taken = talk.server.inbox().push_some(rest);
            assert!(taken <= 64 * 1024);
            rest = &rest[taken..];
            talk.turn();
        }
        assert!(talk.violation.is_some());
    }
    laws::bounded(&Desk::default(), &Sample::from([&*login(), &"<a>".repeat(1000)].concat().as_str()))
}

// --- the laws ---

#[test]
fn all_laws_hold() -> Result<(), Broken> {
    let bound = [&*login(), BIND].concat();
    laws::all(
        &Desk::default(),
        &[
            [
                &*login(),
                BIND,
                ROUTE,
                "<throttle/>",
                ROUTE,
                "<throttle/>",
                "<unbind name='echo.example'/>",
                "</stream:stream>",
            ]
            .join("\n")
            .as_str()
            .into(),
            [HEADER, &auth("wrong"), &auth("!"), "<bind/>"].join("\n").as_str().into(),
            [&bound, "<route/>", "<bind name='taken.example'/>", "<route from='x' to='y'/>", "<foo/>"]
                .join("\n")
                .as_str()
                .into(),
            Sample::from(bound.as_str()).wait(Duration::from_secs(400)).then(b" ").end(),
        ],
    )?;
    let before = [HEADER, "\n", STARTTLS].concat();
    laws::all(
        &Desk::with(|_| {}),
        &[Sample::from(before.as_str()).then([&*login(), BIND, ROUTE].join("\n").as_bytes())],
    )
}

#[test]
fn an_idle_session_is_small() -> Result<(), Broken> {
    let cost = laws::idle(&Desk::default(), &[&*login(), BIND].concat().as_str().into())?;
    assert!(cost <= 1024, "{cost} bytes, {} of them the machine", size_of::<RouterComponent>());
    Ok(())
}

// --- the table ---

/// What a session ought to be.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    is_secured: bool,
    failed: u16,
}

impl Model {
    fn fail(&mut self) {
        self.failed += 1;
        self.state = if self.failed == 3 { State::Closed } else { State::Negotiating };
    }
}

#[derive(Clone, Debug)]
struct Step(Keyword, &'static str);

const RIGHT: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGphYmJlcmQAc2VjcmV0</auth>";
const WRONG: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGphYmJlcmQAd3Jvbmc=</auth>";
const DIGEST: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='DIGEST-MD5'/>";
const STEPS: &[Step] = &[
    Step(Keyword::Header, HEADER),
    Step(Keyword::Starttls, STARTTLS),
    Step(Keyword::Auth, RIGHT),
    Step(Keyword::Auth, WRONG),
    Step(Keyword::Auth, DIGEST),
    Step(Keyword::Response, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AAAA</response>"),
    Step(Keyword::Abort, "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
    Step(Keyword::Bind, BIND),
    Step(Keyword::Unbind, "<unbind name='echo.example'/>"),
    Step(Keyword::Route, ROUTE),
    Step(Keyword::Throttle, "<throttle/>"),
    Step(Keyword::Error, "<stream:error xmlns:stream='http://etherx.jabber.org/streams'/>"),
    Step(Keyword::End, "</stream:stream>"),
    Step(Keyword::Other, "<foo/>"),
    Step(Keyword::Other, ""),
];

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model { state: State::Opening, is_secured: false, failed: 0 }).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let weights = [0, 3, 6, 2, 2, 1, 1, 4, 3, 4, 3, 1, 1, 1, 1];
        let usual = STEPS.iter().zip(weights).map(|(step, weight)| (weight, Just(step.clone()).boxed()));
        let any = prop::strategy::Union::new_weighted(usual.filter(|(weight, _)| *weight > 0).collect());
        match model.state {
            // Anywhere else it would be the beginning of an element that does not end.
            State::Opening | State::Reopening => prop_oneof![15 => Just(STEPS[0].clone()), 1 => any].boxed(),
            _ => any.boxed(),
        }
    }

    fn apply(mut model: Model, Step(keyword, text): &Step) -> Model {
        let before = model.state;
        let is_awaited = !matches!(before, State::Opening | State::Reopening) || *keyword == Keyword::Header;
        if before == State::Closed || !is_awaited || !TABLE.allows(before, *keyword) {
            model.state = State::Closed;
            return model;
        }
        match *keyword {
            Keyword::Header if before == State::Opening => model.state = State::Negotiating,
            Keyword::Header => model.state = State::Connected,
            Keyword::Starttls if model.is_secured => model.state = State::Closed,
            Keyword::Starttls => (model.is_secured, model.state) = (true, State::Opening),
            Keyword::Auth if *text == RIGHT => model.state = State::Reopening,
            Keyword::Auth if *text == DIGEST => model.state = State::Authenticating,
            Keyword::Auth | Keyword::Response | Keyword::Abort => model.fail(),
            Keyword::Error | Keyword::End => model.state = State::Closed,
            _ => {}
        }
        model
    }
}

struct Session;

impl StateMachineTest for Session {
    type SystemUnderTest = Talk;
    type Reference = Model;

    fn init_test(_: &Model) -> Talk {
        Talk::with(Desk::with(|config| {
            (config.tls, config.cleartext) = (Tls::Starttls { required: false }, true);
            config.limits.elements_before_binding = u16::MAX;
            config.limits.login_time = Duration::from_secs(86_400);
            config.limits.ping_after = Duration::from_secs(86_400);
        }))
    }

    fn apply(mut talk: Talk, model: &Model, Step(keyword, text): Step) -> Talk {
        let before = talk.server.state();
        let said = talk.step(Some(text).filter(|text| !text.is_empty()));
        let after = talk.server.state();
        assert_eq!(after, model.state, "{keyword:?} in {before:?} said {said}");
        if before == State::Closed {
            assert_eq!(said, "");
        } else if after == State::Closed {
            assert!(said.ends_with("</stream:stream>") || text.is_empty(), "{keyword:?} in {before:?} said {said}");
        } else if keyword != Keyword::Starttls {
            assert!(TABLE.leads(before, keyword, after), "{keyword:?}: {before:?} to {after:?}");
        }
        talk
    }

    fn check_invariants(talk: &Talk, model: &Model) {
        assert_eq!(talk.server.is_encrypted(), model.is_secured);
        assert!(matches!(model.state, State::Connected | State::Closed) || talk.server.names().count() == 0);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_is_the_law(sequential 1..30 => Session);
}

// --- our client at the other end ---

fn message(text: &str) -> Element {
    format!("<message xmlns='jabber:client'><body>{text}</body></message>").parse().unwrap()
}

fn hear(heard: &mut Vec<String>, client: &mut Client, event: client::Event) {
    let (echo, more) = (jid("echo.example"), jid("more.example"));
    match event {
        client::Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
        client::Event::Authenticated(method) => heard.push(format!("{method:?}")),
        client::Event::Ready(me) => {
            heard.push(me.to_string());
            client.bind_name(&more, Name::default()).unwrap();
            client.route(&echo, &more, message("one").view()).unwrap();
            client.throttle().unwrap();
            client.route(&echo, &more, message(&"two ".repeat(500)).view()).unwrap();
            client.throttle().unwrap();
            client.broadcast(&more, message("all").view()).unwrap();
            client.route(&more, &jid("nobody.example"), message("who").view()).unwrap();
            client.unbind_name(&more).unwrap();
        }
        client::Event::Routed(routed) => {
            heard.push(match *routed {
                client::Routed::Route { kind, content, .. } => {
                    let body = content.as_ref().and_then(|content| content.child("body", "jabber:client"));
                    format!("{kind:?} {}", body.map(|body| body.text().len()).unwrap_or_default())
                }
                client::Routed::Unbound(outcome) => {
                    client.close().unwrap();
                    format!("Unbound({outcome:?})")
                }
                other => format!("{other:?}"),
            });
        }
        client::Event::Closed(reason) => heard.push(format!("{reason:?}")),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_client_and_our_router_agree(seed: u64, most in 1usize..200, delay in 0u64..2000, is_sealed: bool) {
        let desk = Desk::with(|config| config.tls = if is_sealed { Tls::Starttls { required: true } } else { Tls::Off });
        let policy = if is_sealed { TlsPolicy::Required } else { TlsPolicy::Never };
        let account = Account::router("echo.example", Name::default(), "jabberd", "secret").unwrap();
        let client = Client::new(client::Config::default().tls(policy).into(), account, [8; 32], Instant::START);
        let router = desk.machine(Instant::START);
        let (heard, desk) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(desk)));
        let (ears, behind) = (heard.clone(), desk.clone());
        let facts = || Upgraded::Tls(Box::new(TlsFacts::new()));
        let mut pair = Pair::new(client, router)
            .on_client(move |client, event, _| hear(&mut ears.lock().unwrap(), client, event))
            .on_server(move |router, event, _| behind.lock().unwrap().answer(router, event).unwrap())
            .with_facts(facts, facts)
            .with_cuts(seed, most)
            .with_latency(Duration::from_millis(delay));
        pair.run_to_end(Duration::from_secs(60))?;
        let (heard, desk) = (heard.lock().unwrap(), desk.lock().unwrap());
        let wanted = [
            "echo.example", "Bound(Ok(()))", "Unicast 3", "Throttled", "Throttled", "Unicast 2000", "Error(NotFound) 3",
            "Unbound(Ok(()))", "Quit",
        ];
        prop_assert_eq!(&heard[1..], &wanted, "{}", heard[0]);
        prop_assert!(heard[0].contains("Sasl"));
        prop_assert_eq!((&desk.unbound[..], desk.broadcasts), (&["more.example".to_string()][..], 1));
    }
}
