use super::*;

/// The header of a server of old.
const OLD: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='3EE948B0' from='shakespeare.lit'>";

fn bard(login: LegacyLogin) -> Account {
    Account::legacy("bill@shakespeare.lit/globe", "Calli0pe", login).unwrap()
}

fn asked(login: LegacyLogin, config: Config) -> (Talk, String) {
    let mut talk = Talk::new(config, bard(login));
    assert!(!talk.said().contains("version='1.0'>"), "before version 1.0 there was none");
    talk.hears(OLD);
    let said = talk.said();
    let id = said.split(" id='").nth(1).unwrap().split('\'').next().unwrap().into();
    talk.events.clear();
    (talk, id)
}

fn fields(id: &str, names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<{name}/>")).collect();
    format!("<iq type='result' id='{id}'><query xmlns='jabber:iq:auth'><username/>{names}<resource/></query></iq>")
}

/// XEP-0078 §3.2, examples 3 to 7.
#[test]
fn a_digest_over_the_streams_id() {
    let (mut talk, id) = asked(LegacyLogin::default(), clear());
    talk.hears(&fields(&id, &["password", "digest"]));
    let said = talk.said();
    assert!(said.contains("<username>bill</username><digest>48fc78be9ec8f86d8ce1c39c320c97c21d62334d</digest><resource>globe</resource>"), "{said}");
    let id = said.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_string();
    talk.hears(&format!("<iq type='result' id='{id}'/>"));
    assert_eq!(talk.told(), ["Authenticating", "Authenticated", "Ready"]);
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("bill@shakespeare.lit/globe"));
}

#[test]
fn features_that_nobody_asked_for_do_no_harm() {
    let (mut talk, id) = asked(LegacyLogin::default(), clear());
    talk.hears(&features(&mechanisms(&["PLAIN"]))).hears(&fields(&id, &["digest"]));
    assert!(talk.said().contains("<digest>"));
    assert!(!talk.client.features().mechanisms.is_empty());
}

#[test]
fn the_password_only_where_it_is_allowed_twice() {
    let plaintext = LegacyLogin { is_plaintext_allowed: true, asks_fields: true };
    let (mut talk, id) = asked(plaintext, clear());
    talk.hears(&fields(&id, &["password"]));
    assert!(talk.said().contains("<password>Calli0pe</password>"));
    for (login, config) in [(plaintext, clear().cleartext(false)), (LegacyLogin::default(), clear())] {
        let (mut talk, id) = asked(login, config);
        talk.hears(&fields(&id, &["password"]));
        assert_eq!(talk.said(), "</stream:stream>");
        assert_eq!(talk.told(), ["AuthenticationFailed", "Closing"]);
    }
}

#[test]
fn one_step_as_programs_of_old_did() {
    let login = LegacyLogin { asks_fields: false, ..LegacyLogin::default() };
    let (mut talk, id) = asked(login, clear());
    talk.hears(&format!("<iq type='error' id='{id}'><error code='401' type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"));
    assert_eq!(talk.told(), ["AuthenticationFailed", "Closing"]);
}

#[test]
fn without_an_id_there_is_no_digest() {
    let login = LegacyLogin { asks_fields: false, ..LegacyLogin::default() };
    let mut talk = Talk::new(clear(), bard(login));
    talk.hears(&OLD.replace(" id='3EE948B0'", ""));
    assert_eq!(*talk.violation(), Violation::NoStreamId);
}

#[test]
fn tls_that_is_required_is_not_to_be_had() {
    let mut talk = Talk::new(Config::default(), bard(LegacyLogin::default()));
    talk.said();
    talk.hears(OLD);
    assert_eq!(talk.said(), "</stream:stream>");
}

const COMPONENT: &str = "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' \
    from='plays.shakespeare.lit' id='3BF96D32'>";

/// XEP-0114 §3.
#[test]
fn a_component_shakes_hands() {
    let mut talk = Talk::new(clear(), Account::component("plays.shakespeare.lit", "secret").unwrap());
    assert!(talk.said().contains("xmlns='jabber:component:accept'"));
    talk.hears(COMPONENT);
    assert_eq!(talk.said(), "<handshake>b09ea9b3b7f586be8a08d0a3dd7466f110aeb136</handshake>");
    talk.hears("<handshake/>");
    assert_eq!(talk.told(), ["StreamStarted", "Authenticating", "Authenticated", "Ready"]);
    let stanza = "<message xmlns='jabber:component:accept' from='plays.shakespeare.lit' to='ann@h.example'/>";
    assert_eq!(talk.client.send(stanza.parse().unwrap()), Ok(Sent::Written));
    assert_eq!(talk.client.send(element("<message/>")), Err(Misuse::OutOfRange), "of another namespace");
}

#[test]
fn a_component_that_is_refused() {
    let mut talk = Talk::new(clear(), Account::component("plays.shakespeare.lit", "wrong").unwrap());
    talk.hears(COMPONENT);
    talk.hears(
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    assert_eq!(
        talk.told(),
        ["StreamStarted", "Authenticating", "AuthenticationFailed", "StreamError", "Closing", "StreamEnded", "Closed"]
    );
}

#[test]
fn a_stanza_before_the_handshake_is_a_violation() {
    let mut talk = Talk::new(clear(), Account::component("plays.shakespeare.lit", "secret").unwrap());
    talk.hears(COMPONENT).hears("<message/>");
    assert_eq!(*talk.violation(), Violation::Unexpected("stanza"));
}

#[test]
fn a_component_pings_itself() {
    let mut talk = Talk::new(clear(), Account::component("plays.shakespeare.lit", "secret").unwrap());
    talk.hears(COMPONENT).hears("<handshake/>");
    talk.said();
    talk.events.clear();
    talk.waits(120);
    let ping = talk.said();
    assert!(ping.contains(" to='plays.shakespeare.lit'") && ping.contains(" from='plays.shakespeare.lit'"), "{ping}");
    // The server brings it, and then the answer.
    talk.hears(&ping);
    let pong = talk.said();
    assert!(pong.contains("type='result'"), "{pong}");
    talk.hears(&pong).waits(119);
    assert_eq!(talk.told(), [""; 0]);
    assert!(!talk.client.is_closed());
}
