//! What a mailbox is used for (RFC 6154).

/// A special use; at most one mailbox of a user has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SpecialUse {
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Archive, Self::Drafts, Self::Junk, Self::Sent, Self::Trash];

    /// The attribute in LIST and CREATE, in any case.
    pub fn parse(attribute: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|special| special.attribute().eq_ignore_ascii_case(attribute))
    }

    /// The attribute, as it is told.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// The name of the mailbox that a new user gets for it.
    pub(super) fn usual_name(self) -> &'static str {
        self.attribute().trim_start_matches('\\')
    }
}
