//! What users publish of themselves (XEP-0163): bookmarks, pictures, keys. A node is made by publishing there, holds its newest items, and is read by those
//! who may. The user's own clients are told of what changes, and those of the user's contacts here that [want](super::wishes) it; others ask.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::account::Resource;
use super::parcel::{Kind, Parcel, Tag, build};
use super::presence::may_see;
use super::storage::{Document, Storage, StorageError};
use super::{Router, Turn};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::form::Fields;
use crate::payload::pubsub::Request;
use crate::stanza::{IqType, StanzaCondition};
use crate::xml::{Element, ElementBuf, ElementRef, ElementWriter, XmlError};

/// Items that a node may hold, if it is to hold as many as there may be.
const MOST_ITEMS: usize = 256;

/// Bytes of a node's name and of an item's id.
pub(super) const MOST_NAME: usize = 1_023;

/// Who may read a node (XEP-0060 §4.5).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Open,
    /// Those who see the user's presence.
    Presence,
    /// Nobody but the user.
    Whitelist,
}

impl Access {
    fn as_str(self) -> &'static str {
        match self {
            Access::Open => "open",
            Access::Presence => "presence",
            Access::Whitelist => "whitelist",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Access::Open, Access::Presence, Access::Whitelist].into_iter().find(|access| access.as_str() == text)
    }
}

/// How a node is.
#[derive(Clone, Copy)]
struct Options {
    access: Access,
    most: usize,
}

impl Options {
    fn of(kept: Option<&Element>) -> Self {
        let attr = |name| kept.and_then(|kept| kept.attr(name));
        Options {
            access: attr("access").and_then(|access| Access::parse(&access)).unwrap_or(Access::Presence),
            most: attr("most").and_then(|most| most.parse().ok()).unwrap_or(1),
        }
    }

    /// These, as a form changes them; `None` where a value is none that it can have.
    fn with(self, fields: &Fields) -> Option<Self> {
        let access = fields.value("pubsub#access_model").map(Access::parse);
        let most = fields.value("pubsub#max_items").map(|most| match most {
            "max" => Some(MOST_ITEMS),
            number => number.parse().ok().filter(|number| *number > 0).map(|number: usize| number.min(MOST_ITEMS)),
        });
        Some(Options { access: access.unwrap_or(Some(self.access))?, most: most.unwrap_or(Some(self.most))? })
    }
}

fn items(kept: &Element) -> impl DoubleEndedIterator<Item = ElementRef<'_>> {
    let items: Vec<_> = kept.children().filter(|child| child.is("item", ns::PUBSUB)).collect();
    items.into_iter()
}

impl<S: Storage> Router<S> {
    /// What is asked of the nodes of `owner`.
    pub(super) fn pubsub(
        &mut self,
        turn: &mut Turn<'_>,
        kind: IqType,
        pubsub: ElementRef<'_>,
        owner: JidRef<'_>,
        to: Option<JidRef<'_>>,
    ) {
        let is_own = turn.is_client && turn.from.bare() == owner;
        match (kind, Request::read(pubsub)) {
            (_, Err(_)) => self.refuse(turn, to, StanzaCondition::BadRequest),
            (IqType::Get, Ok(Some(Request::Items { node, ids, max }))) => {
                self.node_items(turn, &node, &ids, max, owner, to);
            }
            (IqType::Set, Ok(Some(_))) if !is_own => self.refuse(turn, to, StanzaCondition::Forbidden),
            (IqType::Set, Ok(Some(Request::Publish { node, item: Some(item), options }))) => {
                self.publish(turn, &node, item, &options, to);
            }
            (IqType::Set, Ok(Some(Request::Retract { node, ids }))) => self.retract(turn, &node, &ids, to),
            _ => self.refuse(turn, to, StanzaCondition::FeatureNotImplemented),
        }
    }

