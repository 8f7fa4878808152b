//! What hostile servers, and whoever sits between, do to XMPP clients; each row by its number in the list of hostile inputs.

use std::time::Duration;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_testing::{Heap, Sample, laws};
use wirestate_tests::xmpp_client::{Talker, ann, clear};
use xmpp_proto::client::{Client, Config, Event, Reason, TlsPolicy, Violation};
use xmpp_proto::xml::{Limit, XmlError};

#[global_allocator]
static HEAP: Heap = Heap;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='s1' version='1.0'>";
const STARTTLS: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const PLAIN: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const READY: &str = "<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><bind xmlns='urn:xmpp:bind:0'/></inline>\
    </authentication></stream:features><success xmlns='urn:xmpp:sasl:2'><authorization-identifier>ann@h.example/r</authorization-identifier>\
    <bound xmlns='urn:xmpp:bind:0'/></success>";

/// A client, what it has told, and what ended it.
struct Victim {
    client: Client,
    events: Vec<Event>,
    violation: Option<Violation>,
}

impl Victim {
    fn new(config: Config) -> Self {
        let talker = Talker::of(config, ann());
        let mut victim = Victim { client: talker.client(Instant::START), events: Vec::new(), violation: None };
        victim.hears("");
        victim
    }

    fn ready() -> Self {
        let mut victim = Victim::new(clear());
        victim.hears(HEADER).hears(READY);
        assert!(victim.events.iter().any(|event| matches!(event, Event::Ready(_))));
        victim
    }

    fn hears(&mut self, text: &str) -> &mut Self {
        let mut rest = text.as_bytes();
        loop {
            let taken = self.client.inbox().push_some(rest);
            rest = &rest[taken..];
            loop {
                match self.client.poll(Instant::START) {
                    Ok(Some(event)) => self.events.push(event),
                    Ok(None) => break,
                    Err(violation) => {
                        self.violation = Some(violation);
                        return self;
                    }
                }
            }
            if rest.is_empty() || taken == 0 {
                return self;
            }
        }
    }

    fn said(&mut self) -> String {
        String::from_utf8(self.client.outbox().drain()).unwrap()
    }
}

