use alloc::boxed::Box;

use bytes::Bytes;
use wirestate_machine::{Misuse, Outbox, Ticket};

use super::event::kind;
use super::selected::put_flags;
use super::{Reason, Server};
use crate::codec::{Encoder, FetchWriter, KeptItem, MessageAttribute, ModSeq, Streamed, Uid, Unwritable};
use crate::view::{Flags, View};

/// The data of one message, item by item: what [`Server::fetch`] begins. It is written as it is given. Dropped, it is ended.
///
/// For UID FETCH the UID is there already, and nothing need be done for UIDONLY.
#[derive(Debug)]
pub struct FetchLine<'s> {
    writer: Option<FetchWriter>,
    uid: Uid,
    tells_uid: bool,
    view: &'s View,
    streaming: &'s mut Option<Box<Streaming>>,
    outbox: &'s mut Outbox,
}

/// A literal that the application gives in pieces.
#[derive(Debug)]
pub(super) struct Streaming {
    writer: FetchWriter,
    uid: Uid,
    tells_uid: bool,
    left: u64,
}

/// Whether more of a literal is wanted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// Go on.
    More,
    /// The output is full: go on after [`Event::Writable`](super::Event::Writable). A piece given nevertheless is taken.
    Full,
    /// All that was announced is there: go on with [`Server::resume`].
    Enough,
}

impl Server {
    /// Begins to tell the data of a message, in answer to FETCH; for STORE, only what the view does not tell by itself. The message must be one that the
    /// client knows of.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] for another message, [`Misuse::WrongState`] within a literal.
    pub fn fetch<K: kind::TellsMessages>(&mut self, ticket: &Ticket<K>, uid: Uid) -> Result<FetchLine<'_>, Misuse> {
        self.tickets.check(ticket)?;
        let view = &self.selected.as_ref().ok_or(Misuse::WrongState)?.view;
        if self.streaming.is_some() {
            return Err(Misuse::WrongState);
        }
        let number = view.number(uid).ok_or(Misuse::OutOfRange)?;
        self.timer.rearm();
        let encoder = Encoder::server().with_utf8(self.enabled.says_utf8());
        let outbox = &mut self.outbox;
        let (mut writer, tells_uid) = if self.enabled.uid_only {
            (FetchWriter::begin_uid(encoder, uid, outbox), false)
        } else {
            (FetchWriter::begin(encoder, number, outbox), self.command.by_uid)
        };
        if tells_uid {
            writer.uid(uid, outbox);
        }
        // Nobody needs to be told twice.
        let tells_uid = tells_uid || self.enabled.uid_only;
        Ok(FetchLine { writer: Some(writer), uid, tells_uid, view, streaming: &mut self.streaming, outbox })
    }

    /// Gives the next piece of the literal that [`FetchLine::stream`] has announced, cut wherever the caller likes. Large pieces are not copied.
    ///
    /// # Errors
    ///
    /// [`Misuse::TooLong`] for more than was announced, [`Misuse::WrongState`] where nothing was.
    pub fn piece<K: kind::TellsMessages>(&mut self, ticket: &Ticket<K>, piece: Bytes) -> Result<Appetite, Misuse> {
        self.tickets.check(ticket)?;
        let streaming = self.streaming.as_mut().ok_or(Misuse::WrongState)?;
        streaming.left = streaming.left.checked_sub(piece.len() as u64).ok_or(Misuse::TooLong)?;
        self.outbox.link(piece);
        self.timer.rearm();
        Ok(match streaming.left {
            0 => Appetite::Enough,
            _ if self.outbox.is_full() => Appetite::Full,
            _ => Appetite::More,
        })
    }

    /// Goes on behind a literal that is whole.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] where no literal was announced, or not all of it is there.
    pub fn resume<K: kind::TellsMessages>(&mut self, ticket: &Ticket<K>) -> Result<FetchLine<'_>, Misuse> {
        self.tickets.check(ticket)?;
        let view = &self.selected.as_ref().ok_or(Misuse::WrongState)?.view;
        let streaming = self.streaming.take_if(|streaming| streaming.left == 0).ok_or(Misuse::WrongState)?;
        let Streaming { writer, uid, tells_uid, .. } = *streaming;
        let (streaming, outbox) = (&mut self.streaming, &mut self.outbox);
        Ok(FetchLine { writer: Some(writer), uid, tells_uid, view, streaming, outbox })
    }

    /// Whether more would be wanted now: while the output is full, what is long is better given after [`Event::Writable`](super::Event::Writable).
    pub fn is_full(&self) -> bool {
        self.outbox.is_full()
    }

    /// Breaks off in the middle of a literal, as when the store fails. IMAP cannot say so any more, so the session ends: the client sees that the
    /// message is not whole.
    pub fn abort<K: kind::TellsMessages>(&mut self, ticket: Ticket<K>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.close(Reason::Refused);
        Ok(())
    }
}

