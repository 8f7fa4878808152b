use super::{Rejected, Reply, Server, Waiting};
use crate::codec::Frame;

impl Server {
    /// IDLE (RFC 2177): from here on what happens is told at once, until DONE.
    pub(super) fn idle(&mut self) {
        self.outbox.put(b"+ idling\r\n");
        self.waiting = Waiting::Idle;
        self.woken = self.is_selected();
    }

    /// The line that ends IDLE; whether anything happened.
    pub(super) fn read_done(&mut self) -> bool {
        let Some(frame) = self.framing.next_line(&mut self.inbox) else { return self.end_of_input() };
        let is_done = matches!(&frame, Frame::Whole(line) if line.trim_ascii_end().eq_ignore_ascii_case(b"DONE"));
        self.framing.release(&mut self.inbox);
        self.timer.hear();
        self.waiting = Waiting::ForCommand;
        if is_done {
            self.answer(Reply::ok("IDLE is over"));
            return true;
        }
        // Whatever it was, it is no command: its tag, if it had one, was never looked at.
        self.reject(Rejected::NotDone);
        true
    }
}
