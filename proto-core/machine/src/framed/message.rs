use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use bytes::Bytes;

use crate::Misuse;

/// A frame that is encoded already, cheap to clone: one encoding for many sessions.
///
/// Only a [`Framing`](crate::framed::Framing) makes one, so it holds exactly one frame. It is meant for machines with the settings of the one that made it.
pub struct Encoded<F> {
    bytes: Bytes,
    framing: PhantomData<fn() -> F>,
}

impl<F> Encoded<F> {
    /// The frame with all that is around it.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The frame with all that is around it.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl<F> AsRef<[u8]> for Encoded<F> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<F> Clone for Encoded<F> {
    fn clone(&self) -> Self {
        Encoded { bytes: self.bytes.clone(), framing: PhantomData }
    }
}

impl<F> fmt::Debug for Encoded<F> {
    /// Shows how long the frame is, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("len", &self.bytes.len()).finish()
    }
}

/// What is put before and after a frame's content.
#[derive(Clone, Debug, Default)]
pub struct Envelope<'a> {
    /// Before it.
    pub head: Head,
    /// After it.
    pub tail: &'a [u8],
}

impl Envelope<'_> {
    pub(crate) fn around<F>(&self, content: &[u8]) -> Encoded<F> {
        let head = self.head.as_slice();
        let mut all = Vec::with_capacity(head.len() + content.len() + self.tail.len());
        for part in [head, content, self.tail] {
            all.extend_from_slice(part);
        }
        Encoded { bytes: Bytes::from(all), framing: PhantomData }
    }
}

/// The few bytes before a frame's content, on the stack.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: [u8; Head::MAX],
    len: usize,
}

impl Head {
    /// The most bytes that a head can have.
    pub const MAX: usize = 32;

    /// Appends `bytes`.
    ///
    /// # Errors
    ///
    /// [`Misuse::TooLong`] where the head would have more than [`Head::MAX`] bytes.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Misuse> {
        let end = self.len + bytes.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(Misuse::TooLong)?;
        room.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
