//! An IMAP server's application in memory, and a client that types lines.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use bytes::Bytes;
use imap_proto::codec::command::{FetchAttribute, SearchReturn, StatusItem, StoreAction};
use imap_proto::codec::{
    Capability, Code, Command, Data, DateTime, ListEntry, MailboxStatus, SearchKey, Section, SectionText, SequenceSet,
    StatusValue, Streamed, Uid, UidSet,
};
use imap_proto::server::{
    AppendStep, Appended, Appetite, Ask, Config, Copied, Custom, Event, Notice, Selection, Server, State, Tls, kind,
};
use imap_proto::view::{CommandFlags, FlagChange, Flags, Mailbox, SessionId};
use wirestate_machine::{Instant, Machine, Misuse, Relay, Ticket, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, Rejection};
use wirestate_sasl::{Derivation, FakeKeys, Hash, Mechanism, ScramKeys};
use wirestate_testing::Subject;

use crate::talk::Application;

/// The user that exists.
pub const USER: &str = "ann";
/// Her password, with a blank in it.
pub const PASSWORD: &str = "pass word";

/// Messages with some of everything.
pub const MESSAGES: [&str; 4] = [
    "Subject: one\r\n\r\nhello\r\n",
    "Subject: two\r\nFrom: bob@example.org\r\n\r\nparentheses ) and {12}\r\nNUL no, but * OK yes\r\n",
    "",
    "Subject: long\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
];

/// One mailbox with its messages.
#[derive(Debug)]
pub struct Folder {
    /// Numbers, flags, sessions.
    pub mailbox: Mailbox,
    /// The texts by UID.
    pub texts: BTreeMap<Uid, Bytes>,
}

impl Folder {
    /// An empty one.
    pub fn new(uid_validity: u32) -> Self {
        Folder { mailbox: Mailbox::new(uid_validity.try_into().unwrap()), texts: BTreeMap::new() }
    }

    /// Adds a message.
    pub fn add(&mut self, flags: Flags, text: impl Into<Bytes>) -> Uid {
        let uid = self.mailbox.append(flags).unwrap();
        self.texts.insert(uid, text.into());
        uid
    }

    /// Removes messages.
    pub fn remove(&mut self, uids: &UidSet) {
        for uid in self.mailbox.expunge(uids).iter() {
            self.texts.remove(&uid);
        }
    }
}

/// The store: INBOX with four messages, and an empty mailbox.
#[derive(Debug)]
pub struct World {
    /// The mailboxes by name.
    pub folders: BTreeMap<String, Folder>,
    next_session: u64,
}

impl Default for World {
    fn default() -> Self {
        let mut inbox = Folder::new(1_000);
        for (text, flags) in MESSAGES.into_iter().zip([Flags::SEEN, Flags::NONE, Flags::NONE, Flags::FLAGGED]) {
            inbox.add(flags, text);
        }
        let folders = [("INBOX".into(), inbox), ("Saved".into(), Folder::new(2_000))].into();
        World { folders, next_session: 1 }
    }
}

/// The application: one user, a store, and switches for what may go wrong.
#[derive(Debug)]
pub struct Desk {
    /// What the sessions are made with.
    pub config: Arc<Config>,
    /// The store. A clone of the desk has a fresh one, unless it is [shared](Desk::shared).
    pub world: Arc<Mutex<World>>,
    /// The application keeps its tickets and answers nothing.
    pub mute: bool,
    /// Message texts longer than this go out in pieces of it.
    pub piece: usize,
    /// The most messages in a mailbox, and the most mailboxes: what the application holds counts for a session, too.
    pub most: usize,
    /// Who has logged in.
    pub who: Option<String>,
    session: u64,
    selected: Option<String>,
    draft: Option<Draft>,
    open: Option<OpenFetch>,
}

/// Messages that are being appended.
#[derive(Debug)]
struct Draft {
    folder: String,
    replaces: Option<Uid>,
    messages: Vec<(Flags, Vec<u8>)>,
}

