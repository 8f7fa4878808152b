//! One room that two chat networks have: who is in it on one of them is seen on
//! the other, and what is said there is heard here.
//!
//! Each side tells what its own people do, under its own lock. One thread takes
//! it from there and does the same on the other side: so no lock is held while
//! the other is taken. Nobody who was brought in by this thread is told of
//! again, so nothing goes round in a circle.
//!
//! Nothing that was told is dropped. What waits is bounded by who tells: a
//! session of which much waits goes on when some of it is done, and waits for
//! that without any lock, so that the thread is never in its way.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{fmt, mem, thread};

use async_lock::{Semaphore, SemaphoreGuardArc};
use xmpp_proto::router::RoomEvent;

/// What one session may have told that is not done yet, before it waits.
const MOST: usize = 64;

/// One of the two networks, as the other sees it. Nicknames are as they are on
/// this side. A text that begins with `/me ` is what somebody does.
pub trait Side: Send + Sync {
    /// Brings somebody in under this nickname, or one like it; gives that one.
    fn enter(&self, nick: &str) -> Option<String>;
    /// Takes somebody away who was brought in.
    fn leave(&self, nick: &str, reason: &str);
    /// Puts one of its own people out of the room.
    fn put_out(&self, nick: &str, reason: &str);
    /// Gives somebody who was brought in another nickname, or one like it; gives
    /// that one.
    fn rename(&self, nick: &str, wanted: &str) -> Option<String>;
    /// Says something to all, as somebody who was brought in.
    fn say(&self, nick: &str, text: &str);
    /// Says something to one, as somebody who was brought in.
    fn whisper(&self, nick: &str, to: &str, text: &str);
    /// Gives the room another topic, as somebody who was brought in.
    fn set_topic(&self, nick: &str, text: &str);
    /// Those who are in it by themselves.
    fn own(&self) -> Vec<String>;
    /// The room is gone, and is to be there again, without anybody in it.
    fn reopen(&self);
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Came in.
    Joined,
    /// Left, for this reason.
    Left(String),
    /// Was brought in, and was put out for this reason.
    PutOut(String),
    /// Has this nickname now.
    Renamed(String),
    /// Said this to all.
    Said(String),
    /// Said something to somebody who was brought in.
    Whispered {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// Gave the room this topic.
    Topic(String),
    /// Closed the room.
    Closed,
}

/// On which side something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the channel.
    Irc,
    /// In the room.
    Xmpp,
}

#[derive(Debug)]
struct News {
    place: Place,
    nick: String,
    deed: Deed,
    /// Given back to who told it, when it is done.
    _permit: Option<SemaphoreGuardArc>,
}

/// Where the two sides meet.
#[derive(Clone, Default)]
pub struct Lobby {
    meeting: Arc<Mutex<Meeting>>,
    /// Once both sides are there.
    news: Arc<OnceLock<Sender<News>>>,
}

/// The sides that are there already.
#[derive(Default)]
struct Meeting {
    irc: Option<Arc<dyn Side>>,
    xmpp: Option<Arc<dyn Side>>,
}

impl Lobby {
    /// IRC is there. It hears of nothing before XMPP is, too.
    pub fn add_irc(&self, side: Arc<dyn Side>) {
        self.meet(|meeting| meeting.irc = Some(side));
    }

    /// XMPP is there.
    pub fn add_xmpp(&self, side: Arc<dyn Side>) {
        self.meet(|meeting| meeting.xmpp = Some(side));
    }

    fn meet(&self, come: impl FnOnce(&mut Meeting)) {
        let mut meeting = self.meeting.lock().unwrap_or_else(PoisonError::into_inner);
        come(&mut meeting);
        if let (Some(irc), Some(xmpp), None) = (&meeting.irc, &meeting.xmpp, self.news.get()) {
            let bridge = Bridge { irc: Shore::new(irc.clone()), xmpp: Shore::new(xmpp.clone()) };
            let (sender, receiver) = channel();
            match thread::Builder::new().name("lobby".into()).spawn(move || bridge.run(&receiver)) {
                Ok(_) => drop(self.news.set(sender)),
                Err(error) => tracing::error!(reason = %error, "IRC and XMPP have no room in common"),
            }
        }
    }
}