    fn publish(
        &mut self,
        turn: &mut Turn<'_>,
        node: &str,
        item: ElementRef<'_>,
        options: &Fields,
        to: Option<JidRef<'_>>,
    ) {
        let user = turn.from.clone();
        let id = match item.attr("id").filter(|id| !id.is_empty()) {
            Some(id) => id.into_owned(),
            None => self.next_id(turn.now),
        };
        if node.len() > MOST_NAME || id.len() > MOST_NAME || item.children().count() > 1 {
            return self.refuse(turn, to, StanzaCondition::BadRequest);
        }
        let kept = self.document(user.bare(), Document::Node(node));
        let Some(options) = Options::of(kept.as_ref()).with(options) else {
            return self.refuse(turn, to, StanzaCondition::NotAcceptable);
        };
        let others: Vec<_> =
            kept.iter().flat_map(items).filter(|known| known.attr("id").as_deref() != Some(&*id)).collect();
        let forgotten = (others.len() + 1).saturating_sub(options.most);
        let remaining = others.iter().skip(forgotten).copied();
        let mut content = begin(options, remaining).start("item", ns::PUBSUB).attr("id", &id);
        if let Some(payload) = item.children().next() {
            content = content.embed(payload);
        }
        if !self.put_node(turn, node, content, to) {
            return;
        }
        self.result(turn, to, |answer| {
            answer.element("pubsub", ns::PUBSUB, |pubsub| {
                let mut publish = pubsub.own("publish")?;
                publish.attr("node", node)?.own("item")?.attr("id", &id)?;
                Ok(())
            });
        });
        let payload = item.children().next();
        self.node_changed(turn, node, options.access, |items| write_item(items, &id, payload));
    }

    fn retract(&mut self, turn: &mut Turn<'_>, node: &str, ids: &[String], to: Option<JidRef<'_>>) {
        let user = turn.from.clone();
        let Some(kept) = self.document(user.bare(), Document::Node(node)) else {
            return self.refuse(turn, to, StanzaCondition::ItemNotFound);
        };
        let [id] = ids else { return self.refuse(turn, to, StanzaCondition::BadRequest) };
        let is_other = |item: &ElementRef<'_>| item.attr("id").as_deref() != Some(id);
        if items(&kept).all(|item| is_other(&item)) {
            return self.refuse(turn, to, StanzaCondition::ItemNotFound);
        }
        let options = Options::of(Some(&kept));
        let content = begin(options, items(&kept).filter(is_other));
        if !self.put_node(turn, node, content, to) {
            return;
        }
        self.result(turn, to, |_| {});
        self.node_changed(turn, node, options.access, |items| items.own("retract")?.attr("id", id).map(drop));
    }

    fn node_items(
        &mut self,
        turn: &mut Turn<'_>,
        node: &str,
        ids: &[String],
        max: Option<u32>,
        owner: JidRef<'_>,
        to: Option<JidRef<'_>>,
    ) {
        let from = turn.from.clone();
        let is_own = turn.is_client && from.bare() == owner;
        let is_seen = self.accounts.get(owner.as_str()).is_some_and(|account| may_see(account, (*from).as_ref()));
        let kept = self.document(owner, Document::Node(node)).filter(|kept| match Options::of(Some(kept)).access {
            Access::Open => true,
            Access::Presence => is_seen,
            Access::Whitelist => is_own,
        });
        // Whether there is such a node is told to nobody else.
        let Some(kept) = kept else { return self.refuse(turn, to, StanzaCondition::ItemNotFound) };
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let is_asked = |item: &ElementRef<'_>| ids.is_empty() || item.attr("id").is_some_and(|id| ids.contains(&*id));
        let most = max.map_or(usize::MAX, |max| max as usize);
        let mut asked: Vec<_> = items(&kept).rev().filter(is_asked).take(most).collect();
        asked.reverse();
        self.result(turn, to, |answer| {
            answer.element("pubsub", ns::PUBSUB, |pubsub| {
                let mut list = pubsub.own("items")?;
                list.attr("node", node)?;
                for item in asked {
                    list.embed(item);
                }
                Ok(())
            });
        });
    }

