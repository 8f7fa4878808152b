use super::*;
use crate::jid::{JidError, Part, Rules};
use crate::ns;
use crate::xml::{Element, ElementBuf, Frame, Limits, Reader, Scope, Writer, XmlError};
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use alloc::{format, vec};
use wirestate_machine::Inbox;

fn element(text: &str) -> Element {
    text.parse().unwrap()
}

fn written(write: impl FnOnce(&mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>) -> String {
    let (mut sink, scope) = (Vec::new(), Scope::CLIENT);
    write(&mut Writer::new(&mut sink, &scope)).unwrap();
    String::from_utf8(sink).unwrap()
}

/// An element of a stream whose header declares what [`Scope::CLIENT`] does.
fn in_stream(text: &str) -> Element {
    Element::parse(text.to_string().into(), &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap()
}

fn header_of(text: &str) -> Element {
    let mut inbox = Inbox::new(10_000);
    inbox.push(text.as_bytes());
    match Reader::new(Limits::BEFORE_LOGIN).next(&mut inbox).unwrap() {
        Some(Frame::Header(header)) => header,
        other => panic!("{other:?}"),
    }
}

/// RFC 6120 §4.7 and RFC 7395 §3.4.
#[test]
fn headers_are_read_and_written() {
    let text = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
                to='juliet@im.example.com' from='im.example.com' id='t7AMCin9zjMNwQKDnplntZPIDEI=' version='1.0' xml:lang='en'>";
    let element = header_of(text);
    let header = Header::read(&element, Rules::Rfc7622).unwrap();
    assert_eq!(header.to.as_ref().unwrap().as_str(), "juliet@im.example.com");
    assert_eq!(header.from.as_ref().unwrap().as_str(), "im.example.com");
    assert_eq!((header.id.as_deref(), header.lang.as_deref()), (Some("t7AMCin9zjMNwQKDnplntZPIDEI="), Some("en")));
    assert_eq!(header.version, Some(Version::ONE));
    let scope = Scope::of_header(&element);
    assert_eq!(Header::check_scope(&scope, ns::CLIENT), Ok(()));

    let mut wire = Wire::new(Framing::Tcp, scope, Limits::BEFORE_LOGIN, wirestate_machine::Marks::default());
    wire.open(&header.opening());
    let again = String::from_utf8(wire.outbox().drain()).unwrap();
    assert_eq!(Header::read(&header_of(&again), Rules::Rfc7622), Ok(header.clone()));

    let mut wire =
        Wire::new(Framing::WebSocket, Scope::CLIENT, Limits::BEFORE_LOGIN, wirestate_machine::Marks::default());
    wire.open(&header.opening());
    let open = String::from_utf8(wire.outbox().drain()).unwrap();
    let open = open.strip_suffix('\0').unwrap();
    assert_eq!(Header::read(&self::element(open), Rules::Rfc7622), Ok(header));
}

#[test]
fn headers_that_are_not_what_they_should_be() {
    let stream = |attributes: &str| {
        let text = format!("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' {attributes}>");
        Header::read(&header_of(&text), Rules::Rfc7622)
    };
    for (attributes, error, condition) in [
        ("to='a@'", HeaderError::To(JidError::Empty(Part::Domain)), StreamCondition::HostUnknown),
        ("from='@h'", HeaderError::From(JidError::Empty(Part::Local)), StreamCondition::InvalidFrom),
        ("version='one'", HeaderError::Version, StreamCondition::UnsupportedVersion),
        ("version='1'", HeaderError::Version, StreamCondition::UnsupportedVersion),
        ("version='+1.0'", HeaderError::Version, StreamCondition::UnsupportedVersion),
        ("version='1.99999'", HeaderError::Version, StreamCondition::UnsupportedVersion),
    ] {
        assert_eq!(stream(attributes), Err(error), "{attributes}");
        assert_eq!(error.condition(), condition);
    }
    assert_eq!(stream("version='01.00'").unwrap().version, Some(Version::ONE));
    assert_eq!(stream("").unwrap().version, None);
    assert!(Version { major: 2, minor: 0 } > Version { major: 1, minor: 10 });
    assert!(Version { major: 1, minor: 10 } > Version { major: 1, minor: 9 });

    let read = |text| Header::read(&header_of(text), Rules::Rfc7622).unwrap_err();
    assert_eq!(read("<stream xmlns='jabber:client'>"), HeaderError::Namespace);
    assert_eq!(read("<s:open xmlns:s='http://etherx.jabber.org/streams'>"), HeaderError::Name);
    assert_eq!(HeaderError::Namespace.condition(), StreamCondition::InvalidNamespace);
    assert_eq!(HeaderError::Name.condition(), StreamCondition::BadFormat);
    let scope = |text| Header::check_scope(&Scope::of_header(&header_of(text)), ns::CLIENT);
    let usual = "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>";
    assert_eq!(scope(usual), Err(HeaderError::ContentNamespace));
    let other = "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";
    assert_eq!(scope(other), Err(HeaderError::Prefix));
}

#[test]
fn a_websocket_may_be_sent_elsewhere() {
    let close = |text| OtherUri::of(element(text).view());
    let text = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://other.example/?a&amp;b'/>";
    let uri = close(text).unwrap();
    assert_eq!((uri.as_str(), uri.is_secure()), ("wss://other.example/?a&b", true));
    assert_eq!(close("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"), None);
    assert_eq!(close("<close see-other-uri='wss://other.example'/>"), None);
    assert!(OtherUri::parse("WS://[::1]:80").is_some_and(|uri| !uri.is_secure()));
    for bad in ["", "ws:", "ws://", "wss:///x", "ws://:80", "http://a/", "wss://a b", "wss://é", "ws://a/'\n"] {
        assert_eq!(OtherUri::parse(bad), None, "{bad:?}");
    }

    let mut wire =
        Wire::new(Framing::WebSocket, Scope::CLIENT, Limits::BEFORE_LOGIN, wirestate_machine::Marks::default());
    wire.open(&Opening::default());
    wire.outbox().clear();
    wire.end_elsewhere(wirestate_machine::Instant::START, core::time::Duration::ZERO, &uri);
    assert_eq!(String::from_utf8(wire.outbox().drain()).unwrap(), [text, "\0"].concat());
    wire.inbox().push(&[text.as_bytes(), b"\0"].concat());
    assert_eq!(wire.read(), Ok(Some(Incoming::End(Some(uri)))));
}

/// RFC 6120 §4.9.2 to §4.9.4.
#[test]
fn stream_errors_are_read_and_written() {
    assert_eq!(StreamCondition::ALL.len(), 26);
    for condition in StreamCondition::ALL {
        let error = StreamError::new(*condition).text_in("en", "bye").application(element("<why xmlns='urn:x'/>"));
        let text = written(|writer| error.write(writer));
        assert_eq!(
            text,
            format!(
                "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                 <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>bye</text><why xmlns='urn:x'/></stream:error>"
            )
        );
        assert_eq!(StreamError::read(in_stream(&text).view()), Some(error));
    }
    let bare =
        in_stream("<stream:error><payment-required xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    assert_eq!(StreamError::read(bare.view()), Some(StreamError::new(StreamCondition::UndefinedCondition)));
    assert_eq!(StreamError::read(in_stream("<error/>").view()), None);
    assert_eq!(StreamError::new(StreamCondition::Reset).text("a").to_string(), "reset: a");
    assert_eq!(StreamCondition::from(XmlError::Comment), StreamCondition::RestrictedXml);
}

#[test]
fn another_host_may_be_named() {
    let error = StreamError::see_other_host("[2001:41D0:1:A49b::1]:9222");
    let text = written(|writer| error.write(writer));
    assert!(text.contains(">[2001:41D0:1:A49b::1]:9222</see-other-host>"), "{text}");
    let read = StreamError::read(in_stream(&text).view()).unwrap();
    assert_eq!(read.other_host(), Some(OtherHost { host: "2001:41D0:1:A49b::1", port: Some(9222) }));

    let other = |text: &str| {
        let error = StreamError::see_other_host(text);
        error.other_host().map(|other| (other.host.to_string(), other.port))
    };
    for (text, host, port) in [
        ("im.example.com", "im.example.com", None),
        ("im.example.com:5222", "im.example.com", Some(5222)),
        ("192.0.2.1:1", "192.0.2.1", Some(1)),
        ("[::1]", "::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        ("bücher.example", "bücher.example", None),
    ] {
        assert_eq!(other(text), Some((host.into(), port)), "{text}");
    }
    for text in ["", ":5222", "a:", "a:0", "a:65536", "a:+1", "a b", "a/b", "[::1", "[x]:1", "[::1]5222", "user@host"] {
        assert_eq!(other(text), None, "{text}");
    }
    assert_eq!(StreamError::new(StreamCondition::Reset).other_host(), None);
}

fn all_features() -> Features {
    Features {
        starttls: Some(Starttls { required: true }),
        mechanisms: vec!["SCRAM-SHA-256-PLUS".into(), "SCRAM-SHA-256".into()],
        channel_bindings: vec!["tls-exporter".into(), "tls-server-end-point".into()],
        sasl2: Some(Box::new(Sasl2 {
            mechanisms: vec!["SCRAM-SHA-1".into()],
            inline: Inline {
                bind2: Some(vec![ns::CARBONS.into(), ns::CSI.into()]),
                sm: true,
                fast: Some(Fast { mechanisms: vec!["HT-SHA-256-EXPR".into()], tls_0rtt: true }),
                others: vec![element("<x xmlns='urn:x'/>")],
            },
            upgrades: vec!["UPGR-SCRAM-SHA-256".into()],
        })),
        bind: true,
        session: Some(Session { optional: true }),
        sm: true,
        compression: vec!["zlib".into()],
        limits: Some(StreamLimits { max_bytes: Some(262_144), idle_seconds: Some(1800) }),
        dialback: Some(Dialback { errors: true }),
        bidi: true,
        register: true,
        iq_auth: true,
        roster_versioning: true,
        pre_approval: true,
        csi: true,
        others: vec![element("<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/>")],
    }
}

#[test]
fn features_go_both_ways() {
    let optional = Features {
        starttls: Some(Starttls { required: false }),
        session: Some(Session { optional: false }),
        dialback: Some(Dialback { errors: false }),
        limits: Some(StreamLimits::default()),
        sasl2: Some(Box::new(Sasl2 {
            inline: Inline { bind2: Some(vec![]), ..Inline::default() },
            ..Sasl2::default()
        })),
        ..Features::default()
    };
    for features in [Features::default(), optional, all_features()] {
        let text = written(|writer| features.write(writer));
        assert_eq!(Features::read(in_stream(&text).view()), Some(features), "{text}");
    }
    assert_eq!(written(|writer| Features::default().write(writer)), "<stream:features/>");
    assert_eq!(Features::read(in_stream("<features/>").view()), None);
}

/// As in RFC 6120 §9.1, XEP-0388 §2.1, XEP-0386 §4.1, XEP-0484 §3.1, XEP-0440 §3, XEP-0478 §3 and XEP-0220 §2.3.1.
#[test]
fn features_as_servers_write_them() {
    let read =
        |inner: &str| Features::read(in_stream(&format!("<stream:features>{inner}</stream:features>")).view()).unwrap();
    let features = read(
        "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1-PLUS</mechanism>\
         <mechanism> PLAIN\n</mechanism></mechanisms>",
    );
    assert_eq!(features.starttls, Some(Starttls { required: true }));
    assert_eq!(features.mechanisms, ["SCRAM-SHA-1-PLUS", "PLAIN"]);

    let features = read(
        "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism><inline>\
         <sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/><feature/></inline></bind>\
         <fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-ENDP</mechanism></fast></inline></authentication>\
         <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-server-end-point'/></sasl-channel-binding>",
    );
    let sasl2 = features.sasl2.unwrap();
    assert_eq!(sasl2.mechanisms, ["SCRAM-SHA-1"]);
    assert_eq!(sasl2.inline.bind2, Some(vec![ns::CARBONS.into()]));
    assert_eq!(sasl2.inline.fast, Some(Fast { mechanisms: vec!["HT-SHA-256-ENDP".into()], tls_0rtt: false }));
    assert!(sasl2.inline.sm);
    assert_eq!(features.channel_bindings, ["tls-server-end-point"]);

    let features = read(
        "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>many</max-bytes><idle-seconds>60</idle-seconds></limits>\
         <dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback><bidi xmlns='urn:xmpp:features:bidi'/>\
         <bind xmlns='urn:xmpp:other'/>",
    );
    assert_eq!(features.limits, Some(StreamLimits { max_bytes: None, idle_seconds: Some(60) }));
    assert_eq!(features.dialback, Some(Dialback { errors: true }));
    assert!(features.bidi && !features.bind);
    assert_eq!(features.others, [ElementBuf::new("bind", "urn:xmpp:other").finish().unwrap()]);
}
