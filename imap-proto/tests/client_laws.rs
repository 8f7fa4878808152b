//! The laws of sans-IO machines for the IMAP client, on a corpus of good and of hostile servers, and on random ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use imap_proto::client::{Client, Config, Event, Login, NewText, RequestId, TlsPolicy, Violation};
use imap_proto::codec::command::FetchAttribute;
use imap_proto::codec::{Capability, SearchKey, SearchKeys, SequenceSet};
use proptest::prelude::*;
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_sasl::client::Credentials;
use wirestate_testing::{Heap, Sample, Subject, cuts, laws, sessions};

#[global_allocator]
static HEAP: Heap = Heap;

/// A program that logs in, reads INBOX, leaves a message in it, idles if it can, and logs out.
#[derive(Clone)]
struct Reader {
    config: Arc<Config>,
    last: Option<RequestId>,
}

impl Reader {
    fn new(mut config: Config) -> Self {
        let limits = &mut config.limits.response;
        (limits.line, limits.literal, limits.literals, limits.stream) = (64 * 1024, 64 * 1024, 64 * 1024, 20);
        config.track_uids = true;
        Reader { config: Arc::new(config), last: None }
    }

    fn open() -> Self {
        Reader::new(Config::default().tls(TlsPolicy::Never).cleartext(true).capability_after_login(false))
    }
}

/// A client whose pieces of one text are one event: where a text is cut may depend on how the input was, and nothing else may.
struct Joined {
    client: Client,
    text: Option<(Option<RequestId>, Vec<u8>)>,
    next: VecDeque<Result<Event, Violation>>,
}

impl Machine for Joined {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.client.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.client.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        loop {
            match self.next.pop_front() {
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(violation)) => {
                    self.next.push_front(Err(violation.clone()));
                    return Err(violation);
                }
                None => {}
            }
            let next = match self.client.poll(now) {
                Ok(None) => return Ok(None),
                Ok(Some(Event::FetchChunk { request, bytes })) => {
                    self.text.get_or_insert((request, Vec::new())).1.extend_from_slice(&bytes);
                    continue;
                }
                Ok(Some(event)) => Ok(event),
                Err(violation) => Err(violation),
            };
            let whole =
                self.text.take().map(|(request, text)| Ok(Event::FetchChunk { request, bytes: Bytes::from(text) }));
            self.next.extend(whole.into_iter().chain([next]));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.client.deadline()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        self.client.upgrade()
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.client.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed() && !matches!(self.next.front(), Some(Ok(_)))
    }

    fn shutdown(&mut self) {
        self.client.shutdown();
    }
}

impl Subject for Reader {
    type Machine = Joined;

    fn machine(&self, now: Instant) -> Joined {
        Joined { client: Client::new(self.config.clone(), [8; 32], now), text: None, next: VecDeque::new() }
    }

    // A law may let the answer come too late, or a session that has ended already; then it is misuse, and nothing else.
    fn react(&mut self, joined: &mut Joined, event: Event, _now: Instant) {
        let client = &mut joined.client;
        match event {
            Event::Ready { authenticated: false, .. } => {
                self.last = client.login(Login::new(Credentials::password("ann", "pencil").unwrap())).ok();
            }
            Event::Done { request, outcome } if Some(request) == self.last && outcome.is_ok() => {
                self.last = None;
                let _ = client.compress();
                let _ = client.select("INBOX");
                let _ = client.fetch(SequenceSet::ALL, [FetchAttribute::Uid, FetchAttribute::Rfc822]);
                let _ = client.uid_search(SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap());
                let _ = client.append("INBOX", NewText::new(5));
                let _ = client.idle();
            }
            Event::Idling { .. } => drop(client.logout()),
            Event::Wanted { request, octets } => {
                let _ = client.append_data(request, vec![b'x'; octets.min(1000) as usize]);
            }
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            _ => {}
        }
    }

    fn meddle(&mut self, joined: &mut Joined, choice: u64, _now: Instant) {
        let client = &mut joined.client;
        let _ = match choice % 10 {
            0 => client.noop(),
            1 => client.select("a\r\nb"),
            2 => client.create("a\0", &[]),
            3 => client.enable([Capability::QResync]),
            4 => client.idle(),
            5 => client.uid_copy(SequenceSet::ALL, "b"),
            6 => client.list("", "*"),
            7 => client.append("c", NewText::new(choice)),
            8 => client.close(),
            _ => client.logout(),
        };
        let _ = client.done();
    }

