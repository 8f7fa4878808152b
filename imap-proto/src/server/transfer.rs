use core::num::NonZeroU32;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{Reply, Server};
use crate::codec::{Code, Mailbox, SequenceSet, UidSet};

/// COPY or MOVE, as [`Event::Copy`](super::Event::Copy) brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyRequest {
    /// Which messages.
    pub uids: UidSet,
    /// Where to.
    pub mailbox: Mailbox<Bytes>,
    /// Whether they go from here (MOVE, RFC 6851).
    pub moves: bool,
}

/// Where copies are: the code COPYUID (RFC 4315 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The other mailbox's UIDVALIDITY.
    pub uid_validity: NonZeroU32,
    /// The UIDs of the messages that were copied, in the order of their copies. Those that were gone by then are not among them.
    pub from: SequenceSet,
    /// The UIDs of their copies.
    pub to: SequenceSet,
}

impl Server {
    /// Answers [`Event::Copy`](super::Event::Copy): the messages are there. Where some were gone by then, say
    /// [`no`](Server::no) with [`Code::ExpungeIssued`] instead.
    ///
    /// COPYUID is told where the application says it, of a MOVE before the messages are told as gone (RFC 6851 §4.3).
    pub fn copied(&mut self, ticket: Ticket<kind::Copy>, copied: Option<Copied>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let code = copied.map(|Copied { uid_validity, from, to }| Code::CopyUid { uid_validity, from, to });
        let moves = matches!(self.command.keyword, crate::codec::Keyword::Move | crate::codec::Keyword::UidMove);
        let mut reply = Reply::ok(if moves { "Moved" } else { "Copied" });
        if moves {
            if code.is_some() {
                let mut told = Reply::ok("Moved");
                told.code = code;
                self.say(&told);
            }
        } else {
            reply.code = code;
        }
        self.finish(reply);
        Ok(())
    }
}
