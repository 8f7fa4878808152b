//! The short way of a message from a handle: of all that a turn of the crank sees to, a connection that waits needs only the write.

use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll};

use bytes::Buf;
use wirestate_machine::Machine;

use crate::shared::Post;
use crate::{Connection, Error, Stream};

/// What became of a message that was to be passed on.
enum Passed {
    /// The peer has taken it.
    All,
    /// What the peer has not taken is in the outbox.
    Part,
    /// It is to be said by the machine.
    Nothing,
}

impl<M: Machine, S: Stream> Connection<M, S> {
    /// Says what handles have handed in while the connection was waiting; gives whether it goes on waiting, for that was all that has happened.
    pub(crate) fn is_only_relaying(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(post) = self.presence.shared.take_post_or_wait(cx.waker()) else { return false };
        let is_calm =
            self.presence.shared.flags() == 0 && self.stream.is_quiet(cx) && !self.presence.is_shutting_down();
        if is_calm && self.machine.is_settled() && !self.presence.shared.is_posted() {
            match self.pass_on(cx, &post) {
                Passed::All => return self.is_flushed(cx),
                Passed::Part => return false,
                Passed::Nothing => {}
            }
        }
        self.took_only_messages(post) && is_calm && self.has_said_all(cx)
    }

    /// Writes a message that the machine would only pass on, past the machine.
    fn pass_on(&mut self, cx: &mut Context<'_>, post: &Post<M>) -> Passed {
        let Some(mail) = post.mail().filter(|_| !self.state.mute) else { return Passed::Nothing };
        let Some(bytes) = mail.bare(&self.machine) else { return Passed::Nothing };
        let taken = match self.stream.poll_write(cx, &[IoSlice::new(bytes)]) {
            Poll::Ready(Ok(taken)) => taken,
            Poll::Ready(Err(error)) if error.kind() != ErrorKind::Interrupted => {
                self.fail(Error::Write(error));
                0
            }
            _ => 0,
        };
        self.presence.shared.count_relayed();
        self.presence.shared.count_written(taken);
        self.state.unflushed = taken > 0;
        if taken >= bytes.len() {
            return Passed::All;
        }
        mail.relay(&mut self.machine);
        let outbox = self.machine.outbox();
        outbox.advance(taken.min(outbox.len()));
        Passed::Part
    }

    /// Pushes on what the stream has gathered; gives whether it did.
    fn is_flushed(&mut self, cx: &mut Context<'_>) -> bool {
        match self.stream.poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.has_flushed();
                return true;
            }
            Poll::Ready(Err(error)) if error.kind() != ErrorKind::Interrupted => self.fail(Error::Write(error)),
            _ => {}
        }
        false
    }

    /// Writes the outbox; gives whether the peer took all of it, and there is nothing else to do.
    fn has_said_all(&mut self, cx: &mut Context<'_>) -> bool {
        match self.write(cx) {
            // Where the peer took a part, the stream is not flushed yet.
            Poll::Ready(Ok(_)) => !self.state.unflushed && self.machine.is_settled(),
            Poll::Ready(Err(error)) => {
                self.fail(error);
                false
            }
            Poll::Pending => false,
        }
    }

    /// Takes in `post`, and what else is in the mailbox; gives whether it was messages, and the outbox had room for all of them.
    fn took_only_messages(&mut self, mut post: Post<M>) -> bool {
        loop {
            let is_message = post.is_message();
            self.take_in(post);
            if !is_message || self.machine.outbox().is_full() {
                return false;
            }
            if !self.presence.shared.is_posted() {
                return true;
            }
            let Some(next) = self.presence.shared.take_post() else { return true };
            post = next;
        }
    }
}
