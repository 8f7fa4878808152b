use bytes::Buf;
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
};
use miniz_oxide::inflate::core::{DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress_with_limit};
use wirestate_machine::{Inbox, Machine, Marks, Outbox};

use super::{Failure, Format};

/// Compressed bytes that wait to be inflated.
const INBOX_LIMIT: usize = 16 * 1024;
const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };
/// The most that is inflated before the machine sees it: what a bomb can make of a few bytes.
const STEP: usize = 16 * 1024;

/// How many bytes went through a compressed connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Compressed bytes that were read.
    pub wire_in: u64,
    /// What they became.
    pub plain_in: u64,
    /// Bytes that the machine said.
    pub plain_out: u64,
    /// What they became.
    pub wire_out: u64,
}

/// Both directions of a compressed connection, with the boxes for what is compressed.
pub(super) struct Streams {
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) traffic: Traffic,
    inflater: Inflater,
    deflater: Box<CompressorOxide>,
    /// Whether the deflater holds bytes that the peer cannot see before a flush.
    unflushed: bool,
    input: Input,
}

#[derive(Clone, Copy, PartialEq)]
enum Input {
    Open,
    Corrupt,
    /// The peer ended the stream or the connection.
    Ended,
    /// The machine knows.
    Closed,
}

impl Streams {
    pub(super) fn new(format: Format, level: u8) -> Self {
        let window_bits = if format == Format::Zlib { 15 } else { -15 };
        let flags = create_comp_flags_from_zip_params(i32::from(level), window_bits, 0);
        Streams {
            inbox: Inbox::new(INBOX_LIMIT),
            outbox: Outbox::with_marks(MARKS),
            traffic: Traffic::default(),
            inflater: Inflater::new(format),
            deflater: Box::new(CompressorOxide::new(flags)),
            unflushed: false,
            input: Input::Open,
        }
    }

    /// Compresses what the machine has said, until the outbox is full. Says whether anything moved.
    pub(super) fn send<M: Machine>(&mut self, inner: &mut M) -> bool {
        let mut moved = false;
        while !self.outbox.is_full() && !inner.outbox().is_empty() {
            let plain = inner.outbox();
            let chunk = &plain.chunk()[..plain.chunk().len().min(STEP)];
            let count = chunk.len();
            self.deflate(chunk, TDEFLFlush::None);
            inner.outbox().advance(count);
            self.traffic.plain_out += count as u64;
            self.unflushed = true;
            moved = true;
        }
        if self.unflushed && inner.outbox().is_empty() {
            self.deflate(&[], TDEFLFlush::Sync);
            self.unflushed = false;
        }
        moved
    }

    fn deflate(&mut self, mut plain: &[u8], flush: TDEFLFlush) {
        let before = self.outbox.len();
        loop {
            let (status, eaten) = compress_to_output(&mut self.deflater, plain, flush, |compressed| {
                self.outbox.put(compressed);
                true
            });
            plain = plain.get(eaten..).unwrap_or_default();
            if status != TDEFLStatus::Okay || plain.is_empty() || eaten == 0 {
                break;
            }
        }
        self.traffic.wire_out += (self.outbox.len() - before) as u64;
    }

    /// Inflates one step, as the machine has room for it. Says whether anything moved.
    pub(super) fn receive<M: Machine>(&mut self, inner: &mut M) -> Result<bool, Failure> {
        let inside = inner.inbox();
        if !self.inflater.is_delivered() {
            return Ok(self.inflater.deliver(inside));
        }
        match self.input {
            Input::Open => {}
            Input::Corrupt => return Err(Failure::Corrupt),
            Input::Ended => {
                inside.close();
                self.input = Input::Closed;
                return Ok(true);
            }
            Input::Closed => return Ok(false),
        }
        if inside.room() == 0 {
            return Ok(false);
        }
        if self.inbox.is_empty() && !self.inflater.more {
            if self.inbox.is_closed() {
                self.input = Input::Ended;
            }
            return Ok(self.input == Input::Ended);
        }
        let step = self.inflater.inflate(self.inbox.bytes());
        self.inbox.consume(step.eaten);
        self.traffic.wire_in += step.eaten as u64;
        self.traffic.plain_in += step.made as u64;
        self.input = step.then;
        if self.input == Input::Ended {
            // What follows the end of the stream means nothing.
            self.inbox.clear();
            self.inbox.close();
        }
        Ok(true)
    }

    /// Forgets what came and was not understood yet, as before an upgrade outside of this.
    pub(super) fn discard_input(&mut self) {
        self.inbox.clear();
        while self.inflater.more {
            self.inflater.inflate(&[]);
        }
        self.inflater.waiting.start = self.inflater.waiting.end;
    }
}

/// One direction of inflation. What it made stays in the window until the machine takes it, so that there is no other buffer.
struct Inflater {
    state: Box<DecompressorOxide>,
    window: Box<[u8]>,
    /// What of the window has been made and not delivered.
    waiting: core::ops::Range<usize>,
    /// Whether more comes out without any further input.
    more: bool,
    flags: u32,
}

struct Step {
    eaten: usize,
    made: usize,
    then: Input,
}

impl Inflater {
    fn new(format: Format) -> Self {
        let zlib = match format {
            Format::Raw => 0,
            Format::Zlib => TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32,
        };
        Inflater {
            state: Box::default(),
            window: vec![0; TINFL_LZ_DICT_SIZE].into_boxed_slice(),
            waiting: 0..0,
            more: false,
            flags: TINFL_FLAG_HAS_MORE_INPUT | zlib,
        }
    }

    fn is_delivered(&self) -> bool {
        self.waiting.is_empty()
    }

    fn deliver(&mut self, inside: &mut Inbox) -> bool {
        let taken = inside.push_some(self.window.get(self.waiting.clone()).unwrap_or_default());
        self.waiting.start += taken;
        taken > 0
    }

    fn inflate(&mut self, compressed: &[u8]) -> Step {
        let at = self.waiting.end % self.window.len();
        let (status, eaten, made) =
            decompress_with_limit(&mut self.state, compressed, &mut self.window, at, STEP, self.flags);
        self.waiting = at..at + made;
        self.more = status == TINFLStatus::HasMoreOutput;
        let then = match status {
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => Input::Open,
            TINFLStatus::Done => Input::Ended,
            _ => Input::Corrupt,
        };
        Step { eaten, made, then }
    }
}
