//! Inputs that broke other servers, thrown at the XMPP server. The names are the rows of the list they come from, and what they broke is
//! told with each.

use wirestate_machine::{Machine, Relay};
use wirestate_sasl::base64;
use wirestate_testing::{Heap, Sample, laws};
use wirestate_tests::hostile;
use wirestate_tests::xmpp::{Desk, HEADER, PLAIN, Talk, auth, bind, login, message, starttls_config};
use xmpp_proto::server::{State, Violation};
use xmpp_proto::stream::{Framing, StreamCondition};
use xmpp_proto::xml::{Limit, XmlError};

#[global_allocator]
static HEAP: Heap = Heap;

/// What a session may hold before the login.
const BEFORE_LOGIN: usize = 64 * 1024;
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// H1: elements in the segment of STARTTLS were run after the handshake (Dovecot CVE-2021-33515; ejabberd closes, Prosody answers in the clear).
#[test]
fn h1_elements_behind_starttls() {
    for behind in ["<", "\0", HEADER, "\n<auth/>", "<auth/>", "</stream:stream>"] {
        let mut talk = Talk::with(Desk::new(starttls_config()));
        talk.say(HEADER);
        let said = talk.say([STARTTLS, behind].concat());
        assert_eq!(talk.violation, Some(Violation::DataBeforeUpgrade), "{behind:?}");
        assert!(!said.contains("<proceed") && talk.server.upgrade().is_none());
    }
    // Some clients end their lines, which says nothing.
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say(HEADER);
    let said = talk.say([STARTTLS, "\r\n "].concat());
    assert_eq!(talk.violation, None);
    assert!(said.contains("<proceed") && talk.server.upgrade().is_some() && talk.server.inbox().is_empty());
}

/// H1: what was negotiated in the clear counted after the handshake.
#[test]
fn h1_nothing_said_in_the_clear_acts_after_the_handshake() -> Result<(), wirestate_testing::Broken> {
    let mut config = starttls_config();
    config.tls = xmpp_proto::server::Tls::Starttls { required: false };
    config.cleartext = true;
    let scram = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>biwsbj1qdWxpZXQscj1h</auth>";
    let before = [HEADER, &auth("!!!!"), STARTTLS].concat();
    let sample = Sample::from(before.as_str()).then(login().as_bytes());
    let desk = Desk::new(config);
    laws::upgrade_safe(&desk, &sample, format!("{HEADER}{}", auth(PLAIN)).as_bytes())?;
    let mut talk = Talk::with(desk);
    talk.say([HEADER, scram].concat());
    assert_eq!(talk.server.state(), State::Authenticating);
    assert!(talk.say(STARTTLS).contains("<not-authorized"), "not in the middle of an exchange");
    Ok(())
}

/// H3: credentials went out in the clear where TLS was wanted.
#[test]
fn h3_nothing_but_tls_is_offered_where_it_is_required() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    let features = talk.say(HEADER);
    assert!(!features.contains("mechanism") && !features.contains("iq-auth"));
    let sasl2 = format!(
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{PLAIN}</initial-response></authenticate>"
    );
    for attempt in [auth(PLAIN), sasl2] {
        assert!(talk.say(attempt).contains("<encryption-required"));
    }
    assert!(talk.desk.who.is_none());
}

/// H18: other protocols on this port.
#[test]
fn h18_other_protocols() {
    for request in
        [&b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"NICK a\r\n", b"\0"]
    {
        let mut talk = Talk::new();
        let said = talk.say(request);
        assert!(said.ends_with("</stream:error></stream:stream>"), "{said}");
        assert!(talk.server.is_closed() && talk.events.is_empty());
    }
}

