//! One room that two chat networks have: who is in it on one of them is seen on
//! the other, and what is said there is heard here.
//!
//! Each side tells what its own people do, under its own lock, by a bounded
//! queue. One thread takes it from there and does the same on the other side:
//! so no lock is held while the other is taken. Nobody who was brought in by
//! this thread is told of again, so nothing goes round in a circle.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, thread};

use xmpp_proto::router::RoomEvent;

/// What may wait to be done on the other side. What comes beyond that is not
/// seen there.
const MOST: usize = 4096;

/// One of the two networks, as the other sees it. Nicknames are as they are on
/// this side. A text that begins with `/me ` is what somebody does.
pub trait Side: Send + Sync {
    /// Brings somebody in under this nickname, or one like it; gives that one.
    fn enter(&self, nick: &str) -> Option<String>;
    /// Takes somebody away who was brought in.
    fn leave(&self, nick: &str, reason: &str);
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
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Came in.
    Joined,
    /// Left, for this reason.
    Left(String),
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
}

/// On which side something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Irc,
    Xmpp,
}

#[derive(Debug)]
struct News {
    place: Place,
    nick: String,
    deed: Deed,
}

/// Where the two sides meet.
#[derive(Clone)]
pub struct Lobby {
    news: SyncSender<News>,
    meeting: Arc<Mutex<Meeting>>,
}

/// The sides that are there already.
struct Meeting {
    irc: Option<Arc<dyn Side>>,
    xmpp: Option<Arc<dyn Side>>,
    news: Option<Receiver<News>>,
}

impl Default for Lobby {
    fn default() -> Self {
        let (sender, receiver) = sync_channel(MOST);
        let meeting = Meeting { irc: None, xmpp: None, news: Some(receiver) };
        Self { news: sender, meeting: Arc::new(Mutex::new(meeting)) }
    }
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
        if let (Some(irc), Some(xmpp)) = (meeting.irc.clone(), meeting.xmpp.clone())
            && let Some(news) = meeting.news.take()
        {
            let bridge = Bridge { irc: Shore::new(irc), xmpp: Shore::new(xmpp) };
            if let Err(error) = thread::Builder::new().name("lobby".into()).spawn(move || bridge.run(&news)) {
                tracing::error!(reason = %error, "IRC and XMPP have no room in common");
            }
        }
    }

    /// Tells what somebody of IRC did.
    pub fn tell_of_irc(&self, nick: String, deed: Deed) {
        self.tell(News { place: Place::Irc, nick, deed });
    }

    /// Tells what happened in the room of XMPP.
    pub fn tell_of_xmpp(&self, what: &RoomEvent) {
        let (nick, deed) = match what.clone() {
            RoomEvent::Joined { nick } => (nick, Deed::Joined),
            RoomEvent::Left { nick, reason } => (nick, Deed::Left(reason.unwrap_or_default())),
            RoomEvent::Renamed { from, to } => (from, Deed::Renamed(to)),
            RoomEvent::Said { nick, text, .. } => (nick, Deed::Said(text)),
            RoomEvent::Whispered { nick, to, text } => (nick, Deed::Whispered { to, text }),
            RoomEvent::Subject { nick, text } => (nick, Deed::Topic(text)),
            _ => return,
        };
        self.tell(News { place: Place::Xmpp, nick, deed });
    }

    fn tell(&self, news: News) {
        if let Err(TrySendError::Full(news)) = self.news.try_send(news) {
            tracing::warn!(nick = news.nick, "the other side of the lobby is too far behind, and is not told");
        }
    }
}

impl fmt::Debug for Lobby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lobby").finish_non_exhaustive()
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
        while let Ok(news) = news.recv() {
            self.pass_on(news);
        }
    }

    fn pass_on(&mut self, News { place, nick, deed }: News) {
        let (from, to) = match place {
            Place::Irc => (&mut self.irc, &mut self.xmpp),
            Place::Xmpp => (&mut self.xmpp, &mut self.irc),
        };
        match deed {
            Deed::Joined => drop(bring(from, to, &nick)),
            Deed::Left(reason) => {
                if let Some(abroad) = from.abroad.remove(&nick) {
                    to.side.leave(&abroad, &reason);
                }
                // Without anybody to hear it, IRC tells nothing more.
                if place == Place::Xmpp && from.abroad.is_empty() {
                    for (_, name) in std::mem::take(&mut to.abroad) {
                        from.side.leave(&name, "");
                    }
                }
            }
            Deed::Renamed(wanted) => match from.abroad.remove(&nick) {
                Some(abroad) => {
                    let named = to.side.rename(&abroad, &wanted).unwrap_or(abroad);
                    from.abroad.insert(wanted, named);
                }
                None => drop(bring(from, to, &wanted)),
            },
            Deed::Said(text) => {
                if let Some(abroad) = bring(from, to, &nick) {
                    to.side.say(&abroad, &text);
                }
            }
            Deed::Whispered { to: whom, text } => {
                if let (Some(abroad), Some(whom)) = (from.abroad.get(&nick), to.at_home(&whom)) {
                    to.side.whisper(abroad, whom, &text);
                }
            }
            Deed::Topic(text) => {
                if let Some(abroad) = bring(from, to, &nick) {
                    to.side.set_topic(&abroad, &text);
                }
            }
        }
    }
}

/// Brings somebody over who is not there yet, and with the first one those who
/// were there before. Gives the name over there.
fn bring(from: &mut Shore, to: &mut Shore, nick: &str) -> Option<String> {
    if let Some(abroad) = from.abroad.get(nick) {
        return Some(abroad.clone());
    }
    let abroad = to.side.enter(nick)?;
    let is_first = from.abroad.is_empty();
    from.abroad.insert(nick.to_owned(), abroad.clone());
    if is_first {
        for own in to.side.own() {
            if !to.abroad.contains_key(&own)
                && let Some(name) = from.side.enter(&own)
            {
                to.abroad.insert(own, name);
            }
        }
    }
    Some(abroad)
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
    }

    #[test]
    fn what_one_side_does_is_done_on_the_other() {
        let (irc, xmpp) = (Notes::of(&["ann", "bob"]), Notes::of(&["carol", "ann"]));
        let mut bridge = Bridge { irc: Shore::new(irc.clone()), xmpp: Shore::new(xmpp.clone()) };
        let mut pass = |place, nick: &str, deed| bridge.pass_on(News { place, nick: nick.to_owned(), deed });
        pass(Place::Xmpp, "carol", Deed::Joined);
        assert_eq!(irc.take(), ["+carol"]);
        assert_eq!(xmpp.take(), ["+ann_", "+bob"], "those who were there already");
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
        assert_eq!(xmpp.take(), ["-anna "], "nobody of IRC is seen where nobody of XMPP is");
    }
}
