//! Blocking (XEP-0191): the list, its pushes, and what others see of it. What it does to stanzas is where they are delivered.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use super::account::Resource;
use super::parcel::{Kind, Tag, build};
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::Jid;
use crate::payload::blocking::{self, Request};
use crate::stanza::{PresenceType, StanzaCondition};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    pub(super) fn blocking(&mut self, turn: &mut Turn<'_>, payload: ElementRef<'_>) {
        match Request::read(payload) {
            Ok(Some(Request::List)) => self.blocklist(turn),
            Ok(Some(Request::Block(jids))) => self.block(turn, &jids),
            Ok(Some(Request::Unblock(jids))) => self.unblock(turn, &jids),
            Ok(None) => self.refuse(turn, None, StanzaCondition::ServiceUnavailable),
            Err(crate::payload::Malformed::Jid(_)) => self.refuse(turn, None, StanzaCondition::JidMalformed),
            Err(_) => self.refuse(turn, None, StanzaCondition::BadRequest),
        }
    }

    fn blocklist(&mut self, turn: &mut Turn<'_>) {
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        if let Some(resource) = account.by_session_mut(turn.session) {
            resource.knows_blocked = true;
        }
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        self.result(turn, None, |content| {
            content.payloads(|iq| blocking::write(iq, "blocklist", account.blocked.iter()));
        });
    }

    fn block(&mut self, turn: &mut Turn<'_>, jids: &[Jid]) {
        let most = self.config.limits.blocked as usize;
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        let mut blocked = account.blocked.clone();
        blocked.extend(jids.iter().cloned());
        if blocked.len() > most {
            return self.refuse(turn, None, StanzaCondition::PolicyViolation);
        }
        // Those who are blocked from now on see the user go, as long as they may be told.
        let before = seeing(account);
        let shown: Vec<_> = account.available().map(|(resource, _)| resource.jid.clone()).collect();
        account.blocked = blocked;
        let after = seeing(account);
        for watcher in before.difference(&after) {
            for jid in &shown {
                let parcel = self.plain_presence((**jid).as_ref(), PresenceType::Unavailable);
                self.show((**jid).as_ref(), watcher.as_ref(), &parcel, turn.out);
            }
        }
        self.blocked_changed(turn, "block", jids);
    }

    fn unblock(&mut self, turn: &mut Turn<'_>, jids: &[Jid]) {
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        let before = seeing(account);
        match jids {
            [] => account.blocked.clear(),
            jids => {
                for jid in jids {
                    account.blocked.remove(jid.as_str());
                }
            }
        }
        let after = seeing(account);
        self.blocked_changed(turn, "unblock", jids);
        let user = turn.from.clone();
        for watcher in after.difference(&before) {
            self.show_all(user.bare(), watcher.as_ref(), true, turn.out);
        }
    }

    fn blocked_changed(&mut self, turn: &mut Turn<'_>, name: &str, jids: &[Jid]) {
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        self.storage.set_blocked(turn.from.bare(), &account.blocked);
        self.result(turn, None, |_| {});
        let id = format!("{name}{}", turn.now);
        let parcel = build(Kind::Iq, Tag { kind: Some("set"), id: Some(&id), ..Tag::default() }, |content| {
            content.payloads(|iq| blocking::write(iq, name, jids.iter()));
        });
        let knowing = account.resources.iter().filter(|resource| resource.knows_blocked);
        turn.out.share(knowing.map(Resource::recipient), &parcel);
    }
}

/// Who sees the user's presence.
fn seeing(account: &super::account::Account) -> BTreeSet<Jid> {
    account.watchers().filter(|watcher| !account.blocks(watcher.bare())).cloned().collect()
}
