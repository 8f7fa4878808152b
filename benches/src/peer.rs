//! Servers in processes of their own, whose CPU time and memory are measured from outside.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use socket2::{Domain, Socket, Type};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many connections are opened before memory is looked at, for what is set up once is not counted.
pub const UNCOUNTED: usize = 50;

/// Whatever went wrong.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A server, and how to measure it.
#[derive(Debug)]
pub struct Peer {
    /// Only of one that was started here.
    child: Option<Child>,
    pid: u32,
    address: SocketAddr,
}

impl Peer {
    /// Starts a server whose first words are `listening ADDRESS`. It is killed when this is dropped.
    pub fn start(command: &mut Command) -> Outcome<Peer> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let pid = child.id();
        let mut peer = Peer { child: Some(child), pid, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        peer.address = line.trim().strip_prefix("listening ").ok_or("the peer does not listen")?.parse()?;
        Ok(peer)
    }

    /// A server that runs already.
    pub fn running(pid: u32, address: SocketAddr) -> Peer {
        Peer { child: None, pid, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it.
    pub fn connect(&self) -> Outcome<TcpStream> {
        connect(self.address)
    }

    /// A connection to it from 127.0.0.2, 127.0.0.3 and so on: each address has ports of its own, and none runs out of them.
    pub fn connect_from(&self, count: usize) -> Outcome<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let host = 2 + u8::try_from(count % 200)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0)).into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(&self.address.into())?;
        Ok(socket.into())
    }

    /// The CPU time of this process and all that stem from it, in microseconds, user and system, of all threads there have been.
    pub fn cpu(&self) -> Outcome<f64> {
        Ok(self.processes()?.into_iter().filter_map(cpu_of).sum())
    }

    /// How much one of `count` connections adds to the memory of the process, in bytes. `open` is told which one it opens.
    pub fn memory_of<C>(&self, count: usize, open: impl FnMut(usize) -> Outcome<C>) -> Outcome<f64> {
        self.memory_of_some(count, Duration::MAX, open).map(|(each, _)| each)
    }

    /// The same of as many connections, up to `count`, as can be opened within `patience`; and how many those were.
    pub fn memory_of_some<C>(
        &self,
        count: usize,
        patience: Duration,
        mut open: impl FnMut(usize) -> Outcome<C>,
    ) -> Outcome<(f64, usize)> {
        let start = Instant::now();
        let mut held = (0..UNCOUNTED).map(&mut open).collect::<Outcome<Vec<C>>>()?;
        let before = self.memory()?;
        while held.len() < UNCOUNTED + count && start.elapsed() < patience {
            held.push(open(held.len())?);
        }
        let counted = held.len() - UNCOUNTED;
        Ok(((self.memory()? - before) / counted.max(1) as f64, counted))
    }

    /// Its memory of its own, in bytes, with that of all that stem from it: neither the kernel's, nor that of files.
    pub fn memory(&self) -> Outcome<f64> {
        let all = self.processes()?.into_iter().filter_map(memory_of).sum();
        if all > 0.0 { Ok(all) } else { Err("no memory figure in /proc".into()) }
    }

    /// This process and all that stem from it.
    fn processes(&self) -> Outcome<Vec<u32>> {
        let mut parents = HashMap::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            // A process may end while this looks.
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
            let parent =
                stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            parents.insert(pid, parent.unwrap_or(0));
        }
        let is_ours = |mut pid: u32| loop {
            match parents.get(&pid) {
                _ if pid == self.pid => return true,
                Some(parent) if *parent > 1 => pid = *parent,
                _ => return false,
            }
        };
        Ok(parents.keys().copied().filter(|pid| is_ours(*pid)).collect())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A connection on which small writes leave at once.
pub fn connect(address: SocketAddr) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A peer, and what is done to it over one connection.
pub type Loaded<'a> = (&'a Peer, &'a mut dyn FnMut(&mut TcpStream) -> Outcome<()>);

/// Loads both in turn, so that whatever else the machine does hits both; gives the median CPU time of each in microseconds.
pub fn alternate(turns: usize, a: Loaded<'_>, b: Loaded<'_>) -> Outcome<(f64, f64)> {
    let (mut spent_a, mut spent_b) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        spent_a.push(spent_on(a.0, a.1)?);
        spent_b.push(spent_on(b.0, b.1)?);
    }
    Ok((median(spent_a), median(spent_b)))
}

fn spent_on(peer: &Peer, load: &mut dyn FnMut(&mut TcpStream) -> Outcome<()>) -> Outcome<f64> {
    let before = peer.cpu()?;
    load(&mut peer.connect()?)?;
    Ok(peer.cpu()? - before)
}

fn memory_of(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<f64>().ok()
    };
    Some(field("RssAnon:").or(field("VmRSS:"))? * 1024.0)
}

/// The CPU time of a process, to the nanosecond, in microseconds.
fn cpu_of(pid: u32) -> Option<f64> {
    let spent = clock_getcpuclockid(Pid::from_raw(pid.try_into().ok()?)).ok()?.now().ok()?;
    Some(spent.tv_sec() as f64 * 1e6 + spent.tv_nsec() as f64 / 1e3)
}
