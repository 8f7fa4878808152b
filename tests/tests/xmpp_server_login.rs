//! Negotiation at the XMPP server: headers, features, STARTTLS, SASL, SASL2 with what it does inline, tokens, logins before SASL, resources.

use wirestate_machine::{CertificateName, Machine, TlsFacts, Upgrade, Upgraded};
use wirestate_sasl::client::{self, Client, Credentials};
use wirestate_sasl::{Advertised, Bindings, ChannelBinding, Mechanism, Nonces, Secret, TokenBinding, base64};
use wirestate_tests::xmpp::{
    Desk, HEADER, PASSWORD, PLAIN, TOKEN, Talk, USER, WRONG, auth, bind, login, starttls_config,
};
use xmpp_proto::payload::iq_auth;
use xmpp_proto::server::{State, Tls, Violation};
use xmpp_proto::stream::{HeaderError, StreamCondition};
use xmpp_proto::xml::XmlError;

const OURS: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='im.example'";
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// What is said after our header.
fn after_header(said: &str) -> &str {
    assert!(said.starts_with(OURS), "{said}");
    said.split_once("xml:lang='en'>").unwrap().1
}

fn error(condition: &str) -> String {
    format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>")
}

fn facts() -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.exporter = Some([9; 32]);
    facts
}

