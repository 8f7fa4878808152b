use core::fmt::Debug;
use core::time::Duration;

use wirestate_machine::{Instant, Machine, Upgraded};

use crate::broken::escaped;
use crate::pipe::Pipe;
use crate::subject::stand_in;
use crate::{Broken, Law, Trouble};

/// So many rounds without the clock moving, or the machines coming to rest, are an endless loop.
const ROUNDS: usize = 10_000_000;

type React<M> = Box<dyn FnMut(&mut M, <M as Machine>::Event, Instant)>;
type Facts = Box<dyn FnMut() -> Upgraded>;

/// One end of a [`Pair`].
pub struct Side<M: Machine> {
    /// The machine.
    pub machine: M,
    /// Its events so far, in their `Debug` form.
    pub events: Vec<String>,
    /// Its error, in its `Debug` form.
    pub error: Option<String>,
    react: React<M>,
    facts: Option<Facts>,
}

/// Which end of a [`Pair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// A client machine against a server machine, over a connection in memory and by a clock that jumps from one happening to the next.
///
/// The connection keeps the order of bytes and nothing else: it cuts them as it likes, takes its time, holds only so much, and may end early
/// or stall. Where both machines ask for the same upgrade, and nothing is under way, it is made by a stand-in; with real layers around
/// the machines there is nothing to stand in for. All is the same each time for the same seed.
///
/// See the [crate's guide](crate) for an example.
pub struct Pair<C: Machine, S: Machine> {
    /// The client's end.
    pub client: Side<C>,
    /// The server's end.
    pub server: Side<S>,
    now: Instant,
    forth: Pipe,
    back: Pipe,
}

