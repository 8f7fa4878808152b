//! What the tests need of a runtime.

use socket2::SockRef;
use wirestate_driver::{
    ConnectError, Connection, Connector, Control, Fault, Info, Listener, Redial, Report, Shutdown, Stream,
};
use wirestate_machine::{Instant, Machine};

/// A runtime with its skin.
pub(crate) trait World: 'static {
    type Stream: Stream + Send + 'static;

    /// Serves on this thread until the shutdown.
    fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
        listeners: Vec<Listener>,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M, Self::Stream>) -> T + Send + Sync + 'static,
        control: &Control<M>,
    ) -> Report;

    fn connect<M: Machine<Error: Fault>>(
        server: impl Into<Connector>,
        factory: impl FnOnce(&Info, Instant) -> M,
    ) -> impl Future<Output = Result<Connection<M, Self::Stream>, ConnectError>>;

    fn reconnect<M: Machine<Error: Fault> + 'static>(
        server: impl Into<Connector>,
        redial: &mut Redial,
        random: impl FnMut() -> u64,
        shutdown: &Shutdown,
        factory: impl FnMut(&Info, Instant) -> M,
    ) -> impl Future<Output = Option<Connection<M, Self::Stream>>>;

    fn block_on<F: Future>(future: F) -> F::Output;

    /// The system's socket under a stream.
    fn socket(stream: &Self::Stream) -> SockRef<'_>;
}
