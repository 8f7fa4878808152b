use super::*;

fn tls() -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.exporter = Some([5; 32]);
    facts
}

fn offered_in_tls(account: Account, config: Config, offered: &str) -> Talk {
    let mut talk = Talk::new(config.tls(TlsPolicy::Implicit), account);
    talk.secured(tls());
    talk.hears(HEADER);
    talk.said();
    talk.hears(&features(offered));
    talk
}

#[test]
fn scram_is_taken_and_the_server_proves_itself() {
    let names = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5", "X-UNKNOWN"];
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&names));
    let said = talk.said();
    assert!(said.contains("mechanism='SCRAM-SHA-256'"), "{said}");
    let mut scram = Scram::new(Mechanism::SCRAM_SHA_256, Some(Advertised::new(names, [""; 0])));
    let challenge = scram.answer(&said);
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"));
    assert_eq!(talk.said(), "", "the work is the program's");
    talk.works();
    let data = scram.answer(&talk.said());
    talk.hears(&format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</success>"));
    assert_eq!(talk.told(), ["Secured", "StreamStarted", "Authenticating", "Authenticated"]);
    assert!(talk.said().starts_with("<?xml"), "the stream begins anew");
}

#[test]
fn a_list_that_was_changed_on_its_way_ends_the_login() {
    // The server offers SCRAM-SHA-256-PLUS too; somebody took it away (XEP-0474).
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&["SCRAM-SHA-256"]));
    let mut scram =
        Scram::new(Mechanism::SCRAM_SHA_256, Some(Advertised::new(["SCRAM-SHA-256", "SCRAM-SHA-512"], [""; 0])));
    let challenge = scram.answer(&talk.said());
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"));
    assert_eq!(talk.said(), "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:stream>");
    assert!(talk.told().contains(&"AuthenticationFailed".into()));
}

#[test]
fn the_channel_is_bound_by_a_type_that_the_server_knows() {
    let types = |name: &str| {
        format!(
            "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='{name}'/></sasl-channel-binding>"
        )
    };
    let both = mechanisms(&["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]);
    for (offered, mechanism) in [
        (both.clone(), "SCRAM-SHA-256-PLUS'"),
        (format!("{both}{}", types("tls-exporter")), "SCRAM-SHA-256-PLUS'"),
        (format!("{both}{}", types("tls-unique")), "SCRAM-SHA-256'"),
    ] {
        let mut talk = offered_in_tls(ann(), Config::default(), &offered);
        let said = talk.said();
        assert!(said.contains(mechanism), "{said}");
    }
    let mut talk =
        offered_in_tls(ann(), Config::default().require_channel_binding(true), &mechanisms(&["SCRAM-SHA-256"]));
    assert_eq!(talk.said(), "</stream:stream>");
}

#[test]
fn plain_never_where_scram_is_offered() {
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&["PLAIN", "SCRAM-SHA-256"]));
    assert!(talk.said().contains("SCRAM-SHA-256"));
    talk.hears("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-mechanism/></failure>");
    assert_eq!(talk.said(), "</stream:stream>", "nor after the server says that it does not mean it");
    assert_eq!(talk.told().iter().filter(|name| *name == "AuthenticationFailed").count(), 2);
}

#[test]
fn another_mechanism_where_one_is_refused_as_such() {
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&["SCRAM-SHA-1", "SCRAM-SHA-256"]));
    talk.said();
    talk.hears("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism-too-weak/></failure>");
    assert!(talk.said().contains("'SCRAM-SHA-1'"));
    talk.hears(
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>No such user</text></failure>",
    );
    assert_eq!(talk.said(), "</stream:stream>");
    let refusal = talk.events.iter().rev().find_map(|event| match event {
        Event::AuthenticationFailed(error) => Some((**error).clone()),
        _ => None,
    });
    let refused = LoginError::Refused { condition: "not-authorized".into(), text: "No such user".into() };
    assert_eq!(refusal, Some(refused));
}

#[test]
fn no_password_in_the_clear() {
    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Never), ann());
    talk.hears(HEADER);
    talk.said();
    talk.hears(&features(&mechanisms(&["PLAIN"])));
    assert_eq!(talk.said(), "</stream:stream>");
    assert!(
        talk.events.iter().any(
            |event| matches!(event, Event::AuthenticationFailed(error) if **error == LoginError::CleartextForbidden)
        )
    );
}

#[test]
fn a_certificate_says_it_all() {
    let jid = Jid::parse("ann@h.example").unwrap();
    let account = Account::with_credentials(jid, wirestate_sasl::client::Credentials::external());
    let mut talk = offered_in_tls(account, Config::default(), &mechanisms(&["EXTERNAL", "SCRAM-SHA-1"]));
    assert_eq!(talk.said(), "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
}

#[test]
fn base64_with_a_newline_is_none() {
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&["SCRAM-SHA-256"]));
    talk.said();
    talk.hears("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj1h\n</challenge>");
    assert_eq!(talk.said(), "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:stream>");
}

#[test]
fn work_that_takes_too_long_ends_the_session() {
    let mut talk = offered_in_tls(ann(), Config::default(), &mechanisms(&["SCRAM-SHA-256"]));
    let mut scram = Scram::new(Mechanism::SCRAM_SHA_256, None);
    let challenge = scram.answer(&talk.said());
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"));
    talk.waits(60);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Work)))));
    let Some(Event::Work { ticket, derivation }) =
        talk.events.into_iter().find(|event| matches!(event, Event::Work { .. }))
    else {
        panic!("work")
    };
    assert_eq!(talk.client.derived(ticket, derivation.run()), Err(Misuse::StaleTicket));
}

#[test]
fn nothing_secret_in_debug() {
    let talk = Talk::new(Config::default(), ann());
    let shown = format!("{:?} {:?}", talk.client, talk.client.account());
    assert!(!shown.contains("pencil"), "{shown}");
}