/// H21: what is no base64 killed the logins of others (Dovecot CVE-2025-59028); here it fails alone, and not without end.
#[test]
fn h21_sasl_that_is_not_base64() {
    for data in ["!!!!", "A", "AA=", "=A==", "AAAA\n", "\u{e4}", &"A".repeat(9_000)] {
        let mut talk = Talk::new();
        talk.say(HEADER);
        let said = talk.say(auth(data)) + &talk.wait(2);
        assert!(said.starts_with("<failure"), "{data}: {said}");
        assert_eq!(talk.say(auth(PLAIN)), "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    }
}

/// H25: a client that was told of no -PLUS, though there is one, was deceived.
#[test]
fn h25_a_list_that_somebody_shortened() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say([HEADER, STARTTLS].concat());
    let mut facts = wirestate_machine::TlsFacts::new();
    facts.exporter = Some([9; 32]);
    talk.secure_with(facts);
    talk.say(HEADER);
    let first = base64::encode(b"y,,n=juliet,r=abc");
    let said =
        talk.say(format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"));
    let said = said + &talk.wait(2);
    assert!(said.contains("<not-authorized"), "{said}");
}

/// H27: a failed login told whether there is such a user.
#[test]
fn h27_users_cannot_be_tried_out() {
    let attempt = |user: &str| {
        let mut talk = Talk::new();
        talk.say(HEADER);
        let first = base64::encode(format!("n,,n={user},r=abc").as_bytes());
        let said = talk
            .say(format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{first}</auth>"));
        let challenge = said.split('>').nth(1).unwrap().split('<').next().unwrap();
        let challenge = String::from_utf8(base64::decode(challenge, 1000).unwrap()).unwrap();
        let nonce = challenge.split(',').next().unwrap();
        let last = base64::encode(format!("c=biws,{nonce},p={}", base64::encode(&[0; 32])).as_bytes());
        let said = talk.say(format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{last}</response>"));
        (challenge.split(',').count(), said, talk.server.deadline(), talk.wait(2))
    };
    assert_eq!(attempt("juliet"), attempt("nobody"));
}

/// H30: entities, document types, comments and processing instructions (xml-rs: amplification by 3,000,000).
#[test]
fn h30_restricted_xml() {
    let bombs = [
        "<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>",
        "<!ENTITY x 'y'>",
        "<!-- -->",
        "<?php?>",
        "<message>&lol;</message>",
        "<message a='&lol;'/>",
    ];
    for bomb in bombs {
        for before in [String::new(), HEADER.into(), login()] {
            let mut talk = Talk::new();
            talk.say(&before);
            talk.say(bomb);
            let Some(violation) = talk.violation else { panic!("{bomb} after {before:?}") };
            let condition = violation.condition();
            let is_early = before.is_empty() && bomb.starts_with("<message");
            assert!(is_early || condition == StreamCondition::RestrictedXml, "{bomb}: {condition}");
        }
    }
}

/// H31: trees that are deep, wide or never closed (ejabberd 23.01: one stanza of depth 5,000 ends the whole server; Prosody CVE-2026-43507).
#[test]
fn h31_trees_without_measure() {
    for (unit, limit) in [
        ("<a>", Limit::Depth),
        ("<a/>", Limit::Elements),
        ("<a xmlns='b'>", Limit::Depth),
        ("<a><b>x</b></a>", Limit::Elements),
    ] {
        let mut talk = Talk::bound();
        talk.say(format!("<message>{}", unit.repeat(15_000)));
        assert_eq!(talk.violation, Some(Violation::Xml(XmlError::Limit(limit))), "{unit}");
    }
    let mut talk = Talk::bound();
    let attributes: String = (0..1000).map(|number| format!(" a{number}=''")).collect();
    talk.say(format!("<message{attributes}/>"));
    assert_eq!(talk.violation, Some(Violation::Xml(XmlError::Limit(Limit::Attributes))));
    let mut talk = Talk::bound();
    talk.say(format!("<{}/>", "n".repeat(1000)));
    assert_eq!(talk.violation, Some(Violation::Xml(XmlError::Limit(Limit::Name))));
}

/// H31: before the login, and at its cost.
#[test]
fn h31_strangers_are_given_little() {
    for unit in ["<a>", "<a/>", "x", "<a b=''/>", " ", "&amp;"] {
        let flood = std::iter::once(format!("{HEADER}<auth>").into_bytes())
            .chain((0..1000).map(|_| unit.repeat(100).into_bytes()));
        let most = hostile::peak(Talk::new(), flood);
        assert!(most < BEFORE_LOGIN, "{unit:?}: {most}");
    }
    let mut talk = Talk::new();
    talk.say(HEADER);
    talk.say(format!("<auth>{}", "x".repeat(20_000)));
    assert_eq!(talk.violation, Some(Violation::Xml(XmlError::Limit(Limit::Bytes))));
}

/// H31: work that grows faster than the input.
#[test]
fn h31_linear_in_what_is_read() -> Result<(), wirestate_testing::Broken> {
    let bound = Sample::from(login().as_str());
    for unit in ["<message/>", "<presence>", "<iq type='get' id='1'><x xmlns='y'/></iq>", " ", "x", "<", "<a b='c'>"] {
        laws::linear(&Desk::default(), &bound, unit.as_bytes())?;
        laws::linear(&Desk::default(), &Sample::from(HEADER), unit.as_bytes())?;
    }
    Ok(())
}

/// H32: a stanza in a stanza, by bytes that two parsers read differently (Zoom CVE-2022-22784 to 22787, aioxmpp #268).
#[test]
fn h32_no_stanza_is_smuggled() {
    for text in [
        "<message><body>\u{1}</body></message><message from='x@y'/>",
        "<message><![CDATA[</message><message from='x@y'>]]></message>",
        "<message a='</message><message from=\"x@y\">'/>",
        "<message a='&lt;/message&gt;'/>",
    ] {
        let mut talk = Talk::with(Desk { echo: false, ..Desk::default() });
        talk.say(login());
        talk.say(text);
        assert!(
            talk.desk.stanzas.len() <= 1 && talk.desk.stanzas.iter().all(|stanza| text.starts_with(stanza.as_str()))
        );
    }
    let mut talk = Talk::bound();
    talk.say(b"<message><body>\xc0\xbc/body></message>");
    assert_eq!(talk.violation.map(|violation| violation.condition()), Some(StreamCondition::NotWellFormed));
}

/// H34: compression before a login, and bombs (the "xmppbomb" of 2014).
#[test]
fn h34_no_compression_before_the_login() {
    let compress = "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>";
    let mut talk = Talk::with(Desk::with(|config| config.compression = true));
    talk.say(HEADER);
    assert!(talk.say(compress).contains("<not-authorized"));
    let mut talk = Talk::with(Desk::with(|config| config.compression = true));
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    talk.say([compress, "<"].concat());
    assert_eq!(talk.violation, Some(Violation::DataBeforeUpgrade));
}

/// H37: who sends and never reads is not read from either.
#[test]
fn h37_pipelining_without_reading() {
    hostile::pipelining_without_reading(
        &mut Talk::bound(),
        "<iq type='get' id='1'><x xmlns='urn:x'/></iq>",
        1024 * 1024,
    );
}

/// H38: a byte now and then holds a connection for a minute, and no longer.
#[test]
fn h38_slow_loris() {
    hostile::slow_loris::<Desk>(&login(), 60);
}

/// A name or token that is not the application's own cannot add an element: what it says is escaped or refused.
#[test]
fn texts_cannot_add_elements() {
    let mut talk = Talk::new();
    talk.say([HEADER, &auth(PLAIN), HEADER].concat());
    let said = talk.say(bind("&lt;/jid&gt;&lt;x/&gt;&apos;"));
    assert!(
        said.contains("juliet@im.example/&lt;/jid&gt;&lt;x/&gt;'</jid>") || said.contains("<bad-request"),
        "{said}"
    );
    let mut talk = Talk::bound();
    talk.say("<iq type='get' id='&apos;/>&lt;x/&gt;'><x xmlns='urn:x'/></iq>");
    assert_eq!(talk.violation, None);
}

/// A WebSocket client's stream is told each namespace anew, whatever stream a stanza came from.
#[test]
fn a_websocket_gets_whole_elements() {
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>\0";
    let mut talk = Talk::with(Desk::with(|config| config.framing = Framing::WebSocket));
    let said = talk.say(open);
    assert!(
        said.starts_with("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='im.example' id='")
            && !said.contains("starttls")
    );
    talk.say([&auth(PLAIN), "\0", open].concat());
    talk.say(bind("b").replace("<iq", "<iq xmlns='jabber:client'") + "\0");
    assert_eq!(talk.server.state(), State::Bound);
    talk.server.relay(&message("hi"));
    talk.server.relay(&message("ho"));
    let told = "<message xmlns='jabber:client'><body>hi</body></message>\0<message xmlns='jabber:client'><body>ho</body></message>\0";
    assert_eq!(talk.say(""), told);
    let said = talk.say("<message/>\0");
    let messages: Vec<_> = said.split_terminator('\0').collect();
    let [error, close] = &messages[..] else { panic!("{said:?}") };
    assert!(
        error.starts_with("<error xmlns='http://etherx.jabber.org/streams'>")
            && error.contains("unsupported-stanza-type")
    );
    assert_eq!(*close, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
}
