use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::Instant;

use super::Limits;
use super::tracker::Change;
use crate::codec::Message;

/// What each message costs besides its bytes.
const OVERHEAD: usize = 192;

/// Messages that belong together ([batch](https://ircv3.net/specs/extensions/batch)).
pub struct Batch {
    opening: Message<Bytes>,
    items: Vec<Item>,
    complete: bool,
}

/// One thing in a [`Batch`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// A message.
    Message(Message<Bytes>),
    /// A batch inside the batch.
    Batch(Batch),
}

impl Batch {
    /// The message that opened the batch: its tags are those of the whole.
    pub fn opening(&self) -> &Message<Bytes> {
        &self.opening
    }

    /// The batch's type, as `netsplit` or `chathistory`.
    pub fn kind(&self) -> &[u8] {
        self.opening.borrow().param(1).unwrap_or_default()
    }

    /// What follows the type, as the target of history.
    pub fn params(&self) -> impl Iterator<Item = &[u8]> {
        self.opening.borrow().params().skip(2)
    }

    /// What is in it, in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether all of it is here: not where it was too large for the limits or was not closed in time.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// All messages in order, those of batches inside it included.
    pub fn messages(&self) -> Vec<&Message<Bytes>> {
        let mut all = Vec::new();
        self.gather(&mut all);
        all
    }

    /// The text of a message of several lines (`draft/multiline`), its lines joined by LF; `None` for any other batch.
    pub fn multiline(&self) -> Option<Vec<u8>> {
        if self.kind() != b"draft/multiline" && self.kind() != b"multiline" {
            return None;
        }
        let mut text = Vec::new();
        for (place, message) in self.messages().into_iter().enumerate() {
            let message = message.borrow();
            if place > 0 && message.tags().value(b"draft/multiline-concat").is_none() {
                text.push(b'\n');
            }
            text.extend_from_slice(message.param(1).unwrap_or_default());
        }
        Some(text)
    }

    fn gather<'a>(&'a self, all: &mut Vec<&'a Message<Bytes>>) {
        for item in &self.items {
            match item {
                Item::Message(message) => all.push(message),
                Item::Batch(batch) => batch.gather(all),
            }
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("kind", &self.kind().escape_ascii())
            .field("items", &self.items)
            .field("complete", &self.complete)
            .finish()
    }
}

/// A batch that is over.
pub(super) struct Closed {
    pub(super) batch: Batch,
    pub(super) changes: Vec<Change>,
}

struct Open {
    reference: Box<[u8]>,
    parent: Option<Box<[u8]>>,
    batch: Batch,
    changes: Vec<Change>,
    depth: usize,
    /// Whether its messages tell of the past.
    past: bool,
    /// Of the outermost: of all that is in it.
    messages: usize,
    octets: usize,
    /// Set by the first poll after it opened.
    deadline: Option<Instant>,
}

/// The batches that are open, the oldest first.
#[derive(Default)]
pub(super) struct Batches {
    open: Vec<Open>,
    octets: usize,
}

/// What became of a message that may belong to a batch.
pub(super) enum Added {
    /// It is in its batch.
    Yes,
    /// It belongs to none.
    No(Message<Bytes>),
    /// It would be too much: the batch is cut, and the message comes alone.
    Cut(Box<Closed>, Message<Bytes>),
}

impl Batches {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Opens a batch; `false` where the limits forbid.
    pub(super) fn open(&mut self, reference: &[u8], opening: Message<Bytes>, limits: &Limits) -> bool {
        let parent = self.parent_of(&opening);
        let outer = parent.as_ref().and_then(|parent| self.place(parent)).and_then(|place| self.open.get(place));
        let depth = outer.map_or(1, |outer| outer.depth + 1);
        let known = self.place(reference).is_some();
        let octets = opening.borrow().line().len() + OVERHEAD;
        let full = self.open.len() >= limits.batches || self.octets + octets > limits.batch_octets;
        if reference.is_empty() || known || full || depth > limits.batch_depth {
            return false;
        }
        let kind = opening.borrow().param(1).unwrap_or_default();
        let own_past = kind.starts_with(b"chathistory")
            || kind.starts_with(b"draft/chathistory")
            || kind == b"znc.in/playback"
            || kind == b"soju.im/history";
        let past = own_past || outer.is_some_and(|outer| outer.past);
        if let Some(root) = parent.as_ref().and_then(|parent| self.root(parent)) {
            root.octets += octets;
            root.messages += 1;
        }
        self.octets += octets;
        self.open.push(Open {
            reference: reference.into(),
            parent,
            batch: Batch { opening, items: Vec::new(), complete: true },
            changes: Vec::new(),
            depth,
            past,
            messages: 1,
            octets,
            deadline: None,
        });
        true
    }