    /// What is read ahead, and the text that is being put together here.
    fn limit(&self) -> usize {
        1024 * 1024
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }
}

const HELLO: &str = "* OK [CAPABILITY IMAP4rev1 IDLE] hello\r\n";
const WELCOME: &str = "A1 OK [CAPABILITY IMAP4rev1 IDLE LITERAL+] welcome\r\n";

fn corpus() -> Vec<Sample> {
    let mailbox = "* 2 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] x\r\nA2 OK [READ-WRITE] done\r\n";
    let mail = "* 1 FETCH (UID 4 RFC822 {30}\r\n012345678901234567890123456789 FLAGS ())\r\n* 2 FETCH (UID 9 RFC822 \"\")\r\nA3 OK done\r\n";
    [
        format!("{HELLO}{WELCOME}{mailbox}{mail}* SEARCH 4 9\r\nA4 OK\r\n* 3 EXISTS\r\nA5 OK [APPENDUID 7 12]\r\n+ idling\r\n* 1 EXPUNGE\r\nA6 OK\r\n* BYE\r\nA7 OK\r\n"),
        format!("{HELLO}{WELCOME}{mailbox}* VANISHED 4\r\n* LIST () \"/\" {{3}}\r\na b\r\n* (\r\n+ stray\r\n* 99 FETCH (BODY[] {{50}}\r\n0123"),
        format!("{HELLO}{WELCOME}A2 NO [NONEXISTENT] none\r\n* BYE gone\r\n"),
        "* OK hello\r\n* CAPABILITY AUTH=PLAIN\r\nA1 OK\r\n+ \r\nA2 NO\r\nA9 OK\r\n".into(),
        "* OK [CAPABILITY AUTH=SCRAM-SHA-256 SASL-IR] hello\r\n+ cj1hYmMscz1h\r\nA1 BAD\r\n".into(),
        "* BYE [UNAVAILABLE] go away\r\n".into(),
        "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n* 1 EXISTS\r\nA1 OK\r\n".into(),
        "+OK this is POP3\r\n".into(),
        format!("* OK {}\r\n", "x".repeat(70_000)),
        format!("{HELLO}{WELCOME}* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(10_000)),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Reader::open(), &corpus())
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let clear = "* OK [CAPABILITY STARTTLS] hello\r\nA1 OK go ahead\r\n";
    let sealed = "* CAPABILITY IMAP4rev1 IDLE\r\nA2 OK\r\nA3 OK [CAPABILITY IDLE] welcome\r\n* 1 EXISTS\r\nA4 OK\r\n";
    laws::all(&Reader::new(Config::default()), &[Sample::from(clear).then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_around_implicit_tls() -> Result<(), wirestate_testing::Broken> {
    let sealed = format!("{HELLO}A1 NO [AUTHENTICATIONFAILED] no\r\n");
    let config = Config::default().tls(TlsPolicy::Implicit);
    laws::all(&Reader::new(config), &[Sample::new().then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_around_compression() -> Result<(), wirestate_testing::Broken> {
    let plain = format!("{HELLO}A1 OK [CAPABILITY COMPRESS=DEFLATE] welcome\r\nA2 OK\r\n");
    let sample = Sample::from(plain.as_str()).then(b"* 1 EXISTS\r\nA3 OK\r\n* 1 FETCH (UID 1)\r\nA4 OK\r\n");
    laws::all(&Reader::open(), &[sample])
}

#[test]
fn work_grows_with_the_input_and_no_faster() -> Result<(), wirestate_testing::Broken> {
    let before = Sample::from(format!("{HELLO}{WELCOME}* 1000000 EXISTS\r\nA2 OK\r\n").as_str());
    for unit in [&b"* SEARCH 1 2 3\r\n"[..], b"* 7 FETCH (UID 4 FLAGS (\\Seen))\r\n", b"* LIST () \"/\" {3}\r\nabc\r\n"]
    {
        laws::linear(&Reader::open(), &before, unit)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Reader::open(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Reader::open(), &session, seed)?;
        laws::alive(&Reader::open(), &session)?;
    }
}
