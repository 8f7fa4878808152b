//! Copying and moving between mailboxes. A copy is another name for the same
//! file; a move is a change of its name.

use std::fs;
use std::io::ErrorKind;

use super::append::{Appended, Appending, Ready, TRIES, TemporaryFile, link};
use super::contents::Contents;
use super::error::StoreError;
use super::index::{self, Arrival, Batch, Step};
use super::listing::renewed_base;
use super::mailbox::Mailbox;
use super::message::{Message, Place, Uid, sorted};
use super::notice::Origin;
use crate::maildir::Folder;

/// What became of a copy or a move: the facts of COPYUID (RFC 4315).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// The target's UIDVALIDITY.
    pub uid_validity: u32,
    /// Each message's UID here and there, in order. Messages that were gone
    /// already are not among them.
    pub uids: Vec<(Uid, Uid)>,
    /// The source's highest mod-sequence after it.
    pub modseq: u64,
}

impl Mailbox {
    /// Copies messages, with flags and dates, into `target`, which may be this
    /// mailbox: all of them or, whatever happens, none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then none was copied.
    pub fn copy(&self, origin: Origin, uids: &[Uid], target: &Self) -> Result<Transferred, StoreError> {
        let mut contents = self.enter()?;
        let mut ready = Vec::with_capacity(uids.len());
        let mut copied = Vec::with_capacity(uids.len());
        for uid in sorted(uids) {
            if let Some(copy) = self.second_name(&mut contents, uid)? {
                ready.push(copy);
                copied.push(uid);
            }
        }
        let modseq = contents.snapshot.numbers.highest_modseq;
        // From here on the copies stand for themselves.
        drop(contents);
        let Appended { uid_validity, uids, modseq: after } = target.put(origin, ready)?;
        let modseq = if self.id == target.id { after } else { modseq };
        Ok(Transferred { uid_validity, uids: copied.into_iter().zip(uids).collect(), modseq })
    }

    /// Moves messages into `target` (RFC 6851), which may be this mailbox: all
    /// of them or, whatever happens, none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then none was moved.
    pub fn move_to(&self, origin: Origin, uids: &[Uid], target: &Self) -> Result<Transferred, StoreError> {
        let uids = sorted(uids);
        for _ in 0..TRIES {
            let (mut here, mut there) = self.enter_both(target)?;
            let Some(moves) = self.plan_moves(&here, there.as_deref().unwrap_or(&here), target, &uids)? else {
                // Files are not where they were: they are looked for.
                self.set_stale();
                continue;
            };
            let to = there.as_deref().unwrap_or(&here).snapshot.numbers;
            let modseq = here.snapshot.numbers.highest_modseq;
            if moves.gone.is_empty() {
                return Ok(Transferred { uid_validity: to.uid_validity, uids: Vec::new(), modseq });
            }
            let moved = moves.gone.clone();
            if let Some((new, modseq)) = self.exchange(origin, &mut here, there.as_deref_mut(), target, moves)? {
                return Ok(Transferred {
                    uid_validity: to.uid_validity,
                    uids: moved.into_iter().zip(new).collect(),
                    modseq,
                });
            }
        }
        Err(StoreError::Restless)
    }