/// H1, H2: commands and answers put in before TLS.
#[test]
fn h1_h2_what_is_injected_before_tls_acts_on_nothing() {
    let injected = [
        format!("{PROCEED}{HEADER}{PLAIN}"),
        format!("{PROCEED}<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        format!("{PROCEED} <"),
    ];
    for words in injected {
        let mut victim = Victim::new(Config::default());
        victim.hears(HEADER).hears(STARTTLS).hears(&words);
        assert_eq!(victim.violation, Some(Violation::BytesBeforeTls));
        assert!(!victim.said().contains("<auth"));
    }
    // Facts of before: an offer that only the clear text had.
    let mut victim = Victim::new(Config::default());
    victim.hears(HEADER).hears(STARTTLS).hears(PROCEED);
    victim.said();
    victim.client.upgraded(Instant::START, Upgraded::Tls(Box::new(TlsFacts::new())));
    victim.hears(HEADER).said();
    assert!(victim.client.features().mechanisms.is_empty());
    victim.hears("<stream:features/>");
    assert!(!victim.said().contains("<auth"));
}

/// H3: TLS is taken off the list, refused, or passed over.
#[test]
fn h3_no_credentials_without_tls() {
    let strips = [
        PLAIN.to_owned(),
        "<stream:features/>".into(),
        format!("{STARTTLS}<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        format!("{STARTTLS}{PLAIN}"),
        format!("{STARTTLS}<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        format!("{STARTTLS}<success xmlns='urn:xmpp:sasl:2'/>"),
        READY.into(),
    ];
    for strip in strips {
        let mut victim = Victim::new(Config::default());
        victim.hears(HEADER).hears(&strip);
        let said = victim.said();
        assert!(!said.contains("<auth") && said.ends_with("</stream:stream>"), "{strip}: {said}");
    }
}

/// H18: something else listens there.
#[test]
fn h18_another_protocol_is_told_at_once() {
    for words in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "* OK IMAP4rev1 ready\r\n",
        "\x16\x03\x01\x02",
        "-ERR\r\n",
        "SSH-2.0-x\r\n",
    ] {
        let mut victim = Victim::new(Config::default());
        victim.hears(words);
        assert!(matches!(victim.violation, Some(Violation::Xml(_))), "{words}: {:?}", victim.violation);
    }
}

/// H21: SASL messages that are not base64, or have no end.
#[test]
fn h21_sasl_that_is_not_base64() {
    let offer = PLAIN.replace("PLAIN", "SCRAM-SHA-256");
    for words in ["!!!!", "AAA", "=AAA", "AA==AA==", &"A".repeat(100_000), "cj1h\n"] {
        let mut victim = Victim::new(clear());
        victim.hears(HEADER).hears(&offer);
        victim.said();
        victim.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{words}</challenge>"));
        let is_over = matches!(victim.violation, Some(Violation::Xml(XmlError::Limit(Limit::Bytes))));
        assert!(is_over || victim.said().starts_with("<abort "), "{:.20}", words);
    }
}

/// H30: what XMPP's XML has not.
#[test]
fn h30_restricted_xml() {
    for words in ["<!DOCTYPE a [<!ENTITY b 'c'>]>", "<!-- c -->", "<?x y?>", "<message><body>&b;</body></message>"] {
        let mut victim = Victim::ready();
        victim.said();
        victim.hears(words);
        let said = victim.said();
        assert!(said.contains("<restricted-xml "), "{words}: {said}");
        assert!(victim.violation.is_some());
    }
    let mut victim = Victim::ready();
    victim.hears("<message from='bob@h.example'><body><![CDATA[<!-- & ]]></body></message>");
    assert!(matches!(victim.events.last(), Some(Event::Stanza(_))), "sections are allowed");
}

/// H31: a stanza without end, too deep, too wide.
#[test]
fn h31_a_stanza_is_refused_before_it_ends() {
    let wide = format!("<message {}", (0..100).map(|n| format!("a{n}='' ")).collect::<String>());
    for (words, limit) in [
        ("<a>".repeat(100), Limit::Depth),
        (wide, Limit::Attributes),
        (format!("<message>{}", "<x/>".repeat(300)), Limit::Elements),
        (format!("<message><body>{}", "x".repeat(9000)), Limit::Bytes),
        (format!("<{}", "n".repeat(300)), Limit::Name),
    ] {
        let mut victim = Victim::ready();
        victim.hears(&words);
        assert_eq!(victim.violation, Some(Violation::Xml(XmlError::Limit(limit))));
    }
}

#[test]
fn h31_memory_stays_bounded_and_time_linear() -> Result<(), wirestate_testing::Broken> {
    let subject = Talker::default();
    let ready = format!("{HEADER}{READY}");
    for unit in [
        "<message/>",
        " ",
        "<presence from='a@b/c'><show>xa</show></presence>",
        "<iq type='get' id='1'><q xmlns='u'/></iq>",
    ] {
        laws::linear(&subject, &Sample::from(ready.as_str()), unit.as_bytes())?;
        laws::bounded(&subject, &Sample::from(format!("{ready}{}", unit.repeat(2000)).as_str()))?;
    }
    Ok(())
}

/// H32: encodings and prefixes on which parsers may disagree.
#[test]
fn h32_what_two_parsers_may_read_in_two_ways_is_refused() {
    for words in [
        "<message><body>\u{0}</body></message>",
        "<message x:to='a'/>",
        "<message to='a' to='b'/>",
        "<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>",
        "<message></Message>",
        "<message>&#0;</message>",
        "text between stanzas",
        "</message>",
    ] {
        let mut victim = Victim::ready();
        victim.hears(words);
        assert!(matches!(victim.violation, Some(Violation::Xml(_))), "{words}");
    }
    let mut victim = Victim::ready();
    victim.client.inbox().push(b"<message><body>\xff\xc0\x80</body></message>");
    victim.hears("");
    assert_eq!(victim.violation, Some(Violation::Xml(XmlError::Utf8)));
}

/// H34: compression before the login, and where nobody asked for it.
#[test]
fn h34_no_compression_unasked() {
    let offer = "<compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression></stream:features>";
    let mut victim = Victim::new(clear().compression(true));
    victim.hears(HEADER).hears(&PLAIN.replace("</stream:features>", offer));
    assert!(!victim.said().contains("<compress"));
    victim.hears("<compressed xmlns='http://jabber.org/protocol/compress'/>");
    assert_eq!(victim.violation, Some(Violation::Unexpected("compressed")));
    assert!(victim.client.upgrade().is_none());
    let mut victim = Victim::ready();
    victim.hears("<compressed xmlns='http://jabber.org/protocol/compress'/>");
    assert!(victim.violation.is_some() && victim.client.upgrade().is_none());
}

/// A server that accepts and then says nothing, at each step.
#[test]
fn silence_has_an_end_everywhere() {
    let words = [HEADER, STARTTLS, PROCEED];
    for steps in 0..=words.len() {
        let mut victim = Victim::new(Config::default().tls(TlsPolicy::Required));
        for words in &words[..steps] {
            victim.hears(words);
        }
        let mut now = Instant::START;
        for _ in 0..100 {
            let Some(deadline) = victim.client.deadline() else { break };
            now = now.max(deadline) + Duration::from_millis(1);
            while let Ok(Some(event)) = victim.client.poll(now) {
                victim.events.push(event);
            }
        }
        assert!(matches!(victim.events.last(), Some(Event::Closed(Reason::Timeout(_)))), "after {steps}");
    }
}
