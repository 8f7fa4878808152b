//! What POE::Component::Jabber 3.00 and its filter do wrong, each by name.

use super::*;

#[test]
fn a_stream_starts_more_than_once_in_one_session() {
    let mut talk = Talk::new(clear(), ann());
    talk.log_in("");
    assert_eq!(talk.told().iter().filter(|name| *name == "StreamStarted").count(), 2);
}

#[test]
fn attributes_that_an_element_is_made_with_are_in_it() {
    let element =
        crate::xml::ElementBuf::new("message", ns::CLIENT).attr("to", "a@b").attr("id", "1").finish().unwrap();
    assert_eq!((element.attr("to").as_deref(), element.attr("id").as_deref()), (Some("a@b"), Some("1")));
}

#[test]
fn the_parser_goes_on_after_a_restart() {
    let mut talk = Talk::new(clear(), ann());
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"]))).hears(&format!("{SUCCESS}{HEADER}{}", features(BIND)));
    assert!(talk.outcome.is_ok());
    assert_eq!(talk.client.state(), State::Binding);
}

#[test]
fn features_are_recognised() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER).hears(STARTTLS);
    assert!(talk.client.features().starttls.is_some());
    assert_eq!(talk.client.state(), State::Securing);
}

#[cfg(feature = "legacy")]
#[test]
fn digest_md5_is_asked_for_by_its_name() {
    assert_eq!(Mechanism::from_name("DIGEST-MD5").map(Mechanism::name), Some("DIGEST-MD5"));
    assert_eq!(Mechanism::from_name("DIGEST_MD5"), None);
}

#[test]
fn an_answer_reaches_who_asked() {
    let mut talk = Talk::ready(clear(), "");
    let request = talk.client.request(element("<iq type='get' id='1'><q xmlns='u'/></iq>")).unwrap();
    talk.hears("<iq type='result' id='1'/>");
    assert!(matches!(talk.events[..], [Event::Response(answered, _)] if answered == request));
}

#[test]
fn a_filter_that_is_removed_finds_nothing_more() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.filters_mut().add("tag", Matcher::new());
    talk.hears("<message/>");
    talk.client.filters_mut().remove("tag");
    talk.hears("<message/>");
    assert_eq!(talk.told(), ["Filtered", "Stanza", "Stanza"]);
}

#[test]
fn two_requests_of_one_id_are_both_answered() {
    let mut talk = Talk::ready(clear(), "");
    let ask = || element("<iq type='get' id='1'><q xmlns='u'/></iq>");
    let first = talk.client.request(ask()).unwrap();
    talk.said();
    let second = talk.client.request(ask()).unwrap();
    let id = talk.id();
    assert_ne!(id, "1");
    talk.hears(&format!("<iq type='result' id='{id}'/><iq type='result' id='1'/>"));
    assert!(
        matches!(talk.events[..], [Event::Response(one, _), Event::Response(other, _)] if one == second && other == first)
    );
}

#[test]
fn no_other_element_and_no_other_peer_answers_a_request() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.request(element("<iq type='get' id='1' to='bob@h.example'><q xmlns='u'/></iq>")).unwrap();
    talk.hears("<message id='1' from='bob@h.example'/><iq type='get' id='1' from='bob@h.example'><q xmlns='u'/></iq>");
    talk.hears("<iq type='result' id='1' from='eve@h.example'/>");
    assert_eq!(talk.told(), ["Stanza", "Stanza", "Stanza"]);
    assert_eq!(talk.client.pending(), 1);
}

#[test]
fn a_stripped_offer_of_tls_shows_no_password() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.said();
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
    assert_eq!(talk.said(), "</stream:stream>");
}

#[test]
fn the_order_of_the_servers_list_does_not_choose() {
    for names in [["PLAIN", "SCRAM-SHA-256"], ["SCRAM-SHA-256", "PLAIN"]] {
        let mut talk = Talk::new(clear(), ann());
        talk.hears(HEADER).hears(&features(&mechanisms(&names)));
        assert!(talk.said().contains("mechanism='SCRAM-SHA-256'"));
    }
}

#[test]
fn base64_has_no_newlines() {
    let long = "x".repeat(200);
    let mut talk = Talk::new(clear(), Account::user("ann@h.example", &long).unwrap());
    talk.said();
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
    let said = talk.said();
    assert!(!said.contains('\n') && payload(&said).ends_with(long.as_bytes()));
}

#[test]
fn a_stream_error_is_recognised() {
    let mut talk = Talk::ready(clear(), "");
    talk.hears(
        "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    assert_eq!(talk.told(), ["StreamError", "Closing", "StreamEnded", "Closed"]);
}

#[test]
fn a_silent_server_is_noticed() {
    let mut talk = Talk::ready(clear(), "");
    talk.waits(120).waits(30);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Pong)))));
}

#[test]
fn requests_are_not_lost_in_silence() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.request(element("<iq type='get' id='1'><q xmlns='u'/></iq>")).unwrap();
    talk.gone();
    assert_eq!(talk.told(), ["RequestFailed", "Closed"]);
}

#[test]
fn the_queue_has_an_end() {
    let mut talk = Talk::new(clear(), ann());
    let refused = (0..2000).find_map(|_| talk.client.send(element("<message/>")).err());
    assert_eq!(refused, Some(Misuse::QueueFull));
}

#[test]
fn bad_xml_is_an_error_and_no_panic() {
    let mut talk = Talk::ready(clear(), "");
    talk.hears("<message></presence>");
    assert!(matches!(talk.violation(), Violation::Xml(_)));
    assert!(talk.said().contains("<not-well-formed "));
}

#[test]
fn tls_is_tried_once() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER).hears(STARTTLS);
    talk.said();
    talk.hears("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
    assert_eq!(talk.client.ending(), Some(Ending::Tls));
    assert!(!talk.said().contains("<starttls"));
}
