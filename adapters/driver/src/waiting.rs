//! Those who have come in, and wait for others from their address to leave.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::task::{Context, Poll};

use wirestate_machine::Inbox;

use crate::Stream;
use crate::doors::Visitor;

/// How much is read of what somebody says while waiting. Behind that, his end is not seen.
const READ_AHEAD: usize = 4096;

/// Who waits inside, in the order in which they came.
///
/// What they say is kept for their machines, for the end of a stream is only seen behind all that was said before it.
pub(crate) struct Waiting<S>(VecDeque<Waiter<S>>);

struct Waiter<S> {
    visitor: Visitor<S>,
    said: Inbox,
}

impl<S: Stream> Waiting<S> {
    pub(crate) fn new() -> Self {
        Waiting(VecDeque::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, visitor: Visitor<S>) {
        self.0.push_back(Waiter { visitor, said: Inbox::new(READ_AHEAD) });
    }

    /// The first for whom there is room, with what he has said.
    pub(crate) fn take(&mut self, has_room: impl Fn(&Visitor<S>) -> bool) -> Option<Visitor<S>> {
        let place = self.0.iter().position(|waiter| has_room(&waiter.visitor))?;
        let Waiter { visitor, mut said } = self.0.remove(place)?;
        Some(Visitor { read: said.take(usize::MAX), ..visitor })
    }

    /// Gives the places of those who have gone to `told`, and asks to be woken when others go.
    pub(crate) fn sweep(&mut self, cx: &mut Context<'_>, mut told: impl FnMut(&Visitor<S>)) -> bool {
        let before = self.0.len();
        self.0.retain_mut(|waiter| {
            let is_gone = waiter.is_gone(cx);
            if is_gone {
                told(&waiter.visitor);
            }
            !is_gone
        });
        self.0.len() < before
    }
}

impl<S: Stream> Waiter<S> {
    fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        while self.said.room() > 0 {
            match self.visitor.stream.poll_read(cx, &mut self.said) {
                Poll::Ready(Ok(0)) => return true,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => return false,
            }
        }
        false
    }
}