/// A FETCH that waits for room.
#[derive(Debug)]
struct OpenFetch {
    ticket: Ticket<kind::Fetch>,
    literal: Bytes,
    /// Whether the first of the rest has been begun.
    in_the_middle: bool,
    rest: Vec<(Uid, Vec<FetchAttribute<Bytes>>)>,
}

impl Clone for Desk {
    fn clone(&self) -> Self {
        Desk { mute: self.mute, piece: self.piece, most: self.most, ..Desk::with((*self.config).clone()) }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Desk::with(open_config())
    }
}

/// A configuration with everything on that needs no TLS to be seen.
pub fn open_config() -> Config {
    let mut config = Config::default();
    config.cleartext = true;
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([3; 32]));
    config.compress = true;
    config.unauthenticate = true;
    config.id = Some(vec![("name".into(), Some("Desk".into()))]);
    config.extensions = extensions();
    let both = [State::Authenticated, State::Selected];
    config.extra_commands = vec![Custom::new("XECHO", &both, CommandFlags::NONE).unwrap()];
    config
}

/// What the desk serves.
pub fn extensions() -> Vec<Capability<Bytes>> {
    use Capability as Is;
    vec![
        Is::Imap4Rev2,
        Is::Binary,
        Is::Catenate,
        Is::CondStore,
        Is::ESearch,
        Is::ListExtended,
        Is::Move,
        Is::MultiAppend,
        Is::Namespace,
        Is::Notify,
        Is::Partial,
        Is::QResync,
        Is::Replace,
        Is::SearchRes,
        Is::Sort,
        Is::Thread(Bytes::from_static(b"ORDEREDSUBJECT")),
        Is::UidOnly,
        Is::UidPlus,
        Is::Utf8Accept,
    ]
}

/// A configuration with STARTTLS and nothing in the clear.
pub fn starttls_config() -> Config {
    let mut config = open_config();
    config.cleartext = false;
    config.tls = Tls::Starttls;
    config
}

impl Desk {
    /// A desk with a store of its own.
    pub fn with(config: Config) -> Self {
        // What is worked out once must count in no session's heap, whichever thread comes to it first.
        LazyLock::force(&KEYS);
        Desk {
            config: Arc::new(config),
            world: Arc::default(),
            mute: false,
            piece: 50,
            most: 200,
            who: None,
            session: 0,
            selected: None,
            draft: None,
            open: None,
        }
    }

    /// Another desk over the same store.
    pub fn shared(&self) -> Self {
        Desk { world: self.world.clone(), ..self.clone() }
    }

    /// A session of this desk.
    pub fn server(&self, now: Instant) -> Server {
        Server::new(self.config.clone(), [7; 32], now)
    }

    /// The store.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The INBOX, to be changed behind the sessions' back.
    pub fn inbox<R>(&self, change: impl FnOnce(&mut Folder) -> R) -> R {
        change(self.world().folders.get_mut("INBOX").unwrap())
    }

