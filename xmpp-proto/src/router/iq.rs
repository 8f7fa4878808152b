//! Requests and their answers (RFC 6120 §8.2.3, RFC 6121 §8.5): to an account, to one of its clients, to the server.

use super::deliveries::Recipient;
use super::domains::Place;
use super::parcel::{Kind, To};
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::ns;
use crate::stanza::{Iq, IqType, StanzaCondition};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    /// A request or an answer, to anybody.
    pub(super) fn iq(&mut self, turn: &mut Turn<'_>, iq: &Iq, to: Option<JidRef<'_>>) {
        let from = turn.from.clone();
        let is_request = iq.kind().is_request();
        let Some(to) = to else {
            // Without an address it is for the client's own account; nobody else has one.
            match iq.payload() {
                Some(payload) if is_request && turn.is_client => self.account_iq(turn, iq.kind(), payload, None),
                _ => {}
            }
            return;
        };
        if turn.is_client && to.bare() != from.bare() && is_request && self.blocks(from.bare(), to) {
            return self.refuse(turn, Some(to), Self::blocked_by_oneself());
        }
        match (self.place(to), iq.payload()) {
            (Place::Account, _) if to.is_full() => self.iq_to_client(turn, iq, to),
            (Place::Rooms, _) => self.room_iq(turn, iq, to),
            (Place::Connected(_) | Place::Beyond, _) => {
                self.relay_beyond(turn, to);
            }
            (Place::Server, _) if turn.is_client && !is_request => self.hear_wishes(turn, iq),
            (Place::Account | Place::Server, None) => {}
            (Place::Account | Place::Server, Some(_)) if !is_request => {}
            (Place::Account, Some(payload)) if turn.is_client && to == from.bare() => {
                self.account_iq(turn, iq.kind(), payload, Some(to));
            }
            (Place::Account, Some(payload)) => self.strangers_iq(turn, iq.kind(), payload, to),
            (Place::Server, Some(payload)) => self.server_iq(turn, iq.kind(), payload, to),
        }
    }

    fn iq_to_client(&mut self, turn: &mut Turn<'_>, iq: &Iq, to: JidRef<'_>) {
        let account = self.accounts.get(to.bare().as_str());
        let receiver = account.filter(|account| !account.blocks((*turn.from).as_ref()));
        match receiver.zip(to.resource()).and_then(|(account, name)| account.resource(name)) {
            Some(resource) => {
                let parcel =
                    self.relay.stanza(Kind::Iq, turn.element, turn.from.as_str(), To::All(resource.jid.as_str()));
                turn.out.send(Recipient { session: resource.session, to: None }, parcel);
            }
            None if iq.kind().is_request() => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
            None => {}
        }
    }

    /// What a user asks of the own account. `to` is what the request was addressed to, which is who answers it.
    fn account_iq(&mut self, turn: &mut Turn<'_>, kind: IqType, payload: ElementRef<'_>, to: Option<JidRef<'_>>) {
        let user = turn.from.clone();
        match (kind, payload.name(), payload.ns()) {
            (IqType::Get, "query", ns::ROSTER) => self.roster_get(turn, payload),
            (IqType::Set, "query", ns::ROSTER) => self.roster_set(turn, payload),
            (IqType::Get, "blocklist", ns::BLOCKING) | (IqType::Set, "block" | "unblock", ns::BLOCKING) => {
                self.blocking(turn, payload);
            }
            (IqType::Set, "enable" | "disable", ns::CARBONS) => self.carbons(turn, payload.name() == "enable"),
            (_, _, ns::MAM) if !self.config.is_archiving => self.refuse(turn, to, StanzaCondition::ServiceUnavailable),
            (IqType::Get, "query", ns::MAM) => self.archive_fields(turn, user.bare()),
            (IqType::Set, "query", ns::MAM) => self.archive_query(turn, user.bare(), payload),
            (IqType::Get, "metadata", ns::MAM) => self.archive_metadata(turn, user.bare()),
            (IqType::Get, "prefs", ns::MAM) => self.preferences(turn, to),
            (IqType::Set, "prefs", ns::MAM) => self.set_preferences(turn, payload, to),
            (IqType::Get, "query", ns::DISCO_INFO) => self.account_info(turn, payload, user.bare()),
            (IqType::Get, "query", ns::DISCO_ITEMS) => self.account_items(turn, payload, user.bare()),
            (_, "pubsub", ns::PUBSUB) => self.pubsub(turn, kind, payload, user.bare(), to),
            (IqType::Get, "query", ns::PRIVATE) => self.private_get(turn, payload),
            (IqType::Set, "query", ns::PRIVATE) => self.private_set(turn, payload),
            (IqType::Get, "vCard", ns::VCARD) => self.vcard_get(turn, user.bare(), to),
            (IqType::Set, "vCard", ns::VCARD) => self.vcard_set(turn, payload),
            (IqType::Get, "query", ns::LAST_ACTIVITY) => self.last_of_account(turn, user.bare(), to),
            (IqType::Get, "ping", ns::PING) | (IqType::Set, "session", ns::SESSION) => self.result(turn, to, |_| {}),
            _ => self.refuse(turn, to, StanzaCondition::ServiceUnavailable),
        }
    }

    /// What somebody else asks of an account. Whether there is such an account is told to those alone who see its presence (RFC 6121 §8.5.1).
    fn strangers_iq(&mut self, turn: &mut Turn<'_>, kind: IqType, payload: ElementRef<'_>, to: JidRef<'_>) {
        let from = turn.from.clone();
        let Some(account) = self.account_mut(to) else {
            return self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable);
        };
        if account.blocks((*from).as_ref()) {
            return self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable);
        }
        let is_seen = super::presence::may_see(account, (*from).as_ref());
        match (kind, payload.name(), payload.ns()) {
            (IqType::Get, "vCard", ns::VCARD) => self.vcard_get(turn, to, Some(to)),
            (_, "pubsub", ns::PUBSUB) => self.pubsub(turn, kind, payload, to, Some(to)),
            (IqType::Get, "query", ns::DISCO_INFO) if is_seen => self.account_info(turn, payload, to),
            (IqType::Get, "query", ns::DISCO_ITEMS) if is_seen => self.account_items(turn, payload, to),
            (IqType::Get, "query", ns::LAST_ACTIVITY) if is_seen => self.last_of_account(turn, to, Some(to)),
            (IqType::Get, "ping", ns::PING) if is_seen => self.result(turn, Some(to), |_| {}),
            (IqType::Get, "query", ns::LAST_ACTIVITY) => self.refuse(turn, Some(to), StanzaCondition::Forbidden),
            _ => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
        }
    }

    fn server_iq(&mut self, turn: &mut Turn<'_>, kind: IqType, payload: ElementRef<'_>, to: JidRef<'_>) {
        match (kind, payload.name(), payload.ns()) {
            (IqType::Get, "query", ns::DISCO_INFO) => self.server_info(turn, payload, to),
            (IqType::Get, "query", ns::DISCO_ITEMS) => self.server_items(turn, payload, to),
            (IqType::Get, "query", ns::VERSION) => self.version(turn, to),
            (IqType::Get, "query", ns::LAST_ACTIVITY) => self.uptime(turn, to),
            (IqType::Get, "time", ns::TIME) => self.time(turn, to),
            (IqType::Get, "ping", ns::PING) | (IqType::Set, "session", ns::SESSION) => {
                self.result(turn, Some(to), |_| {});
            }
            _ => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
        }
    }
}
