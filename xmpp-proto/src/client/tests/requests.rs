use super::*;

fn get(inside: &str) -> Element {
    element(&format!("<iq type='get' {inside}><query xmlns='jabber:iq:version'/></iq>"))
}

#[test]
fn the_answer_returns_to_who_asked_and_to_nobody_else() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.filters_mut().add("all", Matcher::new());
    let request = talk.client.request(get("id='1' to='bob@h.example/x'")).unwrap();
    assert_eq!(talk.client.pending(), 1);
    talk.poll();
    assert!(talk.said().contains("id='1'"));
    talk.hears("<iq type='result' id='1' from='eve@h.example/x'/>");
    assert_eq!(talk.told(), ["Filtered", "Stanza"], "somebody else's");
    talk.hears("<iq type='result' id='1' from='bob@h.example/x'/>");
    assert!(matches!(&talk.events[..], [Event::Response(answered, _)] if *answered == request));
    assert_eq!(talk.client.pending(), 0);
    talk.events.clear();
    talk.hears("<iq type='result' id='1' from='bob@h.example/x'/>");
    assert_eq!(talk.told(), ["Filtered", "Stanza"], "rescinded once it was answered");
}

#[test]
fn each_request_has_one_end() {
    let mut talk = Talk::ready(clear(), "");
    let late = talk.client.request_within(get(""), Duration::from_secs(5)).unwrap();
    let lost = talk.client.request(get("")).unwrap();
    let given_up = talk.client.request(get("")).unwrap();
    assert!(talk.client.cancel(given_up));
    assert!(!talk.client.cancel(given_up));
    talk.waits(0).waits(5);
    assert!(matches!(&talk.events[..], [Event::RequestFailed(failed, Failure::Timeout)] if *failed == late));
    talk.events.clear();
    talk.gone();
    assert!(
        matches!(&talk.events[..], [Event::RequestFailed(failed, Failure::Cancelled), Event::Closed(Reason::Eof)] if *failed == lost),
        "{:?}",
        talk.events
    );
}

#[test]
fn what_is_no_request_is_refused() {
    let mut talk = Talk::ready(clear(), "");
    for wrong in ["<message/>", "<iq type='result' id='1'/>", "<iq id='1'/>", "<iq type='get' to='@'/>"] {
        assert_eq!(talk.client.request(element(wrong)), Err(Misuse::OutOfRange), "{wrong}");
    }
    assert_eq!(talk.client.send("<message xmlns='jabber:server'/>".parse().unwrap()), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.send(element("<stream/>")), Err(Misuse::OutOfRange));
    let limits = Limits { requests: 1, ..Limits::default() };
    let mut talk = Talk::ready(clear().limits(limits), "");
    talk.client.request(get("")).unwrap();
    assert_eq!(talk.client.request(get("")), Err(Misuse::QueueFull));
}

#[test]
fn the_queue_waits_for_the_program_or_for_the_session() {
    let message = |n: u32| element(&format!("<message id='q{n}'/>"));
    let mut talk = Talk::new(clear(), ann());
    assert_eq!(talk.client.send(message(1)), Ok(Sent::Queued));
    let asked = talk.client.request(get("id='q2'")).unwrap();
    assert_eq!(talk.client.flush_queue(), 0, "there is no session");
    talk.log_in("");
    assert_eq!(talk.client.queue().count(), 2, "it is the program's to flush");
    talk.said();
    assert_eq!(talk.client.flush_queue(), 2);
    let said = talk.said();
    assert!(said.find("q1").unwrap() < said.find("q2").unwrap());
    talk.hears("<iq type='result' id='q2'/>");
    assert!(matches!(talk.events.last(), Some(Event::Response(answered, _)) if *answered == asked));

    let mut talk = Talk::new(clear().queue(QueuePolicy::OnReady), ann());
    talk.client.send(message(1)).unwrap();
    talk.log_in("");
    assert!(talk.said().contains("q1"));

    let mut talk = Talk::new(clear(), ann());
    talk.client.send(message(1)).unwrap();
    let asked = talk.client.request(get("")).unwrap();
    assert_eq!(talk.client.clear_queue(), 2);
    talk.poll();
    assert!(matches!(talk.events[..], [Event::RequestFailed(failed, Failure::Cancelled)] if failed == asked));
}

#[test]
fn the_queue_is_bounded_and_outlives_the_connection_as_the_policy_says() {
    let message = || element("<message id='q'/>");
    let limits = Limits { queue: 2, ..Limits::default() };
    for (policy, kept) in [(QueuePolicy::Manual, 2), (QueuePolicy::OnReady, 2), (QueuePolicy::DropOnReset, 0)] {
        let mut talk = Talk::new(clear().limits(limits.clone()).queue(policy), ann());
        assert_eq!(talk.client.send(message()), Ok(Sent::Queued));
        assert_eq!(talk.client.send(message()), Ok(Sent::Queued));
        assert_eq!(talk.client.send(message()), Err(Misuse::QueueFull));
        talk.client.filters_mut().add("tag", Matcher::new());
        talk.gone();
        let after = Talk::resuming(clear(), ann(), talk.client.continuation());
        assert_eq!(after.client.queue().count(), kept);
        assert_eq!(after.client.filters().len(), 1);
    }
}

#[test]
fn filters_come_before_the_stanza() {
    let mut talk = Talk::ready(clear(), "");
    let path = Path::parse("//body[contains(., 'hello')]", &[]).unwrap();
    talk.client.filters_mut().add("greetings", Matcher::path(path));
    talk.client.filters_mut().add("chat", Matcher::new().stanza("message"));
    talk.hears("<message from='b@h.example'><body>oh hello</body></message><presence from='b@h.example'/>");
    let Some(Event::Filtered { tag, nodes, .. }) = talk.events.first() else { panic!() };
    assert_eq!((&**tag, nodes[0].text().as_ref()), ("greetings", "oh hello"));
    assert_eq!(talk.told(), ["Filtered", "Filtered", "Stanza", "Stanza"]);
    assert_eq!(talk.client.filters_mut().remove("greetings"), 1);
}

#[test]
fn pings_are_answered() {
    let ping = "<iq type='get' id='p' from='h.example'><ping xmlns='urn:xmpp:ping'/></iq>";
    let mut talk = Talk::ready(clear(), "");
    talk.hears(ping);
    assert_eq!(talk.said(), "<iq xmlns='jabber:client' to='h.example' id='p' type='result'/>");
    assert_eq!(talk.told(), [""; 0]);
    let mut talk = Talk::ready(clear().answers_pings(false), "");
    talk.hears(ping);
    assert_eq!(talk.told(), ["Stanza"]);
}

#[test]
fn a_stanza_that_is_not_right_is_odd_and_no_more() {
    let mut talk = Talk::ready(clear(), "");
    talk.hears("<iq type='get'/><presence type='here'/><message from='@'/><message/>");
    assert_eq!(talk.told(), ["Odd", "Odd", "Odd", "Stanza"]);
}