impl fmt::Debug for Lobby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lobby").finish_non_exhaustive()
    }
}

/// The end of a lobby by which one network tells what happens on it.
#[derive(Debug)]
pub struct Teller {
    lobby: Lobby,
    place: Place,
    /// What those have told who have told something, by the numbers of their sessions.
    debts: BTreeMap<u64, Debt>,
    /// Whose session does something now.
    acting: Option<u64>,
}

/// What one session has told, and is not done yet.
#[derive(Clone, Debug)]
pub struct Debt(Arc<Semaphore>);

impl Debt {
    /// Waits until some of it is done.
    pub async fn lessen(self) {
        drop(self.0.acquire().await);
    }
}

impl Teller {
    /// For one of the networks.
    pub fn new(lobby: Lobby, place: Place) -> Self {
        Self { lobby, place, debts: BTreeMap::new(), acting: None }
    }

    /// What happens from now on is this session's doing.
    pub fn begin(&mut self, session: u64) {
        self.acting = Some(session);
    }

    /// What happens from now on is nobody's doing. A debt is what the session
    /// must see lessened before it does anything more.
    pub fn end(&mut self) -> Option<Debt> {
        let debt = self.debts.get(&self.acting.take()?)?;
        debt.0.try_acquire().is_none().then(|| debt.clone())
    }

    /// A session is gone.
    pub fn forget(&mut self, session: u64) {
        self.debts.remove(&session);
    }

    /// Tells what somebody did.
    pub fn tell(&mut self, nick: String, deed: Deed) {
        let Some(news) = self.lobby.news.get() else { return };
        let debt = self
            .acting
            .map(|session| self.debts.entry(session).or_insert_with(|| Debt(Arc::new(Semaphore::new(MOST)))));
        let permit = debt.and_then(|debt| debt.0.try_acquire_arc());
        // The other end is there as long as the program.
        let _ = news.send(News { place: self.place, nick, deed, _permit: permit });
    }

    /// Tells what happened in the room of XMPP.
    pub fn tell_of_room(&mut self, what: &RoomEvent) {
        let (nick, deed) = match what.clone() {
            RoomEvent::Joined { nick } => (nick, Deed::Joined),
            RoomEvent::Left { nick, reason } => (nick, Deed::Left(reason.unwrap_or_default())),
            RoomEvent::Kicked { nick, reason } => (nick, Deed::PutOut(reason.unwrap_or_default())),
            RoomEvent::Renamed { from, to } => (from, Deed::Renamed(to)),
            RoomEvent::Said { nick, text, .. } => (nick, Deed::Said(text)),
            RoomEvent::Whispered { nick, to, text } => (nick, Deed::Whispered { to, text }),
            RoomEvent::Subject { nick, text } => (nick, Deed::Topic(text)),
            RoomEvent::Destroyed => (String::new(), Deed::Closed),
            _ => return,
        };
        self.tell(nick, deed);
    }
}

/// A side, and its own people as the other side calls them.
struct Shore {
    side: Arc<dyn Side>,
    abroad: BTreeMap<String, String>,
}

impl Shore {
    fn new(side: Arc<dyn Side>) -> Self {
        Self { side, abroad: BTreeMap::new() }
    }

    /// What somebody is called at home whom the other side calls so.
    fn at_home(&self, abroad: &str) -> Option<&String> {
        self.abroad.iter().find(|(_, name)| *name == abroad).map(|(home, _)| home)
    }
}

struct Bridge {
    irc: Shore,
    xmpp: Shore,
}

impl Bridge {
    fn run(mut self, news: &Receiver<News>) {
        self.begin();
        while let Ok(News { place, nick, deed, _permit }) = news.recv() {
            self.pass_on(place, &nick, deed);
        }
    }

    /// Brings over those who were there before.
    fn begin(&mut self) {
        bring_all(&mut self.irc, &self.xmpp);
        bring_all(&mut self.xmpp, &self.irc);
    }

