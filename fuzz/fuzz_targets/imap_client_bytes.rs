//! Anything at all as what a server says to an IMAP client whose program logs in and asks for one thing after the other. The first octet says where
//! the session stands when the rest comes.
//!
//! No panic; the same events and output however the input is cut; each request ends once; no password in the clear where that is not
//! allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;

use imap_proto::client::{Client, Config, Event, Limits, Login, NewText, RequestId, State, TlsPolicy, Violation};
use imap_proto::codec::command::{FetchAttribute, QResync, SearchReturn, StatusItem, StoreAction, ThreadAlgorithm};
use imap_proto::codec::{Flag, ModSeq, SearchKey, SearchKeys, Section, SequenceSet};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, check_secrets};
use wirestate_machine::{Instant, Misuse};
use wirestate_sasl::client::Credentials;

const HEAP: isize = 512 * 1024;
/// The password, plain and as PLAIN writes it.
const SECRETS: [&[u8]; 2] = [b"pencil", b"AGFubgBwZW5jaWw"];

fuzz_target!(|input: &[u8]| check_in_first::<Program>(input));

/// What the server said before.
const OPENINGS: [&[u8]; 8] = [
    b"",
    b"* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 SASL-IR] hello\r\n",
    b"* OK [CAPABILITY IMAP4rev1] hello\r\nA1 OK [CAPABILITY IMAP4rev2 LITERAL+ MULTIAPPEND ESEARCH] welcome\r\n",
    b"* OK [CAPABILITY IMAP4rev1] hello\r\nA1 OK welcome\r\n* 3 EXISTS\r\nA2 OK [READ-WRITE] done\r\n",
    b"* OK [CAPABILITY IMAP4rev1] hello\r\nA1 OK welcome\r\n+ idling\r\n",
    b"* OK [CAPABILITY IMAP4rev1] hello\r\nA1 OK welcome\r\n+ go on\r\n",
    b"* OK [CAPABILITY IMAP4rev1] hello\r\nA1 OK [CAPABILITY ENABLE QRESYNC] welcome\r\n* ENABLED QRESYNC\r\nA2 OK\r\n",
    b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE LITERAL-] hello\r\n",
];

/// A program that asks for all there is.
struct Program {
    variant: usize,
    config: Arc<Config>,
    open: HashSet<RequestId>,
    asked: usize,
    /// What has come of a message's text, which may come in any pieces.
    text: DefaultHasher,
    octets: usize,
    is_closed: bool,
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    for one in [&mut limits.before_login, &mut limits.response] {
        (one.line, one.literal, one.literals, one.count, one.stream) = (8 * 1024, 1024, 4096, 50, 20);
    }
    (limits.oddities, limits.tracked, limits.pipeline, limits.requests) = (50, 500, 8, 32);
    limits
}

fn config(variant: usize) -> Config {
    let is_open = variant % 8 > 1 || variant & 8 == 0;
    let secure = if variant & 16 == 0 { TlsPolicy::Required } else { TlsPolicy::IfOffered };
    let mut config = Config::default().tls(if is_open { TlsPolicy::Never } else { secure }).cleartext(is_open);
    config = config.capability_after_login(false).track_uids(variant & 32 == 0).iterations(1..=20).limits(limits());
    config.quirks.unlisted_commands = variant & 64 == 0;
    config
}

impl Program {
    /// The next thing in a long list.
    fn ask(&mut self, client: &mut Client) -> Result<RequestId, Misuse> {
        let keys = || SearchKeys::<&[u8]>::new([SearchKey::Unseen, SearchKey::Body("é".as_bytes())]).expect("lawful");
        let all = SequenceSet::ALL;
        let whole =
            FetchAttribute::Section { peek: true, section: Section { part: Vec::new(), text: None }, partial: None };
        let kind = self.asked + self.variant % 8 * 7;
        self.asked += 1;
        match kind % 24 {
            0 => client.noop(),
            1 => client.list("", "*"),
            2 => client.namespace(),
            3 => client.status("a", [StatusItem::Messages, StatusItem::Size]),
            4 => client.id(Some(&[("name", Some("fuzz"))])),
            5 => client.quota_roots("INBOX"),
            6 => client.metadata("", &["/shared/comment"], None),
            7 => client.acl("INBOX"),
            8 => client.create("\u{e9}", &["\\Sent"]),
            14 | 21 => client.select("INBOX"),
            15 | 22 => client.fetch(all, [FetchAttribute::Uid, FetchAttribute::Envelope, whole]),
            16 => client.uid_search(keys()),
            17 => client.uid_search_for([SearchReturn::All, SearchReturn::Save], keys()),
            18 => client.store(all, StoreAction::Add, [Flag::Seen], false),
            19 => client.uid_thread(ThreadAlgorithm::Refs, keys()),
            23 => client.uid_move(all, "b"),
            20 => client.expunge(),
            9 | 10 => client.idle(),
            11 | 12 => client.append("c", NewText::new(40)),
            13 => client.unselect(),
            _ => client.noop(),
        }
    }

