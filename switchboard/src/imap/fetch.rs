//! FETCH: what the mailbox knows of messages, and their text.

use std::collections::VecDeque;
use std::sync::Arc;
use std::vec::IntoIter;

use bytes::Bytes;
use imap_proto::codec::command::FetchAttribute;
use imap_proto::codec::{Code, DateTime, MessageAttribute, Rfc822, Section, Streamed};
use imap_proto::message::UnknownEncoding;
use imap_proto::server::{Appetite, FetchLine, FetchRequest, kind};
use imap_proto::view::{self, Flags};
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::content::{self, Text};
use super::describe::{self, Description, describe};
use super::session::Session;
use crate::mailstore::{self, FlagChange, Mailbox, Message, Reader, Snapshot, StoreError, Uid};
use crate::offload::Offload;

/// How much of a message is read at a time when it goes out as a whole.
const PIECE: usize = 64 * 1024;

/// A FETCH that is being answered.
pub(super) struct Fetching {
    ticket: Ticket<kind::Fetch>,
    mailbox: Arc<Mailbox>,
    snapshot: Arc<Snapshot>,
    items: Vec<FetchAttribute<Bytes>>,
    needs: Needs,
    messages: IntoIter<view::Message>,
    /// What was read ahead, and for how many of the messages.
    descriptions: VecDeque<(Uid, Description)>,
    described: usize,
    line: Option<Line>,
    /// Whether a part could not be told without its encoding.
    has_unknown_encoding: bool,
}

/// What of messages is needed for what is not streamed, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    /// What the mailbox knows of them.
    Nothing,
    /// What is kept once it is made.
    Description,
    /// Their text.
    Text,
}

/// A message of which a part was told.
struct Line {
    message: view::Message,
    source: Source,
    /// How many items were told.
    told: usize,
    stream: Option<Stream>,
}

/// What is needed of a message, at hand.
enum Source {
    Nothing,
    Description(Description),
    Text(Bytes),
}

/// A message on its way out.
struct Stream {
    reader: Reader,
    offset: u64,
    end: u64,
}

/// How far it went.
enum Went {
    /// The output is full.
    Full,
    /// All messages were told.
    Through,
}

