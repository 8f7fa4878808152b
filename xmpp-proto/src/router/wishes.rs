//! What clients want to be told of what users publish (XEP-0163 §4.3): those features of theirs that end with `+notify`, which a client is asked for
//! (XEP-0030) when its presence says that they are others than before (XEP-0115). What one client says of itself is believed of no other.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use super::deliveries::Recipient;
use super::parcel::{Kind, Tag, build};
use super::pep::MOST_NAME;
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::Jid;
use crate::ns;
use crate::payload::disco::Info;
use crate::stanza::{Iq, IqType, Presence};

/// Nodes that one client is told of. For each of its user's contacts these are looked for when it comes.
const MOST: usize = 32;

/// What is known of a client's wishes.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// Of which description of itself, as it calls that.
    description: Box<str>,
    /// The id of the question that is not answered yet.
    asked: Option<Box<str>>,
    /// The nodes; none until it has told.
    nodes: Option<BTreeSet<Box<str>>>,
}

impl Wishes {
    /// Whether it wants to be told of a node, as far as it has told.
    pub(super) fn include(&self, node: &str) -> Option<bool> {
        self.nodes.as_ref().map(|nodes| nodes.contains(node))
    }
}

impl<S: Storage> Router<S> {
    /// A client is available: it is asked what it wants, unless that is known. One that has just come is then told what there is.
    pub(super) fn learn_wishes(&mut self, turn: &mut Turn<'_>, presence: &Presence, has_come: bool) {
        let Some(description) = description(presence) else { return };
        let id = format!("wishes{}", self.next_id(turn.now));
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        let Some(resource) = account.by_session_mut(turn.session) else { return };
        if *resource.wishes.description == *description {
            if has_come && resource.wishes.nodes.is_some() {
                self.tell_what_there_is(turn);
            }
            return;
        }
        let tag = Tag { from: Some(self.config.domain.as_str()), kind: Some("get"), id: Some(&id), to: None };
        let question = build(Kind::Iq, tag, |content| {
            content.element("query", ns::DISCO_INFO, |query| query.attr("node", &description).map(drop));
        });
        // What it wanted until now counts until it answers.
        let nodes = resource.wishes.nodes.take();
        resource.wishes = Wishes { description: description.into(), asked: Some(id.into()), nodes };
        let recipient = resource.recipient();
        turn.out.send(recipient, question);
    }

    /// A client answers the server. Only what it was asked is heard, and once.
    pub(super) fn hear_wishes(&mut self, turn: &mut Turn<'_>, iq: &Iq) {
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        let Some(resource) = account.by_session_mut(turn.session) else { return };
        let asked = resource.wishes.asked.as_deref();
        if asked.is_none() || asked != iq.id().as_deref() {
            return;
        }
        resource.wishes.asked = None;
        let info = iq.payload().filter(|query| iq.kind() == IqType::Result && query.is("query", ns::DISCO_INFO));
        let Some(info) = info.map(Info::read) else { return };
        let nodes = info.features.iter().filter_map(|feature| feature.strip_suffix("+notify"));
        let nodes = nodes.filter(|node| node.len() <= MOST_NAME).take(MOST).map(Box::from).collect();
        resource.wishes.nodes = Some(nodes);
        if resource.presence.is_some() {
            self.tell_what_there_is(turn);
        }
    }

    /// The newest item of each node that a client wants, of its own user and of all whose presence that one sees (XEP-0163 §4.3.4).
    fn tell_what_there_is(&mut self, turn: &mut Turn<'_>) {
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        let Some(resource) = account.by_session(turn.session) else { return };
        let recipient: Recipient = resource.recipient();
        let nodes: BTreeSet<Box<str>> = resource.wishes.nodes.clone().unwrap_or_default();
        if nodes.is_empty() {
            return;
        }
        let watched = account.watched().filter(|watched| !account.blocks(watched.bare()));
        let owners: alloc::vec::Vec<Jid> = core::iter::once(&*account.jid).chain(watched).cloned().collect();
        for owner in &owners {
            for node in &nodes {
                if let Some(parcel) = self.newest_item(turn.from.bare(), owner.as_ref(), node) {
                    turn.out.send(recipient.clone(), parcel);
                }
            }
        }
    }
}

/// What a client calls the description of itself (XEP-0115 §4).
fn description(presence: &Presence) -> Option<String> {
    let caps = presence.element().child("c", ns::CAPS)?;
    let (node, version) = (caps.attr("node")?, caps.attr("ver")?);
    let description = format!("{node}#{version}");
    (description.len() <= MOST_NAME).then_some(description)
}
