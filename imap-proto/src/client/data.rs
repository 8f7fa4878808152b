//! Data: what they change in the machine, and which request they answer.

use alloc::boxed::Box;

use bytes::Bytes;

use super::Client;
use super::event::{Event, Oddity, RequestId};
use super::sending::{About, Sent, tag_number};
use super::violation::Violation;
use crate::codec::{Data, Fetched, Keyword, MetadataEntries, Uid};

impl Client {
    pub(super) fn on_data(&mut self, data: Data<Bytes>) -> Result<(), Violation> {
        let data = match data {
            Data::Capability(capabilities) => {
                self.learn(capabilities);
                return Ok(());
            }
            data => data,
        };
        let is_of_mailbox = !matches!(data, Data::Id(_) | Data::Language(_) | Data::Comparator(_) | Data::Other { .. });
        let is_early = matches!(self.state, super::State::Greeting | super::State::Negotiation);
        if is_early || (is_of_mailbox && !self.state.is_logged_in()) {
            return self.odd(Oddity::DataBeforeLogin);
        }
        let gone = self.selected.as_mut().and_then(|selected| selected.on_data(&data));
        match &data {
            Data::Expunge(number) => {
                self.events.push_back(Event::Expunged { number: *number, uid: gone });
                return Ok(());
            }
            Data::Enabled(capabilities) => self.on_enabled(capabilities),
            _ => {}
        }
        let request = self.who_asked(&data);
        self.events.push_back(Event::Data { request, data: Box::new(data) });
        Ok(())
    }

    /// Which request these data answer, where there is but one that they can answer.
    fn who_asked(&self, data: &Data<Bytes>) -> Option<RequestId> {
        use Keyword as Of;
        match data {
            Data::Esearch(found) => match &found.correlator {
                Some(correlator) => {
                    let tag = tag_number(&correlator.tag)?;
                    self.sent.iter().find(|sent| sent.tag == tag)?.request
                }
                None => self.only(|sent| {
                    let searches = [Of::Search, Of::UidSearch, Of::Sort, Of::UidSort, Of::ESearch];
                    searches.contains(&sent.keyword)
                }),
            },
            Data::Status(status) => self
                .only(|sent| matches!(&sent.about, About::Mailbox(mailbox) if *mailbox == status.mailbox))
                .or_else(|| self.only_of(&[Of::List])),
            Data::Enabled(_) => self.only_of(&[Of::Enable]),
            Data::List(_) => self.only_of(&[Of::List, Of::Select, Of::Examine]),
            Data::Lsub(_) => self.only_of(&[Of::Lsub]),
            Data::Search(_) => self.only_of(&[Of::Search, Of::UidSearch]),
            Data::Sort(_) => self.only_of(&[Of::Sort, Of::UidSort]),
            Data::Thread(_) => self.only_of(&[Of::Thread, Of::UidThread]),
            Data::Flags(_) | Data::Exists(_) | Data::Recent(_) => self.only_of(&[Of::Select, Of::Examine]),
            Data::Vanished { earlier: true, .. } => self.only_of(&[Of::Select, Of::Examine, Of::UidFetch]),
            Data::Id(_) => self.only_of(&[Of::Id]),
            Data::Namespace(_) => self.only_of(&[Of::Namespace]),
            Data::Quota(_) => self.only_of(&[Of::GetQuota, Of::GetQuotaRoot, Of::SetQuota]),
            Data::QuotaRoots(_) => self.only_of(&[Of::GetQuotaRoot]),
            Data::Acl(_) => self.only_of(&[Of::GetAcl]),
            Data::ListRights(_) => self.only_of(&[Of::ListRights]),
            Data::MyRights(_) => self.only_of(&[Of::MyRights, Of::List]),
            Data::Metadata(metadata) => match metadata.entries {
                MetadataEntries::Values(_) => self.only_of(&[Of::GetMetadata, Of::List]),
                MetadataEntries::Changed(_) => None,
            },
            Data::Language(_) | Data::Comparator(_) | Data::Other { .. } => self.only_of(&[Of::Other, Of::UidBatches]),
            _ => None,
        }
    }

    /// Which request a FETCH response answers: the only one under way that asks for such, and, as far as is known, for this message.
    pub(super) fn who_fetched(&self, message: Fetched, uid: Option<Uid>) -> Option<RequestId> {
        let exists = self.selected.as_ref().and_then(|selected| core::num::NonZeroU32::new(selected.exists));
        self.only(|sent| match (&sent.about, message) {
            (About::Numbers(set), Fetched::Number(number)) => {
                set.is_saved() || exists.is_none_or(|last| set.contains(number, last))
            }
            // Which UID `*` means is not known.
            (About::Uids(set), _) => {
                let names = |uid: Uid| set.contains(uid.non_zero(), core::num::NonZeroU32::MAX);
                set.is_saved() || set.names_last() || uid.is_none_or(names)
            }
            _ => matches!(sent.keyword, Keyword::Select | Keyword::Examine),
        })
    }

    /// Whether it matters which UID a message has.
    pub(super) fn must_know_uid(&self) -> bool {
        let fetches = self.sent.iter().filter(|sent| matches!(sent.about, About::Numbers(_) | About::Uids(_)));
        self.config.track_uids || fetches.count() > 1
    }

    fn only_of(&self, keywords: &[Keyword]) -> Option<RequestId> {
        self.only(|sent| keywords.contains(&sent.keyword))
    }

    /// The only command under way for which this holds, if it is the program's.
    fn only(&self, holds: impl Fn(&Sent) -> bool) -> Option<RequestId> {
        let mut all = self.sent.iter().filter(|sent| holds(sent));
        let first = all.next()?;
        if all.next().is_some() { None } else { first.request }
    }
}
