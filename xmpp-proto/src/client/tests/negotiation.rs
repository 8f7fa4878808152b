use wirestate_machine::Upgrade;

use super::*;
use crate::stream::StreamCondition;

#[test]
fn a_whole_session_tells_its_steps_in_order() {
    let mut talk = Talk::new(Config::default().tells_sent(true), ann());
    assert_eq!(
        talk.said(),
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='h.example' version='1.0'>"
    );
    talk.hears(HEADER).hears(STARTTLS);
    assert_eq!(talk.said(), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    talk.hears(PROCEED).secured(TlsFacts::new());
    assert!(talk.said().contains(" from='ann@h.example' to='h.example'"), "who we are is told inside TLS only");
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
    assert_eq!(payload(&talk.said()), b"\0ann\0pencil");
    talk.hears(SUCCESS).hears(HEADER);
    talk.said();
    talk.hears(&features(&format!("{BIND}<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>")));
    let id = talk.id();
    talk.hears(&format!(
        "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/r</jid></bind></iq>"
    ));
    let id = talk.id();
    talk.hears(&format!("<iq type='result' id='{id}'/>"));
    talk.client.send(element("<message to='bob@h.example'/>")).unwrap();
    talk.hears("<message from='bob@h.example'/>");
    talk.client.close().unwrap();
    talk.poll();
    assert!(talk.said().ends_with("<message xmlns='jabber:client' to='bob@h.example'/></stream:stream>"));
    talk.hears("</stream:stream>");
    assert_eq!(
        talk.told(),
        [
            "StreamStarted",
            "TlsNegotiating",
            "Secured",
            "StreamStarted",
            "Authenticating",
            "Authenticated",
            "StreamStarted",
            "Binding",
            "Bound",
            "SessionNegotiating",
            "SessionEstablished",
            "Ready",
            "Sent",
            "Stanza",
            "Closing",
            "StreamEnded",
            "Closed"
        ]
    );
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("ann@h.example/r"));
    assert!(talk.client.is_closed());
}

#[test]
fn the_header_may_be_cut_at_every_byte() {
    let whole = format!("{HEADER}{STARTTLS}");
    for cut in 0..whole.len() {
        let mut talk = Talk::new(Config::default(), ann());
        talk.hears(&whole[..cut]).hears(&whole[cut..]);
        assert_eq!(talk.told(), ["StreamStarted", "TlsNegotiating"], "cut at {cut}");
        assert!(talk.said().ends_with("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
    }
}

#[test]
fn direct_tls_comes_before_the_first_byte() {
    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Implicit), ann());
    assert_eq!((talk.said().as_str(), talk.client.inbox().room()), ("", 0));
    talk.secured(TlsFacts::new());
    assert!(talk.said().starts_with("<?xml"));
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
    assert!(talk.said().contains("PLAIN"));
}

/// H3: without STARTTLS nothing is sent that is secret.
#[test]
fn a_stripped_starttls_ends_the_session() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.said();
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN", "SCRAM-SHA-1"])));
    assert_eq!(talk.said(), "</stream:stream>");
    talk.gone();
    assert_eq!(talk.told(), ["StreamStarted", "TlsFailed", "Closing", "Closed"]);
    assert_eq!(talk.client.ending(), Some(Ending::Tls));

    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER).hears(STARTTLS);
    talk.said();
    talk.hears("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(talk.said(), "</stream:stream>");

    // Features that offer a login, and no word of TLS, after TLS was agreed on.
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER).hears(STARTTLS);
    talk.said();
    talk.hears(&features(&mechanisms(&["PLAIN"])));
    assert_eq!(*talk.violation(), Violation::Unexpected("stream:features"));
    assert!(!talk.said().contains("auth"));
}

/// H1, H2: what comes in the clear behind `<proceed/>` acts on nothing.
#[test]
fn what_is_injected_before_tls_is_a_violation() {
    for injected in ["<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "\0", "<"] {
        let mut talk = Talk::new(Config::default(), ann());
        talk.hears(HEADER).hears(STARTTLS);
        talk.hears(&format!("{PROCEED}{injected}"));
        assert_eq!(*talk.violation(), Violation::BytesBeforeTls);
    }
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER).hears(STARTTLS).hears(PROCEED);
    assert_eq!(talk.client.inbox().room(), 0, "nothing more is let in");
    assert_eq!(talk.client.upgrade(), None, "not before all is written");
    talk.said();
    assert_eq!(talk.client.upgrade(), Some(Upgrade::Tls));
}