    fn command(
        &mut self,
        server: &mut Server,
        ticket: Ticket<kind::Command>,
        command: Command<Bytes>,
    ) -> Result<(), Misuse> {
        let mut world = self.world.lock().unwrap();
        let text =
            |mailbox: &imap_proto::codec::Mailbox<Bytes>| String::from_utf8_lossy(mailbox.as_bytes()).into_owned();
        match command {
            Command::List(_) => {
                for name in world.folders.keys() {
                    server.tell(&ticket, &Data::List(entry(name)))?;
                }
                server.ok(ticket, None, "Listed")
            }
            Command::Status(status) => {
                let Some(folder) = world.folders.get(&text(&status.mailbox)) else {
                    return server.no(ticket, Code::NonExistent, "no such mailbox");
                };
                let counts = folder.mailbox.counts();
                let value = |item: &StatusItem<Bytes>| match item {
                    StatusItem::Messages => Some(StatusValue::Messages(counts.messages)),
                    StatusItem::UidNext => Some(StatusValue::UidNext(counts.uid_next)),
                    StatusItem::Unseen => Some(StatusValue::Unseen(counts.unseen)),
                    StatusItem::HighestModSeq => counts.highest_modseq.map(StatusValue::HighestModSeq),
                    _ => None,
                };
                let values = status.items.iter().filter_map(value).collect();
                server.tell(&ticket, &Data::Status(MailboxStatus { mailbox: status.mailbox, values }))?;
                server.ok(ticket, None, "That is how it stands")
            }
            Command::Create(create) => {
                let name = text(&create.mailbox);
                if world.folders.contains_key(&name) {
                    return server.no(ticket, Code::AlreadyExists, "there is one");
                }
                if world.folders.len() > self.most {
                    return server.no(ticket, Code::OverQuota, "full");
                }
                let uid_validity = 3_000 + world.folders.len() as u32;
                world.folders.insert(name, Folder::new(uid_validity));
                server.ok(ticket, None, "Created")
            }
            Command::Delete(mailbox) => match world.folders.remove(&text(&mailbox)) {
                Some(_) => server.ok(ticket, None, "Deleted"),
                None => server.no(ticket, Code::NonExistent, "no such mailbox"),
            },
            Command::Other { arguments, .. } => {
                if arguments == "for long" {
                    server.tell_progress(&ticket, None, None)?;
                    server.tell_progress(&ticket, Some(454), Some(1000))?;
                    for (done, goal) in [(Some(2), Some(1)), (None, Some(0))] {
                        assert_eq!(server.tell_progress(&ticket, done, goal), Err(Misuse::OutOfRange));
                    }
                }
                server.ok(ticket, None, String::from_utf8_lossy(&arguments).into_owned())
            }
            _ => server.ok(ticket, None, "Done"),
        }
    }

    /// Tells of messages for as long as there is room.
    fn go_on(&mut self, server: &mut Server, mut open: OpenFetch) -> Result<(), Misuse> {
        let world = self.world.clone();
        let world = world.lock().unwrap();
        let Some(folder) = self.selected.as_ref().and_then(|name| world.folders.get(name)) else {
            return server.no(open.ticket, None, "gone");
        };
        loop {
            while !open.literal.is_empty() {
                let piece = open.literal.split_to(open.literal.len().min(self.piece.max(1)));
                match server.piece(&open.ticket, piece)? {
                    Appetite::Full => {
                        self.open = Some(open);
                        return Ok(());
                    }
                    Appetite::More | Appetite::Enough => {}
                }
            }
            let Some((uid, mut items)) = open.rest.pop() else { break };
            let Some(message) = folder.mailbox.message(uid) else { continue };
            let text = &folder.texts[&uid];
            let in_the_middle = std::mem::take(&mut open.in_the_middle);
            let mut line =
                if in_the_middle { server.resume(&open.ticket)? } else { server.fetch(&open.ticket, uid)? };
            while !items.is_empty() {
                match items.remove(0) {
                    FetchAttribute::Flags => drop(line.flags(message.flags)),
                    FetchAttribute::Uid => drop(line.uid()),
                    FetchAttribute::ModSeq => drop(line.mod_seq(message.modseq)),
                    FetchAttribute::Rfc822Size => drop(line.size(text.len() as u64)),
                    FetchAttribute::InternalDate => {
                        let date = imap_proto::codec::MessageAttribute::<&[u8]>::InternalDate(
                            DateTime::from_unix(1_700_000_000, 0).unwrap(),
                        );
                        drop(line.attribute(&date));
                    }
                    FetchAttribute::Section { section, partial, .. } => {
                        let data = part_of(text, &section);
                        let from = partial
                            .map_or(0, |partial| usize::try_from(partial.offset).unwrap_or(usize::MAX))
                            .min(data.len());
                        let to = partial.map_or(data.len(), |partial| {
                            from.saturating_add(usize::try_from(partial.count.get()).unwrap_or(usize::MAX))
                                .min(data.len())
                        });
                        let data = data.slice(from..to);
                        let what = Streamed::Section { section, origin: partial.map(|partial| partial.offset) };
                        if data.len() > self.piece {
                            line.stream(&what, data.len() as u64).map_err(|_| Misuse::OutOfRange)?;
                            (open.literal, open.in_the_middle) = (data, true);
                            open.rest.push((uid, items));
                            break;
                        }
                        line.data(&what, data).map_err(|_| Misuse::OutOfRange)?;
                        continue;
                    }
                    _ => {}
                }
            }
        }
        server.ok(open.ticket, None, "Fetched")
    }
}

