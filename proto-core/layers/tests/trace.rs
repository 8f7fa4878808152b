//! Transcripts: secrets hidden across cuts, the text form there and back, and replay.

mod common;

use std::ops::Range;
use std::time::Duration;

use common::*;
use proptest::prelude::*;
use wirestate_layers::trace::{Difference, Fault, Outcome, Transcript};
use wirestate_layers::{Tls, Trace};
use wirestate_machine::redact::{Direction, Nothing, Redact};
use wirestate_machine::{CertificateName, Instant, Machine, Upgrade};

/// Hides what follows `PASS `, and the line after `AUTH`, which is an exchange over two lines.
#[derive(Default)]
struct Passwords {
    authenticating: bool,
}

impl Redact for Passwords {
    fn secret(&mut self, direction: Direction, line: &[u8]) -> Range<usize> {
        if direction == Direction::Out {
            return 0..0;
        }
        if std::mem::take(&mut self.authenticating) {
            return 0..line.len();
        }
        self.authenticating = line == b"AUTH";
        if line.starts_with(b"PASS ") { 5..line.len() } else { 0..0 }
    }
}

fn at(millis: u64) -> Instant {
    Instant::START + Duration::from_millis(millis)
}

/// The application: welcomes and answers by the line.
fn answer(toy: &mut Toy, event: &Event) {
    match event {
        Event::Line(line) if line.starts_with(b"PASS") => toy.say(b"+OK\r\n"),
        Event::Line(line) if line.starts_with(b"LIST") => toy.say(b"+OK 1\r\n1 120\r\n.\r\n"),
        _ => {}
    }
}

/// A session of these lines in pieces of `size`, a millisecond apart.
fn session(input: &[u8], size: usize, secrets: bool) -> Transcript {
    let (sink, recording) = Transcript::recording();
    let mut trace = Trace::new(Quiet(Toy::new()), Passwords::default(), sink);
    if secrets {
        trace = trace.with_secrets();
    }
    for (millis, piece) in input.chunks(size).enumerate() {
        trace.inbox().push(piece);
        while let Some(event) = trace.poll(at(millis as u64)).unwrap() {
            answer(&mut trace.0, &event.0);
        }
        trace.outbox().drain();
    }
    trace.inbox().close();
    while trace.poll(at(99_000)).unwrap().is_some() {}
    trace.outbox().drain();
    recording.transcript()
}

/// The toy with events whose `Debug` form shows no password.
struct Quiet(Toy);

struct QuietEvent(Event);

impl std::fmt::Debug for QuietEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Event::Line(line) => write!(f, "Line({} bytes)", line.len()),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Machine for Quiet {
    type Event = QuietEvent;
    type Error = LineTooLong;

