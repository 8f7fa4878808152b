//! The room that IRC has, too, as IRC sees it.

use std::sync::{Arc, Weak};

use xmpp_proto::Jid;
use xmpp_proto::router::{Deliveries, RoomFault};

use super::hub::{Hub, Router};
use super::setup;
use crate::lobby::Side;
use crate::settings::Settings;

/// How many names are tried for somebody whose own is taken.
const TRIES: usize = 8;

/// One room of the hub.
pub(super) struct Lounge {
    hub: Weak<Hub>,
    room: Jid,
    settings: Settings,
}

impl Lounge {
    pub(super) fn new(hub: &Arc<Hub>, room: Jid, settings: Settings) -> Self {
        Self { hub: Arc::downgrade(hub), room, settings }
    }

    fn act<T>(&self, this: impl FnOnce(&mut Router, u64, &mut Deliveries) -> T) -> Option<T> {
        self.hub.upgrade().map(|hub| hub.act(this))
    }

    /// The first of the names like `nick` that is free.
    fn named(
        &self,
        nick: &str,
        take: impl Fn(&mut Router, &str, &mut Deliveries) -> Result<(), RoomFault>,
    ) -> Option<String> {
        let mut name = nick.to_owned();
        for _ in 0..TRIES {
            // As the room writes it.
            let wanted = self.room.as_ref().with_resource(&name).ok()?;
            let wanted = wanted.resource()?.to_owned();
            match self.act(|router, _, out| take(router, &wanted, out))? {
                Ok(()) => return Some(wanted),
                Err(RoomFault::NickTaken) => name.push('_'),
                Err(fault) => {
                    tracing::debug!(nick, reason = %fault, "does not come into the room of XMPP");
                    return None;
                }
            }
        }
        None
    }
}

impl Side for Lounge {
    fn enter(&self, nick: &str) -> Option<String> {
        self.named(nick, |router, nick, out| router.join_foreign(self.room.as_ref(), nick, out))
    }

    fn leave(&self, nick: &str, reason: &str) {
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let _ = self.act(|router, _, out| router.leave_foreign(self.room.as_ref(), nick, reason, out));
    }

    fn put_out(&self, nick: &str, reason: &str) {
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let _ = self.act(|router, _, out| router.put_out_of_room(self.room.as_ref(), nick, reason, out));
    }

    fn rename(&self, nick: &str, wanted: &str) -> Option<String> {
        self.named(wanted, |router, wanted, out| router.rename_foreign(self.room.as_ref(), nick, wanted, out))
    }

    fn say(&self, nick: &str, text: &str) {
        let _ = self.act(|router, now, out| router.say_foreign(self.room.as_ref(), nick, text, now, out));
    }

    fn whisper(&self, nick: &str, to: &str, text: &str) {
        let _ = self.act(|router, _, out| router.whisper_foreign(self.room.as_ref(), nick, to, text, out));
    }

    fn set_topic(&self, nick: &str, text: &str) {
        let _ = self.act(|router, now, out| router.set_subject_foreign(self.room.as_ref(), nick, text, now, out));
    }

    fn own(&self) -> Vec<String> {
        let own = self.act(|router, _, _| {
            let room = router.room(self.room.as_ref())?;
            let own = room.occupants().filter(|occupant| occupant.user().is_some());
            Some(own.map(|occupant| occupant.nick().to_owned()).collect())
        });
        own.flatten().unwrap_or_default()
    }

    fn reopen(&self) {
        let opened = self.act(|router, _, out| {
            setup::open_room(router, &self.settings, &self.room, out)?;
            router.observe(self.room.as_ref(), true)
        });
        if let Some(Err(fault)) = opened {
            tracing::error!(room = %self.room, reason = %fault, "the room cannot be opened again");
        }
    }
}
