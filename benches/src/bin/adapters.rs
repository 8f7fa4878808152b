//! Loads line echoes on loopback and measures *their* CPU time and memory from outside: to be run by `benches/adapters.sh`.
//!
//! `adapters DIR [SCRIPT]` starts the `echo`s that stand beside it, and the Perl SCRIPT, an echo on POE::Component::Server::TCP; it ends them
//! again, and prints tables. The load is made by this process, whose own time is not counted. With `QUICK` in the environment it does a tenth
//! of the work, to see that it runs; with `WORKERS` it measures tokio and async-std with so many threads, too.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wirestate_benches::peer::{Outcome, Peer, UNCOUNTED};
use wirestate_layers::tls::client_config;
use wirestate_layers::tls::rustls::pki_types::{CertificateDer, ServerName};
use wirestate_layers::tls::rustls::{ClientConfig, ClientConnection, RootCertStore};

/// How often each server is loaded, in turn with all others.
const TURNS: usize = 7;
/// How many lines are in flight at once.
const BATCHES: [usize; 3] = [1, 16, 128];
/// How many batches make a turn, and how many connections.
const ROUNDS: usize = 8_000;
const VISITS: usize = 1_000;
const IDLE: usize = 10_000;
/// How long POE may take to accept them, for each accept costs it time in proportion to the connections there are.
const POE_PATIENCE: Duration = Duration::from_secs(300);
/// What a process needs besides its connections.
const DESCRIPTORS: usize = 100;

/// CPU time per line of each batch, CPU time per connection, and time per connection, one after the other.
const KINDS: usize = BATCHES.len() + 2;

/// The machines: the least one that knows lines, and the ready-made one with an event for each line.
const MACHINES: [(&str, &str); 2] = [("least", "least machine"), ("line", "`line::Line`")];
const RUNTIMES: [&str; 3] = ["tokio", "async-io", "blocking"];
/// Those that are measured only where it is said how many threads they have.
const WITH_WORKERS: [&str; 2] = ["tokio-workers", "async-std"];
const POE: &str = "POE::Component::Server::TCP";

/// What each server spent on a unit of each kind of load, in microseconds; the bare echo on tokio comes first.
type Costs = Vec<(String, Vec<f64>)>;
/// What an idle connection takes on each runtime, plain and under TLS, in bytes.
type Memory = BTreeMap<&'static str, Vec<f64>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let dir = arguments.next().ok_or("usage: adapters DIR [SCRIPT]")?;
    let part = if std::env::var_os("QUICK").is_some() { 10 } else { 1 };
    let mut runtimes = RUNTIMES.to_vec();
    if std::env::var_os("WORKERS").is_some() {
        runtimes.extend(WITH_WORKERS);
    }
    let bench = Bench { dir, script: arguments.next(), part, runtimes };
    let costs = bench.cpu()?;
    let memory = bench.memory()?;
    bench.summary(&costs, &memory);
    Ok(())
}

struct Bench {
    dir: PathBuf,
    /// The echo in Perl, where there is one.
    script: Option<PathBuf>,
    /// Which part of the work is done, one over this.
    part: usize,
    runtimes: Vec<&'static str>,
}

/// A server under load, and what it spent on each kind of load per unit, turn by turn.
struct Entry {
    name: String,
    peer: Peer,
    /// How much more slowly it works, so that it is given less.
    slower: usize,
    spent: [Vec<f64>; KINDS],
}

impl Entry {
    fn new(name: impl Into<String>, peer: Peer, slower: usize) -> Entry {
        Entry { name: name.into(), peer, slower, spent: Default::default() }
    }

    /// What a unit of each kind of load cost in the best turn, in microseconds: whatever else the machine does can only add to it.
    fn costs(self) -> (String, Vec<f64>) {
        let best = |turns: Vec<f64>| turns.into_iter().fold(f64::INFINITY, f64::min);
        (self.name, self.spent.into_iter().map(best).collect())
    }
}

impl Bench {
    fn echo(&self, kind: &str, runtime: &str) -> Outcome<Peer> {
        let program = std::env::current_exe()?.with_file_name("echo");
        let mut command = Command::new(program);
        // async-std asks for it by a name of its own.
        if let Some(workers) = std::env::var_os("WORKERS") {
            command.env("ASYNC_STD_THREAD_COUNT", workers);
        }
        Peer::start(command.args([kind, runtime]).arg(&self.dir))
    }

    fn poe(&self) -> Outcome<Option<Peer>> {
        self.script.as_ref().map(|script| Peer::start(Command::new("perl").arg(script))).transpose()
    }

    // --- CPU ---

