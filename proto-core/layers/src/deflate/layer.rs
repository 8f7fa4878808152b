use core::fmt;

use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

use super::inflater::AtEnd;
use super::streams::Streams;
use super::{At, Failure, Format, Memory};
use crate::{Error, wraps};

/// DEFLATE around a machine (RFC 4978, XEP-0138). It is the same at both ends.
///
/// Until the machine offers [`Upgrade::Deflate`] its own boxes are handed out. From then on each batch of output is compressed and flushed so
/// that the peer can read it at once, and input is inflated in steps of at most 16 KiB, each only when the machine's inbox has room:
/// what unpacks to a thousand times its size meets the machine's own limits and takes no memory. A compressed session holds some 350 KiB.
/// [`Machine::channel`] tells how well it does.
///
/// Links that compress without a command, as those of IRC servers do, switch it on by [`compress`](Deflate::compress) and off again by
/// [`decompress`](Deflate::decompress). Each direction is switched for itself, at an exact place in its stream: ours where the call is
/// made, the peer's where its own stream begins and ends. The machine is not asked, and nothing is lost. For this the layer
/// must be the innermost but for [`Trace`](crate::Trace), or else what lies between has taken bytes that belong to the other side of the switch.
///
/// ```
/// # use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
/// # struct Link { inbox: Inbox, outbox: Outbox }
/// # impl Link {
/// #     fn new() -> Self { Link { inbox: Inbox::new(512), outbox: Outbox::new() } }
/// #     fn say(&mut self, text: &str) { self.outbox.put(text.as_bytes()) }
/// # }
/// # impl Machine for Link {
/// #     type Event = bytes::Bytes;
/// #     type Error = core::convert::Infallible;
/// #     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
/// #     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
/// #     fn poll(&mut self, _now: Instant) -> Result<Option<bytes::Bytes>, Self::Error> {
/// #         Ok(self.inbox.find_lf().map(|end| self.inbox.take(end + 1)))
/// #     }
/// #     fn deadline(&self) -> Option<Instant> { None }
/// #     fn upgrade(&mut self) -> Option<Upgrade> { None }
/// #     fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
/// #     fn is_closed(&self) -> bool { false }
/// # }
/// use wirestate_layers::Deflate;
/// use wirestate_layers::deflate::{At, Format};
///
/// let mut link = Deflate::new(Link::new()).with_format(Format::Zlib);
/// link.inbox().push(b"SERVER irc.example 1 :a link\r\n");
/// let line = link.poll(Instant::START)?;
/// assert_eq!(line.as_deref(), Some(&b"SERVER irc.example 1 :a link\r\n"[..]));
/// // The peer compresses from after this line on, and we from after our own.
/// link.say("SERVER leaf.example 1 :another\r\n");
/// link.compress(At::NextFlush);
/// link.say("NICK ann\r\n");
/// let wire = link.outbox().to_vec();
/// assert!(wire.starts_with(b"SERVER leaf.example 1 :another\r\n\x78"));
/// # Ok::<(), wirestate_layers::Error<core::convert::Infallible>>(())
/// ```
///
/// Compression belongs inside of TLS: `Tls<Deflate<M>>`. Secrets and a stranger's text in one compressed stream may betray the secrets by
/// its length (RFC 4978 §6): [`with_memory`](Deflate::with_memory) says what may be compressed together.
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub struct Deflate<M> {
    streams: Option<Box<Streams>>,
    failure: Option<Failure>,
    inner: M,
    format: Format,
    level: u8,
    memory: Memory,
}

impl<M> Deflate<M> {
    /// Compression by bare DEFLATE, at level 6.
    pub fn new(inner: M) -> Self {
        Deflate { inner, format: Format::Raw, level: 6, memory: Memory::Session, streams: None, failure: None }
    }

    /// Wraps the stream as `format` says.
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Sets how hard to look for repetitions: 0 (not at all) to 10 (long).
    pub fn with_level(mut self, level: u8) -> Self {
        self.level = level.min(10);
        self
    }

    /// Sets how far back output may point: [`Memory::Session`] if nothing is said.
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// Whether both directions are compressed.
    pub fn is_compressed(&self) -> bool {
        self.streams.as_ref().is_some_and(|streams| streams.deflates() && streams.inflates())
    }
}

impl<M: Machine> Deflate<M> {
    /// Switches compression on in both directions, without asking the machine: [`compress_output`](Deflate::compress_output) and
    /// [`compress_input`](Deflate::compress_input) at once.
    ///
    /// The place for it is the event of the message after which the peer compresses.
    pub fn compress(&mut self, at: At) {
        self.compress_output(at);
        self.compress_input();
    }

    /// Compresses what is said, from where `at` says. Where output is compressed already, or the session is over, nothing happens.
    pub fn compress_output(&mut self, at: At) {
        if !self.is_closed() {
            let streams = self.streams.get_or_insert_with(|| Box::new(Streams::new()));
            streams.begin_output(&mut self.inner, at, self.format, (self.level, self.memory));
        }
    }