    /// Puts a draft into `target` in the place of a message here (REPLACE, RFC
    /// 8508): both or, whatever happens, neither.
    ///
    /// # Errors
    ///
    /// [`StoreError::Vanished`] if there is no such message; otherwise as
    /// [`append`](Self::append).
    pub fn replace(&self, origin: Origin, uid: Uid, by: Appending, target: &Self) -> Result<Appended, StoreError> {
        let ready = self.finished(by)?;
        for _ in 0..TRIES {
            let (mut here, mut there) = self.enter_both(target)?;
            let message = here.snapshot.message(uid).ok_or(StoreError::Vanished)?;
            let path = here.path.join(message.file());
            match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.set_stale();
                    continue;
                }
                Err(error) => return Err(StoreError::at(&path)(error)),
                Ok(_) => {}
            }
            self.store.check_room(0, ready.size.saturating_sub(message.size))?;
            let (batch, mut steps) = target.plan(there.as_deref().unwrap_or(&here), std::slice::from_ref(&ready))?;
            // Out of the way first, and removed when all is done.
            let aside = self.store.temporary_path();
            steps.push(Step {
                source: self.journal_path(&here, message.file()),
                target: aside.strip_prefix(&self.store.root).unwrap_or(&aside).to_owned(),
                base: Some(message.base.to_os_string()),
            });
            let aside = TemporaryFile(aside);
            let uid_validity = there.as_deref().unwrap_or(&here).snapshot.numbers.uid_validity;
            let moves = Moves { gone: vec![uid], arrivals: batch.arrivals, steps };
            let done = self.exchange(origin, &mut here, there.as_deref_mut(), target, moves)?;
            drop(aside);
            if let Some((uids, _)) = done {
                let modseq = there.as_deref().unwrap_or(&here).snapshot.numbers.highest_modseq;
                return Ok(Appended { uid_validity, uids, modseq });
            }
        }
        Err(StoreError::Restless)
    }

    /// Lets messages go here and come there in one transaction, and gives the
    /// new UIDs, and the highest mod-sequence here. `None` if another process
    /// was faster, and nothing was done.
    fn exchange(
        &self,
        origin: Origin,
        here: &mut Contents,
        there: Option<&mut Contents>,
        target: &Self,
        moves: Moves,
    ) -> Result<Option<(Vec<Uid>, u64)>, StoreError> {
        let Moves { gone, arrivals, steps } = moves;
        let mut leaving = Batch { gone, ..Batch::default() };
        let mut coming = Batch { arrivals, ..Batch::default() };
        if there.is_none() {
            leaving.arrivals = std::mem::take(&mut coming.arrivals);
        }
        let from = here.snapshot.numbers;
        let to = there.as_ref().map(|there| there.snapshot.numbers);
        let result = self.store.index().write(|transaction| {
            // The target first: it takes over what is known of the messages.
            let came = match to {
                Some(to) => Some(index::write(transaction, target.id, to, &coming)?.ok_or(StoreError::Restless)?),
                None => None,
            };
            let left = index::write(transaction, self.id, from, &leaving)?.ok_or(StoreError::Restless)?;
            index::note(transaction, &steps)?;
            Ok((left, came))
        });
        let (left, came) = match result {
            // Nothing was written.
            Err(StoreError::Restless) => return Ok(None),
            result => result?,
        };
        if let Err(error) = self.store.index().roll_forward() {
            // It is decided, and will be done: the journal has it.
            tracing::error!(%error, "a move is not ended yet");
            self.set_stale();
            target.set_stale();
        }
        let (uids, modseq) = (came.as_ref().unwrap_or(&left).uids.clone(), left.numbers.highest_modseq);
        let change = here.apply(origin, leaving, left);
        self.take_stamps(here);
        self.tell(&change);
        if let Some((there, came)) = there.zip(came) {
            let change = there.apply(origin, coming, came);
            target.take_stamps(there);
            target.tell(&change);
        }
        Ok(Some((uids, modseq)))
    }

    /// `None` if a file is not where it was.
    fn plan_moves(
        &self,
        here: &Contents,
        there: &Contents,
        target: &Self,
        uids: &[Uid],
    ) -> Result<Option<Moves>, StoreError> {
        let mut moves = Moves::default();
        for message in uids.iter().filter_map(|uid| here.snapshot.message(*uid)) {
            let path = here.path.join(message.file());
            match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(StoreError::at(&path)(error)),
                Ok(_) => {}
            }
            let base = renewed_base(&message.base);
            let flags = there.spelled(&message.flags)?;
            let place = Place { folder: Folder::Cur, info: message.place.info.with(flags.system) };
            moves.gone.push(message.uid);
            moves.steps.push(Step {
                source: self.journal_path(here, message.file()),
                target: target.journal_path(there, place.file(&base)),
                base: Some(message.base.to_os_string()),
            });
            moves.arrivals.push(Arrival {
                base: base.into(),
                place,
                flags,
                size: message.size,
                internal_date: message.internal_date,
                email_id: message.email_id,
                original: Some((self.id, message.uid)),
            });
        }
        Ok(Some(moves))
    }

    /// Gives a message's file another name beside the mailboxes. `None` if the
    /// message is gone.
    fn second_name(&self, contents: &mut Contents, uid: Uid) -> Result<Option<Ready>, StoreError> {
        for _ in 0..TRIES {
            let Some(message) = contents.snapshot.message(uid) else { return Ok(None) };
            let Message { flags, size, internal_date, email_id, base, .. } = message.clone();
            let path = contents.path.join(message.file());
            match link(&path, self.store.temporary_path(), self.store.durability) {
                Ok(file) => {
                    let base = renewed_base(&base);
                    let original = Some((self.id, uid));
                    return Ok(Some(Ready { file, base, flags, size, internal_date, email_id, original }));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.set_stale();
                    self.update(contents)?;
                }
                Err(error) => return Err(StoreError::at(&path)(error)),
            }
        }
        Err(StoreError::Restless)
    }
}

#[derive(Debug, Default)]
struct Moves {
    gone: Vec<Uid>,
    arrivals: Vec<Arrival>,
    steps: Vec<Step>,
}
