use core::fmt::{self, Debug};
use core::ops::{Deref, DerefMut};

use wirestate_machine::redact::{Nothing, Redact};
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

use super::Record;
use super::recorder::Recorder;
use super::redactor::Redactor;

/// A transcript of all that goes through a machine, with secrets hidden by the protocol's own [`Redact`].
///
/// Each batch of input, each batch of output, each event, upgrade and error becomes a [`Record`] for the sink. A record with a part of a
/// line is held back until the line is complete, for only then it is known what of it is secret; a hidden stretch has a `*` for each byte.
///
/// It sees what is said where it stands: inside of TLS (`Tls<Trace<M>>`) the protocol, outside the ciphertext. Without a sink it hands
/// out the machine's own boxes. With one, output passes through an outbox of its own of 32 KiB.
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub struct Trace<M, R: Redact = Nothing> {
    recorder: Option<Box<Recorder<R>>>,
    inner: M,
}

impl<M, R: Redact> Trace<M, R> {
    /// Records all that goes through `inner` to `sink`, without what `redact` says is secret.
    pub fn new(inner: M, redact: R, sink: impl FnMut(Record) + Send + 'static) -> Self {
        let redactor = Redactor::new(redact, Box::new(sink));
        Trace { inner, recorder: Some(Box::new(Recorder::new(redactor))) }
    }

    /// Tells the [`tracing`] crate all that goes through `inner`, as events of level TRACE: one for each line of the transcript, with the field
    /// `session`. Nothing is recorded while nobody listens at that level, which is asked once, here.
    #[cfg(feature = "tracing")]
    pub fn to_tracing(inner: M, redact: R, session: u64) -> Self {
        if !tracing::enabled!(tracing::Level::TRACE) {
            return Trace::silent(inner);
        }
        Trace::new(inner, redact, move |record| {
            for line in record.to_string().lines() {
                tracing::trace!(session, "{line}");
            }
        })
    }

    /// Records nothing.
    pub fn silent(inner: M) -> Self {
        Trace { inner, recorder: None }
    }

    /// Hides nothing, so that the session can be replayed exactly. Such a transcript is as secret as what is in it.
    pub fn with_secrets(mut self) -> Self {
        if let Some(recorder) = &mut self.recorder {
            recorder.redactor.keeps_secrets = true;
        }
        self
    }

    /// Shows the [`Redact`] pieces that end with `end` rather than lines: `>` suits XML, which needs no line ends.
    pub fn with_line_end(mut self, end: u8) -> Self {
        if let Some(recorder) = &mut self.recorder {
            recorder.redactor.set_line_end(end);
        }
        self
    }

    /// Whether there is a sink.
    pub fn is_recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// Gives the sink what is held back for lines that are not complete. The rest of such a line will be hidden, to be safe.
    pub fn flush(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.redactor.flush();
        }
    }

    /// What the layer wraps.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// Takes the layer off. What it still held of the stream is dropped.
    pub fn into_inner(self) -> M {
        self.inner
    }
}

impl<M: Machine, R: Redact> Trace<M, R> {
    /// What the layer wraps.
    pub fn inner_mut(&mut self) -> &mut M {
        if let Some(recorder) = &mut self.recorder {
            recorder.before_touch(self.inner.inbox());
        }
        &mut self.inner
    }
}

impl<M: Machine<Event: Debug, Error: Debug>, R: Redact> Machine for Trace<M, R> {
    type Event = M::Event;
    type Error = M::Error;

    fn inbox(&mut self) -> &mut Inbox {
        if let Some(recorder) = &mut self.recorder {
            recorder.before_push(self.inner.inbox());
        }
        self.inner.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        match &mut self.recorder {
            Some(recorder) => {
                recorder.output(self.inner.outbox());
                &mut recorder.outbox
            }
            None => self.inner.outbox(),
        }
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, M::Error> {
        let Some(recorder) = &mut self.recorder else { return self.inner.poll(now) };
        recorder.before_poll(now, self.inner.inbox());
        let result = self.inner.poll(now);
        recorder.after_poll(self.inner.inbox());
        match &result {
            Ok(Some(event)) => recorder.event(format!("{event:?}")),
            Ok(None) => {}
            Err(error) => recorder.error(|| format!("{error:?}")),
        }
        if self.inner.is_closed() && matches!(result, Ok(None) | Err(_)) {
            recorder.output(self.inner.outbox());
            recorder.closed();
        }
        result
    }

    fn deadline(&self) -> Option<Instant> {
        self.inner.deadline()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        if let Some(recorder) = &mut self.recorder {
            recorder.output(self.inner.outbox());
            if !recorder.outbox.is_empty() {
                return None;
            }
        }
        self.inner.upgrade()
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        if let Some(recorder) = &mut self.recorder {
            recorder.upgraded(now, &how);
        }
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn shutdown(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.before_touch(self.inner.inbox());
            recorder.shutdown();
        }
        self.inner.shutdown();
    }

    fn is_settled(&self) -> bool {
        self.recorder.is_none() && self.inner.is_settled()
    }

    fn is_establishing(&mut self) -> bool {
        self.inner.is_establishing()
    }

    fn ending(&self) -> Option<Ending> {
        self.inner.ending()
    }

    fn channel(&self) -> Channel {
        self.inner.channel()
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        self.inner.tls_facts()
    }
}

impl<M: Relay<Event: Debug, Error: Debug>, R: Redact> Relay for Trace<M, R> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner_mut().relay(message);
    }

    fn is_transparent(&self, message: &M::Message) -> bool {
        self.recorder.is_none() && self.inner.is_transparent(message)
    }
}

impl<M, R: Redact> Deref for Trace<M, R> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.inner
    }
}

impl<M: Machine, R: Redact> DerefMut for Trace<M, R> {
    fn deref_mut(&mut self) -> &mut M {
        self.inner_mut()
    }
}

impl<M: Debug, R: Redact> Debug for Trace<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("inner", &self.inner).field("recording", &self.is_recording()).finish()
    }
}