impl<O: Offload> Session<O> {
    pub(super) async fn fetch(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Fetch>,
        request: FetchRequest,
    ) -> Result<(), Misuse> {
        let Some(selected) = &self.selected else { return machine.no(ticket, None, "no mailbox is selected") };
        let shared = selected.shared.clone();
        let is_read_only = machine.view().is_none_or(view::View::is_read_only);
        let (messages, vanished) = {
            let desk = shared.desk();
            let is_meant = |message: &view::Message| request.changed_since.is_none_or(|since| message.modseq > since);
            let messages: Vec<_> = desk.hub.messages_in(&request.uids).filter(is_meant).collect();
            let since = request.changed_since.filter(|_| request.vanished);
            let vanished =
                since.zip(machine.view()).map(|(since, view)| view.vanished_since(&desk.hub, since, &request.uids));
            (messages, vanished)
        };
        if let Some(vanished) = vanished.filter(|vanished| !vanished.is_empty()) {
            machine.tell_vanished(&ticket, &vanished)?;
        }
        let unseen: Vec<_> = match request.sets_seen() && !is_read_only {
            true => messages.iter().filter(|one| !one.flags.has(Flags::SEEN)).map(|one| one.uid.into()).collect(),
            false => Vec::new(),
        };
        let (origin, mailbox) = (self.origin, shared.mailbox.clone());
        let ready = self.offload.run(move || {
            if !unseen.is_empty() {
                let seen = mailstore::Flags::parse(["\\Seen"]).unwrap_or_default();
                mailbox.store_flags(origin, &unseen, &FlagChange::Add(seen), None)?;
            }
            mailbox.sync()
        });
        let snapshot = match ready.await {
            Ok(snapshot) => snapshot,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let mut needs = Needs::Nothing;
        for item in request.items.iter().filter(|item| content::needs_text(item)) {
            needs = needs.max(if describe::is_described(item) { Needs::Description } else { Needs::Text });
        }
        let mailbox = shared.mailbox.clone();
        let (items, messages) = (request.items, messages.into_iter());
        self.fetching = Some(Box::new(Fetching {
            ticket,
            mailbox,
            snapshot,
            items,
            needs,
            messages,
            descriptions: VecDeque::new(),
            described: 0,
            line: None,
            has_unknown_encoding: false,
        }));
        self.fetch_on(machine).await
    }

    /// Tells as much as the output takes.
    pub(super) async fn fetch_on(&mut self, machine: &mut Machine) -> Result<(), Misuse> {
        let Some(mut fetching) = self.fetching.take() else { return Ok(()) };
        match fetching.go_on(machine, &self.offload).await {
            Ok(Went::Full) => {
                self.fetching = Some(fetching);
                Ok(())
            }
            Ok(Went::Through) if fetching.has_unknown_encoding => {
                machine.no(fetching.ticket, Code::UnknownCte, "a part is encoded in a way that is not known")
            }
            Ok(Went::Through) => machine.ok(fetching.ticket, None, "Fetched"),
            Err(Failed::Misuse(misuse)) => Err(misuse),
            Err(Failed::Store(error)) => {
                tracing::error!(session = self.id, user = self.user, reason = %error, "a message cannot be read");
                match fetching.line.is_some_and(|line| line.stream.is_some()) {
                    true => machine.abort(fetching.ticket),
                    false => self.refuse(machine, fetching.ticket, &error, false),
                }
            }
        }
    }
}

enum Failed {
    Misuse(Misuse),
    Store(StoreError),
}

impl From<Misuse> for Failed {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fetching {
    async fn go_on(&mut self, machine: &mut Machine, offload: &impl Offload) -> Result<Went, Failed> {
        loop {
            if let Some(line) = &mut self.line
                && line.stream.is_some()
            {
                if !line.send(machine, &self.ticket, offload).await? {
                    return Ok(Went::Full);
                }
                let line_out = machine.resume(&self.ticket)?;
                line.stream = None;
                self.tell(line_out)?;
                continue;
            }
            self.line = None;
            if machine.is_full() {
                return Ok(Went::Full);
            }
            if self.needs == Needs::Description && self.described == 0 {
                self.read_ahead(offload).await?;
            }
            let Some(message) = self.messages.next() else { return Ok(Went::Through) };
            let uid = message.uid.into();
            let source = match self.needs {
                Needs::Nothing => Source::Nothing,
                Needs::Description => {
                    self.described = self.described.saturating_sub(1);
                    // Whoever removed it tells it; there is nothing more to tell here.
                    let is_there = self.descriptions.front().is_some_and(|(of, _)| *of == uid);
                    let Some((_, description)) = is_there.then(|| self.descriptions.pop_front()).flatten() else {
                        continue;
                    };
                    Source::Description(description)
                }
                Needs::Text => {
                    let mailbox = self.mailbox.clone();
                    match offload.run(move || content::read(&mailbox, uid)).await {
                        Ok(text) => Source::Text(text),
                        Err(StoreError::Vanished) => continue,
                        Err(error) => return Err(error.into()),
                    }
                }
            };
            self.line = Some(Line { message, source, told: 0, stream: None });
            let uid = message.uid;
            let line_out = match machine.fetch(&self.ticket, uid) {
                Ok(line) => line,
                // The client does not know of it yet.
                Err(Misuse::OutOfRange) => continue,
                Err(misuse) => return Err(misuse.into()),
            };
            self.tell(line_out)?;
        }
    }

    async fn read_ahead(&mut self, offload: &impl Offload) -> Result<(), StoreError> {
        let next: Vec<Uid> = self.messages.as_slice().iter().take(describe::BATCH).map(|one| one.uid.into()).collect();
        self.described = next.len();
        let mailbox = self.mailbox.clone();
        self.descriptions = offload.run(move || describe(&mailbox, &next)).await?;
        Ok(())
    }

