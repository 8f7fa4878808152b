//! An IMAP client that does what its arguments say, and prints what came of it:
//! the hand by which the interop suite drives our client machine.
//!
//! ```text
//! interop-imap-client ADDRESS never|starttls|implicit CA-FILE USER PASSWORD METHOD TODO...
//! ```
//! METHOD is `best`, `login`, or a SASL mechanism. TODO is any of those that `Session::act` knows, with their arguments. It ends with 1 when a request
//! or the session failed.

use std::collections::VecDeque;
use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use imap_proto::client::{
    Client, Config, Event, FetchData, Login, Method, NewText, Outcome, Reason, RequestId, TlsPolicy,
};
use imap_proto::codec::command::{
    EventGroup, FetchAttribute, ListReturn, ListSelection, MailboxFilter, Notify, NotifyEvent, QResync, SearchReturn,
    SortCriterion, SortKey, StatusItem, StoreAction, ThreadAlgorithm,
};
use imap_proto::codec::{
    Capability, Data, EsearchItem, Fetched, Flag, MessageAttribute, MetadataEntries, ModSeq, SearchKey, SearchKeys,
    Section, SequenceSet,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use wirestate_blocking::{Connection, connect};
use wirestate_layers::tls::{Tls, client_config};
use wirestate_layers::{Deflate, deflate::Memory};
use wirestate_machine::Machine;
use wirestate_sasl::Mechanism;
use wirestate_sasl::client::Credentials;

type Fault = Box<dyn Error>;

fn main() -> ExitCode {
    match Arguments::read().and_then(|arguments| Session::open(&arguments)?.run(arguments)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            println!("broken {fault}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    address: String,
    tls: TlsPolicy,
    ca: PathBuf,
    login: Login,
    todo: VecDeque<String>,
}

impl Arguments {
    fn read() -> Result<Self, Fault> {
        let mut words = std::env::args().skip(1);
        let mut word = |what: &str| words.next().ok_or_else(|| format!("the argument {what} is missing"));
        let address = word("ADDRESS")?;
        let tls = match word("TLS")?.as_str() {
            "never" => TlsPolicy::Never,
            "starttls" => TlsPolicy::Required,
            "implicit" => TlsPolicy::Implicit,
            other => return Err(format!("{other} is not never, starttls or implicit").into()),
        };
        let ca = word("CA-FILE")?.into();
        let login = Login::new(Credentials::password(word("USER")?, word("PASSWORD")?)?);
        let login = match word("METHOD")?.as_str() {
            "best" => login,
            "login" => login.only(Method::Login),
            name => {
                let mechanism = Mechanism::from_name(name).ok_or_else(|| format!("{name} is no mechanism"))?;
                login.only(Method::Sasl(mechanism))
            }
        };
        Ok(Self { address, tls, ca, login, todo: words.collect() })
    }

    fn text(&mut self) -> Result<String, Fault> {
        self.todo.pop_front().ok_or_else(|| "an argument is missing at the end".into())
    }

    fn number<N: std::str::FromStr<Err: Error + 'static>>(&mut self) -> Result<N, Fault> {
        Ok(self.text()?.parse()?)
    }

    fn set(&mut self) -> Result<SequenceSet, Fault> {
        Ok(self.text()?.parse()?)
    }

    fn mod_seq(&mut self) -> Result<ModSeq, Fault> {
        ModSeq::new(self.number()?).ok_or_else(|| "no mod-sequence".into())
    }
}

struct Session {
    connection: Connection<Tls<Deflate<Client>>>,
    failed: usize,
    /// Texts that APPEND is to send, the next one first.
    texts: VecDeque<Vec<u8>>,
    /// Where messages are put, if they are kept; and the one that is coming.
    folder: Option<PathBuf>,
    coming: Option<File>,
}

impl Session {
    fn open(arguments: &Arguments) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&arguments.ca)? {
            roots.add(certificate?)?;
        }
        let tls = client_config(roots, &[b"imap"])?;
        let mut config =
            Config::default().tls(arguments.tls).cleartext(arguments.tls == TlsPolicy::Never).track_uids(true);
        // Long texts are what is longer than this, so that both ways of telling are tried.
        config.limits.response.stream = 1000;
        let config = Arc::new(config);
        let mut seed = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut seed)?;
        let name = ServerName::try_from("localhost")?;
        let connection = connect(arguments.address.as_str(), |_, now| {
            let deflate = Deflate::new(Client::new(config, seed, now)).with_memory(Memory::Batch);
            Tls::client(deflate, Arc::clone(&tls), name)
        })?;
        Ok(Self { connection, failed: 0, texts: VecDeque::new(), folder: None, coming: None })
    }

    /// Gives how many requests failed.
    fn run(mut self, mut arguments: Arguments) -> Result<usize, Fault> {
        loop {
            match self.event()? {
                Event::Ready { .. } => break,
                Event::Closed { reason, .. } => return Err(format!("closed before login: {reason:?}").into()),
                _ => {}
            }
        }
        let login = arguments.login.clone();
        let request = self.client().login(login)?;
        if !self.finish(request)? {
            return Ok(self.failed);
        }
        println!("logged-in");
        while let Some(word) = arguments.todo.pop_front() {
            match word.as_str() {
                "logout" => {
                    self.client().logout()?;
                    return self.end();
                }
                "compressed" => {
                    let deflation = self.connection.machine().channel().deflate.ok_or("it is not compressed")?;
                    println!("compressed {}", deflation.wire_in < deflation.plain_in);
                }
                "idle-until" => self.idle(&arguments.text()?)?,
                "selected" => self.show_selected()?,
                word => {
                    let request = self.act(word, &mut arguments)?;
                    self.finish(request)?;
                }
            }
        }
        Ok(self.failed)
    }

    /// Asks for what a word says.
    fn act(&mut self, word: &str, arguments: &mut Arguments) -> Result<RequestId, Fault> {
        let everything = || SearchKeys::<&[u8]>::new([SearchKey::All]);
        let facts = [
            FetchAttribute::Uid,
            FetchAttribute::Flags,
            FetchAttribute::Rfc822Size,
            FetchAttribute::InternalDate,
            FetchAttribute::Envelope,
            FetchAttribute::BodyStructure,
        ];
        let request = match word {
            "noop" => self.client().noop()?,
            "id" => self.client().id(Some(&[("name", Some("interop"))]))?,
            "namespace" => self.client().namespace()?,
            "enable" => {
                let name = arguments.text()?;
                self.client().enable([Capability::parse(name.as_bytes())])?
            }
            "compress" => self.client().compress()?,
            "list" => self.client().list("", arguments.text()?)?,
            "list-status" => {
                let items = vec![StatusItem::Messages, StatusItem::Unseen];
                let returns = [ListReturn::SpecialUse, ListReturn::Status(items)];
                self.client().list_for([], "", &[&arguments.text()?], returns)?
            }
            "list-subscribed" => self.client().list_for([ListSelection::Subscribed], "", &["*"], [])?,
            "status" => {
                let items = [StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity, StatusItem::Size];
                self.client().status(arguments.text()?, items)?
            }
            "create" => {
                let name = self.client().mailbox_name(&arguments.text()?);
                self.client().create(name, &[])?
            }
            "create-for" => {
                let (special, name) = (arguments.text()?, arguments.text()?);
                self.client().create(name, &[&special])?
            }
            "delete" => self.client().delete(arguments.text()?)?,
            "rename" => {
                let from = arguments.text()?;
                self.client().rename(from, arguments.text()?)?
            }
            "subscribe" => self.client().subscribe(arguments.text()?)?,
            "select" => self.client().select(arguments.text()?)?,
            "examine" => self.client().examine(arguments.text()?)?,
            "unselect" => self.client().unselect()?,
            "close" => self.client().close()?,
            "resync" => {
                let mailbox = arguments.text()?;
                let known = QResync {
                    uid_validity: arguments.number()?,
                    mod_seq: arguments.mod_seq()?,
                    known_uids: None,
                    matches: None,
                };
                self.client().resync(mailbox, known)?
            }
            "facts" => self.client().fetch(SequenceSet::ALL, facts)?,
            "changed" => {
                let since = arguments.mod_seq()?;
                self.client().uid_fetch_changed(SequenceSet::ALL, [FetchAttribute::Flags], since)?
            }
            "keep" => {
                self.folder = Some(arguments.text()?.into());
                let whole = Section { part: Vec::new(), text: None };
                let whole = FetchAttribute::Section { peek: true, section: whole, partial: None };
                self.client().uid_fetch(SequenceSet::ALL, [FetchAttribute::Uid, whole])?
            }
            "flag" | "unflag" => {
                let action = if word == "flag" { StoreAction::Add } else { StoreAction::Remove };
                let (uids, flag) = (arguments.set()?, arguments.text()?);
                self.client().uid_store(uids, action, [Flag::of_word(flag.as_bytes())], false)?
            }
            "flag-unchanged" => {
                let (uids, since, flag) = (arguments.set()?, arguments.mod_seq()?, arguments.text()?);
                let flag = Flag::of_word(flag.as_bytes());
                self.client().uid_store_unchanged(uids, since, StoreAction::Add, [flag], false)?
            }
            "search" => {
                let subject = arguments.text()?;
                self.client().uid_search(SearchKeys::new([SearchKey::Subject(subject.as_bytes())])?)?
            }
            "search-save" => {
                let flag = SearchKeys::<&[u8]>::new([SearchKey::Flagged])?;
                self.client().uid_search_for([SearchReturn::Save, SearchReturn::Count, SearchReturn::All], flag)?
            }
            "sort" => {
                let criteria = [SortKey::Size, SortKey::Arrival].map(|key| SortCriterion { reverse: true, key });
                self.client().uid_sort(criteria, everything()?)?
            }
            "thread" => self.client().uid_thread(ThreadAlgorithm::References, everything()?)?,
            "copy" => {
                let uids = arguments.set()?;
                self.client().uid_copy(uids, arguments.text()?)?
            }
            "move" => {
                let uids = arguments.set()?;
                self.client().uid_move(uids, arguments.text()?)?
            }
            "expunge" => self.client().expunge()?,
            "uid-expunge" => self.client().uid_expunge(arguments.set()?)?,
            "append" => {
                let (mailbox, count) = (arguments.text()?, arguments.number::<usize>()?);
                for _ in 0..count {
                    self.texts.push_back(fs::read(arguments.text()?)?);
                }
                let texts: Vec<_> =
                    self.texts.iter().map(|text| NewText::new(text.len() as u64).flags([Flag::Flagged])).collect();
                self.client().append_many(mailbox, texts)?
            }
            "notify" => {
                let subtree = MailboxFilter::Subtree(vec![imap_proto::codec::Mailbox::new(arguments.text()?)]);
                let new = NotifyEvent::MessageNew(Vec::new());
                let groups = vec![EventGroup { mailboxes: subtree, events: vec![new, NotifyEvent::MessageExpunge] }];
                self.client().notify(Notify::Set { status: true, groups })?
            }
            "set-metadata" => {
                let (mailbox, entry, value) = (arguments.text()?, arguments.text()?, arguments.text()?);
                self.client().set_metadata(mailbox, &[(&entry, Some(value.as_bytes()))])?
            }
            "metadata" => {
                let mailbox = arguments.text()?;
                self.client().metadata(mailbox, &[&arguments.text()?], None)?
            }
            "quota" => self.client().quota_roots(arguments.text()?)?,
            "my-rights" => self.client().my_rights(arguments.text()?)?,
            other => return Err(format!("{other} is nothing that this client does").into()),
        };
        Ok(request)
    }

    fn client(&mut self) -> &mut Client {
        self.connection.machine().inner_mut().inner_mut()
    }

    /// The next event, which is shown; what is only to be worked off is.
    fn event(&mut self) -> Result<Event, Fault> {
        loop {
            let Some(event) = self.connection.try_next()? else { return Err("the connection ended".into()) };
            match event {
                Event::Work { ticket, derivation } => self.client().derived(ticket, derivation.run())?,
                Event::Wanted { request, .. } => {
                    // What was asked for while there was no room is asked for again.
                    if let Some(text) = self.texts.pop_front() {
                        self.client().append_data(request, text)?;
                    }
                }
                event => {
                    self.show(&event)?;
                    return Ok(event);
                }
            }
        }
    }

    fn show(&mut self, event: &Event) -> Result<(), Fault> {
        match event {
            Event::Secured(_) => println!("secured"),
            Event::Data { data, .. } => show(data),
            Event::Expunged { number, uid } => println!("expunged {number} {}", uid.map_or(0, |uid| uid.get())),
            Event::Fetch { data, .. } => self.show_message(data)?,
            Event::FetchBegin { data, .. } => {
                self.show_message(data)?;
                if let (Some(folder), Some(uid)) = (&self.folder, uid_of(data)?) {
                    self.coming = Some(File::create(folder.join(uid.to_string()))?);
                }
            }
            Event::FetchChunk { bytes, .. } => {
                if let Some(file) = &mut self.coming {
                    file.write_all(bytes)?;
                }
            }
            Event::FetchEnd { data, .. } => {
                self.coming = None;
                data.read()?;
            }
            Event::Odd(oddity) => println!("odd {oddity:?}"),
            _ => {}
        }
        Ok(())
    }

    fn show_message(&self, data: &FetchData) -> Result<(), Fault> {
        let part = data.read()?;
        let mut line = match data.message() {
            Fetched::Number(number) => format!("message {number}"),
            Fetched::Uid(uid) => format!("message uid {uid}"),
        };
        for item in &part.items {
            match item {
                MessageAttribute::Uid(uid) => line += &format!(" uid={uid}"),
                MessageAttribute::Size(octets) => line += &format!(" size={octets}"),
                MessageAttribute::ModSeq(mod_seq) => line += &format!(" modseq={mod_seq}"),
                MessageAttribute::Flags(flags) => {
                    let flags: Vec<_> = flags.iter().map(|flag| flag.to_string()).collect();
                    line += &format!(" flags={}", flags.join(","));
                }
                MessageAttribute::Envelope(envelope) => {
                    let subject = envelope.subject.as_deref().unwrap_or_default();
                    line += &format!(" subject={}", String::from_utf8_lossy(subject).replace(' ', "_"));
                }
                MessageAttribute::BodyStructure(structure) => line += &format!(" parts={}", structure.parts().len()),
                MessageAttribute::Section { data, .. } => {
                    if let (Some(folder), Some(uid)) = (&self.folder, uid_of_items(&part.items)) {
                        fs::write(folder.join(uid.to_string()), data.as_deref().unwrap_or_default())?;
                    }
                }
                _ => {}
            }
        }
        println!("{line}");
        Ok(())
    }

    /// Whether it was done.
    fn finish(&mut self, wanted: RequestId) -> Result<bool, Fault> {
        loop {
            match self.event()? {
                Event::Closed { reason, .. } => return Err(format!("closed: {reason:?}").into()),
                Event::Done { request, outcome } if request == wanted => return Ok(self.judge(&outcome)),
                _ => {}
            }
        }
    }

    fn judge(&mut self, outcome: &Outcome) -> bool {
        let code = outcome.code().map(|code| format!("{code:?}")).unwrap_or_default();
        let text = outcome.words().map(|words| String::from_utf8_lossy(&words.text).into_owned()).unwrap_or_default();
        if outcome.is_ok() {
            println!("ok {code}");
        } else {
            self.failed += 1;
            println!(
                "failed [{code}] {text} {}",
                if outcome.words().is_none() { format!("{outcome:?}") } else { String::new() }
            );
        }
        outcome.is_ok()
    }

    /// Lies in IDLE until a word is heard: `exists`, `expunged` or `message`.
    fn idle(&mut self, word: &str) -> Result<(), Fault> {
        let idle = self.client().idle()?;
        loop {
            let event = self.event()?;
            let heard = match &event {
                Event::Idling { .. } => {
                    println!("idling");
                    std::io::stdout().flush()?;
                    false
                }
                Event::Data { data, .. } => word == "exists" && matches!(**data, Data::Exists(_)),
                Event::Expunged { .. } => word == "expunged",
                Event::Fetch { .. } => word == "message",
                Event::Closed { reason } => return Err(format!("closed: {reason:?}").into()),
                _ => false,
            };
            if heard {
                self.client().done()?;
                self.finish(idle)?;
                return Ok(());
            }
        }
    }

    fn show_selected(&mut self) -> Result<(), Fault> {
        let selected = self.client().selected().ok_or("no mailbox is selected")?;
        let validity = selected.uid_validity.map_or(0, |validity| validity.get());
        let mod_seq = selected.highest_mod_seq.map_or(0, |mod_seq| mod_seq.get());
        println!("selected {} {validity} {mod_seq} {}", selected.exists, selected.read_only);
        Ok(())
    }

    fn end(mut self) -> Result<usize, Fault> {
        loop {
            if let Event::Closed { reason } = self.event()? {
                match reason {
                    Reason::Logout => println!("closed logout"),
                    other => return Err(format!("closed: {other:?}").into()),
                }
                return Ok(self.failed);
            }
        }
    }
}

