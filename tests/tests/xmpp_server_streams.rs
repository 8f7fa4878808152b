//! What a bound client's session does: stanzas checked, streams managed and resumed, client states, silence, the end.

use proptest::prelude::*;
use wirestate_machine::plugin::Plugin;
use wirestate_machine::{Machine, Relay};
use wirestate_testing::pass_on;
use wirestate_tests::xmpp::{Desk, HEADER, PLAIN, Talk, auth, bind, login, message, presence};
use xmpp_proto::ns;
use xmpp_proto::server::{FromRule, State, Suspended, Violation};
use xmpp_proto::stanza::Stanza;
use xmpp_proto::stream::{Content, Packet, StreamCondition, StreamError};
use xmpp_proto::xml::{Limit, XmlError};

const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
const REQUEST: &str = "<r xmlns='urn:xmpp:sm:3'/>";

fn quiet() -> Talk {
    let mut talk = Talk::with(Desk { echo: false, ..Desk::default() });
    talk.say(login());
    talk
}

fn managed() -> (Talk, String) {
    let mut talk = quiet();
    let said = talk.say(ENABLE);
    let id = said.strip_prefix("<enabled xmlns='urn:xmpp:sm:3' id='").unwrap().split('\'').next().unwrap().to_owned();
    assert_eq!(said, format!("<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true' max='300'/>"));
    assert!(talk.events.iter().any(|event| event == &format!("Managed {{ id: Some({id:?}) }}")));
    (talk, id)
}

fn logged_in(suspended: Option<Suspended>) -> Talk {
    let mut talk = Talk::with(Desk { suspended, echo: false, ..Desk::default() });
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    talk
}

fn answered(h: u32) -> String {
    format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")
}

/// The column "we should" of the table of what other servers answer.
#[test]
fn who_only_relays_is_settled() {
    assert!(!Talk::new().server.is_settled(), "it waits for a login");
    let mut talk = Talk::bound();
    assert!(talk.server.is_settled());
    talk.server.relay(&message("hi"));
    assert!(talk.server.is_settled());
    talk.say(ENABLE);
    assert!(talk.server.is_settled());
    while talk.server.is_settled() {
        talk.server.relay(&message("hi"));
    }
    assert!(talk.say("").ends_with(REQUEST), "it has to ask for an acknowledgement");
    talk.server.inbox().push(b"<mes");
    assert!(!talk.server.is_settled(), "there may be something to understand");
}

#[test]
fn what_is_passed_on_as_it_is_need_not_go_through_the_session() {
    assert!(!pass_on(&mut Talk::new().server, &message("hi")), "nobody is logged in");
    let mut talk = Talk::bound();
    let (news, gone) = (message("hi"), presence("c@d"));
    let own = empty(Content::Client, "x", "urn:x");
    for packet in [&news, &gone, &own] {
        assert!(pass_on(&mut talk.server, packet));
    }
    let foreign = empty(Content::Server, "message", ns::SERVER);
    assert!(!pass_on(&mut talk.server, &foreign), "its namespace is another here");
    talk.say("<inactive xmlns='urn:xmpp:csi:0'/>");
    assert!(pass_on(&mut talk.server, &news) && !pass_on(&mut talk.server, &gone), "presence is held back");
    assert!(!pass_on(&mut talk.server, &news), "what was held back goes first");
    let mut talk = Talk::bound();
    talk.say(ENABLE);
    assert!(!pass_on(&mut talk.server, &news), "it is counted, and kept");
    talk.say("");
    assert!(pass_on(&mut talk.server, &own));
    let mut talk = Talk::bound();
    talk.server.plugins().add("none", Idle).unwrap();
    assert!(!pass_on(&mut talk.server, &news), "a plugin may change it");
}

fn empty(content: Content, name: &str, ns: &str) -> Packet {
    Packet::write(content, |writer| writer.element(name, ns).map(drop)).unwrap()
}

/// A plugin that does nothing.
struct Idle;

impl Plugin<Stanza, Packet> for Idle {}

