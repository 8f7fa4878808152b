use core::ops::{BitOr, BitOrAssign};

/// What a command has to do with message sequence numbers: when it may run beside another, and what may be told before it is answered
/// (RFC 3501 §5.5 and §7.4.1, RFC 9051 §5.5 and §7.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CommandFlags(u8);

impl CommandFlags {
    /// It has nothing to do with them: LIST, STATUS, APPEND.
    pub const NONE: CommandFlags = CommandFlags(0);
    /// It names messages by number, or is answered by numbers: FETCH, STORE, SEARCH, SORT, THREAD. No number may change before its answer.
    pub const USES_SEQS: CommandFlags = CommandFlags(1);
    /// Numbers may change while it runs: NOOP, CHECK, EXPUNGE, IDLE, and all that name messages by UID.
    pub const BREAKS_SEQS: CommandFlags = CommandFlags(1 << 1);
    /// The mailbox is another one after it, or none: SELECT, EXAMINE, CLOSE, UNSELECT, DELETE, LOGOUT.
    pub const BREAKS_MAILBOX: CommandFlags = CommandFlags(1 << 2);

    /// Whether all of `other` are here.
    pub const fn has(self, other: CommandFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    pub const fn and(self, other: CommandFlags) -> CommandFlags {
        CommandFlags(self.0 | other.0)
    }

    /// Whether this command may not start while `earlier` runs: one of them uses what the other breaks.
    pub const fn waits_for(self, earlier: CommandFlags) -> bool {
        let (ours, theirs) = (self.0, earlier.0);
        let breaks = CommandFlags::BREAKS_SEQS.0 | CommandFlags::BREAKS_MAILBOX.0;
        let uses = CommandFlags::USES_SEQS.0;
        (ours & uses != 0 && theirs & breaks != 0)
            || (ours & breaks != 0 && theirs & uses != 0)
            || (ours | theirs) & CommandFlags::BREAKS_MAILBOX.0 != 0
    }

    /// What may be told right before this command's answer.
    ///
    /// COPY, MOVE and REPLACE both use numbers and break them: what they name has been found when they began, so they may tell all at their end.
    pub const fn policy(self) -> Policy {
        if self.has(CommandFlags::BREAKS_MAILBOX) {
            Policy::Nothing
        } else if self.has(CommandFlags::USES_SEQS) && !self.has(CommandFlags::BREAKS_SEQS) {
            Policy::NoExpunge
        } else {
            Policy::All
        }
    }
}

impl BitOr for CommandFlags {
    type Output = CommandFlags;

    fn bitor(self, other: CommandFlags) -> CommandFlags {
        self.and(other)
    }
}

impl BitOrAssign for CommandFlags {
    fn bitor_assign(&mut self, other: CommandFlags) {
        *self = self.and(other);
    }
}

/// How much of what has happened may be told now.
///
/// The lesser of two policies is the stricter: where several commands run at once, the least of theirs applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Nothing: the client is leaving this mailbox.
    Nothing,
    /// Nothing that changes a number: while a command runs that uses them, and while none runs at all.
    NoExpunge,
    /// All.
    All,
}

impl Policy {
    /// While no command runs: new messages and flags may be told, an EXPUNGE may not (RFC 9051 §7.5.1), unless the client has asked
    /// NOTIFY for it, for which see [`Policy::All`].
    pub const NO_COMMAND: Policy = Policy::NoExpunge;
}

/// In which words the client has asked to be told: what it has enabled. May change while a mailbox is selected; what is still to be told is then told in the
/// new words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Wording {
    /// CONDSTORE (RFC 7162 §3.1): MODSEQ in each FETCH.
    pub condstore: bool,
    /// QRESYNC (RFC 7162 §3.2), which implies CONDSTORE: VANISHED in place of EXPUNGE, UID in each FETCH.
    pub qresync: bool,
    /// UIDONLY (RFC 9586): VANISHED in place of EXPUNGE, UIDFETCH in place of FETCH, and no number anywhere.
    pub uid_only: bool,
    /// IMAP4rev2 (RFC 9051): no RECENT.
    pub rev2: bool,
}

impl Wording {
    /// As RFC 3501 has it, without any extension.
    pub const REV1: Wording = Wording { condstore: false, qresync: false, uid_only: false, rev2: false };

    /// Whether VANISHED is said in place of EXPUNGE.
    pub const fn says_vanished(self) -> bool {
        self.qresync || self.uid_only
    }

    /// Whether MODSEQ belongs in each FETCH.
    pub const fn tells_modseq(self) -> bool {
        self.condstore || self.qresync
    }

    /// Whether UID belongs in each FETCH that was not asked for.
    pub const fn tells_uid(self) -> bool {
        self.condstore || self.qresync || self.uid_only || self.rev2
    }

    /// Whether RECENT and `\Recent` are said.
    pub const fn tells_recent(self) -> bool {
        !self.rev2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FETCH: CommandFlags = CommandFlags::USES_SEQS;
    const NOOP: CommandFlags = CommandFlags::BREAKS_SEQS;
    const COPY: CommandFlags = CommandFlags::USES_SEQS.and(CommandFlags::BREAKS_SEQS);
    const SELECT: CommandFlags = CommandFlags::BREAKS_MAILBOX;
    const LIST: CommandFlags = CommandFlags::NONE;

    #[test]
    fn what_may_be_told_follows_from_the_command() {
        assert_eq!(FETCH.policy(), Policy::NoExpunge);
        assert_eq!([NOOP, COPY, LIST].map(CommandFlags::policy), [Policy::All; 3]);
        assert_eq!(SELECT.policy(), Policy::Nothing);
        assert_eq!(FETCH.policy().min(NOOP.policy()), Policy::NoExpunge);
    }

    #[test]
    fn commands_wait_where_one_uses_what_another_breaks() {
        assert!(!FETCH.waits_for(FETCH) && !NOOP.waits_for(NOOP) && !LIST.waits_for(FETCH));
        assert!(FETCH.waits_for(NOOP) && NOOP.waits_for(FETCH) && COPY.waits_for(COPY));
        assert!(SELECT.waits_for(LIST) && LIST.waits_for(SELECT));
    }
}
