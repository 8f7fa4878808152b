use super::*;

fn managed() -> Talk {
    let mut talk = Talk::ready(clear(), SM);
    talk.hears("<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='true' max='300'/>");
    assert!(matches!(talk.events[..], [Event::Managed { is_resumable: true, seconds: Some(300) }]));
    talk.events.clear();
    talk.said();
    talk
}

fn message(n: u32) -> Element {
    element(&format!("<message id='m{n}'/>"))
}

fn ids(said: &str) -> Vec<String> {
    said.split(" id='m").skip(1).map(|rest| rest.split('\'').next().unwrap().to_string()).collect()
}

/// Where a session that was cut goes on, once it asked to resume.
fn again(before: &Talk) -> Talk {
    let mut talk = Talk::resuming(clear(), ann(), before.client.continuation());
    talk.log_in_until_bound(SM);
    talk
}

#[test]
fn what_was_not_acknowledged_is_sent_again_and_nothing_else() {
    let mut talk = managed();
    for n in 0..3 {
        talk.client.send(message(n)).unwrap();
    }
    talk.poll();
    assert!(talk.said().ends_with("<r xmlns='urn:xmpp:sm:3'/>"));
    talk.hears("<message/><a xmlns='urn:xmpp:sm:3' h='1'/><presence/>");
    talk.gone();
    assert_eq!(talk.told(), ["Stanza", "Stanza", "Closed"]);

    let mut talk = again(&talk);
    assert_eq!(talk.said(), "<resume xmlns='urn:xmpp:sm:3' h='2' previd='sm1'/>");
    talk.events.clear();
    talk.hears("<resumed xmlns='urn:xmpp:sm:3' h='2' previd='sm1'/>");
    let said = talk.said();
    assert_eq!(ids(&said), ["2"]);
    assert_eq!(talk.told(), ["Resumed", "Ready"]);
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("ann@h.example/r"));
    talk.hears("<message/><r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(talk.said(), "<a xmlns='urn:xmpp:sm:3' h='3'/>", "counting goes on");
}