/// The mailbox that is selected, unless the session has moved on.
fn open_folder<'w>(world: &'w mut World, name: Option<&str>) -> Result<&'w mut Folder, Misuse> {
    name.and_then(|name| world.folders.get_mut(name)).ok_or(Misuse::WrongState)
}

fn part_of(text: &Bytes, section: &Section<Bytes>) -> Bytes {
    let split = text.windows(4).position(|four| four == b"\r\n\r\n").map_or(text.len(), |at| at + 4);
    match section.text {
        None => text.clone(),
        Some(SectionText::Text) => text.slice(split..),
        Some(_) => text.slice(..split),
    }
}

fn entry(name: &str) -> ListEntry<Bytes> {
    ListEntry {
        attributes: Vec::new(),
        delimiter: Some(b'/'),
        mailbox: imap_proto::codec::Mailbox::new(Bytes::copy_from_slice(name.as_bytes())),
        extended: Vec::new(),
    }
}

static KEYS: LazyLock<ScramKeys> = LazyLock::new(|| {
    let work = Derivation::new(Hash::Sha256, PASSWORD, b"0123456789abcdef", 4096).unwrap();
    ScramKeys::from_derived(&work.run())
});

fn verdict(ask: Ask) -> Answer {
    match ask {
        Ask::Sasl(Sasl::Password { user, password, .. }) if user == USER && password.matches(PASSWORD) => {
            Answer::Accept
        }
        Ask::Sasl(Sasl::Keys { user, hash: Hash::Sha256, .. }) if user == USER => Answer::Keys(KEYS.clone()),
        Ask::Sasl(Sasl::Keys { .. }) => Answer::NoKeys,
        Ask::Sasl(Sasl::Token { token, .. }) if token.matches("good-token") => Answer::AcceptAs(Identity::new(USER)),
        _ => Answer::Reject(Rejection::Credentials),
    }
}