impl<C, S> Pair<C, S>
where
    C: Machine<Event: Debug, Error: Debug>,
    S: Machine<Event: Debug, Error: Debug>,
{
    /// A pair at the start of the clock, over a connection without delay that cuts nothing. Nobody answers events yet.
    pub fn new(client: C, server: S) -> Self {
        Pair {
            client: Side::new(client),
            server: Side::new(server),
            now: Instant::START,
            forth: Pipe::new(1),
            back: Pipe::new(2),
        }
    }

    /// The client's application: answers its events.
    pub fn on_client(mut self, react: impl FnMut(&mut C, C::Event, Instant) + 'static) -> Self {
        self.client.react = Box::new(react);
        self
    }

    /// The server's application: answers its events.
    pub fn on_server(mut self, react: impl FnMut(&mut S, S::Event, Instant) + 'static) -> Self {
        self.server.react = Box::new(react);
        self
    }

    /// Cuts the bytes at random into pieces of at most `most`, the same for the same seed.
    pub fn with_cuts(mut self, seed: u64, most: usize) -> Self {
        self.forth.cut(seed, most);
        self.back.cut(!seed, most);
        self
    }

    /// Lets each byte take so long in each direction.
    pub fn with_latency(mut self, latency: Duration) -> Self {
        (self.forth.latency, self.back.latency) = (latency, latency);
        self
    }

    /// Lets so many bytes at most be under way in each direction, as a peer's receive window does; 64 KiB if nothing else is said.
    pub fn with_window(mut self, window: usize) -> Self {
        (self.forth.window, self.back.window) = (window.max(1), window.max(1));
        self
    }

    /// Lets something go wrong with the bytes that `from` sends.
    pub fn with_trouble(mut self, from: End, trouble: Trouble) -> Self {
        match from {
            End::Client => self.forth.trouble = Some(trouble),
            End::Server => self.back.trouble = Some(trouble),
        }
        self
    }

    /// What the stand-in for an upgrade tells each end: client first. If nothing is said, it is TLS 1.3 without further facts.
    pub fn with_facts(
        mut self,
        client: impl FnMut() -> Upgraded + 'static,
        server: impl FnMut() -> Upgraded + 'static,
    ) -> Self {
        self.client.facts = Some(Box::new(client));
        self.server.facts = Some(Box::new(server));
        self
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// All bytes that an end has said so far.
    pub fn said(&self, end: End) -> &[u8] {
        match end {
            End::Client => &self.forth.said,
            End::Server => &self.back.said,
        }
    }

    /// Whether both machines are closed and nothing is under way.
    pub fn is_over(&self) -> bool {
        self.client.is_over() && self.server.is_over() && self.forth.is_empty() && self.back.is_empty()
    }

    /// Runs until nothing is under way and both machines wait; the clock moves only as the connection takes its time.
    ///
    /// # Errors
    ///
    /// When the machines do not come to rest.
    pub fn run(&mut self) -> Result<(), Broken> {
        self.rest()?;
        while let Some(arrival) = self.next_arrival() {
            self.now = arrival;
            self.rest()?;
        }
        Ok(())
    }

    /// Lets so much time go by, with all that happens in it: arrivals and deadlines.
    ///
    /// # Errors
    ///
    /// When the machines do not come to rest, or a deadline that has come does not move.
    pub fn advance(&mut self, time: Duration) -> Result<(), Broken> {
        let end = self.now + time;
        self.rest()?;
        while let Some(next) = Instant::earlier(self.next_arrival(), self.next_deadline()?).filter(|next| *next <= end)
        {
            self.now = next;
            self.rest()?;
        }
        self.now = end;
        self.rest()
    }

    /// Runs until both machines are closed, by arrivals and deadlines.
    ///
    /// # Errors
    ///
    /// When there is nothing left that could close them, or it takes longer than `within`.
    pub fn run_to_end(&mut self, within: Duration) -> Result<(), Broken> {
        let start = self.now;
        self.run()?;
        while !self.is_over() {
            let Some(next) = Instant::earlier(self.next_arrival(), self.next_deadline()?) else {
                return Err(self.broken(Law::Alive, "the session is not over, and there is no deadline".into()));
            };
            if next - start > within {
                return Err(self.broken(Law::Alive, format!("the session is not over after {within:?}")));
            }
            self.now = next;
            self.rest()?;
        }
        Ok(())
    }

    /// Moves everything that can move without the clock.
    fn rest(&mut self) -> Result<(), Broken> {
        for _ in 0..ROUNDS {
            let mut moved = self.client.poll(self.now) | self.server.poll(self.now);
            moved |= self.forth.take(&mut self.client.machine, self.now);
            moved |= self.back.take(&mut self.server.machine, self.now);
            moved |= self.forth.carry_on(&mut self.server, self.now);
            moved |= self.back.carry_on(&mut self.client, self.now);
            moved |= self.upgrade();
            if !moved {
                return Ok(());
            }
        }
        Err(self.broken(Law::Loopback, format!("the machines do not come to rest within {ROUNDS} rounds")))
    }

    /// Makes the upgrade that both ends ask for, once nothing of before is under way.
    fn upgrade(&mut self) -> bool {
        if !self.forth.is_empty() || !self.back.is_empty() {
            return false;
        }
        let (Some(ours), Some(theirs)) = (self.client.machine.upgrade(), self.server.machine.upgrade()) else {
            return false;
        };
        if ours != theirs {
            return false;
        }
        let how = |facts: &mut Option<Facts>| facts.as_mut().map_or_else(|| stand_in(ours), |facts| Some(facts()));
        let (Some(client), Some(server)) = (how(&mut self.client.facts), how(&mut self.server.facts)) else {
            return false;
        };
        self.client.machine.upgraded(self.now, client);
        self.server.machine.upgraded(self.now, server);
        true
    }

    fn next_arrival(&self) -> Option<Instant> {
        Instant::earlier(self.forth.next(self.now), self.back.next(self.now))
    }

    fn next_deadline(&self) -> Result<Option<Instant>, Broken> {
        let next = Instant::earlier(self.client.deadline(), self.server.deadline());
        match next {
            Some(next) if next <= self.now => Err(self.broken(
                Law::Alive,
                format!("at {:?} a deadline had come, and after poll it is still {next:?}", self.now),
            )),
            next => Ok(next),
        }
    }

    fn broken(&self, law: Law, finding: String) -> Broken {
        let state = |name, side: (&[String], &Option<String>), said| {
            let last = side.0.last().map_or("no events", String::as_str);
            format!("the {name} said {}, its last event is {last}, its error {:?}", escaped(said), side.1)
        };
        let client = state("client", (&self.client.events, &self.client.error), &self.forth.said);
        let server = state("server", (&self.server.events, &self.server.error), &self.back.said);
        Broken { law, input: format!("at {:?} {client}; {server}", self.now), finding }
    }
}

impl<M: Machine<Event: Debug, Error: Debug>> Side<M> {
    fn new(machine: M) -> Self {
        Side { machine, events: Vec::new(), error: None, react: Box::new(|_, _, _| {}), facts: None }
    }

    fn is_over(&self) -> bool {
        self.machine.is_closed()
    }

    /// A closed machine waits for nothing.
    fn deadline(&self) -> Option<Instant> {
        if self.machine.is_closed() || self.error.is_some() { None } else { self.machine.deadline() }
    }

    /// Polls until nothing more happens. Says whether anything did.
    fn poll(&mut self, now: Instant) -> bool {
        let mut happened = false;
        loop {
            match self.machine.poll(now) {
                Ok(Some(event)) => {
                    self.events.push(format!("{event:?}"));
                    (self.react)(&mut self.machine, event, now);
                    happened = true;
                }
                Ok(None) => return happened,
                Err(error) => {
                    self.error.get_or_insert_with(|| format!("{error:?}"));
                    return happened;
                }
            }
        }
    }
}

impl Pipe {
    /// Delivers to an end, or throws away what an end will not read any more.
    fn carry_on<M: Machine>(&mut self, to: &mut Side<M>, now: Instant) -> bool {
        if to.machine.is_closed() {
            self.discard();
        }
        self.deliver(&mut to.machine, now)
    }
}
