use super::{Compressed, Rejected, Reply, Server, Violation};

impl Server {
    /// COMPRESS (RFC 4978 §3). What comes after the answer is compressed both ways; a layer around the machine does that.
    pub(super) fn compress(&mut self, mechanism: &[u8]) -> Result<(), Rejected> {
        if !mechanism.eq_ignore_ascii_case(b"DEFLATE") {
            return Err(Rejected::NoMechanism);
        }
        if self.compressed != Compressed::No {
            return Err(Rejected::CompressionActive);
        }
        if !self.inbox.is_empty() {
            self.violate(Violation::DataBeforeCompression);
            return Ok(());
        }
        if self.answer_at_once(Reply::ok("DEFLATE begins now")) {
            self.inbox.hold(true);
            self.compressed = Compressed::Beginning;
        }
        Ok(())
    }

    pub(super) fn begin_compression(&mut self) {
        self.inbox.hold(false);
        self.compressed = Compressed::Yes;
        self.timer.rearm();
    }
}
