//! Plugins on an XMPP session: POE's four codes in both directions, and that what is hidden is still answered.

use wirestate_machine::Relay;
use wirestate_machine::plugin::{Interest, Plugin, Verdict};
use wirestate_tests::xmpp::{Talk, login};
use xmpp_proto::jid::Rules;
use xmpp_proto::ns;
use xmpp_proto::server::Violation;
use xmpp_proto::stanza::Stanza;
use xmpp_proto::stream::{Packet, PacketKind};
use xmpp_proto::xml::{Element, Limits, Scope};

/// Shows all it is asked about to a closure each way.
struct By<I, O>(I, O);

impl<I, O> Plugin<Stanza, Packet> for By<I, O>
where
    I: FnMut(&mut Stanza) -> Verdict<Packet> + Send + 'static,
    O: FnMut(&mut Packet) -> Verdict<Packet> + Send + 'static,
{
    fn incoming(&mut self, stanza: &mut Stanza) -> Verdict<Packet> {
        (self.0)(stanza)
    }

    fn outgoing(&mut self, packet: &mut Packet) -> Verdict<Packet> {
        (self.1)(packet)
    }
}

fn element(text: &str) -> Element {
    Element::parse(text.to_owned().into(), &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap()
}

fn stanza(text: &str) -> Stanza {
    Stanza::read(element(text), ns::CLIENT, Rules::default()).unwrap()
}

fn packet(text: &str) -> Packet {
    Packet::of(element(text).view())
}

fn pass_in(_: &mut Stanza) -> Verdict<Packet> {
    Verdict::Continue
}

fn pass_out(_: &mut Packet) -> Verdict<Packet> {
    Verdict::Continue
}

fn bound() -> Talk {
    let mut talk = Talk::new();
    talk.say(login());
    assert!(talk.server.jid().is_some_and(|jid| jid.is_full()));
    talk
}

#[test]
fn a_stanza_can_be_answered_in_the_applications_stead() {
    let mut talk = bound();
    let judge = |stanza: &mut Stanza| match stanza {
        Stanza::Iq(_) => Verdict::Drop(packet("<iq type='result' id='1'/>")),
        Stanza::Presence(_) => Verdict::Hide(Packet::NOTHING),
        Stanza::Message(_) => Verdict::Continue,
    };
    talk.server.plugins().add("quiet", By(judge, pass_out)).unwrap();
    let before = talk.desk.stanzas.len();
    assert_eq!(talk.say("<iq type='get' id='1'><q xmlns='u'/></iq>"), "<iq type='result' id='1'/>");
    assert_eq!(talk.say("<presence/>"), "");
    assert_eq!(talk.desk.stanzas.len(), before);
    talk.say("<message to='a@b'/>");
    assert_eq!(talk.desk.stanzas.len(), before + 1);
    // What is wrong with a head is told before any plugin sees it.
    assert!(talk.say("<iq type='get'><q xmlns='u'/></iq>").contains("<bad-request"));
}

#[test]
fn a_stanza_can_be_changed_but_not_into_somebody_elses() {
    let mut talk = bound();
    let judge = |one: &mut Stanza| {
        *one = match one {
            Stanza::Message(_) => stanza("<message to='c@d'/>"),
            _ => stanza("<presence from='eve@im.example'/>"),
        };
        Verdict::Continue
    };
    talk.server.plugins().add("changer", By(judge, pass_out)).unwrap();
    talk.say("<message to='a@b'/>");
    assert!(talk.desk.stanzas.last().is_some_and(|stanza| format!("{stanza:?}").contains("c@d")), "{:?}", talk.events);
    talk.say("<presence/>");
    assert_eq!(talk.violation, Some(Violation::InvalidFrom));
}

#[test]
fn what_goes_out_can_be_changed_replaced_or_hidden() {
    let mut talk = bound();
    let deaf = |packet: &mut Packet| match packet.kind() {
        PacketKind::Message => Verdict::Drop(Packet::NOTHING),
        _ => Verdict::Continue,
    };
    talk.server.plugins().add("deaf", By(pass_in, deaf)).unwrap();
    let rename = |one: &mut Packet| {
        if one.kind() == PacketKind::Presence {
            *one = packet("<presence type='unavailable'/>");
        }
        Verdict::Deliver
    };
    talk.server.plugins().add("writer", By(pass_in, rename)).unwrap();
    talk.server.relay(&packet("<message><body>Hi</body></message>"));
    talk.server.relay(&packet("<presence/>"));
    talk.server.relay(&packet("<iq type='result' id='1'/>"));
    assert_eq!(talk.say(""), "<presence type='unavailable'/><iq type='result' id='1'/>");
    talk.server.plugins().remove("writer").unwrap();
    talk.server.plugins().remove("deaf").unwrap();
    talk.server.relay(&packet("<message/>"));
    assert_eq!(talk.say(""), "<message/>");
}

/// What a plugin hides is no stanza of the stream: neither end counts it (XEP-0198).
#[test]
fn what_is_hidden_is_not_counted() {
    let mut talk = bound();
    talk.say("<enable xmlns='urn:xmpp:sm:3'/>");
    let hide = |_: &mut Packet| Verdict::Drop(Packet::NOTHING);
    talk.server.plugins().add("deaf", By(pass_in, hide)).unwrap();
    talk.server.relay(&packet("<message/>"));
    assert_eq!(talk.server.unacknowledged().count(), 0);
    talk.server.plugins().remove("deaf").unwrap();
    talk.server.relay(&packet("<message/>"));
    assert_eq!(talk.server.unacknowledged().count(), 1);
}

#[test]
fn an_interest_mask_spares_the_rest() {
    struct Counter(usize);
    impl Plugin<Stanza, Packet> for Counter {
        fn interest(&self) -> Interest {
            Interest { incoming: 1, outgoing: 0 }
        }
        fn incoming(&mut self, _: &mut Stanza) -> Verdict<Packet> {
            self.0 += 1;
            Verdict::Continue
        }
    }
    let mut talk = bound();
    talk.server.plugins().add("counter", Counter(0)).unwrap();
    talk.say("<message to='a@b'/><presence/><message to='a@b'/>");
    assert_eq!(talk.server.plugins().plugin::<Counter>("counter").map(|counter| counter.0), Some(2));
}
