//! Messages (RFC 6121 §5, §8.5): to whom they go by [the table](super::DELIVERY), and what else becomes of them.

use alloc::string::String;

use super::account::{Account, Resource};
use super::deliveries::{Recipient, Session};
use super::domains::Place;
use super::parcel::{Kind, Parcel, To};
use super::storage::{Held, Storage};
use super::table::{Address, Found, Outcome, outcome};
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::ns;
use crate::payload::{carbons, mam, stanza_id};
use crate::stanza::{Message, MessageType, StanzaCondition};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    /// A message, to anybody.
    pub(super) fn message(&mut self, turn: &mut Turn<'_>, message: &Message, to: Option<JidRef<'_>>) {
        let from = turn.from.clone();
        let to = to.unwrap_or(from.bare());
        let sender = self.accounts.get(from.bare().as_str()).filter(|_| turn.is_client);
        if sender.is_some_and(|sender| sender.blocks(to)) && message.kind() != MessageType::Error {
            return self.refuse(turn, Some(to), Self::blocked_by_oneself());
        }
        let has_listeners = sender.is_some_and(|sender| sender.has_listeners(Some(turn.session)));
        let place = self.place(to);
        let is_for_archive = place != Place::Rooms && self.is_for_archive(message);
        let is_for_own = is_for_archive && sender.is_some_and(|sender| sender.archives(to));
        let is_taken = match place {
            Place::Rooms => return self.room_message(turn, message, to),
            Place::Server if matches!(message.kind(), MessageType::Error | MessageType::Headline) => return,
            Place::Server => return self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
            Place::Account => self.message_to_account(turn, message, to, is_for_archive),
            Place::Connected(_) | Place::Beyond => self.relay_beyond(turn, to),
        };
        // What came back at once, the user's other clients need not know of.
        if is_taken && turn.is_client && to.bare() != from.bare() {
            self.was_sent(turn, message, to, is_for_own, has_listeners);
        }
    }

    /// Tells whether it was taken, and did not come back.
    fn message_to_account(
        &mut self,
        turn: &mut Turn<'_>,
        message: &Message,
        to: JidRef<'_>,
        is_for_archive: bool,
    ) -> bool {
        let kind = message.kind();
        let account = self.account_mut(to.bare());
        if account.as_ref().is_some_and(|account| account.blocks((*turn.from).as_ref())) {
            self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable);
            return false;
        }
        let found = account.as_ref().map_or(Found::NoAccount, |account| state(account));
        let has_listeners = account.as_ref().is_some_and(|account| account.has_listeners(None));
        let is_for_archive =
            is_for_archive && account.as_ref().is_some_and(|account| account.archives((*turn.from).as_ref()));
        let matching = account.zip(to.resource()).and_then(|(account, name)| account.resource(name));
        let matching = matching.map(|resource| resource.session);
        let address = match (to.is_bare(), matching) {
            (true, _) => Address::Bare,
            (false, Some(_)) => Address::Match,
            (false, None) => Address::NoMatch,
        };
        let result = match outcome(found, address, kind) {
            Outcome::AsBare => outcome(found, Address::Bare, kind),
            result => result,
        };
        match result {
            Outcome::Refuse => {
                self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable);
                return false;
            }
            Outcome::Ignore | Outcome::AsBare => return true,
            // Nobody is told later that somebody was typing then.
            Outcome::Hold if !mam::is_archivable(turn.element.view()) => return true,
            _ => {}
        }
        let parcel = self.received(turn, to, is_for_archive);
        match (result, matching) {
            (Outcome::Deliver, Some(session)) if !has_listeners => {
                turn.out.send(Recipient { session, to: None }, parcel);
            }
            (Outcome::Deliver, Some(session)) => {
                turn.out.send(Recipient { session, to: None }, parcel.clone());
                self.copy_received(turn, &parcel, to, &|resource| resource.session == session);
            }
            (Outcome::All, _) => {
                let Some(account) = self.accounts.get(to.bare().as_str()) else { return false };
                let ready = account.resources.iter().filter(|resource| is_ready(resource));
                turn.out.share(ready.map(|resource| Recipient { session: resource.session, to: None }), &parcel);
                if has_listeners {
                    self.copy_received(turn, &parcel, to, &is_ready);
                }
            }
            _ => {
                if self.storage.hold(to.bare(), Held { time: turn.now, parcel: parcel.detached() }).is_err() {
                    self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable);
                    return false;
                }
                self.copy_received(turn, &parcel, to, &|_| false);
            }
        }
        true
    }

    /// The message as its receivers get it: archived, and with its id there (XEP-0313 §5.1.4). No id but the archive's own says that it is.
    fn received(&mut self, turn: &Turn<'_>, to: JidRef<'_>, is_for_archive: bool) -> Parcel {
        let user = to.bare();
        let keep = |child: ElementRef<'_>| !stanza_id::is_by(child, user);
        let parcel = self.relay.parcel(Kind::Message, turn.element, turn.from.as_str(), To::All(to.as_str()), keep);
        if !is_for_archive {
            return parcel;
        }
        let id = self.next_id(turn.now);
        let parcel = parcel.with(|content| {
            content.element("stanza-id", ns::STANZA_ID, |element| {
                element.attr("by", user.as_str())?.attr("id", &id)?;
                Ok(())
            });
        });
        self.keep(user, id, turn.now, turn.from.clone(), &parcel);
        parcel
    }

    /// What a user has sent is kept in the user's archive, and copied to the user's other clients.
    fn was_sent(&mut self, turn: &mut Turn<'_>, message: &Message, to: JidRef<'_>, is_kept: bool, has_listeners: bool) {
        let own = turn.session;
        let is_copied = has_listeners && carbons::is_eligible(turn.element.view());
        if !is_copied && !is_kept {
            return;
        }
        let user = turn.from.clone();
        let parcel = self.relay.stanza(Kind::Message, turn.element, user.as_str(), To::All(to.as_str()));
        if is_copied {
            let except = |resource: &Resource| resource.session == own;
            self.copy(carbons::Direction::Sent, user.bare(), &parcel, message.kind(), &except, turn.out);
        }
        if is_kept {
            let id = self.next_id(turn.now);
            self.keep(user.bare(), id, turn.now, alloc::sync::Arc::new(to.to_jid()), &parcel);
        }
    }

    fn copy_received(&self, turn: &mut Turn<'_>, parcel: &Parcel, to: JidRef<'_>, except: &dyn Fn(&Resource) -> bool) {
        if !carbons::is_eligible(turn.element.view()) {
            return;
        }
        let kind = turn.element.attr("type").and_then(|kind| MessageType::read(&kind)).unwrap_or_default();
        // Who speaks to itself has no need of a copy.
        let own: Option<Session> = turn.is_client.then_some(turn.session);
        let except = |resource: &Resource| except(resource) || Some(resource.session) == own;
        self.copy(carbons::Direction::Received, to.bare(), parcel, kind, &except, turn.out);
    }

    fn is_for_archive(&self, message: &Message) -> bool {
        let is_talk = matches!(message.kind(), MessageType::Normal | MessageType::Chat);
        self.config.is_archiving && is_talk && mam::is_archivable(message.view())
    }

    pub(super) fn blocks(&self, user: JidRef<'_>, other: JidRef<'_>) -> bool {
        self.accounts.get(user.as_str()).is_some_and(|account| account.blocks(other))
    }

    /// The text of a message's body, as far as it has one.
    pub(super) fn body(message: &Message) -> Option<String> {
        message.body().map(|body| body.into_owned())
    }
}

pub(super) fn is_ready(resource: &Resource) -> bool {
    resource.priority().is_some_and(|priority| priority >= 0)
}

fn state(account: &Account) -> Found {
    match account.resources.iter().filter_map(Resource::priority).max() {
        None => Found::NoResource,
        Some(greatest) if greatest < 0 => Found::NegativeOnly,
        Some(_) => Found::Ready,
    }
}