#[test]
fn what_was_said_before_tls_is_forgotten() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER)
        .hears(&features("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><csi xmlns='urn:xmpp:csi:0'/>"));
    assert!(talk.client.features().csi);
    talk.said();
    talk.hears(PROCEED);
    talk.secured(TlsFacts::new());
    assert!(!talk.client.features().csi && talk.client.sid().is_none());
}

#[test]
fn a_resource_that_is_taken_is_asked_for_in_another_way() {
    let conflict = |id: &str| {
        format!(
            "<iq type='error' id='{id}'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    let mut talk = Talk::new(clear(), ann());
    talk.log_in_until_bound("");
    let id = talk.id();
    talk.hears(&conflict(&id));
    let asked = talk.said();
    assert!(asked.contains("<bind ") && !asked.contains("<resource>"), "{asked}");
    talk.events.clear();
    let id = asked.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_string();
    talk.hears(&conflict(&id));
    assert_eq!(talk.told(), ["BindFailed", "Closing"]);

    let mut talk = Talk::new(clear().bind_retry(BindRetry::Random(1)), ann());
    talk.log_in_until_bound("");
    let id = talk.id();
    talk.hears(&conflict(&id));
    let asked = talk.said();
    assert!(asked.contains("<resource>r-"), "{asked}");

    let mut talk = Talk::new(clear().bind_retry(BindRetry::Never), ann());
    talk.log_in_until_bound("");
    let id = talk.id();
    talk.hears(&conflict(&id));
    assert!(talk.said().ends_with("</stream:stream>"));
}

#[test]
fn an_address_that_is_none_is_not_bound() {
    for (bound, violation) in [("<jid>@</jid>", "bound"), ("<jid>ann@h.example</jid>", "nowhere"), ("", "nowhere")] {
        let mut talk = Talk::new(clear(), ann());
        talk.log_in_until_bound("");
        let id = talk.id();
        talk.hears(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{bound}</bind></iq>"
        ));
        match violation {
            "bound" => assert!(matches!(talk.violation(), Violation::Bound(_))),
            _ => assert_eq!(*talk.violation(), Violation::BoundNowhere),
        }
    }
}

#[test]
fn a_session_that_may_be_left_out_is() {
    let mut talk = Talk::new(clear(), ann());
    talk.log_in("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>");
    assert!(!talk.told().contains(&"SessionNegotiating".into()));
}

#[test]
fn compression_comes_after_the_login_and_only_where_it_is_wanted() {
    let offer = "<compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression>";
    let mut talk = Talk::new(clear(), ann());
    talk.log_in(offer);

    let mut talk = Talk::new(clear().compression(true), ann());
    talk.hears(HEADER).hears(&features(&format!("{offer}{}", mechanisms(&["PLAIN"]))));
    assert!(!talk.said().contains("compress"), "not before the login");
    talk.hears(SUCCESS).hears(HEADER);
    talk.said();
    talk.hears(&features(&format!("{offer}{BIND}")));
    assert_eq!(talk.said(), "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>");
    talk.hears("<compressed xmlns='http://jabber.org/protocol/compress'/>");
    assert_eq!(talk.client.upgrade(), Some(Upgrade::Deflate));
    talk.client.upgraded(talk.now, Upgraded::Deflate);
    talk.poll();
    assert!(talk.said().starts_with("<?xml"));
    talk.hears(HEADER).hears(&features(&format!("{offer}{BIND}")));
    assert!(talk.said().contains("<bind"));

    let mut talk = Talk::new(clear().compression(true), ann());
    talk.log_in_until_bound(offer);
    talk.said();
    talk.hears("<failure xmlns='http://jabber.org/protocol/compress'><setup-failed/></failure>");
    assert!(talk.said().contains("<bind"), "the session goes on without");
}

#[test]
fn see_other_host_is_told() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER);
    talk.hears("<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>other.example:5333</see-other-host></stream:error></stream:stream>");
    let closed = talk.events.pop();
    let Some(Event::Closed(Reason::Error(error))) = closed else { panic!("{closed:?}") };
    assert_eq!(error.condition(), StreamCondition::SeeOtherHost);
    let host = error.other_host().unwrap();
    assert_eq!((host.host, host.port), ("other.example", Some(5333)));
}

