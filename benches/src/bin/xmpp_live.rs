//! Loads XMPP servers on loopback and measures *their* CPU time and memory from outside: to be run by `benches/xmpp_live.sh`.
//!
//! `xmpp_live accounts DIR` writes the accounts of Prosody; `xmpp_live wait ADDRESS` succeeds where a server opens a stream; `xmpp_live NAME PID
//! ADDRESS...`, switchboard first, prints what each spends and fails where switchboard misses a bound. In all there are the users `u0` to
//! [`USERS`], whose password is `pencil`.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wirestate_benches::peer::{Outcome, Peer, connect, median};
use wirestate_benches::xmpp_server::{self, HEADER, Login, auth, message, response, within};
use wirestate_sasl::client::{self, Context, Credentials, Step};
use wirestate_sasl::{DEFAULT_ITERATIONS, Derivation, Derived, Hash, Mechanism, Nonces, ScramKeys};
use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

/// How many accounts there are: each takes switchboard a second's fiftieth at its start, which hashes all passwords.
const USERS: usize = 500;
/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often all servers are loaded in turn, so that whatever else the machine does hits each.
const TURNS: usize = 5;
const LOGINS: usize = 100;
const IDLE: [usize; 2] = [1000, 5000];
const OCCUPANTS: usize = 100;

/// What a server may spend at most, or what the others must at least spend for each of ours.
const TIMES_EJABBERD: f64 = 10.0;
const TIMES_BARE: f64 = 2.0;
const LOGIN_MICROSECONDS: f64 = 20.0;
const MACHINE_BYTES: f64 = 1024.0;
const SESSION_BYTES: f64 = 4096.0;

/// How messages come: from so many senders, so many at a time from each.
#[derive(Clone, Copy)]
struct Shape {
    senders: usize,
    window: usize,
    rounds: usize,
}

const CHATS: [Shape; 3] = [
    Shape { senders: 50, window: 64, rounds: 2 },
    Shape { senders: 50, window: 1, rounds: 40 },
    Shape { senders: 1, window: 1, rounds: 1000 },
];
const TALKS: [Shape; 2] = [Shape { senders: 1, window: 64, rounds: 1 }, Shape { senders: 1, window: 1, rounds: 40 }];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["accounts", dir] => write_accounts(Path::new(dir)).map(|()| ExitCode::SUCCESS),
        ["wait", address] => {
            Client::connect(address.parse()?).await?.until("</stream:features>").await?;
            Ok(ExitCode::SUCCESS)
        }
        _ => compare(&arguments).await,
    }
}

async fn compare(arguments: &[String]) -> Outcome<ExitCode> {
    let mut servers = Vec::new();
    for server in arguments.chunks_exact(3) {
        let address = server[2].parse()?;
        let peer = Peer::running(server[1].parse()?, address);
        servers.push(Server { name: server[0].clone(), peer, address, keys: Keys::default() });
    }
    let mut verdict = Verdict::default();
    machine(&mut verdict);
    // First: what a crowd leaves behind would be used again.
    idle(&servers, &mut verdict).await?;
    logins(&servers).await?;
    let bare = median((0..TURNS).map(|_| bare()).collect::<Outcome<_>>()?);
    println!(
        "a bare thread that reads a message here and writes it there, one at a time: CPU for each\n  {bare:.2} us\n"
    );
    for shape in CHATS {
        let Shape { senders, window, .. } = shape;
        println!("chat: {senders} to as many, {window} at a time each: CPU for each message");
        let mut chats = Vec::new();
        for server in &servers {
            chats.push(Traffic::chat(server, shape).await?);
        }
        let times = in_turns(&servers, &mut chats, shape, 1).await?;
        let ratios = print(&servers, &times, "us");
        match window {
            // What the kernel does is the most of it, and more than a tenth of what ejabberd does in all.
            1 => verdict.at_most("times a bare thread", times[0] / bare, TIMES_BARE),
            _ => verdict.ratio("chat, many at a time", &ratios),
        }
    }
    for shape in TALKS {
        println!("room: one speaks, {OCCUPANTS} hear it, {} at a time: CPU for each delivery", shape.window);
        let mut talks = Vec::new();
        for server in &servers {
            talks.push(Traffic::talk(server, shape).await?);
        }
        let times = in_turns(&servers, &mut talks, shape, OCCUPANTS).await?;
        print(&servers, &times, "us");
    }
    Ok(verdict.end())
}

