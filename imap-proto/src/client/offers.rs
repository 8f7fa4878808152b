//! What the server can do.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_sasl::Mechanism;

use crate::codec::{Capability, Command, Keyword, Literals};

/// The server's capabilities, if it has told them.
#[derive(Debug, Default)]
pub(super) struct Offers(Option<Box<[Capability<Bytes>]>>);

impl Offers {
    pub(super) fn new(capabilities: Vec<Capability<Bytes>>) -> Self {
        Offers(Some(capabilities.into()))
    }

    pub(super) fn all(&self) -> Option<&[Capability<Bytes>]> {
        self.0.as_deref()
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn has(&self, wanted: &Capability<Bytes>) -> bool {
        self.all().is_some_and(|all| all.contains(wanted))
    }

    fn is_rev2(&self) -> bool {
        self.has(&Capability::Imap4Rev2)
    }

    /// How literals may be announced to this server (RFC 7888, RFC 9051 §4.3).
    pub(super) fn literals(&self) -> Literals {
        if self.has(&Capability::LiteralPlus) {
            Literals::Plus
        } else if self.has(&Capability::LiteralMinus) || self.is_rev2() {
            Literals::Minus
        } else {
            Literals::Synchronizing
        }
    }

    /// The longest message that APPEND takes (RFC 7889).
    pub(super) fn append_limit(&self) -> Option<u64> {
        self.all()?.iter().find_map(|one| match one {
            Capability::AppendLimit(limit) => *limit,
            _ => None,
        })
    }

    /// The mechanisms that are known here.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.mechanism_names().filter_map(|name| Mechanism::from_name(core::str::from_utf8(name).ok()?))
    }

    /// Whether any mechanism ends in `-PLUS`, also one that is not known here.
    pub(super) fn plus(&self) -> bool {
        self.mechanism_names().any(|name| {
            let tail = name.len().checked_sub(5).and_then(|start| name.get(start..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(b"-PLUS"))
        })
    }

    fn mechanism_names(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.all().unwrap_or_default().iter().filter_map(|one| match one {
            Capability::Auth(name) => Some(&name[..]),
            _ => None,
        })
    }

    /// Whether the server lists what a command needs. Of a server that has not told, everything is believed.
    pub(super) fn takes(&self, command: &Command<Bytes>) -> bool {
        let Some(all) = self.all() else { return true };
        let has = |wanted: Capability<Bytes>| all.contains(&wanted);
        let rev2 = || self.is_rev2();
        match command {
            Command::Append(append) if append.messages.len() > 1 => return has(Capability::MultiAppend),
            Command::List(list) if list.selection.len() + list.patterns.len() > 1 || list.returns.is_some() => {
                let any = [Capability::ListExtended, Capability::ListStatus, Capability::SpecialUse];
                return rev2() || any.into_iter().any(has);
            }
            _ => {}
        }
        match command.keyword() {
            Keyword::Id => has(Capability::Id),
            Keyword::Enable => has(Capability::Enable) || rev2(),
            Keyword::Compress => {
                all.iter().any(|one| matches!(one, Capability::Compress(name) if name.eq_ignore_ascii_case(b"DEFLATE")))
            }
            Keyword::Unauthenticate => has(Capability::Unauthenticate),
            Keyword::Namespace => has(Capability::Namespace) || rev2(),
            Keyword::Idle => has(Capability::Idle) || rev2(),
            Keyword::Unselect => has(Capability::Unselect) || rev2(),
            Keyword::UidExpunge => has(Capability::UidPlus) || rev2(),
            Keyword::Move | Keyword::UidMove => has(Capability::Move) || rev2(),
            Keyword::Sort | Keyword::UidSort => has(Capability::Sort) || has(Capability::SortDisplay),
            Keyword::Thread | Keyword::UidThread => all.iter().any(|one| matches!(one, Capability::Thread(_))),
            Keyword::Replace | Keyword::UidReplace => has(Capability::Replace),
            Keyword::ESearch => has(Capability::MultiSearch),
            Keyword::CancelUpdate => has(Capability::ContextSearch) || has(Capability::ContextSort),
            Keyword::UidBatches => has(Capability::UidBatches),
            Keyword::GetAcl | Keyword::SetAcl | Keyword::DeleteAcl | Keyword::ListRights | Keyword::MyRights => {
                has(Capability::Acl)
            }
            Keyword::GetQuota | Keyword::GetQuotaRoot | Keyword::SetQuota => has(Capability::Quota),
            Keyword::GetMetadata | Keyword::SetMetadata => has(Capability::Metadata) || has(Capability::MetadataServer),
            Keyword::Notify => has(Capability::Notify),
            _ => true,
        }
    }
}
