//! Small services: version, time, last activity, contact details, a store for clients.

use super::storage::{Document, Storage, StorageError};
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::ns;
use crate::payload::moment;
use crate::payload::version::Version;
use crate::stanza::StanzaCondition;
use crate::xml::{Element, ElementBuf, ElementRef, Limits, Scope};

impl<S: Storage> Router<S> {
    /// XEP-0092
    pub(super) fn version(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let version = Version {
            name: self.config.software.as_ref().into(),
            version: self.config.version.as_ref().into(),
            os: None,
        };
        self.result(turn, Some(to), |content| {
            content.payloads(|iq| version.write(iq));
        });
    }

    /// XEP-0202
    pub(super) fn time(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let now = moment::write(turn.now);
        self.result(turn, Some(to), |content| {
            content.element("time", ns::TIME, |time| {
                time.own_text("tzo", "+00:00")?.own_text("utc", now.as_str())?;
                Ok(())
            });
        });
    }

    /// How long the server runs (XEP-0012 §5).
    pub(super) fn uptime(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let seconds = turn.now.saturating_sub(self.started.unwrap_or(turn.now)) / 1000;
        self.seconds(turn, Some(to), seconds);
    }

    /// How long nothing was heard of an account (XEP-0012 §4): 0 while it is available. When it was last here is not kept.
    pub(super) fn last_of_account(&mut self, turn: &mut Turn<'_>, account: JidRef<'_>, to: Option<JidRef<'_>>) {
        let known = self.accounts.get(account.as_str());
        let is_available = known.is_some_and(|known| known.available().next().is_some());
        let active = known.and_then(|known| known.resources.iter().map(|resource| resource.active).max());
        match active {
            Some(_) if is_available => self.seconds(turn, to, 0),
            Some(active) => self.seconds(turn, to, turn.now.saturating_sub(active) / 1000),
            None => self.refuse(turn, to, StanzaCondition::ItemNotFound),
        }
    }

    fn seconds(&mut self, turn: &mut Turn<'_>, to: Option<JidRef<'_>>, seconds: u64) {
        self.result(turn, to, |content| {
            content.element("query", ns::LAST_ACTIVITY, |query| query.attr_decimal("seconds", seconds).map(drop));
        });
    }

    /// XEP-0054
    pub(super) fn vcard_get(&mut self, turn: &mut Turn<'_>, account: JidRef<'_>, to: Option<JidRef<'_>>) {
        let Some(vcard) = self.document(account, Document::Vcard) else {
            return self.refuse(turn, to, StanzaCondition::ItemNotFound);
        };
        self.result(turn, to, |content| {
            content.embed(vcard.view());
        });
    }

    /// XEP-0054
    pub(super) fn vcard_set(&mut self, turn: &mut Turn<'_>, vcard: ElementRef<'_>) {
        self.keep_document(turn, Document::Vcard, vcard);
    }

    /// XEP-0049 §3.2
    pub(super) fn private_get(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>) {
        let mut children = query.children();
        let (Some(asked), None) = (children.next(), children.next()) else {
            return self.refuse(turn, None, StanzaCondition::BadRequest);
        };
        let document = Document::Private { name: asked.name(), ns: asked.ns() };
        let kept = self.document(turn.from.bare(), document);
        self.result(turn, None, |content| {
            content.element("query", ns::PRIVATE, |query| {
                query.embed(kept.as_ref().map_or(asked, Element::view));
                Ok(())
            });
        });
    }

    /// XEP-0049 §3.1
    pub(super) fn private_set(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>) {
        let mut children = query.children();
        let (Some(child), None) = (children.next(), children.next()) else {
            return self.refuse(turn, None, StanzaCondition::BadRequest);
        };
        if matches!(child.ns(), "" | ns::PRIVATE) {
            return self.refuse(turn, None, StanzaCondition::NotAcceptable);
        }
        self.keep_document(turn, Document::Private { name: child.name(), ns: child.ns() }, child);
    }

    pub(super) fn document(&self, account: JidRef<'_>, document: Document<'_>) -> Option<Element> {
        let content = self.storage.document(account, document)?;
        Element::parse(content, &Scope::EMPTY, &Limits::PEER).ok()
    }

    fn keep_document(&mut self, turn: &mut Turn<'_>, document: Document<'_>, content: ElementRef<'_>) {
        let Ok(content) = ElementBuf::like(content).finish() else {
            return self.refuse(turn, None, StanzaCondition::NotAcceptable);
        };
        let user = turn.from.clone();
        match self.storage.set_document(user.bare(), document, content.to_bytes()) {
            Ok(()) => self.result(turn, None, |_| {}),
            Err(StorageError::Full) => self.refuse(turn, None, StanzaCondition::ResourceConstraint),
            Err(_) => self.refuse(turn, None, StanzaCondition::InternalServerError),
        }
    }
}