    /// Whether the message belongs to an open batch, and whether that tells of the past.
    pub(super) fn is_past(&self, message: &Message<Bytes>) -> bool {
        let parent = self.parent_of(message);
        parent
            .and_then(|parent| self.place(&parent))
            .and_then(|place| self.open.get(place))
            .is_some_and(|open| open.past)
    }

    /// Puts a message into its batch, where it has one, with what the tracker made of it.
    pub(super) fn add(&mut self, message: Message<Bytes>, changes: &mut Vec<Change>, limits: &Limits) -> Added {
        let Some(reference) = self.parent_of(&message) else { return Added::No(message) };
        let octets = message.borrow().line().len() + OVERHEAD;
        let over = self.octets + octets > limits.batch_octets;
        let Some(root) = self.root(&reference) else { return Added::No(message) };
        if over || root.messages >= limits.batch_messages {
            let outermost = root.reference.clone();
            return match self.cut(&outermost) {
                Some(closed) => Added::Cut(Box::new(closed), message),
                None => Added::No(message),
            };
        }
        root.messages += 1;
        root.octets += octets;
        self.octets += octets;
        if let Some(open) = self.place(&reference).and_then(|place| self.open.get_mut(place)) {
            open.batch.items.push(Item::Message(message));
            open.changes.append(changes);
        }
        Added::Yes
    }

    /// Closes a batch. Gives it where it is the outermost; else it is in the one around it now.
    pub(super) fn close(&mut self, reference: &[u8]) -> Option<Closed> {
        // What is still open inside it was never closed.
        while let Some(inner) = self.open.iter().rposition(|open| open.parent.as_deref() == Some(reference)) {
            let inner = self.open.get(inner)?.reference.clone();
            self.mark_cut(&inner);
            self.close(&inner);
        }
        let closed = self.open.remove(self.place(reference)?);
        let Open { parent, batch, mut changes, octets, .. } = closed;
        let outer = parent.and_then(|parent| self.place(&parent));
        match outer.and_then(|place| self.open.get_mut(place)) {
            Some(outer) => {
                outer.batch.complete &= batch.complete;
                outer.batch.items.push(Item::Batch(batch));
                outer.changes.append(&mut changes);
                None
            }
            None => {
                self.octets = self.octets.saturating_sub(octets);
                if self.open.is_empty() {
                    *self = Batches::default();
                }
                Some(Closed { batch, changes })
            }
        }
    }

    /// Sets the time of what has been opened since; gives a batch whose time is up.
    pub(super) fn late(&mut self, now: Instant, limits: &Limits) -> Option<Closed> {
        for open in &mut self.open {
            open.deadline.get_or_insert(now + limits.batch);
        }
        let late = |open: &&Open| open.parent.is_none() && open.deadline.is_some_and(|deadline| deadline <= now);
        let reference = self.open.iter().find(late)?.reference.clone();
        self.cut(&reference)
    }