    fn pass_on(&mut self, place: Place, nick: &str, deed: Deed) {
        let (from, to) = match place {
            Place::Irc => (&mut self.irc, &mut self.xmpp),
            Place::Xmpp => (&mut self.xmpp, &mut self.irc),
        };
        match deed {
            Deed::Joined => drop(bring(from, to, nick)),
            Deed::Left(reason) => {
                if let Some(abroad) = from.abroad.remove(nick) {
                    to.side.leave(&abroad, &reason);
                }
            }
            Deed::PutOut(reason) => {
                if let Some(home) = to.at_home(nick).cloned() {
                    to.abroad.remove(&home);
                    // Where one can be on the network and not in the room.
                    from.side.leave(nick, &reason);
                    to.side.put_out(&home, &reason);
                }
            }
            Deed::Renamed(wanted) => match from.abroad.remove(nick) {
                Some(abroad) => {
                    let named = to.side.rename(&abroad, &wanted).unwrap_or(abroad);
                    from.abroad.insert(wanted, named);
                }
                None => drop(bring(from, to, &wanted)),
            },
            Deed::Said(text) => {
                if let Some(abroad) = bring(from, to, nick) {
                    to.side.say(&abroad, &text);
                }
            }
            Deed::Whispered { to: whom, text } => {
                if let (Some(abroad), Some(whom)) = (from.abroad.get(nick), to.at_home(&whom)) {
                    to.side.whisper(abroad, whom, &text);
                }
            }
            Deed::Topic(text) => {
                if let Some(abroad) = bring(from, to, nick) {
                    to.side.set_topic(&abroad, &text);
                }
            }
            Deed::Closed => {
                for (_, abroad) in mem::take(&mut from.abroad) {
                    to.side.leave(&abroad, "");
                }
                to.abroad.clear();
                from.side.reopen();
                bring_all(to, from);
            }
        }
    }
}

/// Brings somebody over who is not there yet. Gives the name over there.
fn bring(from: &mut Shore, to: &Shore, nick: &str) -> Option<String> {
    if let Some(abroad) = from.abroad.get(nick) {
        return Some(abroad.clone());
    }
    let abroad = to.side.enter(nick)?;
    from.abroad.insert(nick.to_owned(), abroad.clone());
    Some(abroad)
}

