use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_sasl::Mechanism;
use wirestate_sasl::server::Offer;

use super::{Compressed, LiteralOffer, Server, Tls};
use crate::codec::{Capability, Keyword};

impl Server {
    /// What CAPABILITY would list now (RFC 9051 §6.1.1): it depends on the state, on the channel, and on what the application serves.
    pub fn capabilities(&self) -> Vec<Capability<Bytes>> {
        let config = &self.config;
        let mut list = Vec::with_capacity(16 + config.extensions.len());
        list.push(Capability::Imap4Rev1);
        let tells_extensions = self.is_logged_in() || config.extensions_before_login;
        if tells_extensions && config.serves(&Capability::Imap4Rev2) {
            list.push(Capability::Imap4Rev2);
        }
        match config.literals {
            LiteralOffer::None => {}
            LiteralOffer::Minus => list.push(Capability::LiteralMinus),
            LiteralOffer::Plus => list.push(Capability::LiteralPlus),
        }
        list.extend([Capability::Enable, Capability::Idle, Capability::Unselect, Capability::SaslIr]);
        if config.id.is_some() {
            list.push(Capability::Id);
        }
        if self.is_logged_in() {
            if config.compress && self.compressed == Compressed::No {
                list.push(Capability::Compress(Bytes::from_static(b"DEFLATE")));
            }
            if config.unauthenticate {
                list.push(Capability::Unauthenticate);
            }
        } else {
            if config.tls == Tls::Starttls && !self.encrypted {
                list.push(Capability::StartTls);
            }
            if !config.login || !self.takes_secrets() {
                list.push(Capability::LoginDisabled);
            }
            let mechanisms = self.offered_mechanisms().map(|one| Bytes::from_static(one.name().as_bytes()));
            list.extend(mechanisms.map(Capability::Auth));
        }
        if tells_extensions {
            list.extend(config.extensions.iter().filter(|one| !is_own(one)).cloned());
        }
        list
    }

    /// Whether secrets may be sent in the clear on this channel, or need not be.
    pub(super) fn takes_secrets(&self) -> bool {
        self.encrypted || self.config.cleartext
    }

    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.config.mechanisms.iter().copied().filter(|one| self.offers(*one))
    }

    pub(super) fn offers(&self, mechanism: Mechanism) -> bool {
        let login = self.login.as_ref();
        let offer = Offer {
            bindings: login.map(|login| &login.bindings),
            has_certificate: login.is_some_and(|login| login.certificate.is_some()),
            is_private: self.takes_secrets(),
            has_fake_keys: self.config.fake_keys.is_some(),
        };
        self.config.mechanisms.contains(&mechanism) && offer.has(mechanism)
    }

    /// Whether the configuration has this command: those of extensions are there where the extension is.
    pub(super) fn serves(&self, keyword: Keyword) -> bool {
        use Capability as Is;
        let config = &self.config;
        let has = |one: &Capability<&'static [u8]>| config.serves(one);
        let rev2 = || has(&Is::Imap4Rev2);
        match keyword {
            Keyword::Id => config.id.is_some(),
            Keyword::Compress => config.compress,
            Keyword::Unauthenticate => config.unauthenticate,
            Keyword::Namespace => rev2() || has(&Is::Namespace),
            Keyword::UidExpunge => rev2() || has(&Is::UidPlus),
            Keyword::Move | Keyword::UidMove => rev2() || has(&Is::Move),
            Keyword::Sort | Keyword::UidSort => has(&Is::Sort),
            Keyword::Thread | Keyword::UidThread => has(&Is::Thread(b"")),
            Keyword::Replace | Keyword::UidReplace => has(&Is::Replace),
            Keyword::ESearch => has(&Is::MultiSearch),
            Keyword::CancelUpdate => has(&Is::ContextSearch) || has(&Is::ContextSort),
            Keyword::UidBatches => has(&Is::UidBatches),
            Keyword::GetAcl | Keyword::SetAcl | Keyword::DeleteAcl | Keyword::ListRights | Keyword::MyRights => {
                has(&Is::Acl)
            }
            Keyword::GetQuota | Keyword::GetQuotaRoot => has(&Is::Quota) || has(&Is::QuotaResource(b"")),
            Keyword::SetQuota => has(&Is::QuotaSet),
            Keyword::GetMetadata | Keyword::SetMetadata => has(&Is::Metadata) || has(&Is::MetadataServer),
            Keyword::Notify => has(&Is::Notify),
            _ => true,
        }
    }
}

/// What the session tells of itself.
fn is_own(capability: &Capability<Bytes>) -> bool {
    matches!(
        capability,
        Capability::Imap4Rev1
            | Capability::Imap4Rev2
            | Capability::LiteralMinus
            | Capability::LiteralPlus
            | Capability::Enable
            | Capability::Idle
            | Capability::Unselect
            | Capability::SaslIr
            | Capability::Id
            | Capability::Compress(_)
            | Capability::Unauthenticate
            | Capability::StartTls
            | Capability::LoginDisabled
            | Capability::Auth(_)
    )
}
