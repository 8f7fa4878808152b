//! Measures how IRC servers relay: one sender into a channel of many receivers. `benches/irc_relay.sh` starts the servers and this.
//!
//! Arguments: `NAME PID ADDRESS` for each server. CPU time is of the server's process, in microseconds for each delivery, the median of its turns; memory is
//! what an idle client adds to it.

#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wirestate_benches::peer::{Outcome, Peer, median};

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many clients register at a time: one after the other takes a second each on some servers.
const AT_ONCE: usize = 50;
/// Idle clients whose memory is measured.
const IDLE: usize = 1000;
/// How often each server has its turn.
const TURNS: usize = 25;
/// A line has 78 bytes with its CRLF, as the sender writes it.
const LINE: usize = 78;

#[derive(Clone, Copy)]
struct Shape {
    receivers: usize,
    window: usize,
    rounds: usize,
}

const SHAPES: [Shape; 3] = [
    Shape { receivers: 100, window: 64, rounds: 8 },
    Shape { receivers: 1000, window: 64, rounds: 1 },
    Shape { receivers: 100, window: 1, rounds: 200 },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut servers = Vec::new();
    for server in args.chunks_exact(3) {
        let address: SocketAddr = server[2].parse()?;
        servers.push((server[0].as_str(), Peer::running(server[1].parse()?, address), address));
    }
    // This process does not sleep: whoever writes to one that does has to wake it, and how often that happens is mere chance.
    tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    // First: what a crowd leaves behind would be used again.
    println!("memory of one idle client, of {IDLE}");
    let mut sizes = Vec::new();
    for (name, peer, address) in &servers {
        let warm = crowd(*address, 50, "warm", None).await?;
        let before = peer.memory()?;
        let held = crowd(*address, IDLE, "idle", None).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        sizes.push((*name, (peer.memory()? - before) / IDLE as f64));
        drop((warm, held));
    }
    print(sizes.into_iter(), "bytes");
    for shape in SHAPES {
        let Shape { receivers, window, .. } = shape;
        println!("one sender, {receivers} receivers, {window} lines at a time: CPU for each delivery");
        let mut rooms = Vec::new();
        for (at, (name, peer, address)) in servers.iter().enumerate() {
            let room = Room::open(*address, shape, &format!("#r{receivers}w{window}s{at}")).await?;
            rooms.push((*name, peer, room, Vec::new()));
        }
        // In turns, so that all have the same neighbours.
        for _ in 0..TURNS {
            for (_, peer, room, times) in &mut rooms {
                let before = peer.cpu()?;
                for _ in 0..shape.rounds {
                    room.round(window).await?;
                }
                let deliveries = receivers * window * shape.rounds;
                times.push((peer.cpu()? - before) / deliveries as f64);
            }
        }
        print(rooms.into_iter().map(|(name, _, _, times)| (name, median(times))), "us");
    }
    Ok(())
}

/// The first is the one that the others are compared with.
fn print<'a>(figures: impl Iterator<Item = (&'a str, f64)>, unit: &str) {
    let mut first = None;
    for (name, figure) in figures {
        let first = *first.get_or_insert(figure);
        println!("  {name:<12} {figure:>10.3} {unit:<6} {:>6.2} x", figure / first);
    }
    println!();
}

/// A channel with one sender and many receivers in it.
struct Room {
    sender: OwnedWriteHalf,
    line: Vec<u8>,
    arrived: Arc<Arrived>,
    sent: usize,
    receivers: usize,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Arrived {
    lines: AtomicUsize,
    wanted: AtomicUsize,
    all: Notify,
}

impl Room {
    async fn open(address: SocketAddr, shape: Shape, channel: &str) -> Outcome<Room> {
        let nick = format!("s{}w{}", shape.receivers, shape.window);
        let mut sender = Client::register(address, &nick).await?;
        sender.join(channel).await?;
        let receivers =
            crowd(address, shape.receivers, &format!("r{}w{}x", shape.receivers, shape.window), Some(channel)).await?;
        // Joins of those who came later are still under way to those who came first.
        sender.say(&format!("PRIVMSG {channel} :begin\r\n")).await?;
        let (arrived, mut tasks) = (Arc::new(Arrived::default()), JoinSet::new());
        for mut receiver in receivers {
            receiver.await_line(" :begin\r\n").await?;
            let arrived = arrived.clone();
            tasks.spawn(async move { receiver.count(&arrived).await });
        }
        tasks.spawn(async move { sender.read.drain().await });
        let mut line = format!("PRIVMSG {channel} :").into_bytes();
        line.resize(LINE - 2, b'x');
        line.extend_from_slice(b"\r\n");
        Ok(Room { sender: sender.write, line, arrived, sent: 0, receivers: shape.receivers, _tasks: tasks })
    }