    /// Tells the items of a line from where it stands, until one is to be streamed.
    fn tell(&mut self, mut out: FetchLine<'_>) -> Result<(), StoreError> {
        let Some(line) = &mut self.line else { return Ok(()) };
        let Some(stored) = self.snapshot.message(line.message.uid.into()) else { return Ok(()) };
        let text = if let Source::Text(text) = &line.source { Some(Text::new(text)) } else { None };
        while let Some(item) = self.items.get(line.told) {
            line.told += 1;
            if let Some((what, range)) = whole(item, stored.size()) {
                let reader = self.mailbox.open(line.message.uid.into())?;
                // What another program did to the file must not make the literal longer than it is.
                let end = range.1.min(reader.size());
                let offset = range.0.min(end);
                line.stream = Some(Stream { reader, offset, end });
                if out.stream(&what, end - offset).is_err() {
                    line.stream = None;
                }
                return Ok(());
            }
            let told = match &line.source {
                Source::Description(description) if describe::is_described(item) => {
                    description.tell(&mut out, item);
                    Ok(())
                }
                _ => tell_one(&mut out, item, &line.message, stored, text.as_ref()),
            };
            self.has_unknown_encoding |= told.is_err();
        }
        Ok(())
    }
}

impl Line {
    /// Sends on; whether all of it went.
    async fn send(
        &mut self,
        machine: &mut Machine,
        ticket: &Ticket<kind::Fetch>,
        offload: &impl Offload,
    ) -> Result<bool, Failed> {
        while let Some(mut stream) = self.stream.take() {
            if stream.offset >= stream.end {
                self.stream = Some(stream);
                return Ok(true);
            }
            let wanted = usize::try_from(stream.end - stream.offset).unwrap_or(PIECE).min(PIECE);
            let (stream, piece) = offload
                .run(move || {
                    let piece = stream.reader.piece(stream.offset, wanted);
                    (stream, piece)
                })
                .await;
            let stream = self.stream.insert(stream);
            let piece = piece.map_err(|source| StoreError::File { path: "message".into(), source })?;
            stream.offset += piece.len() as u64;
            match machine.piece(ticket, piece)? {
                Appetite::More => {}
                Appetite::Full => return Ok(false),
                Appetite::Enough => return Ok(true),
            }
        }
        Ok(true)
    }
}

/// What is the message as a whole, or a stretch of it, and so can go out as it is read.
fn whole(item: &FetchAttribute<Bytes>, size: u64) -> Option<(Streamed<Bytes>, (u64, u64))> {
    match item {
        FetchAttribute::Section { section, partial, .. } if section.part.is_empty() && section.text.is_none() => {
            let origin = partial.map(|partial| partial.offset);
            let end = partial.map_or(size, |partial| partial.offset.saturating_add(partial.count.get()).min(size));
            let streamed = Streamed::Section { section: Section::whole(), origin };
            Some((streamed, (origin.unwrap_or(0), end)))
        }
        FetchAttribute::Rfc822 => Some((Streamed::Rfc822(Rfc822::Message), (0, size))),
        _ => None,
    }
}

fn tell_one(
    out: &mut FetchLine<'_>,
    item: &FetchAttribute<Bytes>,
    message: &view::Message,
    stored: &Message,
    text: Option<&Text<'_>>,
) -> Result<(), UnknownEncoding> {
    let date = |seconds| DateTime::from_unix(seconds, 0);
    let attribute: Option<MessageAttribute<Bytes>> = match item {
        FetchAttribute::Flags => {
            out.flags(message.flags);
            None
        }
        FetchAttribute::Uid => {
            out.uid();
            None
        }
        FetchAttribute::ModSeq => {
            out.mod_seq(message.modseq);
            None
        }
        FetchAttribute::Rfc822Size => {
            out.size(stored.size());
            None
        }
        FetchAttribute::InternalDate => date(stored.internal_date()).map(MessageAttribute::InternalDate),
        FetchAttribute::SaveDate => Some(MessageAttribute::SaveDate(date(stored.save_date()))),
        FetchAttribute::EmailId => Some(MessageAttribute::EmailId(stored.email_id().to_string().into())),
        of_text => {
            if let Some(text) = text {
                text.tell(out, of_text, stored)?;
            }
            None
        }
    };
    if let Some(attribute) = attribute {
        // What cannot be written is left out.
        let _ = out.attribute(&attribute);
    }
    Ok(())
}
