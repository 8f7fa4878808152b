//! What takes minutes, on tokio's paused clock, over pipes in memory: streams of one's own fit as sockets do.

#[path = "../../driver/tests/suite/toy.rs"]
#[allow(dead_code)]
mod toy;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};
use toy::{Rude, Toy};
use wirestate_tokio::{Address, Connection, Error, Info, Mode, Options, Shutdown, attach};

fn over(stream: DuplexStream) -> Connection<Toy, DuplexStream> {
    attach(stream, Info::new(Address::Unknown, Address::Unknown), Options::new(), |_, now| Toy::new(now))
}

async fn echo<T>(mut conn: Connection<Toy, T>) -> Result<(), Error<Rude>>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some((ticket, line)) = conn.try_next().await? {
        conn.machine().answer(ticket, &line);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_ends_after_ten_minutes_sharp() {
    let (near, mut far) = duplex(1024);
    let start = Instant::now();
    let session = tokio::spawn(echo(over(near)));
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "timeout\r\n");
    assert_eq!(start.elapsed().as_secs(), 600);
    drop(far);
    session.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_command_puts_the_deadline_off() {
    let (near, mut far) = duplex(1024);
    let start = Instant::now();
    let session = tokio::spawn(echo(over(near)));
    for _ in 0..5 {
        sleep(Duration::from_secs(599)).await;
        far.write_all(b"here\r\n").await.unwrap();
        far.read_exact(&mut [0; 6]).await.unwrap();
    }
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "timeout\r\n");
    assert_eq!(start.elapsed().as_secs(), 5 * 599 + 600);
    drop(far);
    session.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deadline_wakes_the_task_that_waits_now() {
    let (near, mut far) = duplex(1024);
    let start = Instant::now();
    let mut conn = over(near);
    let first = tokio::spawn(async move {
        let waited = tokio::time::timeout(Duration::from_secs(1), conn.next()).await;
        assert!(waited.is_err());
        conn
    });
    let session = tokio::spawn(echo(first.await.unwrap()));
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "timeout\r\n");
    assert_eq!(start.elapsed().as_secs(), 600);
    drop(far);
    session.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_nearer_is_kept() {
    let (near, mut far) = duplex(1024);
    let shutdown = Shutdown::new();
    let session = tokio::spawn(echo(over(near).enroll(&shutdown)));
    far.write_all(b"flood 10000\r\n").await.unwrap();
    far.read_exact(&mut [0; 1000]).await.unwrap();
    let start = Instant::now();
    shutdown.trigger(Mode::Graceful { within: Duration::from_secs(7) });
    assert!(matches!(session.await.unwrap(), Err(Error::Aborted)));
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up_after_a_minute() {
    let (near, mut far) = duplex(1024);
    let session = tokio::spawn(echo(over(near)));
    far.write_all(b"flood 10000\r\n").await.unwrap();
    let start = Instant::now();
    assert!(matches!(session.await.unwrap(), Err(Error::Stalled { .. })));
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_drained_for_two_seconds() {
    let (near, mut far) = duplex(1024);
    let session = tokio::spawn(echo(over(near)));
    far.write_all(b"quit\r\n").await.unwrap();
    let start = Instant::now();
    session.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_secs(), 2);
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "bye\r\n");
}

#[tokio::test(start_paused = true)]
async fn select_may_drop_a_pull_at_any_tick() {
    let (near, mut far) = duplex(16);
    let mut conn = over(near);
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let peer = tokio::spawn(async move {
        for byte in b"one\r\ntwo\r\nquit\r\n" {
            sleep(Duration::from_millis(3)).await;
            far.write_all(&[*byte]).await.unwrap();
        }
        let mut said = String::new();
        far.read_to_string(&mut said).await.unwrap();
        said
    });
    let mut dropped = 0;
    loop {
        tokio::select! {
            biased;
            _ = ticks.tick() => dropped += 1,
            event = conn.next() => match event {
                Some(event) => {
                    let (ticket, line) = event.unwrap();
                    conn.machine().answer(ticket, &line);
                }
                None => break,
            }
        }
    }
    assert!(dropped > 40);
    assert_eq!(peer.await.unwrap(), "one\r\ntwo\r\nbye\r\n");
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_fit() {
    let (near, mut far) = tokio::net::UnixStream::pair().unwrap();
    let info = Info::new(Address::Unix(None), Address::Unix(None));
    let session = tokio::spawn(echo(attach(near, info, Options::new(), |_, now| Toy::new(now))));
    far.write_all(b"one\r\nquit\r\n").await.unwrap();
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "one\r\nbye\r\n");
    drop(far);
    session.await.unwrap().unwrap();
}
