use alloc::vec;

use wirestate_machine::plugin::{Interest, Plugin, Verdict};

use super::*;
use crate::stanza::Stanza;

/// Shows all it is asked about to a closure each way.
struct By<I, O>(I, O);

impl<I, O> Plugin<Stanza, Outbound> for By<I, O>
where
    I: FnMut(&mut Stanza) -> Verdict<Outbound> + Send + 'static,
    O: FnMut(&mut Outbound) -> Verdict<Outbound> + Send + 'static,
{
    fn incoming(&mut self, stanza: &mut Stanza) -> Verdict<Outbound> {
        (self.0)(stanza)
    }

    fn outgoing(&mut self, stanza: &mut Outbound) -> Verdict<Outbound> {
        (self.1)(stanza)
    }
}

fn is(outbound: &Outbound, name: &str) -> bool {
    outbound.0.as_ref().is_some_and(|stanza| stanza.name() == name)
}

#[test]
fn plugins_see_what_comes_before_filters_do() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.filters_mut().add("all", Matcher::new());
    let judge = |stanza: &mut Stanza| match stanza {
        Stanza::Presence(_) => Verdict::Hide(Outbound(None)),
        Stanza::Message(_) => {
            Verdict::Drop(Outbound(Some(element("<message to='bob@h.example'><body>later</body></message>"))))
        }
        Stanza::Iq(_) => Verdict::Continue,
    };
    talk.client.plugins().add("away", By(judge, |_: &mut Outbound| Verdict::Continue)).unwrap();
    talk.hears("<presence from='bob@h.example/x'/>");
    assert_eq!((talk.told(), talk.said()), (vec![], String::new()));
    talk.hears("<message from='bob@h.example/x'><body>Hi</body></message>");
    let later = "<message xmlns='jabber:client' to='bob@h.example'><body>later</body></message>";
    assert_eq!((talk.told(), talk.said()), (vec![], later.into()));
    talk.hears("<iq type='get' id='1' from='bob@h.example/x'><q xmlns='u'/></iq>");
    assert_eq!(talk.told(), ["Filtered", "Stanza"]);
    let request = talk.client.request(element("<iq type='get' id='2'><q xmlns='u'/></iq>")).unwrap();
    talk.events.clear();
    talk.hears("<iq type='result' id='2'/>");
    assert!(matches!(&talk.events[..], [Event::Response(answered, _)] if *answered == request), "{:?}", talk.events);
    assert_eq!(talk.client.plugins().names().collect::<Vec<_>>(), ["away"]);
}

#[test]
fn plugins_see_what_goes_out() {
    let mut talk = Talk::ready(clear(), "");
    let judge = |outbound: &mut Outbound| {
        if is(outbound, "presence") {
            return Verdict::Drop(Outbound(None));
        }
        if is(outbound, "message") {
            *outbound = Outbound(Some(element("<message><body>changed</body></message>")));
        }
        Verdict::Continue
    };
    talk.client.plugins().add("judge", By(|_: &mut Stanza| Verdict::Continue, judge)).unwrap();
    assert_eq!(talk.client.send(element("<presence/>")), Ok(Sent::Hidden));
    assert_eq!(talk.client.send(element("<message><body>as it was</body></message>")), Ok(Sent::Written));
    talk.poll();
    assert_eq!(talk.said(), "<message xmlns='jabber:client'><body>changed</body></message>");
    let foreign = |outbound: &mut Outbound| {
        *outbound = Outbound(Some("<a xmlns='b'/>".parse().unwrap()));
        Verdict::Continue
    };
    talk.client.plugins().replace("judge", "foreign", By(|_: &mut Stanza| Verdict::Continue, foreign)).unwrap();
    assert_eq!(talk.client.send(element("<presence/>")), Err(Misuse::OutOfRange), "no plugin breaks the stream");
    talk.client.plugins().remove("foreign").unwrap();
    assert_eq!(talk.client.send(element("<presence/>")), Ok(Sent::Written));
}

#[test]
fn a_request_that_a_plugin_hides_fails_in_time() {
    let mut talk = Talk::ready(clear(), "");
    let hide = |_: &mut Outbound| Verdict::Drop(Outbound(None));
    talk.client.plugins().add("hide", By(|_: &mut Stanza| Verdict::Continue, hide)).unwrap();
    let iq = element("<iq type='get'><q xmlns='u'/></iq>");
    let request = talk.client.request_within(iq, Duration::from_secs(5)).unwrap();
    talk.waits(0).waits(5);
    assert_eq!(talk.said(), "");
    assert!(matches!(&talk.events[..], [Event::RequestFailed(failed, Failure::Timeout)] if *failed == request));
}

#[test]
fn an_interest_mask_spares_the_rest() {
    struct Counter(usize);
    impl Plugin<Stanza, Outbound> for Counter {
        fn interest(&self) -> Interest {
            Interest { incoming: 1 << 1, outgoing: 0 }
        }
        fn incoming(&mut self, _: &mut Stanza) -> Verdict<Outbound> {
            self.0 += 1;
            Verdict::Continue
        }
    }
    let mut talk = Talk::ready(clear(), "");
    talk.client.plugins().add("presences", Counter(0)).unwrap();
    talk.hears("<presence from='a@b'/><message from='a@b'/><presence from='a@b' type='unavailable'/>");
    assert_eq!(talk.client.plugins().plugin::<Counter>("presences").map(|counter| counter.0), Some(2));
}