    fn inbox(&mut self) -> &mut wirestate_machine::Inbox {
        self.0.inbox()
    }
    fn outbox(&mut self) -> &mut wirestate_machine::Outbox {
        self.0.outbox()
    }
    fn poll(&mut self, now: Instant) -> Result<Option<QuietEvent>, LineTooLong> {
        Ok(self.0.poll(now)?.map(QuietEvent))
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }
    fn upgrade(&mut self) -> Option<Upgrade> {
        self.0.upgrade()
    }
    fn upgraded(&mut self, now: Instant, how: wirestate_machine::Upgraded) {
        self.0.upgraded(now, how);
    }
    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

const SESSION: &[u8] = b"USER mrose\r\nPASS tanstaaf\r\nAUTH\r\nc2VjcmV0\r\nLIST\r\nBYE\n";

#[test]
fn a_transcript_reads_like_the_session() {
    let text = session(SESSION, 26, false).to_string();
    let wanted = "\
wirestate transcript 1
0.000000000 < USER mrose\\r\\n
+ PASS \\*\\*\\*\\*\\*\\*\\*\\*\\r
0.000000000 event Line(12 bytes)
0.001000000 < \\n
+ AUTH\\r\\n
+ \\*\\*\\*\\*\\*\\*\\*\\*\\r\\n
+ LIST\\r\\n
+ BYE
0.001000000 event Line(15 bytes)
0.001000000 event Line(6 bytes)
0.001000000 event Line(10 bytes)
0.001000000 event Line(6 bytes)
0.001000000 > +OK\\r\\n
+ +OK 1\\r\\n
+ 1 120\\r\\n
+ .\\r\\n
0.002000000 < \\n
0.002000000 event Line(4 bytes)
0.002000000 > bye\\n
0.002000000 closed
99.000000000 end
";
    assert_eq!(text, wanted);
}

#[test]
fn secrets_are_hidden_wherever_the_input_was_cut() {
    for size in 1..SESSION.len() {
        let transcript = session(SESSION, size, false);
        let text = format!("{transcript}{transcript:?}");
        assert!(!text.contains("tanstaaf") && !text.contains("c2VjcmV0"), "{text}");
        // Nor a part of one, and nothing else is hidden.
        assert_eq!(transcript.to_string().matches("\\*").count(), 16, "{transcript}");
    }
}

#[test]
fn a_session_replays_as_it_was() {
    for size in [1, 3, 26, SESSION.len()] {
        for secrets in [false, true] {
            let transcript = session(SESSION, size, secrets);
            let result = transcript.replay(&mut Quiet(Toy::new()), |toy, event| answer(&mut toy.0, &event.0));
            // With the second AUTH line hidden the toy sees stars, which is all the same to it.
            assert_eq!(result, Ok(()), "{transcript}");
        }
    }
}

#[test]
fn the_text_form_parses_back_and_replays() {
    let transcript = session(SESSION, 26, true);
    let text = transcript.to_string();
    assert!(text.contains("tanstaaf"));
    let parsed: Transcript = text.parse().unwrap();
    assert_eq!(parsed.to_string(), text);
    parsed.replay(&mut Quiet(Toy::new()), |toy, event| answer(&mut toy.0, &event.0)).unwrap();
}

#[test]
fn another_answer_diverges() {
    let transcript = session(SESSION, SESSION.len(), false);
    let divergence = transcript
        .replay(&mut Quiet(Toy::new()), |toy, event| match event.0 {
            Event::Line(line) if line.starts_with(b"LIST") => toy.0.say(b"+OK 2\r\n1 120\r\n.\r\n"),
            other => answer(&mut toy.0, &other),
        })
        .unwrap_err();
    assert!(matches!(divergence.difference, Difference::Output { .. }));
    assert!(divergence.to_string().contains("+OK 2"), "{divergence}");
}

#[test]
fn another_event_diverges() {
    let text = session(SESSION, SESSION.len(), false).to_string().replace("Line(12 bytes)", "Line(13 bytes)");
    let divergence = text.parse::<Transcript>().unwrap().replay(&mut Quiet(Toy::new()), |_, _| {}).unwrap_err();
    assert_eq!(
        divergence.difference,
        Difference::Outcome {
            expected: Outcome::Event("Line(13 bytes)".into()),
            found: Outcome::Event("Line(12 bytes)".into())
        }
    );
    assert_eq!(divergence.record, 1);
}

#[test]
fn a_missing_end_and_missing_output_diverge() {
    let replay = |text: &str| {
        let transcript: Transcript = format!("wirestate transcript 1\n{text}").parse().unwrap();
        transcript.replay(&mut Toy::new(), |_, _| {}).map_err(|divergence| divergence.difference)
    };
    assert_eq!(replay("0.000000000 closed\n"), Err(Difference::Open));
    assert_eq!(replay("0.000000000 upgraded deflate\n"), Err(Difference::Upgrade));
    assert_eq!(
        replay("0.000000000 > hello\n"),
        Err(Difference::Output { expected: b"hello".to_vec(), found: Vec::new() })
    );
    assert_eq!(
        replay("0.000000000 < BYE\\n\n0.000000000 event Line(b\"BYE\\\\n\")\n"),
        Err(Difference::Output { expected: Vec::new(), found: b"bye\n".to_vec() })
    );
}

#[test]
fn an_error_is_recorded_once_and_replays() {
    let (sink, recording) = Transcript::recording();
    let mut trace = Trace::new(Toy::new(), Nothing, sink);
    trace.inbox().push(&[b'x'; 2048]);
    for _ in 0..3 {
        assert_eq!(trace.poll(at(5)), Err(LineTooLong));
    }
    assert_eq!(trace.outbox().drain(), b"too long\n");
    let transcript = recording.transcript();
    assert_eq!(transcript.to_string().matches("error LineTooLong").count(), 1, "{transcript}");
    transcript.replay(&mut Toy::new(), |_, _| {}).unwrap();
}

#[test]
fn upgrades_are_recorded_without_the_key_and_replay() {
    let trust = trust(&[b"toy"]);
    for secrets in [false, true] {
        let (sink, recording) = Transcript::recording();
        let mut trace = Trace::new(Toy::new(), Nothing, sink);
        if secrets {
            trace = trace.with_secrets();
        }
        let mut server = Tls::server(trace, trust.server.clone());
        let mut client = Tls::client(Toy::new(), trust.client.clone(), mail_example());
        client.ask(Upgrade::Tls);
        run(&mut client, &mut server, || 9).0.unwrap();
        client.say(b"BYE\n");
        run(&mut client, &mut server, || 9).0.unwrap();
        let text = recording.transcript().to_string();
        assert!(text.contains("upgraded tls version=TLSv1.3 alpn=746f79 name=6d61696c2e6578616d706c65"), "{text}");
        assert_eq!(text.contains("exporter="), secrets);
        let parsed: Transcript = text.parse().unwrap();
        let mut toy = Toy::new();
        parsed.replay(&mut toy, |_, _| {}).unwrap();
        assert_eq!(toy.facts.unwrap().alpn.as_deref(), Some(&b"toy"[..]));
        assert_eq!(parsed.to_string(), text);
    }
}

#[test]
fn a_certificate_in_a_transcript_brings_its_names_along() {
    let certificate = trust(&[]).certificate;
    let hex: String = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
    let transcript: Transcript =
        format!("wirestate transcript 1\n0.000000000 upgraded tls certificate={hex}\n").parse().unwrap();
    let mut toy = Toy::implicit();
    transcript.replay(&mut toy, |_, _| {}).ok();
    let facts = toy.facts.unwrap();
    assert!(facts.peer_names.contains(&CertificateName::DnsName("mail.example".into())), "{facts:?}");
    assert!(facts.peer_subject.is_some());
}

#[test]
fn without_a_sink_the_layer_is_not_there() {
    let mut trace: Trace<Toy> = Trace::silent(Toy::new());
    trace.inbox().push(b"BYE\n");
    settle(&mut trace, at(0)).unwrap();
    assert_eq!(trace.inner_mut().outbox().len(), 4);
    assert_eq!(trace.outbox().drain(), b"bye\n");
}

#[test]
fn a_line_that_never_ends_does_not_pile_up() {
    let (sink, recording) = Transcript::recording();
    let mut trace = Trace::new(Toy::new(), Passwords::default(), sink);
    trace.inbox().push(b"PA");
    settle(&mut trace, at(0)).unwrap();
    for _ in 0..300 {
        trace.say(b"* 1 EXISTS\r\n");
        trace.outbox().drain();
    }
    assert!(recording.transcript().records.len() > 250);
    trace.inbox().push(b"SS hunter2\nSTAT\n");
    settle(&mut trace, at(1)).unwrap();
    drop(trace);
    let text = recording.transcript().to_string();
    let inputs: Vec<_> = text.lines().filter(|line| !line.contains("event") && !line.contains('>')).collect();
    assert!(!inputs.concat().contains("hunter2"), "{inputs:?}");
    assert!(inputs.concat().contains("STAT"), "{inputs:?}");
}

#[test]
fn a_trace_outside_of_tls_sees_ciphertext_and_keeps_back_pressure() {
    let trust = trust(&[]);
    let (sink, recording) = Transcript::recording();
    let mut server = Trace::new(Tls::server(Toy::implicit(), trust.server.clone()), Nothing, sink);
    let mut client = Tls::client(Toy::implicit(), trust.client.clone(), mail_example());
    run(&mut client, &mut server, || 1000).0.unwrap();
    while server.is_writable() {
        server.say(&[&[b'x'; 1023][..], b"\n"].concat());
    }
    assert!(server.outbox().len() < 64 * 1024);
    run(&mut client, &mut server, || 1000).0.unwrap();
    assert!(client.lines().len() >= 32);
    assert!(!recording.transcript().to_string().contains("xxxxxxxx"));
}

#[test]
fn what_is_no_transcript_is_refused_with_its_line() {
    let fault = |text: &str| text.parse::<Transcript>().map(|_| ()).map_err(|error| (error.line, error.fault));
    assert_eq!(fault("hello"), Err((1, Fault::Title)));
    let body = |line: &str| fault(&format!("wirestate transcript 1\n\n{line}\n"));
    assert_eq!(body("0.000000000 closed"), Ok(()));
    assert_eq!(body("zero closed"), Err((3, Fault::Time)));
    assert_eq!(body("0.5 closed"), Err((3, Fault::Time)));
    assert_eq!(body("0.000000000 ? closed"), Err((3, Fault::Sign)));
    assert_eq!(body("+ more"), Err((3, Fault::Continuation)));
    assert_eq!(body("0.000000000 < \\q"), Err((3, Fault::Escape)));
    assert_eq!(body("0.000000000 upgraded tls alpn=xyz"), Err((3, Fault::Fact)));
}

proptest! {
    #[test]
    fn any_bytes_survive_the_text_form(bytes in prop::collection::vec(any::<u8>(), 0..600), size in 1usize..700) {
        let (sink, recording) = Transcript::recording();
        let mut trace = Trace::new(Toy::new(), Nothing, sink);
        for piece in bytes.chunks(size) {
            trace.say(piece);
            trace.outbox().drain();
        }
        drop(trace);
        let transcript = recording.transcript();
        let parsed: Transcript = transcript.to_string().parse().unwrap();
        prop_assert_eq!(format!("{:?}", parsed), format!("{:?}", transcript));
    }

    #[test]
    fn no_text_does_harm(text in "\\PC*") {
        let _ = text.parse::<Transcript>();
        let _ = format!("wirestate transcript 1\n0.000000000 < {text}").parse::<Transcript>();
    }
}

/// A subscriber that keeps what it is told.
struct Kept(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Kept {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = event.metadata().level().to_string();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            text += &format!(" {field}={value:?}");
        });
        self.0.lock().unwrap().push(text);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_transcript_goes_to_the_log_without_its_secrets() {
    let kept = std::sync::Arc::default();
    let told = tracing::subscriber::with_default(Kept(std::sync::Arc::clone(&kept)), || {
        let mut trace = Trace::to_tracing(Quiet(Toy::new()), Passwords::default(), 7);
        trace.inbox().push(b"PASS pencil\r\n");
        while trace.poll(at(1)).unwrap().is_some() {}
        drop(trace);
        std::mem::take(&mut *kept.lock().unwrap())
    });
    assert!(told.iter().all(|line| line.starts_with("TRACE ") && line.contains("session=7")), "{told:?}");
    assert!(told.iter().any(|line| line.contains(r"PASS \*\*")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("pencil")), "{told:?}");
    assert!(!Trace::to_tracing(Quiet(Toy::new()), Passwords::default(), 7).is_recording(), "nobody listens now");
}
