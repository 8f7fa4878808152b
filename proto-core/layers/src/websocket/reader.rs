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
    /// What has come of the message at hand and has not been read by the machine.
    message: BytesMut,
    /// Whether that waits for the machine: all of the message, or a part of it.
    ready: bool,
    /// A character that begins behind it, and is not here in whole.
    begun: Begun,
    /// How many bytes of it have come or are announced.
    length: usize,
    /// Whether a message has begun and not ended, and whether it is text.
    text: Option<bool>,
    /// The data frame at hand, while some of it is still to come.
    frame: Option<Frame>,
    /// What is wrong behind what waits.
    fault: Option<Box<Failure>>,
    controls: u32,
    controls_since: Instant,
}

/// The first bytes of a character of UTF-8.
#[derive(Default)]
struct Begun {
    bytes: [u8; 3],
    count: u8,
}

impl Begun {
    fn of(bytes: &[u8]) -> Self {
        let mut begun = Begun::default();
        for (to, from) in begun.bytes.iter_mut().zip(bytes) {
            *to = *from;
            begun.count += 1;
        }
        begun
    }

    fn take(&mut self) -> &[u8] {
        &self.bytes[..usize::from(core::mem::take(&mut self.count))]
    }
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
    /// A message, or the next part of one, which waits in the reader.
    Content {
        is_last: bool,
    },
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
            ready: false,
            begun: Begun::default(),
            length: 0,
            text: None,
            frame: None,
            fault: None,
            controls: 0,
            controls_since: Instant::START,
        }
    }

    /// What waits for the machine.
    pub(super) fn content(&mut self) -> &mut BytesMut {
        &mut self.message
    }

    /// Gives up, once the machine has what waits for it.
    pub(super) fn fail_behind(&mut self, failure: Failure) {
        self.fault.get_or_insert_with(|| failure.into());
    }

    /// Gives the machine as much of what waits for it as it has room for.
    pub(super) fn deliver(&mut self, inside: &mut Inbox) -> Delivery {
        if !self.ready {
            return Delivery::Nothing;
        }
        let taken = inside.push_some(&self.message);
        self.message.advance(taken);
        if self.message.is_empty() {
            self.drop_content();
        } else if taken == 0 {
            return Delivery::Blocked;
        }
        Delivery::Moved
    }

    /// Forgets what waits for the machine, as nobody will read it.
    pub(super) fn drop_content(&mut self) {
        if self.ready {
            self.ready = false;
            self.message = BytesMut::new();
        }
    }

    /// Reads on, up to the end of a frame or of what is here; with `in_parts`, what is here of a message is told of as it comes.
    pub(super) fn read(
        &mut self,
        inbox: &mut Inbox,
        now: Instant,
        limits: &Limits,
        in_parts: bool,
    ) -> Result<Step, Failure> {
        if let Some(fault) = &self.fault {
            return Err((**fault).clone());
        }
        if self.frame.is_some() {
            return self.read_data(inbox, in_parts);
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
        let room = limits.message.saturating_sub(self.length);
        let left = usize::try_from(length).ok().filter(|length| *length <= room);
        let left = left.ok_or(Failure::MessageTooLong { limit: limits.message })?;
        self.length += left;
        self.frame = Some(Frame { left, mask: header.mask.unwrap_or_default(), is_final: header.is_final });
        Ok(())
    }

    fn read_data(&mut self, inbox: &mut Inbox, in_parts: bool) -> Result<Step, Failure> {
        let Some(frame) = &mut self.frame else { return Ok(Step::Starved) };
        let count = frame.left.min(inbox.len());
        if count == 0 && frame.left > 0 {
            return Ok(Step::Starved);
        }
        self.message.extend_from_slice(self.begun.take());
        let from = self.message.len();
        self.message.extend_from_slice(&inbox.bytes()[..count]);
        inbox.consume(count);
        mask(&mut self.message[from..], frame.mask);
        frame.mask.rotate_left(count % 4);
        frame.left -= count;
        let is_last = frame.left == 0 && frame.is_final;
        if frame.left == 0 {
            self.frame = None;
        }
        if is_last || in_parts { self.end_part(is_last, in_parts) } else { Ok(Step::Part) }
    }

    /// What has come is told of, but for a character that has only begun.
    fn end_part(&mut self, is_last: bool, in_parts: bool) -> Result<Step, Failure> {
        let wrong = str::from_utf8(&self.message).err().filter(|_| self.text == Some(true));
        let is_wrong = wrong.is_some_and(|wrong| is_last || wrong.error_len().is_some());
        if is_wrong && !in_parts {
            return Err(Failure::NotUtf8);
        }
        if is_wrong {
            self.fail_behind(Failure::NotUtf8);
        }
        if let Some(wrong) = wrong {
            self.begun = Begun::of(&self.message[wrong.valid_up_to()..]);
            self.message.truncate(wrong.valid_up_to());
        }
        if is_last {
            (self.text, self.length) = (None, 0);
        }
        self.ready = true;
        Ok(Step::Content { is_last: is_last && !is_wrong })
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