#[test]
fn streams_of_another_kind_are_refused() {
    let another = HEADER.replace("jabber:client", "jabber:server");
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(&another);
    assert!(matches!(talk.violation(), Violation::Header(_)));
    assert!(talk.said().contains("<invalid-namespace "));

    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(&HEADER.replace(" version='1.0'>", ">"));
    assert_eq!(*talk.violation(), Violation::Version);
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(matches!(talk.violation(), Violation::Xml(_)));
    assert!(talk.said().ends_with("</stream:error></stream:stream>"));
}

#[test]
fn each_wait_has_its_end() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.waits(59);
    assert!(!talk.client.is_closed());
    talk.waits(1);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Negotiation)))));

    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Implicit), ann());
    talk.waits(30);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Tls)))));

    let mut talk = Talk::ready(clear(), "");
    talk.client.close().unwrap();
    talk.poll().waits(5);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Quit))), "the server never ended its stream");
}

#[test]
fn the_server_is_asked_for_a_sign_of_life() {
    let mut talk = Talk::ready(clear(), "");
    talk.waits(119);
    assert_eq!(talk.said(), "");
    talk.waits(1);
    let ping = talk.said();
    assert!(ping.contains("<ping xmlns='urn:xmpp:ping'/>") && ping.contains("to='h.example'"), "{ping}");
    assert_eq!(talk.client.pending(), 0, "it is the machine's own");
    talk.waits(29).hears(" ");
    talk.waits(100);
    assert!(!talk.client.is_closed(), "a space is a sign of life");
    talk.waits(20).waits(30);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Pong)))));
}

#[test]
fn an_answered_ping_is_nobodys_business() {
    let mut talk = Talk::ready(clear(), "");
    talk.waits(120);
    let id = talk.id();
    talk.hears(&format!("<iq type='error' id='{id}' from='h.example'><error/></iq>"));
    assert_eq!(talk.told(), [""; 0]);
    talk.waits(60);
    assert!(!talk.client.is_closed());
}

#[test]
fn a_space_is_said_where_nothing_is() {
    let mut talk = Talk::ready(clear().keepalive(Some(Duration::from_secs(10))).ping(None), "");
    talk.waits(9);
    assert_eq!(talk.said(), "");
    talk.waits(1);
    assert_eq!(talk.said(), " ");
    talk.waits(5);
    talk.client.send(element("<presence/>")).unwrap();
    talk.poll().said();
    talk.waits(9);
    assert_eq!(talk.said(), "");
    talk.waits(1);
    assert_eq!(talk.said(), " ");
}

#[test]
fn whether_anybody_looks_is_told_where_the_server_wants_to_know() {
    let mut talk = Talk::ready(clear(), "<csi xmlns='urn:xmpp:csi:0'/>");
    talk.client.set_active(false).unwrap();
    talk.client.set_active(true).unwrap();
    assert_eq!(talk.said(), "<inactive xmlns='urn:xmpp:csi:0'/><active xmlns='urn:xmpp:csi:0'/>");
    let mut talk = Talk::ready(clear(), "");
    assert_eq!(talk.client.set_active(false), Err(Misuse::NotOffered));
    let mut talk = Talk::new(clear(), ann());
    assert_eq!(talk.client.set_active(false), Err(Misuse::WrongState));
}

#[test]
fn shutting_down_is_polite_where_there_is_time_for_it() {
    let mut talk = Talk::ready(clear(), "");
    talk.client.shutdown();
    talk.poll();
    assert_eq!(talk.said(), "</stream:stream>");
    talk.hears("<message/></stream:stream>");
    assert_eq!(talk.told(), ["Closing", "Stanza", "StreamEnded", "Closed"]);
    assert_eq!(talk.client.ending(), Some(Ending::Shutdown));
    assert_eq!(talk.client.close(), Err(Misuse::Closed));
    assert_eq!(talk.client.send(element("<presence/>")), Err(Misuse::Closed));

    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Implicit), ann());
    talk.client.shutdown();
    talk.poll();
    assert!(talk.client.is_closed());
}

#[test]
fn what_is_said_is_bounded() {
    let mut talk = Talk::new(Config::default(), ann());
    talk.hears(HEADER);
    talk.hears(&format!("<stream:features>{}", "<a>".repeat(20)));
    assert!(matches!(talk.violation(), Violation::Xml(_)));
    assert_eq!(talk.client.ending(), Some(Ending::Limit));
}
