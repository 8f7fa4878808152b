/// What lies between a machine and its peer at the moment, told by [`Machine::channel`](crate::Machine::channel).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel {
    /// Whether TLS encrypts the stream.
    pub tls: bool,
    /// Whether the stream goes in the messages of a WebSocket (RFC 6455).
    pub websocket: bool,
    /// What compression has done so far, where the stream is compressed.
    pub deflate: Option<Deflation>,
}

/// How many bytes went through a compressed stream since compression began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deflation {
    /// Compressed bytes that were read.
    pub wire_in: u64,
    /// What they became.
    pub plain_in: u64,
    /// Bytes that the machine said.
    pub plain_out: u64,
    /// What they became.
    pub wire_out: u64,
}

impl Deflation {
    /// How many bytes on the wire stand for one plain byte, in both directions together; 1 before there were any.
    pub fn ratio(&self) -> f64 {
        let plain = self.plain_in + self.plain_out;
        if plain == 0 { 1.0 } else { (self.wire_in + self.wire_out) as f64 / plain as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_both_directions() {
        assert_eq!(Deflation::default().ratio(), 1.0);
        let half = Deflation { wire_in: 10, plain_in: 40, plain_out: 60, wire_out: 40 };
        assert_eq!(half.ratio(), 0.5);
    }
}
