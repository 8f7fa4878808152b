use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::selected::{Selected, put_count_line, put_flags_lines, put_vanished};
use super::{Asked, Enabled, Event, Rejected, Reply, Server, State};
use crate::codec::command::{QResync, Select, SelectParameter};
use crate::codec::{Code, Data, Encoder, ListEntry, Mailbox, ModSeq, SeqNo, SeqSet, Uid, UidSet};
use crate::view::{Access, Resync, View};

/// SELECT or EXAMINE, as [`Event::Select`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectRequest {
    /// Which mailbox.
    pub mailbox: Mailbox<Bytes>,
    /// EXAMINE: nothing in it may change. For [`Mailbox::select`](crate::view::Mailbox::select) see [`access`](SelectRequest::access).
    pub read_only: bool,
    /// What the client knows of the mailbox (RFC 7162 §3.2.5), for [`View::resync`].
    pub known: Option<KnownState>,
    /// Parameters that this crate does not know: name and value as they stand.
    pub others: Vec<(Bytes, Option<Bytes>)>,
}

impl SelectRequest {
    /// How the client wishes to have it.
    pub fn access(&self) -> Access {
        if self.read_only { Access::ReadOnly } else { Access::ReadWrite }
    }
}

/// What a client that comes back knows of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownState {
    /// UIDVALIDITY as it was.
    pub uid_validity: NonZeroU32,
    /// The mod-sequence up to which it knows all.
    pub mod_seq: ModSeq,
    /// The UIDs that it knows; `None`: all.
    pub uids: Option<UidSet>,
    /// Some numbers, and the UIDs that they stood for.
    pub matches: Option<(SeqSet, UidSet)>,
}

impl KnownState {
    fn of(known: &QResync) -> Self {
        KnownState {
            uid_validity: known.uid_validity,
            mod_seq: known.mod_seq,
            uids: known.known_uids.as_ref().map(|uids| uids.resolve(Some(Uid::MAX))),
            matches: known
                .matches
                .as_ref()
                .map(|(numbers, uids)| (numbers.resolve(Some(SeqNo::MAX)), uids.resolve(Some(Uid::MAX)))),
        }
    }

    /// The form that [`View::resync`] takes.
    pub fn as_resync(&self) -> Resync<'_> {
        Resync {
            uid_validity: self.uid_validity,
            modseq: self.mod_seq,
            known_uids: self.uids.as_ref(),
            matches: self.matches.as_ref().map(|(numbers, uids)| (numbers, uids)),
        }
    }
}

/// What the application tells of a mailbox that it selects, beside the view.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Whether clients may make new keywords: `\*` in PERMANENTFLAGS.
    pub new_keywords: bool,
    /// The mailbox's identifier (RFC 8474 §4.2).
    pub mailbox_id: Option<Bytes>,
    /// The mailbox as LIST would tell it, which IMAP4rev2 wants to know (RFC 9051 §6.3.2); to other clients it is not told.
    pub list: Option<ListEntry<Bytes>>,
    /// All that happens in the mailbox comes to its [`Mailbox`](crate::view::Mailbox) at once, whoever did it. Then the session asks by
    /// [`Event::Poll`] only where the mailbox has changed, which it sees without a lock. Where the store must be looked at, `false`: it asks before each
    /// answer.
    pub live: bool,
    /// What [`View::resync`] gave.
    pub vanished: Option<UidSet>,
}

impl Selection {
    /// What most mailboxes are: clients may make keywords.
    pub fn new() -> Self {
        Selection { new_keywords: true, ..Selection::default() }
    }
}