    /// When the first batch is late; `now` where one has no time yet.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.open.iter().filter(|open| open.parent.is_none()).map(|open| open.deadline.unwrap_or(now)).min()
    }

    pub(super) fn clear(&mut self) {
        *self = Batches::default();
    }

    fn cut(&mut self, reference: &[u8]) -> Option<Closed> {
        self.mark_cut(reference);
        self.close(reference)
    }

    fn mark_cut(&mut self, reference: &[u8]) {
        if let Some(open) = self.place(reference).and_then(|place| self.open.get_mut(place)) {
            open.batch.complete = false;
        }
    }

    fn parent_of(&self, message: &Message<Bytes>) -> Option<Box<[u8]>> {
        if self.open.is_empty() {
            return None;
        }
        let reference = message.borrow().tags().value(b"batch")?.unescaped();
        self.place(&reference).map(|_| reference.as_ref().into())
    }

    fn place(&self, reference: &[u8]) -> Option<usize> {
        self.open.iter().position(|open| *open.reference == *reference)
    }

    /// The outermost batch around this one. Depth bounds the way.
    fn root(&mut self, reference: &[u8]) -> Option<&mut Open> {
        let mut place = self.place(reference)?;
        while let Some(parent) = self.open.get(place)?.parent.as_deref().and_then(|parent| self.place(parent)) {
            place = parent;
        }
        self.open.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Profile;
    use alloc::format;

    fn message(line: &str) -> Message<Bytes> {
        Message::parse(line.as_bytes(), Profile::Lenient).unwrap().to_owned()
    }

    /// Feeds lines as a client does; gives the batches that are over and how many messages came alone.
    fn feed(lines: &[&str], limits: &Limits) -> (Vec<Batch>, usize) {
        let (mut batches, mut closed, mut alone) = (Batches::default(), Vec::new(), 0);
        for line in lines {
            let message = message(line);
            let command = message.borrow().command();
            let reference: Vec<u8> = message.borrow().param(0).unwrap_or_default().into();
            match (command.is(b"BATCH"), reference.split_first()) {
                (true, Some((b'+', reference))) => drop(batches.open(reference, message, limits)),
                (true, Some((_, reference))) => closed.extend(batches.close(reference).map(|one| one.batch)),
                _ => match batches.add(message, &mut Vec::new(), limits) {
                    Added::Yes => {}
                    Added::No(_) => alone += 1,
                    Added::Cut(one, _) => {
                        closed.push(one.batch);
                        alone += 1;
                    }
                },
            }
        }
        if batches.open.is_empty() {
            assert_eq!(batches.octets, 0);
        }
        (closed, alone)
    }

    #[test]
    fn nested_batches_are_one() {
        let lines = [
            "BATCH +a x y",
            "@batch=a BATCH +b z",
            "@batch=b P 1",
            "@batch=a P 2",
            "P 3",
            "BATCH -b",
            "BATCH -a",
            "@batch=a P 4",
        ];
        let (closed, alone) = feed(&lines, &Limits::default());
        assert_eq!((closed.len(), alone), (1, 2));
        assert_eq!(closed[0].messages().len(), 2);
        assert!(closed[0].is_complete() && closed[0].params().eq([b"y"]));
        assert_eq!(closed[0].kind(), b"x");
    }

    #[test]
    fn what_is_open_inside_is_cut_with_the_outer_one() {
        let (closed, _) =
            feed(&["BATCH +a x", "@batch=a BATCH +b z", "@batch=b P 1", "BATCH -a", "BATCH -b"], &Limits::default());
        assert_eq!((closed.len(), closed[0].is_complete()), (1, false));
    }

    #[test]
    fn the_bounds_cut_and_lose_nothing() {
        let limits = Limits { batch_messages: 3, ..Limits::default() };
        let (closed, alone) =
            feed(&["BATCH +a x", "@batch=a P 1", "@batch=a P 2", "@batch=a P 3", "@batch=a P 4"], &limits);
        assert_eq!((closed.len(), closed[0].messages().len(), alone), (1, 2, 2));
        let limits = Limits { batches: 1, batch_depth: 1, ..Limits::default() };
        let (closed, alone) =
            feed(&["BATCH +a x", "BATCH +b x", "@batch=b P 1", "@batch=a BATCH +c x", "BATCH -a"], &limits);
        assert_eq!((closed.len(), alone), (1, 1));
    }

    #[test]
    fn a_text_of_several_lines_is_joined() {
        let lines = [
            "BATCH +a draft/multiline #x",
            "@batch=a P #x :one",
            "@batch=a P #x :",
            "@batch=a P #x :two",
            "@batch=a;draft/multiline-concat P #x : three",
            "BATCH -a",
        ];
        let (closed, _) = feed(&lines, &Limits::default());
        assert_eq!(closed[0].multiline().as_deref(), Some(&b"one\n\ntwo three"[..]));
        assert!(format!("{:?}", closed[0]).contains("draft/multiline"));
    }

    #[test]
    fn time_cuts_a_batch() {
        let mut batches = Batches::default();
        batches.open(b"a", message("BATCH +a x"), &Limits::default());
        assert_eq!(batches.deadline(Instant::START), Some(Instant::START));
        assert!(batches.late(Instant::START, &Limits::default()).is_none());
        let due = batches.deadline(Instant::START).unwrap();
        assert!(batches.late(due, &Limits::default()).is_some_and(|closed| !closed.batch.is_complete()));
        assert!(batches.is_empty());
    }
}
