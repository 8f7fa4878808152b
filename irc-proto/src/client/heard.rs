use alloc::borrow::Cow;

use bytes::Bytes;

use super::Event;
use crate::codec::{Message, Source};

/// What somebody has said, in one message or in several lines that are one (`draft/multiline`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heard<'a> {
    /// Who; `None` where the server has not told.
    pub source: Option<Source<'a>>,
    /// The channel, with the status that it is for where there is one, or whom it is for.
    pub target: &'a [u8],
    /// What was said; lines are joined by LF. Of several lines that are too much for the [limits](super::Limits) it is the beginning.
    pub text: Cow<'a, [u8]>,
    /// Whether it is a NOTICE, which no program may answer.
    pub is_notice: bool,
    /// The message with the tags of the whole.
    pub message: &'a Message<Bytes>,
}

impl Event {
    /// What this event says that somebody has said: of PRIVMSG and NOTICE, and of their batches of several lines. CTCP is text like any other.
    pub fn heard(&self) -> Option<Heard<'_>> {
        match self {
            Event::Message { message, .. } => {
                let (target, is_notice) = said(message)?;
                let borrowed = message.borrow();
                let text = Cow::Borrowed(borrowed.param(1)?);
                Some(Heard { source: borrowed.source(), target, text, is_notice, message })
            }
            Event::Batch { batch, .. } => {
                let text = Cow::Owned(batch.multiline()?);
                let (_, is_notice) = said(batch.messages().first()?)?;
                let message = batch.opening();
                let borrowed = message.borrow();
                Some(Heard { source: borrowed.source(), target: borrowed.param(2)?, text, is_notice, message })
            }
            _ => None,
        }
    }
}

/// The target of a text, and whether it is a NOTICE.
fn said(message: &Message<Bytes>) -> Option<(&[u8], bool)> {
    let message = message.borrow();
    let is_notice = message.command().is(b"NOTICE");
    let target = message.param(0).filter(|_| is_notice || message.command().is(b"PRIVMSG"))?;
    Some((target, is_notice))
}
