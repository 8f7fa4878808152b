use wirestate_driver::{Error, Handle, How, Info, Next, Traffic};
use wirestate_machine::Machine;

use crate::{Channel, Socket, Wire, block_on};

/// A machine on a blocking socket: the driver's [`Connection`](wirestate_driver::Connection), with calls that wait.
#[derive(Debug)]
pub struct Connection<M: Machine, T: Channel = Wire> {
    inner: wirestate_driver::Connection<M, Socket<T>>,
}

impl<M: Machine, T: Channel> Connection<M, T> {
    /// Waits for the machine's next event.
    ///
    /// `None` is the end: all was written, and the connection is closed. An error comes once, right before it.
    #[expect(clippy::should_implement_trait, reason = "the driver's name for it; the trait is implemented, too")]
    pub fn next(&mut self) -> Next<M> {
        self.inner.has_slept();
        block_on(self.inner.next())
    }

    /// Waits for the machine's next event, with the error outside, for use with `?`.
    pub fn try_next(&mut self) -> Result<Option<M::Event>, Error<M::Error>> {
        self.next().transpose()
    }

    /// Writes what the machine has said so far, without waiting for more of it.
    pub fn flush(&mut self) -> Result<(), Error<M::Error>> {
        block_on(self.inner.flush())
    }

    /// Closes the connection, whatever the machine thinks of it.
    pub fn close(self, how: How) -> Result<(), Error<M::Error>> {
        block_on(self.inner.close(how))
    }

    /// The machine, to answer and to ask. What is said on it goes out at the next pull.
    pub fn machine(&mut self) -> &mut M {
        self.inner.machine()
    }

    /// Which connection this is.
    pub fn info(&self) -> &Info {
        self.inner.info()
    }

    /// How many bytes have gone either way.
    pub fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    /// A handle, to speak on this connection and to end it from other threads.
    pub fn handle(&self) -> Handle<M> {
        self.inner.handle()
    }

    /// The driver's own connection, for sessions that are written as futures: run them with [`block_on`].
    pub fn into_inner(self) -> wirestate_driver::Connection<M, Socket<T>> {
        self.inner
    }
}

impl<M: Machine, T: Channel> From<wirestate_driver::Connection<M, Socket<T>>> for Connection<M, T> {
    fn from(inner: wirestate_driver::Connection<M, Socket<T>>) -> Self {
        Connection { inner }
    }
}

/// The events, until the end: `for event in &mut connection`.
impl<M: Machine, T: Channel> Iterator for Connection<M, T> {
    type Item = Result<M::Event, Error<M::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        Connection::next(self)
    }
}
