use super::*;

const PEER: &str = "<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' \
    from='b.example' to='a.example' id='D60000229F' version='1.0'>";
const DIALBACK: &str = "<dialback xmlns='urn:xmpp:features:dialback'/>";

fn server(has_certificate: bool, secret: Option<&str>) -> Account {
    Account::server("a.example", "b.example", has_certificate, secret).unwrap()
}

fn valid(kind: &str) -> String {
    format!("<db:result from='b.example' to='a.example' type='{kind}'/>")
}

/// XEP-0185 §3.
#[test]
fn the_key_is_the_recommended_one() {
    let key = dialback_key("s3cr3tf0rd14lb4ck", "xmpp.example.com", "example.org", "D60000229F");
    assert_eq!(key, "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643");
}

#[test]
fn a_key_where_there_is_no_certificate() {
    let mut talk = Talk::new(clear(), server(false, Some("secret")));
    let said = talk.said();
    assert!(
        said.contains(" xmlns:db='jabber:server:dialback'") && said.contains(" from='a.example' to='b.example'"),
        "{said}"
    );
    talk.hears(PEER).hears(&features(DIALBACK));
    let key = dialback_key("secret", "b.example", "a.example", "D60000229F");
    assert_eq!(talk.said(), format!("<db:result from='a.example' to='b.example'>{key}</db:result>"));
    talk.hears(&valid("valid"));
    assert_eq!(talk.told(), ["StreamStarted", "Authenticating", "Authenticated", "Ready"]);
    let message = "<message xmlns='jabber:server' from='x@a.example' to='y@b.example'/>".parse().unwrap();
    assert_eq!(talk.client.send(message), Ok(Sent::Written));
}

#[test]
fn a_server_of_old_is_dialled_back_at_once() {
    let mut talk = Talk::new(clear(), server(false, Some("secret")));
    talk.said();
    talk.hears(&PEER.replace(" version='1.0'", ""));
    assert!(talk.said().starts_with("<db:result "));
}

#[test]
fn a_key_that_is_not_taken() {
    for refusal in [
        valid("invalid"),
        "<db:result from='b.example' to='a.example' type='error'><error type='cancel'>\
        <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"
            .into(),
    ] {
        let mut talk = Talk::new(clear(), server(false, Some("secret")));
        talk.hears(PEER).hears(&features(DIALBACK)).hears(&refusal);
        assert_eq!(talk.told(), ["StreamStarted", "Authenticating", "AuthenticationFailed", "Closing"]);
    }
}

#[test]
fn nobody_else_can_say_that_the_key_is_right() {
    for wrong in [
        "<db:result from='c.example' to='a.example' type='valid'/>",
        "<db:result from='b.example' to='c.example' type='valid'/>",
        "<db:verify from='b.example' to='a.example' id='x' type='valid'/>",
        "<db:result from='b.example' to='a.example'>key</db:result>",
        "<db:result type='valid'/>",
    ] {
        let mut talk = Talk::new(clear(), server(false, Some("secret")));
        talk.hears(PEER).hears(&features(DIALBACK)).hears(wrong);
        assert_eq!(*talk.violation(), Violation::Unexpected("db:result"), "{wrong}");
    }
}

#[test]
fn a_certificate_that_names_us() {
    let mut talk = Talk::new(Config::default(), server(true, None));
    talk.hears(PEER).hears(STARTTLS).said();
    talk.hears(PROCEED).secured(TlsFacts::new());
    talk.said();
    talk.hears(PEER).hears(&features(&format!("{}{DIALBACK}", mechanisms(&["EXTERNAL"]))));
    assert_eq!(payload(&talk.said()), b"a.example");
    talk.hears(SUCCESS).hears(PEER).hears("<stream:features/>");
    assert_eq!(talk.client.state(), State::Ready);
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("a.example"));
}

#[test]
fn both_ways_only_where_that_was_agreed_on() {
    let offer = format!("{DIALBACK}<bidi xmlns='urn:xmpp:features:bidi'/>");
    let stanza = "<message from='y@b.example' to='x@a.example'/>";
    let mut talk = Talk::new(clear(), server(false, Some("secret")));
    talk.hears(PEER).hears(&features(&offer)).hears(&valid("valid")).hears(stanza);
    assert!(matches!(talk.events.last(), Some(Event::Odd(_))));
    let mut talk = Talk::new(clear().bidi(true), server(false, Some("secret")));
    talk.hears(PEER).said();
    talk.hears(&features(&offer));
    assert!(talk.said().starts_with("<bidi xmlns='urn:xmpp:bidi'/><db:result "));
    talk.hears(&valid("valid")).hears(stanza);
    assert!(matches!(talk.events.last(), Some(Event::Stanza(_))));
}

#[test]
fn with_neither_there_is_no_login() {
    let mut talk = Talk::new(clear(), server(false, None));
    talk.hears(PEER).hears(&features(DIALBACK));
    assert!(talk.told().contains(&"AuthenticationFailed".into()));
}

#[test]
fn whoever_made_a_key_is_asked_about_it() {
    let verify = |kind: &str| format!("<db:verify from='b.example' to='a.example' id='417GAF25' type='{kind}'/>");
    for (answer, is_valid) in [(verify("valid"), true), (verify("invalid"), false)] {
        let account = Account::verifier("a.example", "b.example", "417GAF25", "1e701f120f66824b").unwrap();
        let mut talk = Talk::new(clear(), account);
        talk.hears(PEER).said();
        talk.hears(&features(DIALBACK));
        assert_eq!(
            talk.said(),
            "<db:verify from='a.example' to='b.example' id='417GAF25'>1e701f120f66824b</db:verify>"
        );
        talk.hears(&answer);
        assert!(talk.events.iter().any(|event| matches!(event, Event::Verified(Ok(verdict)) if *verdict == is_valid)));
        assert_eq!(talk.said(), "</stream:stream>");
    }
    for wrong in
        [verify("valid").replace("417GAF25", "x"), verify("valid").replace("b.example", "c.example"), valid("valid")]
    {
        let account = Account::verifier("a.example", "b.example", "417GAF25", "1e701f120f66824b").unwrap();
        let mut talk = Talk::new(clear(), account);
        talk.hears(PEER).hears(&features(DIALBACK)).hears(&wrong);
        assert_eq!(*talk.violation(), Violation::Unexpected("db:result"));
    }
}

#[test]
fn a_stream_that_nobody_needs_ends() {
    let mut talk = Talk::new(clear(), server(false, Some("secret")));
    talk.hears(PEER).hears(&features(DIALBACK)).hears(&valid("valid")).said();
    for _ in 0..4 {
        talk.waits(120);
        assert_eq!(talk.said(), " ");
    }
    talk.waits(120);
    assert_eq!(talk.said(), "</stream:stream>");
    talk.hears("</stream:stream>");
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Idle))));
}
