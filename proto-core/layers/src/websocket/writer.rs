use bytes::{Buf, BytesMut};
use sha2::{Digest, Sha256};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use wirestate_machine::Outbox;

use super::close::Close;
use super::delimiter::Delimiter;
use super::handshake::Frames;
use super::reader::mask;

/// How much of a message is gathered before it goes out as a fragment (RFC 6455 §5.4).
const FRAGMENT: usize = 16 * 1024;
/// What is kept of it then, so that its end and its last character stay whole.
const KEPT: usize = 4;
/// The longest header of a frame (RFC 6455 §5.2).
const MOST_HEADER: usize = 14;

/// Makes frames of what the machine says.
pub(super) struct Writer {
    frames: Frames,
    masks: Option<Box<Masks>>,
    /// The beginning of a message whose end has not been said yet.
    begun: BytesMut,
    /// Whether fragments of it have gone out.
    fragmented: bool,
}

impl Writer {
    pub(super) fn new(frames: Frames, masks: Option<Masks>) -> Self {
        Writer { frames, masks: masks.map(Box::new), begun: BytesMut::new(), fragmented: false }
    }

    /// Moves what the machine has said to `outbox`: until that is full, or all of it. Says whether anything moved.
    pub(super) fn send(
        &mut self,
        said: &mut Outbox,
        outbox: &mut Outbox,
        with: &mut impl Delimiter,
        all: bool,
    ) -> bool {
        let before = said.len();
        while said.has_remaining() && (all || !outbox.is_full()) {
            let chunk = said.chunk();
            let chunk = &chunk[..chunk.len().min(FRAGMENT)];
            let end = with.end(chunk).map(|end| end.clamp(1, chunk.len()));
            let count = end.unwrap_or(chunk.len());
            if end.is_some() && self.begun.is_empty() {
                self.end_message(&chunk[..count], outbox, with);
            } else {
                self.begun.extend_from_slice(&chunk[..count]);
                self.spill(outbox);
                if end.is_some() {
                    self.end_begun(outbox, with);
                }
            }
            said.advance(count);
        }
        before > said.len()
    }

    /// Sends what the machine did not end, for it will say no more.
    pub(super) fn finish(&mut self, outbox: &mut Outbox, with: &mut impl Delimiter) {
        if !self.begun.is_empty() || self.fragmented {
            self.end_begun(outbox, with);
        }
    }

    pub(super) fn pong(&mut self, outbox: &mut Outbox, payload: &[u8]) {
        self.frame(outbox, OpCode::Control(Control::Pong), true, payload);
    }

    pub(super) fn close(&mut self, outbox: &mut Outbox, close: &Close) {
        self.begun = BytesMut::new();
        self.frame(outbox, OpCode::Control(Control::Close), true, &close.payload());
    }

    fn end_begun(&mut self, outbox: &mut Outbox, with: &mut impl Delimiter) {
        let message = core::mem::take(&mut self.begun);
        self.end_message(&message, outbox, with);
    }

    fn end_message(&mut self, message: &[u8], outbox: &mut Outbox, with: &mut impl Delimiter) {
        let content = with.outgoing(message);
        if content.is_some() || self.fragmented {
            self.data(outbox, true, content.as_deref().unwrap_or_default());
        }
    }

    /// Sends the most of a very long message, so that it need not be here in whole. Where it is cut depends on what it says alone.
    fn spill(&mut self, outbox: &mut Outbox) {
        while self.begun.len() >= FRAGMENT + KEPT {
            let mut count = FRAGMENT;
            if self.frames == Frames::Text {
                // A character has at most three bytes that continue it.
                let continues = |byte: &&u8| **byte & 0xC0 == 0x80;
                count -= self.begun[..=FRAGMENT].iter().rev().take_while(continues).take(3).count();
            }
            let part = self.begun.split_to(count);
            self.data(outbox, false, &part);
        }
    }

    fn data(&mut self, outbox: &mut Outbox, is_final: bool, content: &[u8]) {
        let first = match self.frames {
            Frames::Text => Data::Text,
            Frames::Binary => Data::Binary,
        };
        let opcode = if self.fragmented { Data::Continue } else { first };
        self.fragmented = !is_final;
        match self.frames {
            Frames::Text => {
                let text = String::from_utf8_lossy(content);
                self.frame(outbox, OpCode::Data(opcode), is_final, text.as_bytes());
            }
            Frames::Binary => self.frame(outbox, OpCode::Data(opcode), is_final, content),
        }
    }

    fn frame(&mut self, outbox: &mut Outbox, opcode: OpCode, is_final: bool, payload: &[u8]) {
        let mask_key = self.masks.as_mut().map(|masks| masks.next());
        let header = FrameHeader { is_final, opcode, mask: mask_key, ..FrameHeader::default() };
        let mut head = [0; MOST_HEADER];
        let mut rest = &mut head[..];
        // It has room for the longest header, so that this cannot fail.
        let _ = header.format(payload.len() as u64, &mut rest);
        let length = MOST_HEADER - rest.len();
        outbox.put(&head[..length]);
        match mask_key {
            None => outbox.put(payload),
            Some(key) => {
                let mut masked = payload.to_vec();
                mask(&mut masked, key);
                outbox.link(masked.into());
            }
        }
    }
}

/// A client's masks, which nobody can tell who does not know the seed (RFC 6455 §5.3).
pub(super) struct Masks {
    seed: [u8; 32],
    drawn: u64,
}

impl Masks {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Masks { seed, drawn: 0 }
    }

    /// The key of the opening handshake (RFC 6455 §4.1), which has the place of the mask that is never drawn.
    pub(super) fn key(seed: &[u8; 32]) -> [u8; 16] {
        draw(seed, u64::MAX)
    }

    fn next(&mut self) -> [u8; 4] {
        self.drawn = self.drawn.wrapping_add(1);
        draw(&self.seed, self.drawn)
    }
}

fn draw<const N: usize>(seed: &[u8; 32], place: u64) -> [u8; N] {
    let hash = Sha256::new().chain_update(seed).chain_update(place.to_be_bytes()).finalize();
    let mut drawn = [0; N];
    drawn.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    drawn
}
