use bytes::{Buf, Bytes};
use wirestate_machine::redact::Redact;
use wirestate_machine::{Inbox, Instant, Marks, Outbox, Upgraded};

use super::redactor::Redactor;
use super::{Record, Shown, What};

/// Where the records go.
pub(super) type Sink = Box<dyn FnMut(Record) + Send>;

const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };

/// Watches the boxes of a machine.
pub(super) struct Recorder<R: Redact> {
    pub(super) redactor: Redactor<R>,
    now: Instant,
    /// What the driver has to write; recorded as it comes from the machine.
    pub(super) outbox: Outbox,
    /// How much of the machine's inbox has been noted.
    seen: usize,
    /// Whether the application has had its hands on the machine, so that `seen` must be taken anew.
    touched: bool,
    /// Input that has been noted and not recorded yet.
    noted: Vec<u8>,
    end_recorded: bool,
    error_recorded: bool,
    closed_recorded: bool,
}

impl<R: Redact> Recorder<R> {
    pub(super) fn new(redactor: Redactor<R>) -> Self {
        Recorder {
            redactor,
            now: Instant::START,
            outbox: Outbox::with_marks(MARKS),
            seen: 0,
            touched: true,
            noted: Vec::new(),
            end_recorded: false,
            error_recorded: false,
            closed_recorded: false,
        }
    }

    /// Before the driver pushes.
    pub(super) fn before_push(&mut self, inbox: &Inbox) {
        if core::mem::take(&mut self.touched) {
            self.seen = inbox.len();
        }
    }

    /// Before the application acts on the machine, which may take input away.
    pub(super) fn before_touch(&mut self, inbox: &Inbox) {
        self.note(inbox);
        self.touched = true;
    }

    /// Before the machine looks at its input.
    pub(super) fn before_poll(&mut self, now: Instant, inbox: &Inbox) {
        self.now = self.now.max(now);
        self.note(inbox);
        if !self.noted.is_empty() {
            let bytes = core::mem::take(&mut self.noted);
            self.record(What::Input(Shown { bytes, hidden: Vec::new() }));
        }
        if inbox.is_closed() && !core::mem::replace(&mut self.end_recorded, true) {
            self.record(What::End);
        }
    }

    fn note(&mut self, inbox: &Inbox) {
        self.before_push(inbox);
        self.noted.extend_from_slice(inbox.bytes().get(self.seen..).unwrap_or_default());
        self.seen = inbox.len();
    }

    /// After the machine looked at its input.
    pub(super) fn after_poll(&mut self, inbox: &Inbox) {
        self.seen = inbox.len();
    }

    pub(super) fn event(&mut self, event: String) {
        self.record(What::Event(event));
    }

    pub(super) fn error(&mut self, error: impl FnOnce() -> String) {
        if !core::mem::replace(&mut self.error_recorded, true) {
            self.record(What::Error(error()));
            self.redactor.flush();
        }
    }

    pub(super) fn closed(&mut self) {
        if !core::mem::replace(&mut self.closed_recorded, true) {
            self.record(What::Closed);
            self.redactor.flush();
        }
    }

    pub(super) fn upgraded(&mut self, now: Instant, how: &Upgraded) {
        self.now = self.now.max(now);
        self.touched = true;
        let mut how = how.clone();
        if let (Upgraded::Tls(facts), false) = (&mut how, self.redactor.keeps_secrets) {
            facts.exporter = None;
        }
        self.record(What::Upgraded(how));
    }

    pub(super) fn shutdown(&mut self) {
        self.record(What::Shutdown);
    }

    /// Moves what the machine has said to the driver's outbox, as far as that has room.
    pub(super) fn output(&mut self, from: &mut Outbox) {
        let mut bytes = Vec::new();
        while !self.outbox.is_full() && !from.is_empty() {
            let chunk = Bytes::copy_from_slice(&from.chunk()[..from.chunk().len().min(MARKS.high)]);
            from.advance(chunk.len());
            bytes.extend_from_slice(&chunk);
            self.outbox.link(chunk);
        }
        if !bytes.is_empty() {
            self.record(What::Output(Shown { bytes, hidden: Vec::new() }));
        }
    }

    fn record(&mut self, what: What) {
        self.redactor.record(Record { at: self.now, what });
    }
}
