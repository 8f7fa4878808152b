use core::fmt;

use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

use super::streams::Streams;
use super::{Failure, Format, Traffic};
use crate::{Error, wraps};

/// DEFLATE around a machine (RFC 4978, XEP-0138). It is the same at both ends.
///
/// Until the machine offers [`Upgrade::Deflate`] its own boxes are handed out. From then on each batch of output is compressed and flushed so
/// that the peer can read it at once, and input is inflated in steps of at most 16 KiB, each only when the machine's inbox has room:
/// what unpacks to a thousand times its size meets the machine's own limits and takes no memory. A compressed session holds some 350 KiB.
///
/// Compression belongs inside of TLS: `Tls<Deflate<M>>`. Secrets and a peer's own text in one compressed stream may betray the secrets by
/// its length (RFC 4978 §6).
pub struct Deflate<M> {
    inner: M,
    format: Format,
    level: u8,
    streams: Option<Box<Streams>>,
    failure: Option<Failure>,
}

impl<M> Deflate<M> {
    /// Compression by bare DEFLATE, at level 6.
    pub fn new(inner: M) -> Self {
        Deflate { inner, format: Format::Raw, level: 6, streams: None, failure: None }
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

    /// Whether both directions are compressed.
    pub fn is_compressed(&self) -> bool {
        self.streams.is_some()
    }

    /// How many bytes went in and out since compression began.
    pub fn traffic(&self) -> Traffic {
        self.streams.as_ref().map(|streams| streams.traffic).unwrap_or_default()
    }
}

impl<M: Machine> Deflate<M> {
    /// Moves what can be moved between the boxes; `false` where nothing can.
    fn advance(&mut self, now: Instant) -> Result<bool, Failure> {
        let wish = self.inner.upgrade();
        let Some(streams) = &mut self.streams else {
            return Ok(wish == Some(Upgrade::Deflate) && self.begin(now));
        };
        if wish == Some(Upgrade::Deflate) {
            return Err(Failure::Twice);
        }
        let sent = streams.send(&mut self.inner);
        if self.inner.is_closed() || wish.is_some() {
            return Ok(false);
        }
        Ok(streams.receive(&mut self.inner)? || sent)
    }

    fn begin(&mut self, now: Instant) -> bool {
        let mut streams = Box::new(Streams::new(self.format, self.level));
        if self.inner.inbox().is_closed() {
            streams.inbox.close();
        }
        self.streams = Some(streams);
        self.inner.upgraded(now, Upgraded::Deflate);
        true
    }
}

impl<M: Machine> Machine for Deflate<M> {
    type Event = M::Event;
    type Error = Error<M::Error>;

    fn inbox(&mut self) -> &mut Inbox {
        match &mut self.streams {
            Some(streams) => {
                streams.inbox.hold(self.inner.inbox().is_held());
                &mut streams.inbox
            }
            None => self.inner.inbox(),
        }
    }

    fn outbox(&mut self) -> &mut Outbox {
        match &mut self.streams {
            Some(streams) => {
                streams.send(&mut self.inner);
                &mut streams.outbox
            }
            None => self.inner.outbox(),
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
}

wraps!(Deflate<M>);

impl<M: fmt::Debug> fmt::Debug for Deflate<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflate")
            .field("inner", &self.inner)
            .field("compressed", &self.is_compressed())
            .field("traffic", &self.traffic())
            .field("failure", &self.failure)
            .finish()
    }
}
