//! Work that blocks, kept away from the threads that carry sessions.

use std::future::Future;

/// Where a runtime runs work that blocks: file access and password hashing.
pub trait Offload: Clone + Send + Sync + 'static {
    /// Runs `work` where blocking is allowed. A caller that goes away does not
    /// stop work that has begun.
    fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send;
}

/// On tokio's threads for blocking work.
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

impl Offload for Tokio {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(work).await.map_err(|error| error.try_into_panic()) {
            Ok(done) => done,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime is going away, and this task with it.
            Err(Err(_)) => std::future::pending().await,
        }
    }
}

/// On the thread pool of the `blocking` crate, which async-std and smol share.
#[derive(Clone, Copy, Debug)]
pub struct Pool;

impl Offload for Pool {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        blocking::unblock(work).await
    }
}

/// On the session's own thread, which may block as it likes.
#[derive(Clone, Copy, Debug)]
pub struct Inline;

impl Offload for Inline {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        work()
    }
}