    fn cpu(&self) -> Outcome<Costs> {
        let mut entries = Vec::new();
        for &runtime in &self.runtimes {
            entries.push(Entry::new(format!("bare echo, {runtime}"), self.echo("bare", runtime)?, 1));
        }
        for (kind, machine) in MACHINES {
            for &runtime in &self.runtimes {
                entries.push(Entry::new(format!("{runtime}, {machine}"), self.echo(kind, runtime)?, 1));
            }
        }
        if let Some(peer) = self.poe()? {
            entries.push(Entry::new(POE, peer, 20));
        }
        for turn in 0..TURNS {
            for entry in &mut entries {
                self.load(entry, turn)?;
            }
        }
        let costs: Vec<_> = entries.into_iter().map(Entry::costs).collect();
        let head =
            "| 1 line | 16 lines | 128 lines | connection | connection, time on the clock |\n|---|---|---|---|---|---|";
        println!("| CPU of the server, µs per line or connection {head}");
        for (name, costs) in &costs {
            row(name, costs.iter().map(|cost| format!("{cost:.3}")));
        }
        let floor = costs.first().map(|(_, costs)| costs.clone()).unwrap_or_default();
        println!("\n| the same over the bare echo's on tokio {head}");
        for (name, costs) in costs.iter().skip(1) {
            row(name, costs.iter().zip(&floor).map(|(cost, floor)| format!("{:.2}", cost / floor)));
        }
        row("budget for tokio, least machine", ["1.3", "1.3", "1.3", "-", "-"]);
        for (_, machine) in MACHINES {
            let of = |runtime| costs.iter().find(|(name, _)| *name == format!("{runtime}, {machine}"));
            let Some((_, tokio)) = of("tokio") else { continue };
            println!("\n| the same over tokio's, {machine} {head}");
            for runtime in &self.runtimes[1..] {
                let Some((_, costs)) = of(runtime) else { continue };
                row(runtime, costs.iter().zip(tokio).map(|(cost, tokio)| format!("{:.2}", cost / tokio)));
            }
            row("budget", ["1.5", "1.5", "1.5", "-", "-"]);
        }
        println!();
        Ok(costs)
    }

    fn load(&self, entry: &mut Entry, turn: usize) -> Outcome<()> {
        let work = |units: usize| (units / self.part / entry.slower).max(10);
        for (batch, spent) in BATCHES.into_iter().zip(&mut entry.spent) {
            let rounds = work(ROUNDS);
            let mut stream = entry.peer.connect()?;
            exchange(&mut stream, 1, 1)?;
            let before = entry.peer.cpu()?;
            exchange(&mut stream, batch, rounds)?;
            spent.push((entry.peer.cpu()? - before) / (rounds * batch) as f64);
        }
        let visits = work(VISITS);
        let (before, start) = (entry.peer.cpu()?, Instant::now());
        for visit in 0..visits {
            let mut stream = entry.peer.connect_from(turn * visits + visit)?;
            exchange(&mut stream, 1, 1)?;
            stream.shutdown(Shutdown::Write)?;
            // Until the server has closed, too.
            while stream.read(&mut [0; 64])? > 0 {}
        }
        let took = start.elapsed().as_secs_f64() * 1e6;
        let [.., cpu, time] = &mut entry.spent;
        cpu.push((entry.peer.cpu()? - before) / visits as f64);
        time.push(took / visits as f64);
        Ok(())
    }

    /// All that counts in one table.
    fn summary(&self, costs: &Costs, memory: &Memory) {
        println!(
            "| `benches/adapters.sh`, a line echo on loopback | {} | {POE} | target |\n|{}",
            self.runtimes.join(" | "),
            "---|".repeat(self.runtimes.len() + 3)
        );
        let floor = costs.first().map_or(&[][..], |(_, costs)| costs);
        // POE knows no other machine than its own.
        let ratios = |name: &str, machine: &str, kinds: std::ops::Range<usize>| {
            let name = if name == POE { POE.to_owned() } else { format!("{name}, {machine}") };
            let costs = costs.iter().find(|(other, _)| *other == name).map_or(&[][..], |(_, costs)| costs);
            let ratios = costs.iter().zip(floor).map(|(cost, floor)| format!("{:.2}", cost / floor));
            ratios.skip(kinds.start).take(kinds.len()).collect::<Vec<_>>().join(", ")
        };
        let servers = || self.runtimes.iter().copied().chain([POE]);
        for (_, machine) in MACHINES {
            let budget = if machine == MACHINES[0].1 { "at most 1.3 on tokio, 1.5 x that elsewhere" } else { "" };
            let name =
                format!("CPU per line over a bare tokio echo's; 1, 16, 128 lines of 64 bytes a batch; {machine}");
            row(&name, servers().map(|server| ratios(server, machine, 0..BATCHES.len())).chain([budget.to_owned()]));
        }
        let visits = BATCHES.len()..BATCHES.len() + 1;
        let each = |server| ratios(server, MACHINES[1].1, visits.clone());
        row("CPU per connection, with one line, over the same", servers().map(each).chain([String::new()]));
        let sizes = |server| {
            let sizes = memory.get(server).into_iter().flatten().map(|bytes| format!("{:.1} KB", bytes / 1024.0));
            sizes.collect::<Vec<_>>().join(", ")
        };
        let rates = |server| {
            let name = if server == POE { POE.to_owned() } else { format!("{server}, {}", MACHINES[1].1) };
            let time = costs.iter().find(|(other, _)| *other == name).and_then(|(_, costs)| costs.last());
            time.zip(floor.last()).map(|(time, floor)| format!("{:.2}", floor / time)).unwrap_or_default()
        };
        let name = "connections per second, one after the other, with one line each, over the same";
        row(name, servers().map(rates).chain([String::new()]));
        let name = "user memory of an idle connection, plain, TLS";
        row(name, servers().map(sizes).chain(["at most 2.3, 11 KB".to_owned()]));
    }