    /// Sends so many lines, and waits until they are everywhere.
    async fn round(&mut self, lines: usize) -> Outcome<()> {
        self.sent += lines * self.receivers;
        self.arrived.wanted.store(self.sent, Ordering::Relaxed);
        self.sender.write_all(&self.line.repeat(lines)).await?;
        while self.arrived.lines.load(Ordering::Relaxed) < self.sent {
            tokio::time::timeout(PATIENCE, self.arrived.all.notified()).await.map_err(|_| "lines do not arrive")?;
        }
        Ok(())
    }
}

/// So many clients, in a channel or nowhere.
async fn crowd(address: SocketAddr, count: usize, name: &str, channel: Option<&str>) -> Outcome<Vec<Client>> {
    let mut clients = Vec::new();
    while clients.len() < count {
        let mut coming = JoinSet::new();
        for at in clients.len()..count.min(clients.len() + AT_ONCE) {
            let (nick, channel) = (format!("{name}{at}"), channel.map(str::to_owned));
            coming.spawn(async move {
                let mut client = Client::register(address, &nick).await.map_err(|error| error.to_string())?;
                if let Some(channel) = channel {
                    client.join(&channel).await.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(client)
            });
        }
        while let Some(client) = coming.join_next().await {
            clients.push(client??);
        }
    }
    Ok(clients)
}

struct Client {
    read: Reader,
    write: OwnedWriteHalf,
}

struct Reader {
    half: OwnedReadHalf,
    unread: Vec<u8>,
}

impl Client {
    async fn register(address: SocketAddr, nick: &str) -> Outcome<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (half, write) = stream.into_split();
        let mut client = Client { read: Reader { half, unread: Vec::new() }, write };
        client.say(&format!("NICK {nick}\r\nUSER {nick} 0 * :bench\r\n")).await?;
        client.await_line(" 001 ").await?;
        // The end of the welcome, with a message of the day or without.
        client.say("PING end\r\n").await?;
        client.await_line("PONG ").await?;
        Ok(client)
    }

    async fn join(&mut self, channel: &str) -> Outcome<()> {
        self.say(&format!("JOIN {channel}\r\n")).await?;
        self.await_line(" 366 ").await
    }

    async fn say(&mut self, text: &str) -> Outcome<()> {
        Ok(self.write.write_all(text.as_bytes()).await?)
    }

    /// Reads up to a line with `sign` in it, and answers PINGs on the way.
    async fn await_line(&mut self, sign: &str) -> Outcome<()> {
        loop {
            let line =
                tokio::time::timeout(PATIENCE, self.read.line()).await.map_err(|_| format!("no {sign:?} comes"))??;
            let text = String::from_utf8_lossy(&line);
            if let Some(token) = text.strip_prefix("PING ") {
                self.write.write_all(format!("PONG {token}").as_bytes()).await?;
            }
            if text.starts_with("ERROR") {
                return Err(text.into());
            }
            if text.contains(sign) {
                return Ok(());
            }
        }
    }

    /// Counts lines until the end.
    async fn count(mut self, arrived: &Arrived) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = self.read.half.read(&mut buffer).await {
            let lines = buffer[..count].iter().filter(|byte| **byte == b'\n').count();
            let all = arrived.lines.fetch_add(lines, Ordering::Relaxed) + lines;
            if all >= arrived.wanted.load(Ordering::Relaxed) {
                arrived.all.notify_one();
            }
        }
    }
}

impl Reader {
    async fn line(&mut self) -> Outcome<Vec<u8>> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            if self.half.read_buf(&mut self.unread).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
    }

    async fn drain(mut self) {
        let mut buffer = [0; 4096];
        while let Ok(1..) = self.half.read(&mut buffer).await {}
    }
}
