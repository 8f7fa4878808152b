//! Archives (XEP-0313) of accounts and of rooms, read in pages (XEP-0059).

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::parcel::{Kind, Parcel, Tag, build};
use super::storage::{self, Document, Entry, Storage, StorageError};
use super::{Router, Turn};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::Malformed;
use crate::payload::mam::{Fin, Query};
use crate::payload::preferences::Preferences;
use crate::payload::rsm::{Page, Place};
use crate::payload::{mam, moment};
use crate::stanza::{StanzaCondition, StanzaError};
use crate::xml::{ElementRef, Scope, Writer};

impl<S: Storage> Router<S> {
    pub(super) fn keep(&mut self, archive: JidRef<'_>, id: String, time: u64, with: Arc<Jid>, parcel: &Parcel) {
        // Its time never goes back, as its ids never do.
        let time = time.max(self.ids.0);
        self.storage.archive(archive, Entry { id: id.into(), time, with, parcel: parcel.detached() });
    }

    /// The fields that a query may have.
    pub(super) fn archive_fields(&mut self, turn: &mut Turn<'_>, archive: JidRef<'_>) {
        self.result(turn, Some(archive), |content| {
            content.payloads(mam::write_fields);
        });
    }

    /// The messages that a query asks for, and what ends them.
    pub(super) fn archive_query(&mut self, turn: &mut Turn<'_>, archive: JidRef<'_>, query: ElementRef<'_>) {
        let Ok(query) = Query::read(query) else {
            return self.refuse(turn, Some(archive), StanzaCondition::BadRequest);
        };
        let most = self.config.limits.archive_page;
        let max = query.page.max.unwrap_or(most).min(most) as usize;
        let asked = storage::Query {
            with: query.with.as_ref().map(Jid::as_ref),
            start: query.start,
            end: query.end,
            after: query.after.as_deref(),
            before: query.before.as_deref(),
            place: &query.page.place,
            max,
        };
        let found = match self.storage.query(archive, &asked) {
            Ok(found) => found,
            Err(error) => return self.refuse(turn, Some(archive), not_found(error)),
        };
        let is_backwards = matches!(query.page.place, Place::Last | Place::Before(_));
        let is_complete = match is_backwards {
            true => found.index == 0,
            false => found.index + found.entries.len() >= found.count,
        };
        let ends = found.entries.first().zip(found.entries.last());
        let ends = ends.map(|(first, last)| (first.id.to_string(), last.id.to_string()));
        let page = Page { index: ends.is_some().then_some(found.index as u32), ends, count: Some(found.count as u32) };
        let send = |entry: &Entry, turn: &mut Turn<'_>| {
            let parcel = build(Kind::Message, Tag { from: Some(archive.as_str()), ..Tag::default() }, |content| {
                let attributes = [("queryid", query.id.as_deref()), ("id", Some(&*entry.id))];
                content.forwarded("result", ns::MAM, &attributes, &entry.parcel, Some(entry.time));
            });
            self.answer(turn, parcel);
        };
        match query.is_flipped {
            false => found.entries.iter().for_each(|entry| send(entry, turn)),
            true => found.entries.iter().rev().for_each(|entry| send(entry, turn)),
        }
        self.result(turn, Some(archive), |content| {
            content.payloads(|iq| Fin { is_complete, page }.write(iq));
        });
    }

    /// Where an archive begins and ends (XEP-0313 §4.1).
    pub(super) fn archive_metadata(&mut self, turn: &mut Turn<'_>, archive: JidRef<'_>) {
        let end = |place| {
            let query = storage::Query { with: None, start: None, end: None, after: None, before: None, place, max: 1 };
            self.storage.query(archive, &query).map(|found| found.entries.into_iter().next())
        };
        let (first, last) = match (end(&Place::First), end(&Place::Last)) {
            (Ok(first), Ok(last)) => (first, last),
            (Err(error), _) | (_, Err(error)) => return self.refuse(turn, Some(archive), not_found(error)),
        };
        self.result(turn, Some(archive), |content| {
            content.element("metadata", ns::MAM, |metadata| {
                for (name, entry) in [("start", &first), ("end", &last)] {
                    if let Some(entry) = entry {
                        let stamp = moment::write(entry.time);
                        metadata.own(name)?.attr("id", &entry.id)?.attr("timestamp", stamp.as_str())?;
                    }
                }
                Ok(())
            });
        });
    }
}

impl<S: Storage> Router<S> {
    /// What an account has chosen to be archived; all, where it has chosen nothing.
    pub(super) fn archiving(&self, account: JidRef<'_>) -> Preferences {
        let kept = self.document(account, Document::Preferences);
        kept.and_then(|kept| Preferences::read(kept.view()).ok()).unwrap_or_default()
    }

    /// Which messages are archived (XEP-0441).
    pub(super) fn preferences(&mut self, turn: &mut Turn<'_>, to: Option<JidRef<'_>>) {
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        self.result(turn, to, |content| {
            content.payloads(|iq| account.archiving.write(iq));
        });
    }

    /// Which messages are to be archived from now on. What is in the archive stays there.
    pub(super) fn set_preferences(&mut self, turn: &mut Turn<'_>, prefs: ElementRef<'_>, to: Option<JidRef<'_>>) {
        let wanted = match Preferences::read(prefs) {
            Ok(wanted) => wanted,
            Err(Malformed::Jid(_)) => return self.refuse(turn, to, StanzaCondition::JidMalformed),
            Err(_) => return self.refuse(turn, to, StanzaCondition::BadRequest),
        };
        if wanted.always.len() + wanted.never.len() > self.config.limits.archiving as usize {
            return self.refuse(turn, to, StanzaCondition::PolicyViolation);
        }
        let user = turn.from.clone();
        let mut bytes = Vec::new();
        if let Ok(mut holder) = Writer::new(&mut bytes, &Scope::EMPTY).element("prefs", ns::MAM) {
            // Addresses and words of our own can be written.
            let _ = wanted.fill(&mut holder);
        }
        match self.storage.set_document(user.bare(), Document::Preferences, bytes.into()) {
            Ok(()) => {}
            Err(StorageError::Full) => return self.refuse(turn, to, StanzaCondition::ResourceConstraint),
            Err(_) => return self.refuse(turn, to, StanzaCondition::InternalServerError),
        }
        if let Some(account) = self.accounts.get_mut(user.bare().as_str()) {
            account.archiving = wanted;
        }
        self.preferences(turn, to);
    }
}

fn not_found(error: StorageError) -> StanzaError {
    StanzaError::new(match error {
        StorageError::NoSuchId => StanzaCondition::ItemNotFound,
        _ => StanzaCondition::InternalServerError,
    })
}