    // --- memory ---

    fn memory(&self) -> Outcome<Memory> {
        let mut memory = Memory::new();
        println!(
            "| user memory of an idle connection, after one line | connections | bytes each | budget |\n|---|---|---|---|"
        );
        for (kind, suffix, budget) in [("line", "", "2355"), ("tls", ", TLS", "11264")] {
            for &runtime in &self.runtimes {
                let (count, budget) = match runtime {
                    "blocking" => (most(2)?, "-"),
                    _ if WITH_WORKERS.contains(&runtime) => (most(1)?, "-"),
                    _ => (most(1)?, budget),
                };
                let peer = self.echo(kind, runtime)?;
                let count = count / self.part;
                let each = if kind == "tls" { self.idle_tls(&peer, count)? } else { self.idle(&peer, count)?.0 };
                self.memory_row(&format!("{runtime}{suffix}"), count, each, budget);
                memory.entry(runtime).or_default().push(each);
            }
        }
        if let Some(peer) = self.poe()? {
            let start = Instant::now();
            let (each, count) = self.idle(&peer, most(1)? / self.part)?;
            self.memory_row(POE, count, each, "-");
            memory.entry(POE).or_default().push(each);
            let (took, patience) = (start.elapsed().as_secs(), POE_PATIENCE.as_secs());
            println!(
                "\nPOE accepted {count} in {took} s, of {patience} s that it is given: each accept takes it the longer, the more there are."
            );
        }
        if most(2)? < IDLE {
            println!(
                "\nWith a thread for each, a connection has two descriptors, its socket's and its thread's bell: {} fit into the {} that a \
                 process may have here.",
                most(2)?,
                descriptors()?
            );
        }
        println!();
        Ok(memory)
    }

    fn memory_row(&self, name: &str, count: usize, each: f64, budget: &str) {
        row(name, [count.to_string(), format!("{each:.0}"), budget.to_owned()]);
    }

    /// What each takes, and how many there were.
    fn idle(&self, peer: &Peer, count: usize) -> Outcome<(f64, usize)> {
        peer.memory_of_some(count, POE_PATIENCE, |at| {
            let mut stream = peer.connect_from(at)?;
            exchange(&mut stream, 1, 1)?;
            Ok(stream)
        })
    }

    fn idle_tls(&self, peer: &Peer, count: usize) -> Outcome<f64> {
        let config = trusting(&self.dir)?;
        peer.memory_of(count, |at| {
            let mut stream = peer.connect_from(at)?;
            let mut session = ClientConnection::new(Arc::clone(&config), ServerName::try_from("localhost")?)?;
            session.writer().write_all(&line())?;
            let (mut answer, mut got) = ([0; 64], 0);
            while got < answer.len() {
                session.complete_io(&mut stream)?;
                match session.reader().read(&mut answer[got..]) {
                    Ok(0) => return Err("the server hung up".into()),
                    Ok(count) => got += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok((stream, session))
        })
    }
}

/// How many idle connections fit, where each has so many descriptors: the servers' and those of this process, which has one for each.
fn most(each: usize) -> Outcome<usize> {
    Ok(IDLE.min((descriptors()? - DESCRIPTORS) / each - UNCOUNTED))
}

/// How many descriptors a process may have.
fn descriptors() -> Outcome<usize> {
    let (soft, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    Ok(usize::try_from(soft)?)
}

fn row(name: &str, values: impl IntoIterator<Item = impl Into<String>>) {
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    println!("| {name} | {} |", values.join(" | "));
}

/// A line of 64 bytes with its end.
fn line() -> Vec<u8> {
    [vec![b'x'; 62], b"\r\n".to_vec()].concat()
}

/// Writes so many lines at once and reads them back, over and over.
fn exchange(stream: &mut TcpStream, batch: usize, rounds: usize) -> Outcome<()> {
    let lines = line().repeat(batch);
    let mut buffer = vec![0; lines.len()];
    for _ in 0..rounds {
        stream.write_all(&lines)?;
        stream.read_exact(&mut buffer)?;
    }
    if buffer != lines { Err("the echo is not what was said".into()) } else { Ok(()) }
}

fn trusting(dir: &Path) -> Outcome<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(std::fs::read(dir.join("certificate.der"))?))?;
    Ok(client_config(roots, &[])?)
}
