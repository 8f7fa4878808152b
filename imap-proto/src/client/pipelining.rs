//! Which commands may be under way at once (RFC 3501 §5.5, RFC 9051 §5.5).

use crate::codec::Keyword;

/// What one command means for those beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effects {
    /// It names messages by their numbers, or is answered with numbers.
    pub(super) uses_numbers: bool,
    /// The server may send EXPUNGE or VANISHED while it runs, so that numbers change their meaning.
    pub(super) breaks_numbers: bool,
    /// It changes what other commands mean, or how they are written: nothing else is under way with it.
    pub(super) alone: bool,
    /// Its answers have nothing that tells them from those of its like: only one of them is under way.
    pub(super) one_of_its_kind: bool,
}

const PLAIN: Effects = Effects { uses_numbers: false, breaks_numbers: true, alone: false, one_of_its_kind: false };
const USES: Effects = Effects { uses_numbers: true, breaks_numbers: false, ..PLAIN };
const SEARCHES: Effects = Effects { one_of_its_kind: true, ..USES };
const BOTH: Effects = Effects { uses_numbers: true, ..PLAIN };
const ALONE: Effects = Effects { alone: true, ..PLAIN };
const LISTS: Effects = Effects { one_of_its_kind: true, ..PLAIN };

impl Effects {
    pub(super) const fn of(keyword: Keyword) -> Effects {
        match keyword {
            Keyword::Fetch | Keyword::Store => USES,
            Keyword::Search | Keyword::Sort | Keyword::Thread => SEARCHES,
            Keyword::Copy | Keyword::Move | Keyword::Replace => BOTH,
            Keyword::UidSearch | Keyword::UidSort | Keyword::UidThread => LISTS,
            Keyword::List
            | Keyword::Lsub
            | Keyword::Namespace
            | Keyword::Id
            | Keyword::Capability
            | Keyword::GetQuota
            | Keyword::GetQuotaRoot
            | Keyword::SetQuota
            | Keyword::GetMetadata
            | Keyword::GetAcl
            | Keyword::ListRights
            | Keyword::MyRights
            | Keyword::UidBatches
            | Keyword::ESearch => LISTS,
            Keyword::Logout
            | Keyword::StartTls
            | Keyword::Authenticate
            | Keyword::Login
            | Keyword::Enable
            | Keyword::Compress
            | Keyword::Unauthenticate
            | Keyword::Select
            | Keyword::Examine
            | Keyword::Close
            | Keyword::Unselect
            | Keyword::Idle
            | Keyword::Notify
            | Keyword::Other => ALONE,
            _ => PLAIN,
        }
    }

    /// Whether a command may be sent while another one, sent before it, is not complete.
    pub(super) fn may_follow(keyword: Keyword, earlier: Keyword) -> bool {
        let (this, other) = (Effects::of(keyword), Effects::of(earlier));
        let confused = this.uses_numbers && other.breaks_numbers;
        let mistaken = this.one_of_its_kind && is_alike(keyword, earlier);
        !(this.alone || other.alone || confused || mistaken)
    }
}

/// Whether two commands are answered alike.
fn is_alike(one: Keyword, other: Keyword) -> bool {
    let kind = |keyword| match keyword {
        Keyword::UidSearch => Keyword::Search,
        Keyword::UidSort => Keyword::Sort,
        Keyword::UidThread => Keyword::Thread,
        Keyword::GetQuotaRoot | Keyword::SetQuota => Keyword::GetQuota,
        other => other,
    };
    kind(one) == kind(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_kept() {
        let may = Effects::may_follow;
        // RFC 9051 §5.5: `FETCH + NOOP + STORE`, `STORE + COPY + FETCH`, `COPY + COPY`.
        assert!(may(Keyword::Noop, Keyword::Fetch) && !may(Keyword::Store, Keyword::Noop));
        assert!(may(Keyword::Copy, Keyword::Store) && !may(Keyword::Fetch, Keyword::Copy));
        assert!(!may(Keyword::Copy, Keyword::Copy));
        // `UID FETCH + FETCH` is wrong, and UID commands among themselves are not.
        assert!(!may(Keyword::Fetch, Keyword::UidFetch) && may(Keyword::UidFetch, Keyword::UidFetch));
        assert!(may(Keyword::Fetch, Keyword::Fetch) && may(Keyword::Store, Keyword::Fetch));
        assert!(!may(Keyword::Fetch, Keyword::Select) && !may(Keyword::Select, Keyword::Fetch));
    }

    #[test]
    fn answers_without_a_name_come_one_by_one() {
        assert!(!Effects::may_follow(Keyword::UidSearch, Keyword::UidSearch));
        assert!(!Effects::may_follow(Keyword::UidSearch, Keyword::Search));
        assert!(Effects::may_follow(Keyword::Status, Keyword::Status));
        assert!(Effects::may_follow(Keyword::UidSort, Keyword::UidSearch));
    }
}
