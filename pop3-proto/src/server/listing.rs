use alloc::format;

use super::{Rejected, Reply, Server};
use crate::codec::{Keyword, MessageNumber, Text};
use crate::server::phrase::Phrase;

/// A LIST or UIDL over all messages, written as the output drains, so that a listing of millions needs no memory.
#[derive(Debug)]
pub(super) struct Listing {
    what: What,
    next: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Octets,
    UniqueId,
}

impl Server {
    /// LIST (RFC 1939 §5) and UIDL (§7), of one message or of all.
    pub(super) fn list(&mut self, what: What, message: Option<MessageNumber>) -> Result<(), Rejected> {
        let keyword = if what == What::Octets { Keyword::List } else { Keyword::Uidl };
        let Some(message) = message else {
            if self.ok(keyword, Phrase::Listing) {
                self.listing = Some(Listing { what, next: 0 });
            }
            return Ok(());
        };
        let index = self.find(message)?;
        let maildrop = self.maildrop.as_ref().ok_or(Rejected::WrongState)?;
        match what {
            What::Octets => {
                let octets = maildrop.octets(index);
                self.numbers(keyword, u64::from(message.number()), octets);
            }
            What::UniqueId if self.plugins.is_empty() => {
                self.outbox.put(b"+OK ");
                self.outbox.put_decimal(u64::from(message.number()));
                self.outbox.put(b" ");
                self.outbox.put(maildrop.unique_id(index).as_bytes());
                self.outbox.put(b"\r\n");
            }
            What::UniqueId => {
                let text = Text::lossy(format!("{message} {}", maildrop.unique_id(index)));
                self.reply(Reply::ok(text).to(keyword));
            }
        }
        Ok(())
    }

    pub(super) fn continue_listing(&mut self) {
        let (Some(listing), Some(maildrop)) = (&mut self.listing, &self.maildrop) else { return };
        while let Some(index) = maildrop.next(listing.next) {
            if self.outbox.is_full() {
                return;
            }
            self.outbox.put_decimal(index as u64 + 1);
            self.outbox.put(b" ");
            match listing.what {
                What::Octets => self.outbox.put_decimal(maildrop.octets(index)),
                What::UniqueId => self.outbox.put(maildrop.unique_id(index).as_bytes()),
            }
            self.outbox.put(b"\r\n");
            listing.next = index + 1;
        }
        self.outbox.put(b".\r\n");
        self.listing = None;
        self.timer.rearm();
    }
}