fn bring_all(from: &mut Shore, to: &Shore) {
    for own in from.side.own() {
        bring(from, to, &own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what is done on it; has these people of its own.
    #[derive(Default)]
    struct Notes {
        own: Vec<String>,
        done: Mutex<Vec<String>>,
    }

    impl Notes {
        fn of(own: &[&str]) -> Arc<Self> {
            Arc::new(Self { own: own.iter().map(|&name| name.to_owned()).collect(), done: Mutex::default() })
        }

        fn note(&self, what: String) {
            self.done.lock().unwrap().push(what);
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.done.lock().unwrap())
        }
    }

    impl Side for Notes {
        fn enter(&self, nick: &str) -> Option<String> {
            let free = if self.own.iter().any(|own| own == nick) { format!("{nick}_") } else { nick.to_owned() };
            self.note(format!("+{free}"));
            Some(free)
        }
        fn leave(&self, nick: &str, reason: &str) {
            self.note(format!("-{nick} {reason}"));
        }
        fn put_out(&self, nick: &str, reason: &str) {
            self.note(format!("!{nick} {reason}"));
        }
        fn rename(&self, nick: &str, wanted: &str) -> Option<String> {
            self.note(format!("{nick}>{wanted}"));
            Some(wanted.to_owned())
        }
        fn say(&self, nick: &str, text: &str) {
            self.note(format!("{nick}: {text}"));
        }
        fn whisper(&self, nick: &str, to: &str, text: &str) {
            self.note(format!("{nick}->{to}: {text}"));
        }
        fn set_topic(&self, nick: &str, text: &str) {
            self.note(format!("{nick} topic {text}"));
        }
        fn own(&self) -> Vec<String> {
            self.own.clone()
        }
        fn reopen(&self) {
            self.note("open".to_owned());
        }
    }

    fn bridge(irc: &Arc<Notes>, xmpp: &Arc<Notes>) -> Bridge {
        Bridge { irc: Shore::new(irc.clone()), xmpp: Shore::new(xmpp.clone()) }
    }

    #[test]
    fn what_one_side_does_is_done_on_the_other() {
        let (irc, xmpp) = (Notes::of(&["ann", "bob"]), Notes::of(&["carol", "ann"]));
        let mut bridge = bridge(&irc, &xmpp);
        bridge.begin();
        assert_eq!(irc.take(), ["+carol", "+ann_"], "those who were there already");
        assert_eq!(xmpp.take(), ["+ann_", "+bob"]);
        let mut pass = |place, nick: &str, deed| bridge.pass_on(place, nick, deed);
        pass(Place::Irc, "bob", Deed::Joined);
        assert!(xmpp.take().is_empty(), "nobody comes twice");
        pass(Place::Irc, "ann", Deed::Said("hello".into()));
        pass(Place::Xmpp, "carol", Deed::Whispered { to: "ann_".into(), text: "psst".into() });
        pass(Place::Irc, "ann", Deed::Renamed("anna".into()));
        pass(Place::Irc, "anna", Deed::Topic("tea".into()));
        assert_eq!(xmpp.take(), ["ann_: hello", "ann_>anna", "anna topic tea"]);
        assert_eq!(irc.take(), ["carol->ann: psst"]);
        pass(Place::Irc, "bob", Deed::Left("bye".into()));
        pass(Place::Irc, "stranger", Deed::Left(String::new()));
        assert_eq!(xmpp.take(), ["-bob bye"]);
        pass(Place::Xmpp, "carol", Deed::Left(String::new()));
        assert_eq!(irc.take(), ["-carol "]);
        pass(Place::Irc, "anna", Deed::Said("anybody?".into()));
        assert_eq!(xmpp.take(), ["anna: anybody?"], "also where nobody of XMPP is");
    }

    #[test]
    fn who_is_put_out_there_is_put_out_here() {
        let (irc, xmpp) = (Notes::of(&["ann"]), Notes::of(&["carol", "ann"]));
        let mut bridge = bridge(&irc, &xmpp);
        bridge.begin();
        irc.take();
        xmpp.take();
        bridge.pass_on(Place::Irc, "ann_", Deed::PutOut("spam".into()));
        assert_eq!((irc.take(), xmpp.take()), (vec!["-ann_ spam".into()], vec!["!ann spam".into()]));
        bridge.pass_on(Place::Irc, "ann_", Deed::PutOut("again".into()));
        assert_eq!((irc.take(), xmpp.take()), (vec![], vec![]), "once is enough");
        bridge.pass_on(Place::Xmpp, "ann_", Deed::PutOut("noise".into()));
        assert_eq!((irc.take(), xmpp.take()), (vec!["!ann noise".into()], vec!["-ann_ noise".into()]));
        bridge.pass_on(Place::Xmpp, "", Deed::Closed);
        assert_eq!(irc.take(), ["-carol "]);
        assert_eq!(xmpp.take(), ["open", "+ann_"]);
    }

    #[test]
    fn who_tells_much_waits_and_nothing_is_dropped() {
        let (irc, xmpp) = (Notes::of(&[]), Notes::of(&[]));
        let lobby = Lobby::default();
        let mut teller = Teller::new(lobby.clone(), Place::Irc);
        teller.tell("ann".into(), Deed::Joined);
        lobby.add_irc(irc);
        lobby.add_xmpp(xmpp.clone());
        // Nothing is done as long as the other side is busy.
        let busy = xmpp.done.lock().unwrap();
        let say = |number: usize| Deed::Said(number.to_string());
        for number in 0..MOST {
            teller.begin(1);
            teller.tell("ann".into(), say(number));
            assert_eq!(teller.end().is_some(), number + 1 == MOST, "{number}");
        }
        teller.begin(2);
        teller.tell("bob".into(), say(0));
        assert!(teller.end().is_none(), "others need not wait");
        teller.begin(1);
        teller.tell("ann".into(), say(MOST));
        let debt = teller.end().expect("she has told too much");
        drop(busy);
        async_io::block_on(debt.lessen());
        teller.begin(1);
        teller.tell("ann".into(), Deed::Left("bye".into()));
        teller.end();
        while !xmpp.done.lock().unwrap().iter().any(|done| done == "-ann bye") {
            thread::yield_now();
        }
        let done = xmpp.take();
        let said: Vec<_> = done.iter().filter_map(|done| done.strip_prefix("ann: ")).collect();
        assert_eq!(said, (0..=MOST).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}
