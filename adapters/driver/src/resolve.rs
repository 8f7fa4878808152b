use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

/// Resolves a host and a port, such as `localhost:110`, for runtimes that have no resolver. The system's own blocks, so it gets a thread.
pub async fn resolve(server: String) -> io::Result<Vec<SocketAddr>> {
    let desk = Arc::new(Mutex::new(Desk::default()));
    let thread_desk = desk.clone();
    thread::Builder::new().name("resolver".into()).spawn(move || {
        let addresses = server.to_socket_addrs().map(Iterator::collect);
        let mut desk = thread_desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.answer = Some(addresses);
        if let Some(waker) = desk.waiting.take() {
            waker.wake();
        }
    })?;
    poll_fn(|cx| {
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        match desk.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                desk.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

#[derive(Default)]
struct Desk {
    answer: Option<io::Result<Vec<SocketAddr>>>,
    waiting: Option<Waker>,
}