#[test]
fn malformed_input_gets_the_rfcs_answer() {
    for (said, condition) in [
        ("<message><body>\u{1}</body></message>", "not-well-formed"),
        ("<message></presence>", "not-well-formed"),
        ("<message a='1' a='2'/>", "not-well-formed"),
        ("<!-- x -->", "restricted-xml"),
        ("<?x y?>", "restricted-xml"),
        ("<!DOCTYPE x>", "restricted-xml"),
        ("<message>&x;</message>", "restricted-xml"),
        ("<x:message/>", "bad-namespace-prefix"),
        ("text", "bad-format"),
        ("<foo/>", "unsupported-stanza-type"),
        ("<message xmlns='jabber:server'/>", "unsupported-stanza-type"),
        ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", "unsupported-stanza-type"),
        ("<message from='romeo@im.example'/>", "invalid-from"),
        ("<message from='@'/>", "invalid-from"),
    ] {
        let mut talk = quiet();
        let told = talk.say(said);
        let wanted = format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
        assert!(told.starts_with(&wanted) && told.ends_with("</stream:error></stream:stream>"), "{said}: {told}");
        assert_eq!(talk.violation.unwrap().condition().as_str(), condition);
    }
    for (said, error) in [
        ("<iq type='get'><x xmlns='urn:x'/></iq>", "bad-request"),
        ("<iq id='1'><x xmlns='urn:x'/></iq>", "bad-request"),
        ("<iq type='what' id='1'><x xmlns='urn:x'/></iq>", "bad-request"),
        ("<iq type='get' id='1'/>", "bad-request"),
        ("<iq type='set' id='1'><x xmlns='urn:x'/><y xmlns='urn:x'/></iq>", "bad-request"),
        ("<presence type='what'/>", "bad-request"),
        ("<message to='@im.example'/>", "jid-malformed"),
    ] {
        let mut talk = quiet();
        let told = talk.say(said);
        assert!(told.contains(&format!("<{error} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>")), "{said}: {told}");
        assert!(told.contains("type='error'"), "{told}");
        assert_eq!((talk.server.state(), talk.desk.stanzas.len()), (State::Bound, 0));
    }
    // What must not be answered is not (RFC 6120 §8.3.1).
    assert_eq!(quiet().say("<message type='error' to='@'/><iq type='result' to='@' id='1'/> \n "), "");
}

#[test]
fn one_speaks_for_oneself() {
    let mut talk = quiet();
    talk.say("<message/><message from='juliet@im.example'/><message from='Juliet@IM.example/balcony'/>");
    assert_eq!(talk.desk.stanzas.len(), 3);
    let desk = Desk { echo: false, ..Desk::with(|config| config.from = FromRule::Remove) };
    let mut talk = Talk::with(desk);
    talk.say(login());
    talk.say("<message from='romeo@im.example' to='a@b'><body>Hi</body></message>");
    assert_eq!(talk.desk.stanzas, ["<message to='a@b'><body>Hi</body></message>"]);
}

#[test]
fn a_stanza_that_is_too_large_ends_the_stream() {
    let mut talk = quiet();
    let said = talk.say(format!("<message><body>{}</body></message>", "x".repeat(300_000)));
    assert!(said.contains("<policy-violation xmlns") && said.contains("<stanza-too-big xmlns='urn:xmpp:errors'/>"));
    assert_eq!(talk.violation, Some(Violation::Xml(XmlError::Limit(Limit::Bytes))));
    assert_eq!(talk.server.suspend().map(drop), None);
}

// --- stream management (XEP-0198) ---

#[test]
fn stanzas_are_counted_both_ways() {
    let (mut talk, _) = managed();
    assert_eq!(talk.say(REQUEST), answered(0));
    talk.say("<message/><presence/><iq type='get'/>");
    assert_eq!(talk.say(REQUEST), answered(3), "one that was refused is handled, too");
    for _ in 0..6 {
        talk.server.relay(&message("hi"));
    }
    assert!(!talk.say("").contains("<r "));
    talk.server.relay(&message("hi"));
    assert!(talk.say("").ends_with(REQUEST), "the error counted as the first of eight");
    assert_eq!(talk.server.unacknowledged().count(), 8);
    assert_eq!(talk.say(answered(7)), "");
    assert_eq!(talk.server.unacknowledged().count(), 1);
    let said = talk.say(answered(9));
    assert!(
        said.contains("<undefined-condition")
            && said.contains("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='8'/>")
    );
    assert!(talk.server.suspend().is_none(), "its counts cannot be trusted");
}

#[test]
fn what_is_asked_out_of_order_fails() {
    let mut talk = quiet();
    for said in [REQUEST, "<a xmlns='urn:xmpp:sm:3' h='0'/>", "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>"] {
        assert!(talk.say(said).contains("<unexpected-request"), "{said}");
    }
    talk.say(ENABLE);
    assert!(talk.say(ENABLE).contains("<unexpected-request"));
    assert!(talk.say("<a xmlns='urn:xmpp:sm:3' h='x'/>").contains("<bad-request"));
    let desk = Desk::with(|config| config.resumable_for = None);
    let mut talk = Talk::with(desk);
    talk.say(login());
    assert!(talk.say(ENABLE).contains("<service-unavailable"));
}