    /// Takes what the machine has not read yet, and what comes, as the peer's compressed stream, up to its final block; what follows that
    /// is plain again. Where input is compressed already, or the session is over, nothing happens.
    ///
    /// The place for it is the event of the last plain message, before the machine is polled again.
    pub fn compress_input(&mut self) {
        if !self.is_closed() {
            let streams = self.streams.get_or_insert_with(|| Box::new(Streams::new()));
            streams.begin_input(&mut self.inner, self.format, AtEnd::Plain);
        }
    }

    /// Switches compression of output off again: what was said so far leaves compressed, with the stream's final block, and what is said
    /// after it plain. Input goes on as it is until the peer ends its own stream. Where output is plain, or the session is over, nothing happens.
    ///
    /// For a peer that takes the end of the stream as the end of the session, as RFC 4978 and XEP-0138 know no other, this is that end.
    pub fn decompress(&mut self) {
        if !self.is_closed()
            && let Some(streams) = &mut self.streams
        {
            streams.end_output(&mut self.inner);
        }
    }
}

impl<M: Machine> Deflate<M> {
    /// Moves what can be moved between the boxes; `false` where nothing can.
    fn advance(&mut self, now: Instant) -> Result<bool, Failure> {
        let wish = self.inner.upgrade();
        if wish == Some(Upgrade::Deflate) {
            return self.begin(now);
        }
        let Some(streams) = &mut self.streams else { return Ok(false) };
        let sent = streams.send(&mut self.inner);
        if self.inner.is_closed() || wish.is_some() {
            return Ok(false);
        }
        let moved = streams.receive(&mut self.inner)? || sent;
        if !moved && streams.is_over(&mut self.inner) {
            self.streams = None;
        }
        Ok(moved)
    }

    fn begin(&mut self, now: Instant) -> Result<bool, Failure> {
        let streams = self.streams.get_or_insert_with(|| Box::new(Streams::new()));
        if streams.deflates() || streams.inflates() {
            return Err(Failure::Twice);
        }
        // It came before the switch, and so must not act after it.
        streams.discard_input();
        streams.begin_input(&mut self.inner, self.format, AtEnd::Close);
        streams.begin_output(&mut self.inner, At::NextFlush, self.format, (self.level, self.memory));
        self.inner.upgraded(now, Upgraded::Deflate);
        Ok(true)
    }
}

impl<M: Machine> Machine for Deflate<M> {
    type Event = M::Event;
    type Error = Error<M::Error>;

    fn inbox(&mut self) -> &mut Inbox {
        match &mut self.streams {
            Some(streams) if !streams.passes_in() => {
                streams.inbox.hold(self.inner.inbox().is_held());
                &mut streams.inbox
            }
            _ => self.inner.inbox(),
        }
    }

    fn outbox(&mut self) -> &mut Outbox {
        match &mut self.streams {
            Some(streams) if !streams.passes_out() => {
                streams.send(&mut self.inner);
                &mut streams.outbox
            }
            _ => self.inner.outbox(),
        }
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, Error<M::Error>> {
        if let Some(failure) = self.failure {
            return Err(Error::Deflate(failure));
        }
        loop {
            if let Some(event) = self.inner.poll(now).map_err(Error::Inner)? {
                return Ok(Some(event));
            }
            match self.advance(now) {
                Ok(true) => continue,
                Ok(false) => return Ok(None),
                Err(failure) => {
                    self.failure = Some(failure);
                    return Err(Error::Deflate(failure));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.failure.is_some() { None } else { self.inner.deadline() }
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let wish = self.inner.upgrade().filter(|wish| *wish != Upgrade::Deflate && self.failure.is_none())?;
        if let Some(streams) = &mut self.streams {
            streams.send(&mut self.inner);
            if !streams.outbox.is_empty() {
                return None;
            }
            streams.discard_input();
        }
        Some(wish)
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.failure.is_some() || self.inner.is_closed()
    }

    fn shutdown(&mut self) {
        self.inner.shutdown();
    }

    fn is_settled(&self) -> bool {
        self.streams.is_none() && self.failure.is_none() && self.inner.is_settled()
    }

    fn is_establishing(&mut self) -> bool {
        self.inner.is_establishing()
    }

    fn ending(&self) -> Option<Ending> {
        self.failure.map(|_| Ending::Violation).or_else(|| self.inner.ending())
    }

    fn channel(&self) -> Channel {
        let mut channel = self.inner.channel();
        if let Some(streams) = &self.streams
            && (streams.deflates() || streams.inflates())
        {
            channel.deflate = Some(streams.deflation);
        }
        channel
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        self.inner.tls_facts()
    }
}

impl<M: Relay> Relay for Deflate<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner.relay(message);
    }

    fn is_transparent(&self, message: &M::Message) -> bool {
        self.streams.is_none() && self.failure.is_none() && self.inner.is_transparent(message)
    }
}

wraps!(Deflate<M>);

impl<M: fmt::Debug> fmt::Debug for Deflate<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflate")
            .field("inner", &self.inner)
            .field("compressed", &self.is_compressed())
            .field("deflation", &self.streams.as_ref().map(|streams| streams.deflation))
            .field("failure", &self.failure)
            .finish()
    }
}