impl Application for Desk {
    fn answer(&mut self, server: &mut Server, event: Event) -> Result<(), Misuse> {
        if self.mute {
            // A ticket that is dropped is a ticket that is never answered.
            return Ok(());
        }
        match event {
            Event::Greet(ticket) => server.greet(ticket, "hello"),
            Event::Authenticate { ticket, ask } => server.authenticate(ticket, verdict(ask)),
            Event::LoggedIn { ticket, identity } => {
                self.who = Some(identity.name().to_owned());
                server.welcome(ticket)
            }
            Event::LoggedOut => {
                self.who = None;
                Ok(())
            }
            Event::Poll(ticket) => {
                let mut world = self.world.lock().unwrap();
                match self.selected.as_ref().and_then(|name| world.folders.get_mut(name)) {
                    Some(folder) => server.catch_up(ticket, &mut folder.mailbox),
                    None => server.unchanged(ticket),
                }
            }
            Event::Select { ticket, request } => {
                let name = String::from_utf8_lossy(request.mailbox.as_bytes()).into_owned();
                let mut world = self.world.lock().unwrap();
                self.session = world.next_session;
                world.next_session += 1;
                let Some(folder) = world.folders.get_mut(&name) else {
                    return server.no(ticket, Code::NonExistent, "no such mailbox");
                };
                let mut view = folder.mailbox.select(SessionId(self.session), request.access()).unwrap();
                let mut selection = Selection::new();
                selection.mailbox_id = Some(Bytes::from(format!("F{}", view.uid_validity())));
                selection.list = Some(entry(&name));
                // What a session tells must not depend on it.
                selection.live = self.session.is_multiple_of(2);
                if let Some(known) = &request.known {
                    selection.vanished = view.resync(&folder.mailbox, &known.as_resync());
                }
                self.selected = Some(name);
                server.select(ticket, view, selection)
            }
            Event::Deselected => {
                let session = SessionId(self.session);
                if let Some(name) = self.selected.take()
                    && let Some(folder) = self.world().folders.get_mut(&name)
                {
                    folder.mailbox.leave(session);
                }
                Ok(())
            }
            Event::Fetch { ticket, request } => {
                let mut world = self.world.lock().unwrap();
                let folder = open_folder(&mut world, self.selected.as_deref())?;
                if let (true, Some(since), Some(view)) = (request.vanished, request.changed_since, server.view()) {
                    let vanished = view.vanished_since(&folder.mailbox, since, &request.uids);
                    server.tell_vanished(&ticket, &vanished)?;
                }
                let since = request.changed_since.map_or(0, |since| since.get());
                let messages = folder.mailbox.messages_in(&request.uids).filter(|message| message.modseq.get() > since);
                let uids: UidSet = messages.map(|message| message.uid).collect();
                let mut rest: Vec<_> = uids.iter().map(|uid| (uid, request.items.clone())).collect();
                rest.reverse();
                if request.sets_seen()
                    && let Some(view) = server.view_mut()
                {
                    let _ = view.store(&mut folder.mailbox, &uids, FlagChange::Add(Flags::SEEN), None, false);
                }
                drop(world);
                self.go_on(server, OpenFetch { ticket, literal: Bytes::new(), in_the_middle: false, rest })
            }
            Event::Writable => match self.open.take() {
                Some(open) => self.go_on(server, open),
                None => Ok(()),
            },
            Event::Store { ticket, request } => {
                let mut world = self.world.lock().unwrap();
                let folder = open_folder(&mut world, self.selected.as_deref())?;
                let flags = match folder.mailbox.flags(&request.flags) {
                    Ok(flags) => flags,
                    Err(fault) => return server.no(ticket, Code::Limit, fault.to_string()),
                };
                let change = match request.action {
                    StoreAction::Replace => FlagChange::Replace(flags),
                    StoreAction::Add => FlagChange::Add(flags),
                    StoreAction::Remove => FlagChange::Remove(flags),
                };
                let view = server.view_mut().ok_or(Misuse::WrongState)?;
                match view.store(&mut folder.mailbox, &request.uids, change, request.unchanged_since, request.silent) {
                    Ok(stored) => server.stored(ticket, &stored),
                    Err(fault) => server.no(ticket, None, fault.to_string()),
                }
            }
            Event::Search { ticket, request } => {
                if request
                    .charset
                    .as_ref()
                    .is_some_and(|name| !name.eq_ignore_ascii_case(b"UTF-8") && !name.eq_ignore_ascii_case(b"US-ASCII"))
                {
                    return server.no(ticket, Code::BadCharset(vec![Bytes::from_static(b"UTF-8")]), "unknown charset");
                }
                let mut world = self.world.lock().unwrap();
                let folder = &*open_folder(&mut world, self.selected.as_deref())?;
                let holds = |message: &imap_proto::view::Message, key: &SearchKey<Bytes>| match key {
                    SearchKey::All => true,
                    SearchKey::Seen => message.flags.has(Flags::SEEN),
                    SearchKey::Unseen => !message.flags.has(Flags::SEEN),
                    SearchKey::Flagged => message.flags.has(Flags::FLAGGED),
                    SearchKey::Deleted => message.flags.has(Flags::DELETED),
                    SearchKey::Uids(set) => set.contains(message.uid.non_zero(), u32::MAX.try_into().unwrap()),
                    SearchKey::Text(text) => {
                        let text = String::from_utf8_lossy(text).into_owned();
                        String::from_utf8_lossy(&folder.texts[&message.uid]).contains(&text)
                    }
                    SearchKey::ModSeq { mod_seq, .. } => message.modseq >= *mod_seq,
                    _ => false,
                };
                let found =
                    || folder.mailbox.messages().filter(|message| request.keys.evaluate(|key| holds(message, key)));
                let uids: UidSet = found().map(|message| message.uid).collect();
                let mod_seq = request.tells_mod_seq().then(|| found().map(|message| message.modseq).max()).flatten();
                assert!(request.returns.iter().all(|one| !matches!(one, SearchReturn::Other { .. })));
                match request.order {
                    imap_proto::server::SearchOrder::Sort(_) => {
                        let mut uids: Vec<Uid> = uids.iter().collect();
                        uids.sort_by_key(|uid| folder.texts[uid].len());
                        server.sorted(ticket, &uids, mod_seq)
                    }
                    imap_proto::server::SearchOrder::Thread(_) => {
                        let threads: Vec<_> =
                            uids.iter().map(|uid| (u32::from(uid.get() % 2 == 0), Some(uid))).collect();
                        server.threaded(ticket, threads)
                    }
                    _ => server.found(ticket, &uids, mod_seq),
                }
            }
            Event::Copy { ticket, request } => {
                let mut world = self.world.lock().unwrap();
                let Some(name) = self.selected.clone() else { return Err(Misuse::WrongState) };
                let target = String::from_utf8_lossy(request.mailbox.as_bytes()).into_owned();
                if !world.folders.contains_key(&target) {
                    return server.no(ticket, Code::TryCreate, "no such mailbox");
                }
                let source = &*open_folder(&mut world, Some(&name))?;
                let messages: Vec<_> = source
                    .mailbox
                    .messages_in(&request.uids)
                    .map(|message| (message.uid, message.flags & Flags::SYSTEM, source.texts[&message.uid].clone()))
                    .collect();
                let folder = world.folders.get_mut(&target).unwrap();
                if folder.texts.len() + messages.len() > self.most {
                    return server.no(ticket, Code::OverQuota, "full");
                }
                let uid_validity = folder.mailbox.uid_validity();
                let copies: UidSet = messages.iter().map(|(_, flags, text)| folder.add(*flags, text.clone())).collect();
                let originals: UidSet = messages.iter().map(|(uid, ..)| *uid).collect();
                if request.moves {
                    world.folders.get_mut(&name).unwrap().remove(&originals);
                }
                let sets = (SequenceSet::from_numbers(&originals), SequenceSet::from_numbers(&copies));
                let copied = match sets {
                    (Some(from), Some(to)) => Some(Copied { uid_validity, from, to }),
                    _ => None,
                };
                server.copied(ticket, copied)
            }
            Event::Expunge { ticket, request } => {
                let mut world = self.world.lock().unwrap();
                let folder = open_folder(&mut world, self.selected.as_deref())?;
                let gone = folder.mailbox.with_flags(Flags::DELETED, &request.uids.unwrap_or_else(UidSet::all));
                folder.remove(&gone);
                server.ok(ticket, None, "Expunged")
            }
            Event::AppendBegin { ticket, request } => {
                let name = String::from_utf8_lossy(request.mailbox.as_bytes()).into_owned();
                let mut world = self.world.lock().unwrap();
                let Some(folder) = world.folders.get_mut(&name) else {
                    return server.no(ticket, Code::TryCreate, "no such mailbox");
                };
                let replaces = request.replaces;
                let draft = self.draft.get_or_insert_with(|| Draft { folder: name, replaces, messages: Vec::new() });
                for step in request.steps {
                    match step {
                        AppendStep::Message(facts) => {
                            let Ok(flags) = folder.mailbox.flags(&facts.flags) else {
                                return server.no(ticket, None, "bad flags");
                            };
                            draft.messages.push((flags, Vec::new()));
                        }
                        AppendStep::Url(_) => {
                            self.draft = None;
                            return server.no(ticket, Code::BadUrl(Bytes::from_static(b"?")), "no URLs here");
                        }
                        _ => {}
                    }
                }
                server.take_message(ticket)
            }
            Event::AppendData(data) => {
                // Events that are answered too late find nothing any more.
                let Some(draft) = &mut self.draft else { return Err(Misuse::WrongState) };
                if let Some((_, text)) = draft.messages.last_mut() {
                    text.extend_from_slice(&data);
                }
                Ok(())
            }
            Event::AppendCancelled => {
                self.draft = None;
                Ok(())
            }
            Event::AppendEnd { ticket } => {
                let Some(draft) = self.draft.take() else { return Err(Misuse::WrongState) };
                let mut world = self.world.lock().unwrap();
                let folder = open_folder(&mut world, Some(&draft.folder))?;
                if folder.texts.len() + draft.messages.len() > self.most {
                    return server.no(ticket, Code::OverQuota, "full");
                }
                let uid_validity = folder.mailbox.uid_validity();
                let uids: UidSet = draft.messages.into_iter().map(|(flags, text)| folder.add(flags, text)).collect();
                if let Some(uid) = draft.replaces {
                    let folder = open_folder(&mut world, self.selected.as_deref())?;
                    folder.remove(&[uid].into_iter().collect());
                }
                let uids = SequenceSet::from_numbers(&uids).unwrap();
                server.appended(ticket, Some(Appended { uid_validity, uids }))
            }
            Event::Command { ticket, command } => self.command(server, ticket, *command),
            Event::Elsewhere => {
                let mailbox = server.mailbox_from("Entw\u{fc}rfe");
                server.tell_unasked(&Data::Status(MailboxStatus { mailbox, values: vec![StatusValue::Messages(1)] }))
            }
            _ => Ok(()),
        }
    }
}