#[test]
fn a_stream_goes_on_over_another_connection() {
    let (mut talk, id) = managed();
    talk.say("<message/><message/>");
    for text in ["one", "two", "three"] {
        talk.server.relay(&message(text));
    }
    talk.hang_up();
    assert_eq!(talk.desk.closed.as_deref(), Some("connection closed"));
    let mut suspended = talk.desk.suspended.take().unwrap();
    assert_eq!((suspended.id(), suspended.jid().as_str(), suspended.handled()), (&*id, "juliet@im.example/balcony", 2));
    assert_eq!(suspended.unacknowledged().len(), 3);
    suspended.push(message("four"), &talk.server.config().limits).unwrap();

    let mut talk = logged_in(Some(suspended));
    let said = talk.say(format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='2'/>"));
    assert_eq!(
        said,
        format!(
            "<resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='2'/><message><body>three</body></message><message><body>four</body></message>"
        )
    );
    assert_eq!(talk.server.jid().unwrap().as_str(), "juliet@im.example/balcony");
    assert_eq!(talk.server.state(), State::Bound);
    talk.say("<message/>");
    assert_eq!(talk.say(REQUEST), answered(3));
    // And once more, this time by SASL2.
    talk.hang_up();
    let mut talk = Talk::with(Desk { suspended: talk.desk.suspended.take(), ..Desk::default() });
    talk.say(HEADER);
    let said = talk.say(format!(
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{PLAIN}</initial-response>\
         <resume xmlns='urn:xmpp:sm:3' previd='{id}' h='4'/><bind xmlns='urn:xmpp:bind:0'/></authenticate>"
    ));
    assert_eq!(
        said,
        format!(
            "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>juliet@im.example/balcony</authorization-identifier>\
             <resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='3'/></success>"
        )
    );
    assert!(talk.desk.request.is_none(), "a stream that goes on is bound");
}

#[test]
fn a_stream_that_is_not_there_does_not_go_on() {
    let mut talk = logged_in(None);
    let said = talk.say("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>");
    assert_eq!(
        said,
        "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
    );
    assert!(talk.say(bind("new")).contains("juliet@im.example/new"));
    let (mut talk, id) = managed();
    talk.hang_up();
    let mut talk = logged_in(talk.desk.suspended.take());
    let said = talk.say(format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='1'/>"));
    assert!(said.contains("<handled-count-too-high"), "{said}");
}

#[test]
fn a_stream_can_be_taken_from_a_connection_that_lives() {
    let (mut talk, id) = managed();
    talk.server.relay(&message("one"));
    let suspended = talk.server.suspend().unwrap();
    let said = talk.say("");
    assert!(
        said.ends_with("<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"),
        "{said}"
    );
    let mut talk = logged_in(Some(suspended));
    assert!(talk.say(format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>")).contains("<body>one</body>"));
}

#[test]
fn a_stream_that_ended_in_good_order_is_over() {
    let (mut talk, _) = managed();
    talk.server.relay(&message("one"));
    talk.say("</stream:stream>");
    assert!(talk.desk.suspended.is_none());
    assert_eq!(talk.server.unacknowledged().count(), 1, "to be delivered in another way");
    let (mut talk, _) = managed();
    talk.server.close_with(&StreamError::new(StreamCondition::Conflict));
    talk.say("");
    assert!(talk.desk.suspended.is_none());
}

#[test]
fn who_never_acknowledges_cannot_resume() {
    let (mut talk, _) = managed();
    for _ in 0..600 {
        talk.server.relay(&message("hi"));
    }
    talk.say("");
    assert!(talk.last_event_is("Unresumable"));
    assert_eq!(talk.server.unacknowledged().count(), 0);
    assert_eq!(talk.say(answered(600)), "");
    talk.hang_up();
    assert!(talk.desk.suspended.is_none());
}

/// What happens between a server that relays and a client that reads, asks, acknowledges, and loses its connection.
#[derive(Clone, Debug)]
enum Step {
    Relay,
    Read,
    Acknowledge,
    Cut,
}

/// A client that counts what it has read.
struct Client {
    talk: Talk,
    id: String,
    got: Vec<u32>,
    way: String,
}

impl Client {
    fn read(&mut self) {
        let way = std::mem::take(&mut self.way) + &self.talk.say("");
        for body in way.split("<body>").skip(1) {
            self.got.push(body.split('<').next().unwrap().parse().unwrap());
        }
    }

    fn reconnect(&mut self) {
        self.way.clear();
        drop(self.talk.server.outbox().drain());
        self.talk.hang_up();
        self.talk = logged_in(self.talk.desk.suspended.take());
        let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{}' h='{}'/>", self.id, self.got.len());
        self.way = self.talk.say(resume);
        assert!(self.way.starts_with("<resumed"), "{}", self.way);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is cut when: nothing is lost, and nothing comes twice.
    #[test]
    fn nothing_is_lost_and_nothing_doubled(steps in proptest::collection::vec(
        prop_oneof![5 => Just(Step::Relay), 3 => Just(Step::Read), 2 => Just(Step::Acknowledge), 1 => Just(Step::Cut)], 0..60,
    )) {
        let (talk, id) = managed();
        let mut client = Client { talk, id, got: Vec::new(), way: String::new() };
        let mut sent = 0;
        for step in steps {
            match step {
                Step::Relay => {
                    client.talk.server.relay(&message(&sent.to_string()));
                    sent += 1;
                }
                Step::Read => client.read(),
                Step::Acknowledge => client.way += &client.talk.say(answered(client.got.len() as u32)),
                Step::Cut => client.reconnect(),
            }
        }
        client.reconnect();
        client.read();
        prop_assert_eq!(client.got, (0..sent).collect::<Vec<u32>>());
    }
}

// --- client states (XEP-0352) ---

#[test]
fn presences_wait_until_somebody_looks() {
    let mut talk = quiet();
    talk.say("<inactive xmlns='urn:xmpp:csi:0'/>");
    assert!(talk.last_event_is("ClientState(Inactive)"));
    talk.server.relay(&presence("a@b"));
    assert_eq!((talk.say("").as_str(), talk.server.held().len()), ("", 1));
    talk.server.relay(&message("hi"));
    assert_eq!(talk.say(""), "<presence from='a@b'/><message><body>hi</body></message>", "in their order");
    talk.server.relay(&presence("c@d"));
    assert_eq!(talk.say("<active xmlns='urn:xmpp:csi:0'/>"), "<presence from='c@d'/>");
    talk.say("<inactive xmlns='urn:xmpp:csi:0'/>");
    for _ in 0..1000 {
        talk.server.relay(&presence("a@b"));
    }
    assert!(talk.server.held().len() <= 128);
}

// --- silence and the end ---

#[test]
fn a_silent_client_is_asked_and_then_left() {
    let mut talk = quiet();
    let said = talk.wait(300);
    assert!(said.starts_with("<iq type='get' id='are-you-there' from='im.example' to='juliet@im.example/balcony'><ping xmlns='urn:xmpp:ping'/>"));
    assert_eq!(talk.say("<iq type='result' id='are-you-there'/>"), "");
    assert!(talk.desk.stanzas.is_empty(), "the answer is the machine's own");
    assert!(talk.wait(299).is_empty());
    talk.say(" ");
    assert!(talk.wait(1).is_empty(), "a keepalive was heard");
    talk.wait(300);
    let said = talk.wait(60);
    assert!(said.contains("<connection-timeout"), "{said}");
    assert_eq!(talk.desk.closed.as_deref(), Some("ping timeout"));
    let (mut talk, _) = managed();
    assert_eq!(talk.wait(300), REQUEST);
    talk.wait(60);
    assert!(talk.desk.suspended.is_some(), "it may come back");
}

#[test]
fn the_closing_handshake_has_two_sides() {
    let mut talk = quiet();
    talk.server.end();
    assert_eq!(talk.say("<message><body>late</body></message>"), "</stream:stream>");
    assert_eq!((talk.desk.stanzas.len(), talk.server.state()), (1, State::Closing));
    talk.server.relay(&message("too late"));
    assert_eq!(talk.say("</stream:stream>"), "");
    assert_eq!(talk.desk.closed.as_deref(), Some("closed"));
    let mut talk = quiet();
    talk.server.end();
    talk.say("");
    talk.wait(5);
    assert_eq!(talk.desk.closed.as_deref(), Some("the client did not end its stream in time"));
    assert_eq!(talk.server.deadline(), None);
}

#[test]
fn errors_of_the_client_are_told() {
    let mut talk = quiet();
    let said = talk.say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    assert_eq!(said, "</stream:stream>");
    assert_eq!(talk.desk.closed.as_deref(), Some("error of the client: conflict"));
    let mut talk = quiet();
    talk.server.shutdown();
    assert!(talk.say("").contains("<system-shutdown"));
}

#[test]
fn a_client_that_does_not_read_is_left() {
    let desk = Desk { echo: false, ..Desk::with(|config| config.limits.send_queue = 10_000) };
    let mut talk = Talk::with(desk);
    talk.say(login());
    for _ in 0..100 {
        talk.server.relay(&message(&"x".repeat(200)));
    }
    assert!(talk.server.outbox().len() < 10_400);
    assert!(talk.say("").ends_with("</stream:stream>"));
    assert_eq!(talk.desk.closed.as_deref(), Some("send queue exceeded"));
}