impl Server {
    /// SELECT and EXAMINE: whatever comes of it, the mailbox before is selected no more.
    pub(super) fn select_mailbox(&mut self, select: Select<Bytes>, read_only: bool) -> Result<(), Rejected> {
        let Select { mailbox, parameters } = select;
        let mut request = SelectRequest { mailbox, read_only, known: None, others: Vec::new() };
        let mut condstore = false;
        for parameter in parameters {
            match parameter {
                SelectParameter::CondStore => condstore = true,
                SelectParameter::QResync(_) if !self.enabled.qresync => return Err(Rejected::NotEnabled),
                SelectParameter::QResync(known) => request.known = Some(KnownState::of(&known)),
                SelectParameter::Other { name, value } => request.others.push((name, value)),
            }
        }
        self.check_name(&request.mailbox)?;
        if self.deselect() && (self.enabled.qresync || self.enabled.rev2) {
            self.outbox.put(b"* OK [CLOSED] The mailbox before is closed\r\n");
        }
        if condstore && self.serves_condstore() {
            self.set_enabled(Enabled { condstore: true, ..self.enabled });
        }
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Select { ticket, request: Box::new(request) });
        Ok(())
    }

    /// Leaves the selected mailbox, if there is one; whether there was.
    pub(super) fn deselect(&mut self) -> bool {
        let was = self.selected.take().is_some();
        if was {
            self.state = State::Authenticated;
            self.queue(Event::Deselected);
        }
        was
    }

    /// Answers [`Event::Select`]: the mailbox is selected, and the client is told of it (RFC 9051 §6.3.2). The view comes from
    /// [`Mailbox::select`](crate::view::Mailbox::select).
    pub fn select(&mut self, ticket: Ticket<kind::Select>, view: View, selection: Selection) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let mut view = view;
        view.set_wording(self.enabled.wording());
        if !selection.live {
            view.look_each_time();
        }
        self.tell_selection(&view, &selection);
        let read_only = view.is_read_only();
        self.selected = Some(Box::new(Selected { view, new_keywords: selection.new_keywords }));
        self.let_view_know();
        self.state = State::Selected;
        let (code, text) =
            if read_only { (Code::ReadOnly, "Selected, to be looked at only") } else { (Code::ReadWrite, "Selected") };
        // What a client that comes back has missed is told before the tagged line (RFC 7162 §3.2.5.1).
        self.telling = Some(crate::view::Policy::All);
        self.command.outcome = Some(super::Outcome::Reply(Box::new(Reply::ok(text).with_code(code))));
        self.tell_news(true);
        Ok(())
    }

    fn tell_selection(&mut self, view: &View, selection: &Selection) {
        let (wording, tells_modseq) = (view.wording(), self.serves_condstore());
        let outbox = &mut self.outbox;
        put_count_line(view.exists(), b" EXISTS\r\n", outbox);
        if wording.tells_recent() {
            put_count_line(view.recent(), b" RECENT\r\n", outbox);
        }
        if let (Some(unseen), false, false) = (view.first_unseen(), wording.rev2, wording.uid_only) {
            outbox.put(b"* OK [UNSEEN ");
            outbox.put_decimal(unseen.get().into());
            outbox.put(b"] First unseen\r\n");
        }
        outbox.put(b"* OK [UIDVALIDITY ");
        outbox.put_decimal(view.uid_validity().get().into());
        outbox.put(b"] UIDs valid\r\n* OK [UIDNEXT ");
        outbox.put_decimal(view.uid_next().get().into());
        outbox.put(b"] Predicted next UID\r\n");
        put_flags_lines(view.keywords(), view.is_read_only(), selection.new_keywords, outbox);
        if tells_modseq {
            match view.highest_modseq() {
                Some(highest) => {
                    outbox.put(b"* OK [HIGHESTMODSEQ ");
                    outbox.put_decimal(highest.get());
                    outbox.put(b"] Highest\r\n");
                }
                None => outbox.put(b"* OK [NOMODSEQ] No mod-sequences are kept\r\n"),
            }
        }
        if let Some(id) = &selection.mailbox_id {
            let code = Code::MailboxId(id.clone());
            Reply::ok("Mailbox identifier").with_code(code).write(None, outbox);
        }
        if let (true, Some(entry)) = (wording.rev2, &selection.list) {
            let encoder = Encoder::server().with_utf8(true);
            // An entry that cannot be written is left out: the client knows the name that it has selected.
            let _left_out = encoder.encode(&Data::List(entry.clone()), outbox);
        }
        if let Some(vanished) = &selection.vanished {
            put_vanished(vanished, true, outbox);
        }
    }

    // --- CLOSE, UNSELECT ---

    /// UNSELECT (RFC 3691): as CLOSE, and nothing is expunged.
    pub(super) fn unselect(&mut self) {
        self.deselect();
        self.answer(Reply::ok("Unselected"));
    }
}
