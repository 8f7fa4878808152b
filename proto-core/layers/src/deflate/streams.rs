use bytes::{Buf, Bytes};
use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output,
    create_comp_flags_from_zip_params,
};
use wirestate_machine::{Deflation, Inbox, Machine, Marks, Outbox};

use super::inflater::{AtEnd, Inflater, Input};
use super::{At, Failure, Format, Memory};

/// Compressed bytes that wait to be inflated.
const INBOX_LIMIT: usize = 16 * 1024;
const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };
/// How much is compressed, or passed on, in one go.
const STEP: usize = 16 * 1024;

/// Both directions of a connection of which at least one is or was compressed, with the boxes for what is on the wire.
pub(super) struct Streams {
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) deflation: Deflation,
    /// Absent while input is plain.
    inflater: Option<Inflater>,
    /// Absent while output is plain.
    deflater: Option<Deflater>,
}

struct Deflater {
    state: Box<CompressorOxide>,
    /// Whether it holds bytes that the peer cannot see before a flush.
    unflushed: bool,
    /// How it is flushed.
    flush: TDEFLFlush,
}

impl Streams {
    /// Both directions plain.
    pub(super) fn new() -> Self {
        Streams {
            inbox: Inbox::new(INBOX_LIMIT),
            outbox: Outbox::with_marks(MARKS),
            deflation: Deflation::default(),
            inflater: None,
            deflater: None,
        }
    }

    pub(super) fn inflates(&self) -> bool {
        self.inflater.is_some()
    }

    pub(super) fn deflates(&self) -> bool {
        self.deflater.is_some()
    }

    /// Whether the machine's own inbox can be handed out.
    pub(super) fn passes_in(&self) -> bool {
        self.inflater.is_none() && self.inbox.is_empty() && !self.inbox.is_closed()
    }

    /// Whether the machine's own outbox can be handed out.
    pub(super) fn passes_out(&self) -> bool {
        self.deflater.is_none() && self.outbox.is_empty()
    }

    /// Whether nothing is left to do here.
    pub(super) fn is_over<M: Machine>(&self, inner: &mut M) -> bool {
        let passed_in = self.inflater.is_none() && self.inbox.is_empty();
        self.passes_out() && passed_in && (!self.inbox.is_closed() || inner.inbox().is_closed())
    }

    // --- output ---

    /// Compresses what is said from now on, and, with [`At::Now`], what waits in the machine's outbox.
    pub(super) fn begin_output<M: Machine>(&mut self, inner: &mut M, at: At, format: Format, how: (u8, Memory)) {
        if self.deflater.is_some() {
            return;
        }
        if at == At::NextFlush {
            self.take_all(inner);
        }
        let window_bits = if format == Format::Zlib { 15 } else { -15 };
        let (level, memory) = how;
        let (strategy, flush) = match memory {
            Memory::Session => (CompressionStrategy::Default, TDEFLFlush::Sync),
            Memory::Batch => (CompressionStrategy::Default, TDEFLFlush::Full),
            Memory::Nothing => (CompressionStrategy::HuffmanOnly, TDEFLFlush::Sync),
        };
        let flags = create_comp_flags_from_zip_params(i32::from(level), window_bits, strategy as i32);
        self.deflater = Some(Deflater { state: Box::new(CompressorOxide::new(flags)), unflushed: false, flush });
    }

    /// Ends the compressed stream after what was said so far.
    pub(super) fn end_output<M: Machine>(&mut self, inner: &mut M) {
        if self.deflater.is_some() {
            self.take_all(inner);
            self.deflate(&[], TDEFLFlush::Finish);
            self.deflater = None;
        }
    }

    /// Moves what the machine has said, until the outbox is full. Says whether anything moved.
    pub(super) fn send<M: Machine>(&mut self, inner: &mut M) -> bool {
        if self.passes_out() {
            return false;
        }
        let mut moved = false;
        while !self.outbox.is_full() && !inner.outbox().is_empty() {
            self.take_some(inner.outbox());
            moved = true;
        }
        if let Some(Deflater { unflushed: true, flush, .. }) = self.deflater
            && inner.outbox().is_empty()
        {
            self.deflate(&[], flush);
        }
        moved
    }