fn uid_of(data: &FetchData) -> Result<Option<u32>, Fault> {
    Ok(uid_of_items(&data.read()?.items))
}

fn uid_of_items<T>(items: &[MessageAttribute<T>]) -> Option<u32> {
    items.iter().find_map(|item| if let MessageAttribute::Uid(uid) = item { Some(uid.get()) } else { None })
}

fn show(data: &Data<Bytes>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(' ', "_");
    match data {
        Data::List(entry) => {
            let attributes: Vec<_> = entry.attributes.iter().map(|one| format!("{one:?}")).collect();
            println!("list {} {}", text(entry.mailbox.as_bytes()), attributes.join(","));
        }
        Data::Status(status) => println!("status {} {:?}", text(status.mailbox.as_bytes()), status.values),
        Data::Exists(count) => println!("exists {count}"),
        Data::Search(found) | Data::Sort(found) => {
            let numbers: Vec<_> = found.numbers.iter().map(ToString::to_string).collect();
            println!("found {}", numbers.join(" "));
        }
        Data::Esearch(found) => {
            for item in &found.results {
                match item {
                    EsearchItem::All(set) => println!("found-all {set}"),
                    EsearchItem::Count(count) => println!("found-count {count}"),
                    other => println!("found-other {other:?}"),
                }
            }
        }
        Data::Thread(threads) => println!("threads {}", threads.threads().count()),
        Data::Vanished { earlier, uids } => println!("vanished {earlier} {uids}"),
        Data::Enabled(capabilities) => println!("enabled {}", capabilities.len()),
        Data::Namespace(namespaces) => println!("namespaces {}", namespaces.personal.len()),
        Data::Id(fields) => println!("id {}", fields.as_ref().map_or(0, Vec::len)),
        Data::Metadata(metadata) => {
            if let MetadataEntries::Values(values) = &metadata.entries {
                for (entry, value) in values {
                    println!("metadata {} {}", text(entry), value.as_deref().map_or("NIL".into(), text));
                }
            }
        }
        Data::QuotaRoots(roots) => println!("quota-roots {}", roots.roots.len()),
        Data::Quota(quota) => println!("quota {:?}", quota.resources),
        Data::MyRights(rights) => println!("rights {}", text(&rights.rights)),
        _ => {}
    }
}