/// xmpp.js #822.
#[test]
fn between_enable_and_enabled_ours_count_and_theirs_do_not() {
    let mut talk = Talk::new(clear(), ann());
    talk.log_in_until_bound(SM);
    let id = talk.id();
    talk.hears(&format!(
        "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/r</jid></bind></iq>"
    ));
    assert!(talk.said().ends_with("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"));
    talk.client.send(message(1)).unwrap();
    talk.hears("<message/><presence/>");
    assert_eq!(talk.said(), "<message xmlns='jabber:client' id='m1'/>", "nothing is asked before the server agrees");
    talk.hears("<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='1'/><r xmlns='urn:xmpp:sm:3'/>");
    assert!(talk.said().contains("<a xmlns='urn:xmpp:sm:3' h='0'/>"), "what came before does not count");
    talk.hears("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    assert!(talk.outcome.is_ok(), "what went before does");
}

#[test]
fn too_high_a_count_ends_the_stream() {
    for thing in ["<a xmlns='urn:xmpp:sm:3' h='2'/>", "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>"] {
        let mut talk = managed();
        talk.client.send(message(1)).unwrap();
        talk.poll().said();
        talk.hears(thing);
        assert!(matches!(talk.violation(), Violation::Handled(_)));
        let said = talk.said();
        assert!(
            said.contains("<undefined-condition")
                && said.contains("<handled-count-too-high")
                && said.contains("send-count='1'"),
            "{said}"
        );
    }
    let mut talk = managed();
    talk.gone();
    let mut talk = again(&talk);
    talk.hears("<resumed xmlns='urn:xmpp:sm:3' h='7' previd='sm1'/>");
    assert!(matches!(talk.violation(), Violation::Handled(_)));
}

#[test]
fn a_stream_that_cannot_be_resumed_tells_what_may_be_lost_and_a_new_one_begins() {
    for (failed, lost) in [
        (
            "<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
            1,
        ),
        ("<failed xmlns='urn:xmpp:sm:3'/>", 2),
        ("<failed xmlns='urn:xmpp:sm:3' h='junk'><x xmlns='u'/><failed/></failed>", 2),
        ("<failed xmlns='urn:xmpp:sm:3' h='99'/>", 2),
        ("<failed xmlns='urn:xmpp:sm:3' h='-1'>text</failed>", 2),
    ] {
        let mut talk = managed();
        talk.client.send(message(1)).unwrap();
        talk.client.send(message(2)).unwrap();
        talk.poll().gone();
        let mut talk = again(&talk);
        talk.said();
        talk.events.clear();
        talk.hears(failed);
        assert!(matches!(&talk.events[0], Event::Unacknowledged(stanzas) if stanzas.len() == lost), "{failed}");
        let said = talk.said();
        assert!(said.contains("<bind") && !said.contains("<resume "), "it is asked once: {said}");
    }
}

#[test]
fn a_server_that_will_not_manage_is_lived_with() {
    let mut talk = Talk::ready(clear(), SM);
    talk.client.send(message(1)).unwrap();
    talk.hears(
        "<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    );
    assert_eq!(talk.told(), ["Odd"]);
    talk.client.send(message(2)).unwrap();
    talk.poll();
    assert!(!talk.said().contains("<r "));
    talk.gone();
    assert!(talk.client.continuation().resumption.is_none());
}

#[test]
fn an_orderly_end_is_final() {
    let mut talk = managed();
    talk.client.send(message(1)).unwrap();
    talk.client.close().unwrap();
    talk.poll();
    assert!(talk.said().ends_with("<a xmlns='urn:xmpp:sm:3' h='0'/></stream:stream>"));
    talk.hears("</stream:stream>");
    assert_eq!(talk.told(), ["Closing", "StreamEnded", "Unacknowledged", "Closed"]);
    assert!(talk.client.continuation().resumption.is_none());
}

#[test]
fn more_than_may_be_kept_waits_for_acknowledgement() {
    let mut limits = Limits { queue: 2, ..Limits::default() };
    limits.unacknowledged.stanzas = 2;
    let mut talk = Talk::ready(clear().limits(limits), SM);
    talk.hears("<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='true'/>");
    talk.said();
    let sent: Vec<_> = (0..5).map(|n| talk.client.send(message(n))).collect();
    assert_eq!(
        sent,
        [Ok(Sent::Written), Ok(Sent::Written), Ok(Sent::Queued), Ok(Sent::Queued), Err(Misuse::QueueFull)]
    );
    talk.poll();
    assert_eq!(ids(&talk.said()), ["0", "1"]);
    let continuation = talk.client.continuation();
    talk.hears("<a xmlns='urn:xmpp:sm:3' h='2'/>");
    assert_eq!(ids(&talk.said()), ["2", "3"]);

    // Or for the next connection.
    let mut talk = Talk::resuming(clear(), ann(), continuation);
    talk.log_in_until_bound(SM);
    talk.said();
    talk.hears("<resumed xmlns='urn:xmpp:sm:3' h='1' previd='sm1'/>");
    assert_eq!(ids(&talk.said()), ["1", "2", "3"]);
}

#[test]
fn a_managed_stream_is_asked_for_life_by_its_own_question() {
    let mut talk = managed();
    talk.waits(120);
    assert_eq!(talk.said(), "<r xmlns='urn:xmpp:sm:3'/>");
    talk.hears("<a xmlns='urn:xmpp:sm:3' h='0'/>").waits(119);
    assert!(!talk.client.is_closed());
}

#[test]
fn what_management_says_out_of_place_is_a_violation() {
    for wrong in [
        "<enabled xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3' h='x'/>",
        "<a xmlns='urn:xmpp:sm:3' h='4294967296'/>",
        "<b xmlns='urn:xmpp:sm:3'/>",
        "<resumed xmlns='urn:xmpp:sm:3' h='0' previd='sm1'/>",
    ] {
        let mut talk = managed();
        talk.hears(wrong);
        assert!(talk.outcome.is_err(), "{wrong}");
    }
}