impl Subject for Desk {
    type Machine = Server;

    fn machine(&self, now: Instant) -> Server {
        self.server(now)
    }

    fn react(&mut self, server: &mut Server, event: Event, _now: Instant) {
        // A law may let the answer come too late; then it is misuse, and nothing else.
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Server, choice: u64, now: Instant) {
        match choice % 8 {
            0 => server.shutdown(),
            1 => drop(server.capabilities()),
            2 => server.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => server.upgraded(now, Upgraded::Deflate),
            4 => server.force_poll(),
            5 => {
                server.relay(&Notice::CHANGED);
                server.relay(&Notice::ELSEWHERE);
            }
            6 => self.inbox(|inbox| {
                inbox.add(Flags::NONE, "new\r\n");
            }),
            _ => drop(server.upgrade()),
        }
    }

    fn lifetime(&self) -> std::time::Duration {
        std::time::Duration::from_secs(7_200)
    }

    fn limit(&self) -> usize {
        // Of this two thirds are what the parts of one long command take.
        1536 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

/// A client that types lines at a server of this desk.
pub type Talk = crate::talk::Talk<Desk>;

impl crate::talk::Talk<Desk> {
    /// A session after login.
    pub fn logged_in() -> Self {
        Talk::new().log_in()
    }

    /// A session with INBOX selected.
    pub fn selected() -> Self {
        Talk::logged_in().select()
    }

    /// Another session over the same store, with INBOX selected.
    pub fn beside(&self) -> Self {
        Talk::with(self.desk.shared()).log_in().select()
    }

    /// Logs in.
    pub fn log_in(mut self) -> Self {
        let said = self.say(format!("l LOGIN {USER} \"{PASSWORD}\"\r\n"));
        assert!(said.ends_with("Logged in\r\n"), "{said}");
        self
    }

    /// Selects INBOX.
    pub fn select(mut self) -> Self {
        let said = self.say("s SELECT INBOX\r\n");
        assert!(said.contains("\r\ns OK [READ-WRITE]"), "{said}");
        self
    }

    /// Says what the lines that begin with `C: ` say, and compares what comes back with those that begin with `S: `.
    pub fn transcript(&mut self, lines: &str) {
        let mut said = String::new();
        for line in lines.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            match line.split_at(3) {
                ("C: ", words) => {
                    assert_eq!(said, "", "said before {words:?}");
                    said = self.say(format!("{words}\r\n"));
                }
                ("S: ", words) => {
                    let Some((first, rest)) = said.split_once("\r\n") else {
                        panic!("nothing said in place of {words:?}")
                    };
                    assert_eq!(first, words);
                    said = rest.to_owned();
                }
                _ => panic!("neither C: nor S: in {line:?}"),
            }
        }
        assert_eq!(said, "", "said at the end");
    }

    /// Tells the session that another mailbox has changed.
    pub fn wake_elsewhere(&mut self) -> String {
        self.server.relay(&Notice::ELSEWHERE);
        self.say("")
    }

    /// Tells the session that its mailbox has changed.
    pub fn wake(&mut self) -> String {
        self.server.relay(&Notice::CHANGED);
        self.say("")
    }
}
