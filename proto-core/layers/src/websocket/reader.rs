use core::time::Duration;
use std::io::Cursor;

use bytes::{Buf, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use wirestate_machine::{Inbox, Instant};

use super::close::Close;
use super::config::Limits;
use super::failure::{BadFrame, Failure};

/// The time that [`Limits::controls`] counts in.
const CONTROL_WINDOW: Duration = Duration::from_secs(10);
/// What a control frame carries at most (RFC 6455 §5.5).
const MOST_CONTROL: usize = 125;

/// Makes messages of the peer's frames (RFC 6455 §5).
pub(super) struct Reader {
    /// Whether frames must be masked; if not, they must not.
    masked: bool,
    /// The message at hand, as far as it is here.
    message: BytesMut,
    /// Whether a message has begun and not ended, and whether it is text.
    text: Option<bool>,
    /// The data frame at hand, while some of it is still to come.
    frame: Option<Frame>,
    /// Whether the message at hand is whole and waits for the machine to read it.
    whole: bool,
    controls: u32,
    controls_since: Instant,
}

struct Frame {
    left: usize,
    mask: [u8; 4],
    is_final: bool,
}

/// What was read.
pub(super) enum Step {
    /// Nothing more can be read.
    Starved,
    /// A part of something.
    Part,
    /// A message, which waits in the reader.
    Message,
    Ping(Vec<u8>),
    Close(Close),
}

/// What became of a message that waits.
#[derive(PartialEq)]
pub(super) enum Delivery {
    Nothing,
    Moved,
    Blocked,
}

impl Reader {
    pub(super) fn new(masked: bool) -> Self {
        Reader {
            masked,
            message: BytesMut::new(),
            text: None,
            frame: None,
            whole: false,
            controls: 0,
            controls_since: Instant::START,
        }
    }

    /// The message that is whole.
    pub(super) fn message(&mut self) -> &mut BytesMut {
        &mut self.message
    }

    /// Gives the machine as much of a whole message as it has room for.
    pub(super) fn deliver(&mut self, inside: &mut Inbox) -> Delivery {
        if !self.whole {
            return Delivery::Nothing;
        }
        let taken = inside.push_some(&self.message);
        self.message.advance(taken);
        if self.message.is_empty() {
            self.drop_message();
        } else if taken == 0 {
            return Delivery::Blocked;
        }
        Delivery::Moved
    }

    /// Forgets a whole message, which nobody will read.
    pub(super) fn drop_message(&mut self) {
        if self.whole {
            self.whole = false;
            self.message = BytesMut::new();
        }
    }

    /// Reads on, up to the end of a frame or of what is here.
    pub(super) fn read(&mut self, inbox: &mut Inbox, now: Instant, limits: &Limits) -> Result<Step, Failure> {
        if self.frame.is_some() {
            return self.read_data(inbox);
        }
        let mut cursor = Cursor::new(inbox.bytes());
        let header = FrameHeader::parse(&mut cursor).map_err(|_| BadFrame::Opcode)?;
        let Some((header, length)) = header else { return Ok(Step::Starved) };
        let head = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        self.check(&header, head, length)?;
        match header.opcode {
            OpCode::Control(control) => self.read_control(inbox, control, &header, head, length, now, limits),
            OpCode::Data(data) => {
                self.begin_frame(data, &header, length, limits)?;
                inbox.consume(head);
                Ok(Step::Part)
            }
        }
    }

    fn check(&self, header: &FrameHeader, head: usize, length: u64) -> Result<(), BadFrame> {
        let is_control = matches!(header.opcode, OpCode::Control(_));
        let faults = [
            (header.rsv1 || header.rsv2 || header.rsv3, BadFrame::ReservedBits),
            (self.masked && header.mask.is_none(), BadFrame::Unmasked),
            (!self.masked && header.mask.is_some(), BadFrame::Masked),
            (head != header.len(length), BadFrame::Length),
            (is_control && !header.is_final, BadFrame::FragmentedControl),
            (is_control && length > MOST_CONTROL as u64, BadFrame::LongControl),
        ];
        faults.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, fault)| Err(fault))
    }

    fn begin_frame(&mut self, data: Data, header: &FrameHeader, length: u64, limits: &Limits) -> Result<(), Failure> {
        match (data, self.text) {
            (Data::Continue, None) => return Err(BadFrame::Continuation.into()),
            (Data::Continue, Some(_)) => {}
            (_, Some(_)) => return Err(BadFrame::Interleaved.into()),
            (data, None) => self.text = Some(data == Data::Text),
        }
        let room = limits.message.saturating_sub(self.message.len());
        let left = usize::try_from(length).ok().filter(|length| *length <= room);
        let left = left.ok_or(Failure::MessageTooLong { limit: limits.message })?;
        self.frame = Some(Frame { left, mask: header.mask.unwrap_or_default(), is_final: header.is_final });
        Ok(())
    }

    fn read_data(&mut self, inbox: &mut Inbox) -> Result<Step, Failure> {
        let Some(frame) = &mut self.frame else { return Ok(Step::Starved) };
        let count = frame.left.min(inbox.len());
        if count == 0 && frame.left > 0 {
            return Ok(Step::Starved);
        }
        let from = self.message.len();
        self.message.extend_from_slice(&inbox.bytes()[..count]);
        inbox.consume(count);
        mask(&mut self.message[from..], frame.mask);
        frame.mask.rotate_left(count % 4);
        frame.left -= count;
        if frame.left > 0 {
            return Ok(Step::Part);
        }
        let is_final = frame.is_final;
        self.frame = None;
        if is_final { self.end_message() } else { Ok(Step::Part) }
    }

    fn end_message(&mut self) -> Result<Step, Failure> {
        if self.text.take() == Some(true) && str::from_utf8(&self.message).is_err() {
            return Err(Failure::NotUtf8);
        }
        self.whole = true;
        Ok(Step::Message)
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one frame")]
    fn read_control(
        &mut self,
        inbox: &mut Inbox,
        control: Control,
        header: &FrameHeader,
        head: usize,
        length: u64,
        now: Instant,
        limits: &Limits,
    ) -> Result<Step, Failure> {
        let end = head + usize::try_from(length).unwrap_or(MOST_CONTROL);
        let Some(payload) = inbox.bytes().get(head..end) else { return Ok(Step::Starved) };
        let mut payload = payload.to_vec();
        mask(&mut payload, header.mask.unwrap_or_default());
        inbox.consume(end);
        if control == Control::Close {
            return Ok(Step::Close(Close::parse(&payload)?));
        }
        self.count_control(now, limits)?;
        Ok(if control == Control::Ping { Step::Ping(payload) } else { Step::Part })
    }

    fn count_control(&mut self, now: Instant, limits: &Limits) -> Result<(), Failure> {
        if now - self.controls_since >= CONTROL_WINDOW {
            (self.controls, self.controls_since) = (0, now);
        }
        self.controls += 1;
        if self.controls > limits.controls { Err(Failure::Flood { limit: limits.controls }) } else { Ok(()) }
    }
}

/// Masks or unmasks (RFC 6455 §5.3).
pub(super) fn mask(bytes: &mut [u8], mask: [u8; 4]) {
    let mut chunks = bytes.chunks_exact_mut(4);
    for chunk in &mut chunks {
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    chunks.into_remainder().iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
