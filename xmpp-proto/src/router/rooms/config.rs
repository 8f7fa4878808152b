use alloc::string::String;

/// Who may see the addresses of those in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Whois {
    /// Its moderators: a semi-anonymous room.
    #[default]
    Moderators,
    /// Everybody in it: a non-anonymous room.
    Anyone,
}

/// How a room is (XEP-0045 §4.2, §10.2).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomConfig {
    /// Its name for people; empty for none.
    pub name: String,
    /// What it is for; empty for none.
    pub description: String,
    /// What must be said to come in; none lets everybody in.
    pub password: Option<String>,
    /// Whether only members come in. Default no.
    pub is_members_only: bool,
    /// Whether only those with voice speak, which members have. Default no.
    pub is_moderated: bool,
    /// Whether it stays when nobody is in it. Default no.
    pub is_persistent: bool,
    /// Whether who asks for the rooms is told of it. Default yes.
    pub is_public: bool,
    /// Whether an archive of what is said is kept, for those in it or, in a room for members, for its members. Default yes.
    pub is_archived: bool,
    /// Whether participants may change the subject, not only moderators. Default no.
    pub may_participants_change_subject: bool,
    /// Whether everybody in it may invite others to a room for members, not only admins. Default no.
    pub may_members_invite: bool,
    /// Who sees addresses.
    pub whois: Whois,
    /// How many may be in it; at most [`Limits::occupants`](crate::router::Limits::occupants), which is the default.
    pub max_occupants: u32,
}

impl Default for RoomConfig {
    fn default() -> Self {
        RoomConfig {
            name: String::new(),
            description: String::new(),
            password: None,
            is_members_only: false,
            is_moderated: false,
            is_persistent: false,
            is_public: true,
            is_archived: true,
            may_participants_change_subject: false,
            may_members_invite: false,
            whois: Whois::default(),
            max_occupants: u32::MAX,
        }
    }
}

impl core::fmt::Debug for RoomConfig {
    /// Does not show the password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RoomConfig").field("name", &self.name).finish_non_exhaustive()
    }
}