impl FetchLine<'_> {
    fn with(&mut self, write: impl FnOnce(&mut FetchWriter, &mut Outbox)) {
        if let Some(writer) = &mut self.writer {
            write(writer, self.outbox);
        }
    }

    /// `UID`, unless it is there already.
    pub fn uid(&mut self) -> &mut Self {
        if !core::mem::replace(&mut self.tells_uid, true) {
            let uid = self.uid;
            self.with(|writer, outbox| writer.uid(uid, outbox));
        }
        self
    }

    /// `FLAGS`, with `\Recent` where the message is recent to this session.
    pub fn flags(&mut self, flags: Flags) -> &mut Self {
        let recent = self.view.is_recent(self.uid);
        let keywords = self.view.keywords();
        self.with(|writer, outbox| {
            writer.item_by(outbox, |outbox| put_flags(flags, recent, keywords, outbox));
        });
        self
    }

    /// `MODSEQ`
    pub fn mod_seq(&mut self, mod_seq: ModSeq) -> &mut Self {
        self.with(|writer, outbox| writer.mod_seq(mod_seq, outbox));
        self
    }

    /// `RFC822.SIZE`, in octets.
    pub fn size(&mut self, size: u64) -> &mut Self {
        self.with(|writer, outbox| writer.size(size, outbox));
        self
    }

    /// Any item.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then the item is left out.
    pub fn attribute<T: AsRef<[u8]>>(&mut self, attribute: &MessageAttribute<T>) -> Result<&mut Self, Unwritable> {
        if let Some(writer) = &mut self.writer {
            writer.attribute(attribute, self.outbox)?;
        }
        Ok(self)
    }

    /// An item that was written before.
    pub fn kept(&mut self, item: &KeptItem) -> &mut Self {
        self.with(|writer, outbox| writer.item_by(outbox, |outbox| outbox.share(item.as_bytes())));
        self
    }

    /// Data of the message that is at hand as a whole. What is large is not copied.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then the item is left out.
    pub fn data<T: AsRef<[u8]>>(&mut self, what: &Streamed<T>, data: Bytes) -> Result<&mut Self, Unwritable> {
        if let Some(writer) = &mut self.writer {
            writer.announce(what, data.len() as u64, self.outbox)?;
            self.outbox.link(data);
        }
        Ok(self)
    }

    /// Announces data of so many octets, which follow in [`Server::piece`]s; after them [`Server::resume`] goes on.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then the item is left out, and the line is ended.
    pub fn stream<T: AsRef<[u8]>>(mut self, what: &Streamed<T>, len: u64) -> Result<(), Unwritable> {
        if let Some(mut writer) = self.writer.take() {
            if let Err(fault) = writer.announce(what, len, self.outbox) {
                writer.end(self.outbox);
                return Err(fault);
            }
            let streaming = Streaming { writer, uid: self.uid, tells_uid: self.tells_uid, left: len };
            *self.streaming = Some(Box::new(streaming));
        }
        Ok(())
    }

    /// Ends the line, as dropping it does.
    pub fn end(self) {}
}

impl Drop for FetchLine<'_> {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.end(self.outbox);
        }
    }
}