    /// Keeps a node; `false` where it could not be, which has been told.
    fn put_node(&mut self, turn: &mut Turn<'_>, node: &str, content: ElementBuf, to: Option<JidRef<'_>>) -> bool {
        let user = turn.from.clone();
        let kept = content.finish().map_err(|_| StorageError::Full);
        let kept = kept.and_then(|kept| self.storage.set_document(user.bare(), Document::Node(node), kept.to_bytes()));
        match kept {
            Ok(()) => return true,
            Err(StorageError::Full) => self.refuse(turn, to, StanzaCondition::ResourceConstraint),
            Err(_) => self.refuse(turn, to, StanzaCondition::InternalServerError),
        }
        false
    }

    /// Tells the user's own clients, but those that have said that they want something else; and those of the user's contacts that want it.
    fn node_changed(
        &self,
        turn: &mut Turn<'_>,
        node: &str,
        access: Access,
        fill: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
    ) {
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        let user = (*account.jid).as_ref();
        let own = account.available().map(|(resource, _)| resource);
        let mut told: Vec<_> =
            own.filter(|resource| resource.wishes.include(node) != Some(false)).map(Resource::recipient).collect();
        if access != Access::Whitelist {
            let watchers = account.watchers().filter(|watcher| !account.blocks(watcher.bare()));
            let here = watchers.filter(|watcher| self.is_ours(Jid::as_ref(watcher)));
            let contacts = here.filter_map(|watcher| self.accounts.get(watcher.as_str()));
            // Whom they do not want to see they do not hear of either.
            let willing = contacts.filter(|contact| contact.subscription(user).is_to() && !contact.blocks(user));
            let resources = willing.flat_map(|contact| contact.available()).map(|(resource, _)| resource);
            told.extend(
                resources.filter(|resource| resource.wishes.include(node) == Some(true)).map(Resource::recipient),
            );
        }
        turn.out.share(told, &event(user, node, fill));
    }

    /// What a node of `owner` holds last, as it is told to somebody who may read it.
    pub(super) fn newest_item(&mut self, who: JidRef<'_>, owner: JidRef<'_>, node: &str) -> Option<Parcel> {
        let is_own = who == owner;
        if !is_own && (!self.is_ours(owner) || !may_see(self.account_mut(owner)?, who)) {
            return None;
        }
        let kept = self.document(owner, Document::Node(node))?;
        if !is_own && Options::of(Some(&kept)).access == Access::Whitelist {
            return None;
        }
        let newest = items(&kept).next_back()?;
        let id = newest.attr("id").unwrap_or_default();
        Some(event(owner, node, |items| write_item(items, &id, newest.children().next())))
    }
}

/// What subscribers are told of a node (XEP-0060 §7.1.2).
fn event(
    owner: JidRef<'_>,
    node: &str,
    fill: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
) -> Parcel {
    let tag = Tag { from: Some(owner.as_str()), kind: Some("headline"), ..Tag::default() };
    build(Kind::Message, tag, |content| {
        content.element("event", ns::PUBSUB_EVENT, |event| {
            let mut items = event.own("items")?;
            items.attr("node", node)?;
            fill(&mut items)
        });
    })
}

fn write_item(
    items: &mut ElementWriter<'_, Vec<u8>>,
    id: &str,
    payload: Option<ElementRef<'_>>,
) -> Result<(), XmlError> {
    let mut item = items.own("item")?;
    item.attr("id", id)?;
    if let Some(payload) = payload {
        item.embed(payload);
    }
    Ok(())
}

/// A node with these items, to which more can be added.
fn begin<'i>(options: Options, items: impl Iterator<Item = ElementRef<'i>>) -> ElementBuf {
    let most = alloc::format!("{}", options.most);
    let node = ElementBuf::new("items", ns::PUBSUB).attr("access", options.access.as_str()).attr("most", &most);
    items.fold(node, ElementBuf::embed)
}