struct Server {
    name: String,
    peer: Peer,
    address: SocketAddr,
    keys: Keys,
}

#[derive(Default)]
struct Verdict {
    is_missed: bool,
}

impl Verdict {
    fn at_most(&mut self, what: &str, value: f64, bound: f64) {
        if value > bound {
            println!("missed: {what}: {value:.1}, at most {bound}");
            self.is_missed = true;
        }
    }

    /// What ejabberd spends over what we spend.
    fn ratio(&mut self, what: &str, ratios: &[(String, f64)]) {
        for (_, ratio) in ratios.iter().filter(|(name, ratio)| name == "ejabberd" && *ratio < TIMES_EJABBERD) {
            println!("missed: {what}: {ratio:.1} times, at least {TIMES_EJABBERD}");
            self.is_missed = true;
        }
    }

    fn end(self) -> ExitCode {
        if self.is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// The first is the one that the others are compared with; gives how many times as much each has.
fn print(servers: &[Server], figures: &[f64], unit: &str) -> Vec<(String, f64)> {
    let mut ratios = Vec::new();
    for (server, figure) in servers.iter().zip(figures) {
        let ratio = figure / figures[0];
        println!("  {:<12} {figure:>10.2} {unit:<6} {ratio:>6.1} x", server.name);
        ratios.push((server.name.clone(), ratio));
    }
    println!();
    ratios
}

// --- the machine alone, in this process ---

/// What the server's machine takes without sockets, kernel and application: of heap when a client is bound, and of CPU from the header to there.
fn machine(verdict: &mut Verdict) {
    const PLAYS: u32 = 2000;
    let login = Login::record(xmpp_server::config());
    let (server, usage) = Heap::measure(|| Box::new(login.play()));
    drop(server);
    let times = (0..TURNS).map(|_| {
        let before = cpu();
        (0..PLAYS).for_each(|_| drop(black_box(login.play())));
        (cpu() - before) / f64::from(PLAYS)
    });
    let (bytes, time) = (usage.live as f64, median(times.collect()));
    println!(
        "the machine of switchboard alone: {bytes:.0} bytes when bound; {time:.1} us of CPU for a login by SCRAM-SHA-1 with stored keys\n"
    );
    verdict.at_most("bytes of the machine", bytes, MACHINE_BYTES);
    verdict.at_most("microseconds of a login besides the key derivation", time, LOGIN_MICROSECONDS);
}

/// This thread's, in microseconds.
fn cpu() -> f64 {
    let spent = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of each thread");
    spent.tv_sec() as f64 * 1e6 + spent.tv_nsec() as f64 / 1e3
}

/// What a thread spends in the kernel, and nearly nowhere else, that reads messages of one connection and writes them to another.
fn bare() -> Outcome<f64> {
    const MESSAGES: usize = 3000;
    let message = message("u1@localhost/home", "chat");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let relay = thread::spawn(move || -> std::io::Result<f64> {
        let ((mut here, _), (mut there, _)) = (listener.accept()?, listener.accept()?);
        there.set_nodelay(true)?;
        let (mut buffer, before) = ([0; 4096], cpu());
        while let read @ 1.. = here.read(&mut buffer)? {
            there.write_all(&buffer[..read])?;
        }
        Ok((cpu() - before) / MESSAGES as f64)
    });
    let (mut speaks, mut hears) = (connect(address)?, connect(address)?);
    let mut heard = vec![0; message.len()];
    for _ in 0..MESSAGES {
        speaks.write_all(message.as_bytes())?;
        hears.read_exact(&mut heard)?;
    }
    drop(speaks);
    Ok(relay.join().map_err(|_| "the relay has panicked")??)
}

// --- whole servers ---

async fn idle(servers: &[Server], verdict: &mut Verdict) -> Outcome<()> {
    for count in IDLE {
        println!("memory of an idle session that is bound and available, of {count}");
        let mut sizes = Vec::new();
        for server in servers {
            let warm = crowd(server, 50, "warm").await?;
            let before = server.peer.memory()?;
            let held = crowd(server, count, "idle").await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            sizes.push((server.peer.memory()? - before) / count as f64);
            drop((warm, held));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        print(servers, &sizes, "bytes");
        if count == IDLE[0] {
            verdict.at_most("bytes of an idle session", sizes[0], SESSION_BYTES);
        }
    }
    Ok(())
}

/// Connections one after the other, which log in, bind, and end their stream.
async fn logins(servers: &[Server]) -> Outcome<()> {
    println!("connect, SCRAM-SHA-1, bind, end: CPU for each, with the kernel's");
    let mut times = vec![Vec::new(); servers.len()];
    for turn in 0..TURNS {
        for (server, times) in servers.iter().zip(&mut times) {
            let before = server.peer.cpu()?;
            for at in 0..LOGINS {
                let user = (turn * LOGINS + at) % USERS;
                Client::log_in(server, user, "login").await?.end().await?;
            }
            times.push((server.peer.cpu()? - before) / LOGINS as f64);
        }
    }
    let times: Vec<f64> = times.into_iter().map(median).collect();
    print(servers, &times, "us");
    Ok(())
}

/// The median of each server's CPU time for each message.
async fn in_turns(servers: &[Server], loads: &mut [Traffic], shape: Shape, copies: usize) -> Outcome<Vec<f64>> {
    let mut times = vec![Vec::new(); servers.len()];
    let messages = shape.senders * shape.window * shape.rounds * copies;
    for turn in 0..=TURNS {
        for ((server, load), times) in servers.iter().zip(loads.iter_mut()).zip(&mut times) {
            let before = server.peer.cpu()?;
            for _ in 0..shape.rounds {
                load.round(shape.window, copies).await?;
            }
            // The first turn warms up.
            if turn > 0 {
                times.push((server.peer.cpu()? - before) / messages as f64);
            }
        }
    }
    Ok(times.into_iter().map(median).collect())
}

/// Senders and receivers, and what is under way between them.
struct Traffic {
    senders: Vec<(OwnedWriteHalf, String)>,
    /// Without these their connections would end.
    _silent: Vec<OwnedWriteHalf>,
    arrived: Arc<Arrived>,
    sent: usize,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Arrived {
    messages: AtomicUsize,
    wanted: AtomicUsize,
    all: Notify,
}

impl Traffic {
    /// `speaks` says what a client sends, if it sends anything.
    fn begin(clients: Vec<Client>, speaks: impl Fn(usize) -> Option<String>) -> Traffic {
        let (arrived, mut tasks) = (Arc::new(Arrived::default()), JoinSet::new());
        let (mut senders, mut silent) = (Vec::new(), Vec::new());
        for (at, client) in clients.into_iter().enumerate() {
            let Client { read, write } = client;
            match speaks(at) {
                Some(message) => senders.push((write, message)),
                None => silent.push(write),
            }
            let arrived = arrived.clone();
            tasks.spawn(async move { read.count(&arrived).await });
        }
        Traffic { senders, _silent: silent, arrived, sent: 0, _tasks: tasks }
    }

    /// Clients half of which send to the other half, each to one, by its full address.
    async fn chat(server: &Server, shape: Shape) -> Outcome<Traffic> {
        let resource = format!("c{}w{}", shape.senders, shape.window);
        let clients = crowd(server, 2 * shape.senders, &resource).await?;
        let to = |at: usize| message(&format!("u{}@localhost/{resource}", at + shape.senders), "chat");
        Ok(Traffic::begin(clients, |at| (at < shape.senders).then(|| to(at))))
    }

    /// A room, whose first occupant speaks.
    async fn talk(server: &Server, shape: Shape) -> Outcome<Traffic> {
        let room = format!("r{}@rooms.localhost", shape.window);
        let mut clients = crowd(server, OCCUPANTS, &format!("r{}", shape.window)).await?;
        for (at, client) in clients.iter_mut().enumerate() {
            client
                .say(&format!("<presence to='{room}/u{at}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"))
                .await?;
            client.until("code='110'").await?;
            // A new room is locked until its owner accepts how it is (XEP-0045 §10.1.2).
            if at == 0 {
                let accept = format!(
                    "<iq type='set' id='own' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>\
                     <x xmlns='jabber:x:data' type='submit'/></query></iq>"
                );
                client.say(&accept).await?;
                client.until("id='own'").await?;
            }
        }
        // What was said of those who came later is still under way to those who came first.
        clients[0].say(&format!("<message type='groupchat' to='{room}'><body>begin</body></message>")).await?;
        for client in &mut clients {
            client.until("begin</body>").await?;
            client.until("</message>").await?;
        }
        Ok(Traffic::begin(clients, |at| (at == 0).then(|| message(&room, "groupchat"))))
    }

    /// Each sender sends so many messages, and all wait until those are where they belong.
    async fn round(&mut self, window: usize, copies: usize) -> Outcome<()> {
        self.sent += window * self.senders.len() * copies;
        self.arrived.wanted.store(self.sent, Ordering::Relaxed);
        for (sender, message) in &mut self.senders {
            sender.write_all(message.repeat(window).as_bytes()).await?;
        }
        while self.arrived.messages.load(Ordering::Relaxed) < self.sent {
            tokio::time::timeout(PATIENCE, self.arrived.all.notified()).await.map_err(|_| "messages do not arrive")?;
        }
        Ok(())
    }
}

/// So many clients, bound and available; where there are more of them than users, these have several resources each.
async fn crowd(server: &Server, count: usize, resource: &str) -> Outcome<Vec<Client>> {
    let mut clients = Vec::new();
    for at in 0..count {
        let resource = match at / USERS {
            0 => resource.to_owned(),
            again => format!("{resource}{again}"),
        };
        let mut client = Client::log_in(server, at % USERS, &resource).await?;
        client.say("<presence/>").await?;
        clients.push(client);
    }
    Ok(clients)
}

// --- an XMPP client of a few lines ---

/// What was derived from the password for each salt that servers have told.
#[derive(Default)]
struct Keys(Mutex<HashMap<(Vec<u8>, u32), Derived>>);

impl Keys {
    fn derive(&self, work: Derivation) -> Derived {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry((work.salt().to_vec(), work.iterations())).or_insert_with(|| work.run()).clone()
    }
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
    async fn connect(address: SocketAddr) -> Outcome<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (half, write) = stream.into_split();
        let mut client = Client { read: Reader { half, unread: Vec::new() }, write };
        client.say(HEADER).await?;
        Ok(client)
    }

    async fn log_in(server: &Server, user: usize, resource: &str) -> Outcome<Client> {
        let mut client = Client::connect(server.address).await?;
        client.until("</stream:features>").await?;
        let credentials = Credentials::password(format!("u{user}"), "pencil")?;
        let context = Context::new(Nonces::from_seed([9; 32]).fresh());
        let mut sasl = client::Client::start(Mechanism::SCRAM_SHA_1, &credentials, &context)?;
        let Step::Send(first) = sasl.step(None)? else { return Err("SCRAM begins".into()) };
        client.say(&auth(&first)).await?;
        let challenge = client.until("</challenge>").await?;
        let Step::Work(work) = sasl.step(Some(&within(&challenge, "</challenge>")))? else {
            return Err("SCRAM has work".into());
        };
        let Step::Send(last) = sasl.resume(server.keys.derive(work))? else { return Err("SCRAM has a proof".into()) };
        client.say(&response(&last)).await?;
        let success = client.until("</success>").await?;
        sasl.succeed(Some(&within(&success, "</success>")))?;
        client.say(HEADER).await?;
        client.until("</stream:features>").await?;
        let bind = format!(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
        );
        client.say(&bind).await?;
        client.until("</iq>").await?;
        Ok(client)
    }

    async fn say(&mut self, text: &str) -> Outcome<()> {
        Ok(self.write.write_all(text.as_bytes()).await?)
    }

    async fn end(mut self) -> Outcome<()> {
        self.say("</stream:stream>").await?;
        self.until("</stream:stream>").await.map(drop)
    }

    /// Reads up to this, and gives what came before it and with it.
    async fn until(&mut self, sign: &str) -> Outcome<Vec<u8>> {
        let read = tokio::time::timeout(PATIENCE, self.read.until(sign.as_bytes()));
        read.await.map_err(|_| format!("no {sign:?} comes"))?
    }
}

impl Reader {
    async fn until(&mut self, sign: &[u8]) -> Outcome<Vec<u8>> {
        loop {
            if let Some(at) = self.unread.windows(sign.len()).position(|window| window == sign) {
                return Ok(self.unread.drain(..at + sign.len()).collect());
            }
            let text = String::from_utf8_lossy(&self.unread);
            if ["<stream:error", "<failure", "type='error'"].iter().any(|fault| text.contains(fault)) {
                return Err(text.into());
            }
            if self.half.read_buf(&mut self.unread).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
    }

    /// Counts messages until the end.
    async fn count(mut self, arrived: &Arrived) {
        const END: &[u8] = b"</message>";
        let (mut buffer, mut kept) = (vec![0; 64 * 1024], 0);
        while let Ok(count @ 1..) = self.half.read(&mut buffer[kept..]).await {
            let read = &buffer[..kept + count];
            let mut rest = read;
            let mut messages = 0;
            // Each `<` is looked at, which are few.
            while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
                rest = &rest[at..];
                if rest.starts_with(END) {
                    messages += 1;
                } else if rest.len() < END.len() && END.starts_with(rest) {
                    break;
                }
                rest = &rest[1..];
            }
            let left = if rest.starts_with(b"<") { rest.len() } else { 0 };
            let from = read.len() - left;
            kept = left;
            buffer.copy_within(from..from + left, 0);
            let all = arrived.messages.fetch_add(messages, Ordering::Relaxed) + messages;
            if all >= arrived.wanted.load(Ordering::Relaxed) {
                arrived.all.notify_one();
            }
        }
    }
}

// --- accounts ---

/// Prosody's files, as its module for hashed passwords writes them.
fn write_accounts(dir: &Path) -> Outcome<()> {
    let salt = "a salt of 16 oct";
    let keys =
        ScramKeys::from_derived(&Derivation::new(Hash::Sha1, "pencil", salt.as_bytes(), DEFAULT_ITERATIONS)?.run());
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let account = format!(
        "return {{\n\t[\"iteration_count\"] = {DEFAULT_ITERATIONS};\n\t[\"salt\"] = \"{salt}\";\n\
         \t[\"stored_key\"] = \"{}\";\n\t[\"server_key\"] = \"{}\";\n}};\n",
        hex(keys.stored_key()),
        hex(keys.server_key())
    );
    let dir = dir.join("localhost/accounts");
    fs::create_dir_all(&dir)?;
    (0..USERS).try_for_each(|user| fs::write(dir.join(format!("u{user}.dat")), &account))?;
    Ok(())
}