    fn begin(&mut self, client: &mut Client) {
        let begun = match self.variant % 8 {
            3 => client.select("INBOX"),
            4 => client.idle(),
            5 => client.append("c", NewText::new(100)),
            6 => client.resync(
                "INBOX",
                QResync {
                    uid_validity: NonZeroU32::MIN,
                    mod_seq: ModSeq::new(5).expect("small"),
                    known_uids: None,
                    matches: None,
                },
            ),
            _ => client.noop(),
        };
        self.open.extend(begun);
        for _ in 0..3 {
            let asked = self.ask(client);
            self.open.extend(asked);
        }
    }
}

fn is_logged_in(client: &Client) -> bool {
    matches!(client.state(), State::Authenticated | State::Selected)
}

impl World for Program {
    type Machine = Client;

    fn new(variant: usize) -> Self {
        Program {
            variant,
            config: Arc::new(config(variant)),
            open: HashSet::new(),
            asked: 0,
            text: DefaultHasher::new(),
            octets: 0,
            is_closed: false,
        }
    }

    fn machine(&self) -> Client {
        Client::new(self.config.clone(), [7; 32], Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        OPENINGS[self.variant % 8]
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        if let Some(request) = event.finishes() {
            assert!(self.open.remove(&request), "a request ended twice");
        }
        match event {
            Event::FetchChunk { bytes, .. } => {
                bytes.iter().for_each(|octet| octet.hash(&mut self.text));
                self.octets += bytes.len();
                return None;
            }
            // How much is written at a time depends on how much is read.
            Event::Wanted { .. } => return None,
            Event::Closed { .. } => self.is_closed = true,
            _ => {}
        }
        let text =
            if self.octets == 0 { String::new() } else { format!("{} octets, {}: ", self.octets, self.text.finish()) };
        let read = match event {
            Event::Fetch { data, .. } | Event::FetchBegin { data, .. } | Event::FetchEnd { data, .. } => {
                format!("{:?}", data.read())
            }
            _ => String::new(),
        };
        Some(format!("{text}{event:?}{read}"))
    }

    fn answer(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            Event::Ready { authenticated: true, .. } => self.begin(client),
            Event::Ready { .. } => {
                self.open.extend(client.login(Login::new(Credentials::password("ann", "pencil").expect("lawful"))));
            }
            Event::Wanted { request, octets } => {
                let _ = client.append_data(request, vec![b'x'; octets.min(30) as usize]);
                if octets > 30 {
                    let _ = client.append_data(request, vec![b'y'; octets as usize - 30]);
                }
            }
            Event::Done { outcome, .. } if is_logged_in(client) => match self.asked {
                0 if outcome.is_ok() => self.begin(client),
                0 => {}
                // However many answers come, there is but one question for each.
                _ => {
                    let asked = self.ask(client);
                    self.open.extend(asked);
                }
            },
            _ => {}
        }
    }

    fn most_heap(&self) -> isize {
        HEAP
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::BytesBeforeTls
    }

    fn check(&self, client: &mut Client, said: &[u8]) {
        if !self.config.cleartext {
            check_secrets(said, &SECRETS);
        }
        let left = if self.is_closed { self.open.len() } else { 0 };
        assert_eq!(left, 0, "requests were left without an end: {:?}", self.open);
        assert_eq!(client.pending(), left, "the machine waits for answers after the end");
    }
}
