//! What there is, and what it can do (XEP-0030): the server and its accounts. Rooms tell of themselves.

use alloc::vec::Vec;

use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::disco;
use crate::stanza::StanzaCondition;
use crate::xml::ElementRef;

/// What the server can do.
const SERVER: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::ROSTER,
    ns::BLOCKING,
    ns::CARBONS,
    ns::LAST_ACTIVITY,
    ns::PING,
    ns::PRIVATE,
    ns::TIME,
    ns::VCARD,
    ns::VERSION,
    "msgoffline",
];

/// What an account can do.
const ACCOUNT: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::BLOCKING,
    ns::CARBONS,
    ns::PING,
    ns::PRIVATE,
    ns::PUBSUB,
    "http://jabber.org/protocol/pubsub#access-open",
    "http://jabber.org/protocol/pubsub#access-presence",
    "http://jabber.org/protocol/pubsub#access-whitelist",
    "http://jabber.org/protocol/pubsub#auto-create",
    "http://jabber.org/protocol/pubsub#auto-subscribe",
    "http://jabber.org/protocol/pubsub#filtered-notifications",
    "http://jabber.org/protocol/pubsub#last-published",
    "http://jabber.org/protocol/pubsub#multi-items",
    "http://jabber.org/protocol/pubsub#persistent-items",
    "http://jabber.org/protocol/pubsub#publish",
    "http://jabber.org/protocol/pubsub#publish-options",
    "http://jabber.org/protocol/pubsub#retract-items",
    "http://jabber.org/protocol/pubsub#retrieve-items",
    ns::VCARD,
];

/// What an account can do that has an archive.
const ARCHIVE: &[&str] = &[ns::MAM, "urn:xmpp:mam:2#extended", ns::STANZA_ID];

/// What a room can do, whatever its configuration.
pub(super) const ROOM: &[&str] = &[
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::MUC,
    "http://jabber.org/protocol/muc#stable_id",
    "http://jabber.org/protocol/muc#self-ping-optimization",
    ns::MAM,
    "urn:xmpp:mam:2#extended",
    ns::PING,
    ns::STANZA_ID,
];

impl<S: Storage> Router<S> {
    pub(super) fn server_info(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>, to: JidRef<'_>) {
        if query.attr("node").is_some_and(|node| !node.is_empty()) {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        }
        self.result(turn, Some(to), |content| {
            content.element("query", ns::DISCO_INFO, |query| {
                disco::write_identity(query, "server", "im", Some(&self.config.name))?;
                let more = self.config.more_features.iter().map(|feature| &**feature);
                SERVER.iter().copied().chain(more).try_for_each(|feature| disco::write_feature(query, feature))
            });
        });
    }

    /// The rooms and the components.
    pub(super) fn server_items(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>, to: JidRef<'_>) {
        if query.attr("node").is_some_and(|node| !node.is_empty()) {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        }
        self.result(turn, Some(to), |content| {
            content.element("query", ns::DISCO_ITEMS, |query| {
                if let Some(rooms) = &self.config.rooms {
                    disco::write_item(query, rooms.as_str(), Some("Rooms"))?;
                }
                // Those that are a part of this server by their names; others are other servers.
                let own = self.config.domain.domain();
                let is_part = |domain: &str| domain.strip_suffix(own).is_some_and(|before| before.ends_with('.'));
                let parts = self.domains.keys().filter(|domain| is_part(domain));
                parts.into_iter().try_for_each(|domain| disco::write_item(query, domain, None))
            });
        });
    }

    pub(super) fn account_info(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>, account: JidRef<'_>) {
        if query.attr("node").is_some_and(|node| !node.is_empty()) {
            return self.refuse(turn, Some(account), StanzaCondition::ItemNotFound);
        }
        self.result(turn, Some(account), |content| {
            content.element("query", ns::DISCO_INFO, |query| {
                disco::write_identity(query, "account", "registered", None)?;
                disco::write_identity(query, "pubsub", "pep", None)?;
                let archive = if self.config.is_archiving { ARCHIVE } else { &[] };
                ACCOUNT.iter().chain(archive).try_for_each(|feature| disco::write_feature(query, feature))
            });
        });
    }

    /// The resources that are available.
    pub(super) fn account_items(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>, account: JidRef<'_>) {
        if query.attr("node").is_some_and(|node| !node.is_empty()) {
            return self.refuse(turn, Some(account), StanzaCondition::ItemNotFound);
        }
        let known = self.accounts.get(account.as_str());
        let resources: Vec<&Jid> =
            known.map(|known| known.available().map(|(resource, _)| &*resource.jid).collect()).unwrap_or_default();
        self.result(turn, Some(account), |content| {
            content.element("query", ns::DISCO_ITEMS, |query| {
                resources.iter().try_for_each(|jid| disco::write_item(query, jid.as_str(), None))
            });
        });
    }
}
