use core::ops::Range;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER,
};
use miniz_oxide::inflate::core::{DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress_with_limit};
use wirestate_machine::Inbox;

use super::Format;

/// The most that is inflated before the machine sees it: what a bomb can make of a few bytes.
const STEP: usize = 16 * 1024;

/// The direction that is inflated. What it made stays in the window until the machine takes it, so that there is no other buffer.
pub(super) struct Inflater {
    state: Box<DecompressorOxide>,
    window: Box<[u8]>,
    /// What of the window has been made and not delivered.
    waiting: Range<usize>,
    /// Whether more comes out without any further input.
    pub(super) more: bool,
    flags: u32,
    pub(super) input: Input,
    pub(super) at_end: AtEnd,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Input {
    Open,
    Corrupt,
    /// The peer ended the stream or the connection.
    Ended,
    /// The machine knows.
    Closed,
}

/// What the last block of the peer's stream means.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum AtEnd {
    /// Nothing follows, as where compression is the protocol's own.
    Close,
    /// What follows is plain again, as where it was switched on by hand.
    Plain,
}

pub(super) struct Step {
    pub(super) eaten: usize,
    pub(super) made: usize,
}

impl Inflater {
    pub(super) fn new(format: Format, at_end: AtEnd) -> Self {
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
            input: Input::Open,
            at_end,
        }
    }

    pub(super) fn is_delivered(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn deliver(&mut self, inside: &mut Inbox) -> bool {
        let taken = inside.push_some(self.window.get(self.waiting.clone()).unwrap_or_default());
        self.waiting.start += taken;
        taken > 0
    }

    pub(super) fn inflate(&mut self, compressed: &[u8]) -> Step {
        let at = self.waiting.end % self.window.len();
        let (status, eaten, made) =
            decompress_with_limit(&mut self.state, compressed, &mut self.window, at, STEP, self.flags);
        self.waiting = at..at + made;
        self.more = status == TINFLStatus::HasMoreOutput;
        self.input = match status {
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => Input::Open,
            TINFLStatus::Done => Input::Ended,
            _ => Input::Corrupt,
        };
        Step { eaten, made }
    }

    /// Makes what can be made without further input, and forgets it.
    pub(super) fn discard(&mut self) {
        while self.more {
            self.inflate(&[]);
        }
        self.waiting.start = self.waiting.end;
    }
}