    /// As much as it is: the machine's own marks bound it.
    fn take_all<M: Machine>(&mut self, inner: &mut M) {
        while !inner.outbox().is_empty() {
            self.take_some(inner.outbox());
        }
    }

    fn take_some(&mut self, plain: &mut Outbox) {
        let chunk = &plain.chunk()[..plain.chunk().len().min(STEP)];
        let count = chunk.len();
        if self.deflater.is_some() {
            self.deflate(chunk, TDEFLFlush::None);
            self.deflation.plain_out += count as u64;
        } else {
            self.outbox.link(Bytes::copy_from_slice(chunk));
        }
        plain.advance(count);
    }

    fn deflate(&mut self, mut plain: &[u8], flush: TDEFLFlush) {
        let Some(deflater) = &mut self.deflater else { return };
        let before = self.outbox.len();
        loop {
            let (status, eaten) = compress_to_output(&mut deflater.state, plain, flush, |compressed| {
                self.outbox.put(compressed);
                true
            });
            plain = plain.get(eaten..).unwrap_or_default();
            if status != TDEFLStatus::Okay || plain.is_empty() || eaten == 0 {
                break;
            }
        }
        deflater.unflushed = flush == TDEFLFlush::None;
        self.deflation.wire_out += (self.outbox.len() - before) as u64;
    }

    // --- input ---

    /// Inflates what the machine has not read yet, and what comes.
    pub(super) fn begin_input<M: Machine>(&mut self, inner: &mut M, format: Format, at_end: AtEnd) {
        if self.inflater.is_some() {
            return;
        }
        let inside = inner.inbox();
        // A new one, for a closed inbox would not take what its content unpacks to.
        let mut fresh = Inbox::new(inside.limit());
        fresh.hold(inside.is_held());
        let unread = core::mem::replace(inside, fresh);
        let room = unread.len() + self.inbox.len();
        let later = core::mem::replace(&mut self.inbox, Inbox::new(room));
        self.inbox.push(unread.bytes());
        self.inbox.push(later.bytes());
        self.inbox.set_limit(INBOX_LIMIT);
        if unread.is_closed() || later.is_closed() {
            self.inbox.close();
        }
        self.inflater = Some(Inflater::new(format, at_end));
    }

    /// Inflates one step, or passes plain input on, as the machine has room for it. Says whether anything moved.
    pub(super) fn receive<M: Machine>(&mut self, inner: &mut M) -> Result<bool, Failure> {
        let inside = inner.inbox();
        let Some(inflater) = &mut self.inflater else { return Ok(self.pass_in(inside)) };
        if !inflater.is_delivered() {
            return Ok(inflater.deliver(inside));
        }
        match (inflater.input, inflater.at_end) {
            (Input::Open, _) => {}
            (Input::Corrupt, _) => return Err(Failure::Corrupt),
            (Input::Ended, AtEnd::Plain) => {
                self.inflater = None;
                return Ok(true);
            }
            (Input::Ended, AtEnd::Close) => {
                inside.close();
                inflater.input = Input::Closed;
                return Ok(true);
            }
            (Input::Closed, _) => return Ok(false),
        }
        if inside.room() == 0 {
            return Ok(false);
        }
        if self.inbox.is_empty() && !inflater.more {
            if self.inbox.is_closed() {
                inflater.input = Input::Ended;
            }
            return Ok(self.inbox.is_closed());
        }
        let step = inflater.inflate(self.inbox.bytes());
        self.inbox.consume(step.eaten);
        self.deflation.wire_in += step.eaten as u64;
        self.deflation.plain_in += step.made as u64;
        if inflater.input == Input::Ended && inflater.at_end == AtEnd::Close {
            // What follows the end of the stream means nothing.
            self.inbox.clear();
            self.inbox.close();
        }
        Ok(true)
    }

    fn pass_in(&mut self, inside: &mut Inbox) -> bool {
        let moved = inside.push_some(self.inbox.bytes());
        self.inbox.consume(moved);
        if self.inbox.is_finished() && !inside.is_closed() {
            inside.close();
            return true;
        }
        moved > 0
    }

    /// Forgets what came and was not understood yet, as before an upgrade.
    pub(super) fn discard_input(&mut self) {
        self.inbox.clear();
        if let Some(inflater) = &mut self.inflater {
            inflater.discard();
        }
    }
}
