//! The selected mailbox: sequence numbers, and who is told what and when. No I/O, no clock, no lock.
//!
//! A [`Mailbox`] is one mailbox as it truly is, and a [`View`] is what one session's client knows of it. Sequence numbers exist in the view alone; an
//! application thinks in UIDs.
//!
//! ```
//! use imap_proto::codec::SequenceSet;
//! use imap_proto::view::{Access, Flags, Mailbox, Policy, SessionId, Update};
//!
//! let mut inbox = Mailbox::new(1_700_000_000.try_into()?);
//! let uids: Vec<_> = (0..4).map(|_| inbox.append(Flags::NONE)).collect::<Result<_, _>>()?;
//! let mut view = inbox.select(SessionId(1), Access::ReadWrite)?;
//! assert_eq!(view.exists(), 4);
//!
//! // Somebody else removes the second and the fourth message, and one arrives.
//! inbox.expunge(&[uids[1], uids[3]].into_iter().collect());
//! inbox.append(Flags::NONE)?;
//! assert_eq!(inbox.wakeups().collect::<Vec<_>>(), [SessionId(1)]);
//! view.catch_up(&mut inbox);
//!
//! // For the client the numbers are what they were, until it is told.
//! let asked = view.by_number(&"2:3".parse::<SequenceSet>()?)?;
//! assert_eq!((asked.uids.to_string(), asked.expunged.to_string()), ("3".into(), "2".into()));
//!
//! let told: Vec<Update> = view.flush(Policy::All).collect();
//! assert!(matches!(&told[..], [
//!     Update::Expunge(four), Update::Expunge(two), Update::Exists { exists: 3, .. }, Update::Recent(3),
//! ] if four.get() == 4 && two.get() == 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who calls what
//!
//! The **application** keeps one [`Mailbox`] for each mailbox that is selected anywhere, with a lock around it where sessions run on several threads, and
//! tells it what its store does: [`append`](Mailbox::append), [`expunge`](Mailbox::expunge), [`store`](Mailbox::store),
//! [`renumber`](Mailbox::renumber), [`end`](Mailbox::end). After a change it wakes those whom [`wakeups`](Mailbox::wakeups) names, once it has let go of
//! the lock.
//!
//! For SELECT it hands [`Mailbox::select`]'s view to the session, which owns it. When the session asks for it, before each answer and when it was
//! woken, the application calls [`View::catch_up`] under the lock; for a STORE it calls [`View::store`] in place of the mailbox's, so that the
//! session's own change is not told back as another's.
//!
//! The **session** translates: [`by_number`](View::by_number) and [`by_uid`](View::by_uid) on the way in, [`number`](View::number) and
//! [`numbers_of`](View::numbers_of) on the way out; and before its tagged answer it writes what [`flush`](View::flush) gives for the
//! [`Policy`] of the [`CommandFlags`] of the command. None of this needs the mailbox or its lock.
//!
//! # What is kept
//!
//! | | for each message |
//! |---|---|
//! | mailbox | 16 octets for flags and mod-sequence |
//! | UIDs, of the mailbox and of all views that are in step | 4 octets in all |
//! | a view that is in step | nothing |
//! | a view that has caught up and not told yet | ranges of UIDs, and an entry for each message with other flags |
//! | a view that has not caught up | nothing, save the UIDs of its own if others have moved on |
//!
//! There are no queues in the mailbox. What a session has missed follows from mod-sequences: UIDs above the last it knows have arrived, a short list of
//! expunged ranges says what is gone, and messages with a higher mod-sequence were changed. So a session that stalls for ever costs nothing more with
//! time, and one that comes back is told each thing once, as it is then.

mod changes;
mod clock;
mod flags;
mod flush;
mod history;
mod mailbox;
mod numbers;
mod policy;
mod resync;
mod selected;
mod step;
mod uids;

pub use changes::{FlagChange, Stored};
pub use flags::{FlagFault, Flags, Keywords};
pub use flush::{Fetch, Flush, Update};
pub use mailbox::{Counts, End, Facts, Mailbox, MailboxFault, Message, SessionId};
pub use numbers::{Asked, NoSuchMessage};
pub use policy::{CommandFlags, Policy, Wording};
pub use resync::Resync;
pub use selected::{Access, View};
pub use step::{Expected, Step};
