use std::io;
#[cfg(not(target_os = "linux"))]
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;

#[cfg(target_os = "linux")]
use rustix::event::{EventfdFlags, eventfd};
#[cfg(target_os = "linux")]
use rustix::fd::OwnedFd;

/// Wakes one thread out of its wait for sockets, from any other.
#[derive(Debug)]
pub(crate) struct Bell {
    state: AtomicU8,
    /// Without one, for want of descriptors, its thread looks again every now and then.
    line: Option<Line>,
}

#[cfg(target_os = "linux")]
type Line = OwnedFd;
/// A socket that is connected to itself.
#[cfg(not(target_os = "linux"))]
type Line = UdpSocket;

/// The thread is at work.
const AWAKE: u8 = 0;
/// The thread waits, or is about to.
const WAITING: u8 = 1;
/// The bell was rung, and the thread has not heard it yet.
const RUNG: u8 = 2;

impl Bell {
    pub(crate) fn new() -> Self {
        Bell { state: AtomicU8::new(AWAKE), line: line().ok() }
    }

    pub(crate) fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// Says that the thread is going to wait; `false` when it was rung for, and must not.
    pub(crate) fn may_wait(&self) -> bool {
        if self.state.compare_exchange(AWAKE, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return true;
        }
        self.state.store(AWAKE, Ordering::Release);
        false
    }

    /// Says that the thread waits no longer.
    pub(crate) fn waited(&self) {
        if self.state.swap(AWAKE, Ordering::AcqRel) == RUNG
            && let Some(line) = &self.line
        {
            // Nothing there means that it is still on its way: one more wait will then be short.
            let _ = take(line);
        }
    }

    pub(crate) fn ring(&self) {
        if self.state.swap(RUNG, Ordering::AcqRel) == WAITING
            && let Some(line) = &self.line
        {
            // It fails only when it is full, and then it rings already.
            let _ = put(line);
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(target_os = "linux")]
fn line() -> io::Result<Line> {
    Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
}

#[cfg(target_os = "linux")]
fn put(line: &Line) -> io::Result<usize> {
    Ok(rustix::io::write(line, &1u64.to_ne_bytes())?)
}

#[cfg(target_os = "linux")]
fn take(line: &Line) -> io::Result<usize> {
    Ok(rustix::io::read(line, &mut [0; 8])?)
}

#[cfg(not(target_os = "linux"))]
fn line() -> io::Result<Line> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(socket.local_addr()?)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(not(target_os = "linux"))]
fn put(line: &Line) -> io::Result<usize> {
    line.send(&[1])
}

#[cfg(not(target_os = "linux"))]
fn take(line: &Line) -> io::Result<usize> {
    line.recv(&mut [0])
}