/// RFC 6120 §9.1: header, STARTTLS, header, SASL, header, resource.
#[test]
fn rfc_6120_section_9_1() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    let said = talk.say(HEADER);
    assert_eq!(
        after_header(&said),
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
         <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits></stream:features>"
    );
    let first_id = said.split("id='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert_eq!(talk.say(STARTTLS), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    assert_eq!(talk.server.state(), State::Securing);
    assert_eq!(talk.secure(), "");
    let said = talk.say(HEADER);
    let second_id = said.split("id='").nth(1).unwrap().split('\'').next().unwrap();
    assert_ne!(first_id, second_id);
    let features = after_header(&said);
    assert!(
        features.contains("<mechanism>SCRAM-SHA-256</mechanism>") && features.contains("<mechanism>PLAIN</mechanism>")
    );
    assert!(
        !features.contains("starttls") && !features.contains("-PLUS") && !features.contains("EXTERNAL"),
        "{features}"
    );
    assert_eq!(talk.say(auth(PLAIN)), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert_eq!(talk.server.jid().unwrap().as_str(), "juliet@im.example");
    let said = talk.say(HEADER);
    let features = after_header(&said);
    for feature in [
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>",
        "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>",
        "<sm xmlns='urn:xmpp:sm:3'/>",
        "<csi xmlns='urn:xmpp:csi:0'/>",
    ] {
        assert!(features.contains(feature), "{features}");
    }
    assert!(features.contains("<max-bytes>262144</max-bytes><idle-seconds>360</idle-seconds>"), "{features}");
    assert_eq!(
        talk.say("<iq id='yhc13a95' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
        "<iq type='result' id='yhc13a95'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@im.example/made</jid></bind></iq>"
    );
    talk.say(
        "<message from='juliet@im.example/made' to='romeo@example.net'><body>Art thou not Romeo?</body></message>",
    );
    assert_eq!(talk.desk.stanzas.len(), 1);
    assert_eq!(talk.say("</stream:stream>"), "</stream:stream>");
    assert_eq!(talk.desk.closed.as_deref(), Some("stream ended"));
}

/// RFC 6120 §4.7, §4.9.1.2: an error comes after a header of ours.
#[test]
fn headers_that_are_refused() {
    let header = |attributes: &str| {
        format!("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' {attributes}>")
    };
    for (header, condition, violation) in [
        (header("to='nowhere.example' version='1.0'"), "host-unknown", Violation::HostUnknown),
        (header("version='1.0'"), "improper-addressing", Violation::NoHost),
        (header("to='im.example' version='x'"), "unsupported-version", Violation::Header(HeaderError::Version)),
        (
            "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='im.example' version='1.0'>".into(),
            "invalid-namespace",
            Violation::Header(HeaderError::ContentNamespace),
        ),
        (
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://wrong.example' to='im.example' version='1.0'>".into(),
            "invalid-namespace",
            Violation::Header(HeaderError::Namespace),
        ),
        (
            "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' to='im.example' version='1.0'>".into(),
            "bad-namespace-prefix",
            Violation::Header(HeaderError::Prefix),
        ),
        ("GET / HTTP/1.1".into(), "not-well-formed", Violation::Xml(XmlError::NotXml)),
        ("<?xml version='1.0' encoding='latin1'?>".into(), "unsupported-encoding", Violation::Xml(XmlError::Encoding)),
    ] {
        let mut talk = Talk::new();
        let said = talk.say(&header);
        assert!(after_header(&said).starts_with(&error(condition)), "{header}: {said}");
        assert!(said.ends_with("</stream:error></stream:stream>"), "{said}");
        assert_eq!(talk.violation, Some(violation));
    }
}

/// RFC 6120 §4.7.5: what is newer is answered as 1.0; what is older is of another time.
#[test]
fn versions() {
    let old = HEADER.replace(" version='1.0' xmlns", " xmlns");
    let mut talk = Talk::with(Desk::with(|config| config.iq_auth = false));
    assert!(talk.say(&old).contains("<unsupported-version"));
    let mut talk = Talk::new();
    let said = talk.say(&old);
    assert!(said.starts_with(OURS) && !said.contains("version='1.0' xml") && !said.contains("features"), "{said}");
    assert_eq!(talk.server.state(), State::Negotiating);
    for version in ["2.0", "1.1"] {
        let said = Talk::new().say(HEADER.replace(" version='1.0' xmlns", &format!(" version='{version}' xmlns")));
        assert!(said.contains("version='1.0' xml:lang") && said.contains("<stream:features>"));
    }
}

#[test]
fn the_second_header_names_the_same_domain() {
    let mut talk = Talk::new();
    talk.say([HEADER, &auth(PLAIN)].concat());
    assert!(talk.say(HEADER.replace("im.example", "other.example")).contains("<host-unknown"));
    let mut talk = Talk::new();
    let said = talk.say(HEADER.replace("im.example", "other.example"));
    assert!(said.contains("from='other.example'"));
    talk.say(auth(PLAIN));
    assert_eq!(talk.server.jid().unwrap().as_str(), "juliet@other.example");
}

#[test]
fn a_header_may_be_cut_anywhere() {
    let whole = Talk::new().say(login());
    for at in 0..HEADER.len() {
        let mut talk = Talk::new();
        let all = login();
        let (first, second) = all.as_bytes().split_at(at);
        assert_eq!(talk.say(first) + &talk.say(second), whole, "{at}");
    }
}

/// RFC 6120 §6.5: each failure by its name.
#[test]
fn failures_have_the_rfcs_names() {
    let failure = |name: &str| format!("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{name}/></failure>");
    let sasl = |inner: &str| format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' {inner}</auth>");
    for (said, name) in [
        (auth("!!!!"), "incorrect-encoding"),
        (sasl("mechanism='X-NONE'>"), "invalid-mechanism"),
        (sasl(">"), "invalid-mechanism"),
        (auth("AAAA"), "malformed-request"),
        ("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".into(), "aborted"),
        ("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AAAA</response>".into(), "malformed-request"),
    ] {
        let mut talk = Talk::new();
        talk.say(HEADER);
        let told = talk.say(&said) + &talk.wait(3);
        assert_eq!(told, failure(name), "{said}");
        assert_eq!(talk.server.state(), State::Negotiating);
    }
    let mut talk = Talk::new();
    talk.say(HEADER);
    assert_eq!(talk.say(auth(WRONG)), "");
    assert_eq!(talk.wait(1), "");
    assert_eq!(talk.wait(1), failure("not-authorized"));
    let locked = auth(&base64::encode(b"\0locked\0x"));
    assert_eq!(talk.say(locked) + &talk.wait(2), failure("account-disabled"));
    let said = talk.say(auth(WRONG)) + &talk.wait(2);
    assert!(said.starts_with(&failure("not-authorized")) && said.contains("<policy-violation"), "{said}");
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say(HEADER);
    assert_eq!(talk.say(auth(PLAIN)), failure("encryption-required"));
}

/// RFC 6120 §6.3.8, §6.5.6: an authorization identity is an address; one's own is no other.
#[test]
fn who_acts_as_itself_need_not_ask() {
    let mut talk = Talk::new();
    talk.say(HEADER);
    let said = talk.say(auth(&base64::encode(b"juliet@im.example\0juliet\0pencil")));
    assert_eq!(said, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    for authzid in ["romeo@im.example", "juliet@other.example", "juliet@im.example/x"] {
        let mut talk = Talk::new();
        talk.say(HEADER);
        let message = base64::encode(format!("{authzid}\0juliet\0pencil").as_bytes());
        let said = talk.say(auth(&message)) + &talk.wait(2);
        assert!(said.contains("<not-authorized/>") || said.contains("<invalid-authzid/>"), "{authzid}: {said}");
    }
}

/// What comes before its time ends the stream (RFC 6120 §4.9.3.12, §7.1).
#[test]
fn stanzas_before_their_time() {
    for before in ["", &auth(PLAIN), &[auth(PLAIN).as_str(), HEADER].concat()] {
        let mut talk = Talk::new();
        talk.say([HEADER, before].concat());
        let said = talk.say("<message to='romeo@im.example'><body>Hi</body></message>");
        if talk.server.state() == State::Closed {
            assert!(talk.desk.stanzas.is_empty());
            assert!(said.contains("<not-authorized") || said.contains("<invalid-namespace"), "{said}");
        }
        assert_eq!(talk.server.state(), State::Closed);
    }
}

/// A client that drives SCRAM or a token over SASL's or SASL2's elements.
fn exchange(talk: &mut Talk, mechanism: Mechanism, bindings: Bindings, sasl2: Option<&str>) -> String {
    let features = talk.say(HEADER);
    let list = features.split("<channel-binding type='").skip(1).map(|rest| rest.split('\'').next().unwrap());
    let within = if sasl2.is_some() { "<authentication" } else { "<mechanisms" };
    let own =
        features.split(within).nth(1).unwrap().split("<inline>").next().unwrap().split("</mechanisms>").next().unwrap();
    let offered: Vec<&str> = own.split("<mechanism>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    let credentials = match mechanism {
        Mechanism::Ht(_) => Credentials::fast_token(USER, TOKEN).unwrap(),
        _ => Credentials::password(USER, PASSWORD).unwrap(),
    };
    let context = client::Context::new(Nonces::from_seed([1; 32]).fresh())
        .bindings(bindings)
        .server_offers_plus(offered.iter().any(|name| name.ends_with("-PLUS")))
        .advertised(Advertised::new(offered, list));
    let mut client = Client::start(mechanism, &credentials, &context).unwrap();
    let client::Step::Send(first) = client.step(None).unwrap() else { panic!() };
    let first = base64::encode(&first);
    let mut said = match sasl2 {
        Some(inline) => talk.say(format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'><initial-response>{first}</initial-response>{inline}</authenticate>"
        )),
        None => talk.say(format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{mechanism}'>{first}</auth>")),
    };
    while let Some(challenge) = said.strip_prefix("<challenge") {
        let challenge = challenge.split('>').nth(1).unwrap().split('<').next().unwrap();
        let challenge = base64::decode(challenge, 10_000).unwrap();
        let mut step = client.step(Some(&challenge)).unwrap();
        if let client::Step::Work(work) = step {
            step = client.resume(work.run()).unwrap();
        }
        let client::Step::Send(response) = step else { panic!() };
        let ns = if sasl2.is_some() { "urn:xmpp:sasl:2" } else { "urn:ietf:params:xml:ns:xmpp-sasl" };
        said = talk.say(format!("<response xmlns='{ns}'>{}</response>", base64::encode(&response)));
    }
    assert!(said.starts_with("<success"), "{said}");
    let data = said.split("<additional-data>").nth(1).or(said.split('>').nth(1)).unwrap().split('<').next().unwrap();
    client.succeed(Some(&base64::decode(data, 1000).unwrap())).unwrap();
    said
}

/// RFC 5802 with its proof in `<success/>`, XEP-0440, XEP-0474.
#[test]
fn scram_with_and_without_channel_binding() {
    let said = exchange(&mut Talk::new(), Mechanism::SCRAM_SHA_256, Bindings::none(), None);
    assert!(said.starts_with("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"));
    for sasl2 in [None, Some("")] {
        let mut talk = Talk::with(Desk::new(starttls_config()));
        talk.say([HEADER, STARTTLS].concat());
        talk.secure_with(facts());
        let binding = ChannelBinding::TlsExporter([9; 32]);
        exchange(&mut talk, Mechanism::SCRAM_SHA_256_PLUS, binding.into(), sasl2);
        assert_eq!(talk.desk.who.as_ref().unwrap().mechanism, Some("SCRAM-SHA-256-PLUS"));
    }
}

/// XEP-0388 §2: no new header; the features come with the success.
#[test]
fn sasl2_needs_no_new_header() {
    let mut talk = Talk::new();
    let said = exchange(&mut talk, Mechanism::SCRAM_SHA_1, Bindings::none(), Some(""));
    let (success, features) = said.split_once("</success>").unwrap();
    assert!(success.ends_with("<authorization-identifier>juliet@im.example</authorization-identifier>"), "{said}");
    assert!(features.starts_with("<stream:features>") && features.contains("<bind xmlns="), "{said}");
    assert!(talk.say(bind("balcony")).contains("juliet@im.example/balcony"));
    assert_eq!(talk.server.state(), State::Bound);
}

/// XEP-0386, XEP-0198 §8, XEP-0280: all in one round trip.
#[test]
fn bind2_does_all_at_once() {
    let mut talk = Talk::new();
    let inline = "<user-agent id='d4565fa7'><software>AwesomeXMPP</software></user-agent>\
        <bind xmlns='urn:xmpp:bind:0'><tag>Awesome</tag><enable xmlns='urn:xmpp:carbons:2'/>\
        <enable xmlns='urn:xmpp:sm:3' resume='true'/><inactive xmlns='urn:xmpp:csi:0'/><x xmlns='urn:x'/></bind>";
    let said = exchange(&mut talk, Mechanism::SCRAM_SHA_1, Bindings::none(), Some(inline));
    assert!(
        said.contains("<authorization-identifier>juliet@im.example/Awesome/1</authorization-identifier>"),
        "{said}"
    );
    assert!(said.contains("<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='"), "{said}");
    assert!(!said.contains("urn:ietf:params:xml:ns:xmpp-bind"), "{said}");
    let request = talk.desk.request.as_ref().unwrap();
    assert!(request.carbons && request.inline.len() == 1);
    assert_eq!(request.user_agent.as_ref().unwrap().software.as_deref(), Some("AwesomeXMPP"));
    assert!(talk.server.is_managed());
    assert_eq!(talk.server.client_state().as_str(), "inactive");
    assert_eq!(talk.server.state(), State::Bound);
}

#[test]
fn a_resource_that_is_taken_leaves_a_sasl2_login_unbound() {
    let mut talk = Talk::new();
    talk.desk.taken = "A/1";
    let bind2 = "<bind xmlns='urn:xmpp:bind:0'><tag>A</tag></bind>";
    let said = exchange(&mut talk, Mechanism::SCRAM_SHA_1, Bindings::none(), Some(bind2));
    assert!(!said.contains("<bound") && said.contains("<bind xmlns="), "{said}");
    assert!(talk.say(bind("free")).contains("juliet@im.example/free"));
}

/// XEP-0484: a token is given, and the next login is by it.
#[test]
fn tokens_log_in_again() {
    let mut talk = Talk::new();
    let ask = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
    let said = exchange(&mut talk, Mechanism::SCRAM_SHA_1, Bindings::none(), Some(ask));
    assert!(
        said.contains("<token xmlns='urn:xmpp:fast:0' expiry='2030-01-01T00:00:00Z' token='fast-token'/>"),
        "{said}"
    );
    let mut talk = Talk::new();
    let by_token = "<fast xmlns='urn:xmpp:fast:0' count='1'/>";
    exchange(&mut talk, Mechanism::Ht(TokenBinding::None), Bindings::none(), Some(by_token));
    assert_eq!(talk.desk.who.as_ref().unwrap().mechanism, Some("HT-SHA-256-NONE"));
    // Not without saying so.
    let mut talk = Talk::new();
    talk.say(HEADER);
    let said = talk.say("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'/>");
    assert!(said.contains("<invalid-mechanism"), "{said}");
}

#[test]
fn tokens_that_are_bound_to_the_channel() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say([HEADER, STARTTLS].concat());
    talk.secure_with(facts());
    let binding = ChannelBinding::TlsExporter([9; 32]);
    let by_token = "<fast xmlns='urn:xmpp:fast:0'/>";
    exchange(&mut talk, Mechanism::Ht(TokenBinding::Exporter), binding.into(), Some(by_token));
    assert_eq!(talk.desk.who.as_ref().unwrap().mechanism, Some("HT-SHA-256-EXPR"));
}

/// SASL EXTERNAL by the certificate of TLS (RFC 6120 §13.7).
#[test]
fn a_certificate_opens_an_account() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say([HEADER, STARTTLS].concat());
    let mut facts = facts();
    facts.peer_certificate = Some(vec![1, 2, 3].into());
    facts.peer_subject = Some("CN=juliet".into());
    facts.peer_names = vec![CertificateName::XmppAddr("juliet@im.example".into())];
    talk.secure_with(facts);
    assert!(talk.say(HEADER).contains("<mechanism>EXTERNAL</mechanism>"));
    let said = talk.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
    assert_eq!(said, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
}

/// XEP-0078.
#[test]
fn logins_before_sasl() {
    let mut talk = Talk::new();
    let said = talk.say(HEADER.replace(" version='1.0' xmlns", " xmlns"));
    let id = said.split(" id='").nth(1).unwrap().split('\'').next().unwrap();
    let ask = "<iq type='get' id='1'><query xmlns='jabber:iq:auth'><username>juliet</username></query></iq>";
    assert_eq!(
        talk.say(ask),
        "<iq type='result' id='1'><query xmlns='jabber:iq:auth'><username>juliet</username><password/><digest/><resource/></query></iq>"
    );
    let query = |proof: &str| {
        format!(
            "<iq type='set' id='2'><query xmlns='jabber:iq:auth'><username>juliet</username>{proof}<resource>globe</resource></query></iq>"
        )
    };
    assert!(talk.say(query("")).contains("<not-acceptable"));
    let wrong = talk.say(query("<digest>00</digest>")) + &talk.wait(2);
    assert!(wrong.contains("<not-authorized") && wrong.contains("type='error'"), "{wrong}");
    let digest = iq_auth::digest(id, &Secret::new(PASSWORD));
    assert_eq!(talk.say(query(&format!("<digest>{digest}</digest>"))), "<iq type='result' id='2'/>");
    assert_eq!(talk.server.jid().unwrap().as_str(), "juliet@im.example/globe");
    assert_eq!(talk.server.state(), State::Bound);
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say(HEADER);
    assert!(talk.say(query("<password>pencil</password>")).contains("<service-unavailable"));
}

/// RFC 6120 §7.6, §7.7.
#[test]
fn resources() {
    let mut talk = Talk::new();
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    assert!(talk.say(bind("taken")).contains("<conflict"));
    assert!(talk.say(bind("a\u{200e}\u{0}".trim_end_matches('\0'))).contains("<bad-request"));
    assert!(talk.say(bind("balcony")).contains("juliet@im.example/balcony"));
    assert!(talk.say(bind("second")).contains("<not-allowed"));
    let session = "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
    assert_eq!(talk.say(session), "<iq type='result' id='s'/>");
}

#[test]
fn tls_before_the_first_byte() {
    let mut talk = Talk::with(Desk::with(|config| config.tls = Tls::Implicit));
    assert_eq!(talk.server.inbox().room(), 0);
    talk.secure();
    assert!(!talk.say(HEADER).contains("starttls"));
    let said = talk.say(STARTTLS);
    assert_eq!(said, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
}

/// XEP-0138: after the login, and then a new header.
#[test]
fn compression_comes_after_the_login() {
    let compress = "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>";
    let mut talk = Talk::with(Desk::with(|config| config.compression = true));
    assert!(!talk.say(HEADER).contains("compression"));
    talk.say(auth(PLAIN));
    assert!(
        talk.say(HEADER).contains("<compression xmlns='http://jabber.org/features/compress'><method>zlib</method>")
    );
    assert!(talk.say(compress.replace("zlib", "lzw")).contains("<unsupported-method/>"));
    assert_eq!(talk.say(compress), "<compressed xmlns='http://jabber.org/protocol/compress'/>");
    assert_eq!(talk.server.upgrade(), Some(Upgrade::Deflate));
    talk.server.upgraded(talk.now, Upgraded::Deflate);
    assert!(!talk.say(HEADER).contains("compression"));
    assert!(talk.say(bind("b")).contains("<jid>"));
    let mut talk = Talk::new();
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    assert!(talk.say(compress).contains("<setup-failed/>"));
}

#[test]
fn an_endless_negotiation_ends() {
    let mut talk = Talk::new();
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    let session = "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";
    talk.say(session.repeat(200));
    assert_eq!(talk.violation, Some(Violation::TooManyElements));
    let mut talk = Talk::new();
    talk.say(HEADER);
    assert!(talk.wait(60).contains("<connection-timeout"));
    assert_eq!(talk.desk.closed.as_deref(), Some("login timeout"));
    assert_eq!(Violation::TooManyElements.condition(), StreamCondition::PolicyViolation);
}
