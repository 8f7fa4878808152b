//! Probes: what is told to who asks for presence (RFC 6121 §4.3).

use super::domains::Place;
use super::parcel::Parcel;
use super::presence::may_see;
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::stanza::PresenceType;

impl<S: Storage> Router<S> {
    /// Somebody asks: another server for its user, or, though it need not, a client.
    pub(super) fn probe(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        match self.place(to) {
            Place::Account => {}
            Place::Rooms => return self.room_probe(turn, to),
            Place::Server => return,
            Place::Connected(_) | Place::Beyond => {
                self.relay_beyond(turn, to);
                return;
            }
        }
        let from = turn.from.clone();
        let is_client = turn.is_client;
        let Some(account) = self.account_mut(to.bare()) else { return };
        if account.blocks((*from).as_ref()) {
            return;
        }
        let is_seen = may_see(account, (*from).as_ref());
        let asked = account.available().filter(|(resource, _)| to.is_bare() || resource.jid.as_ref() == &to);
        let shown: alloc::vec::Vec<Parcel> = asked
            .filter(|(resource, _)| {
                let told = &resource.directed;
                is_seen || told.contains(from.as_str()) || told.contains(from.bare().as_str())
            })
            .map(|(_, presence)| presence.parcel.clone())
            .collect();
        let answer = match (shown.is_empty(), is_seen) {
            (false, _) => None,
            (true, true) => Some(PresenceType::Unavailable),
            // That there is such an account is not told to anybody here; another server must know that its user's roster is wrong (§4.3.2).
            (true, false) if is_client => return,
            (true, false) => Some(PresenceType::Unsubscribed),
        };
        let answer = answer.map(|kind| self.plain_presence(to.bare(), kind));
        for parcel in shown.into_iter().chain(answer) {
            self.answer(turn, parcel);
        }
    }
}
