use core::fmt;

use wirestate_machine::table::Named;

macro_rules! keywords {
    ($($variant:ident $name:literal)*) => {
        /// The commands of IMAP, as the state tables and the plugins' masks count them. What `UID` is put before is a command of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Keyword {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// Any other.
            Other,
        }

        impl Keyword {
            /// All keywords, in the order of their index.
            pub const ALL: &[Keyword] = &[$(Keyword::$variant,)* Keyword::Other];

            #[allow(non_upper_case_globals)] // each is the name of its variant
            fn from_upper_case(word: &[u8]) -> Keyword {
                $(const $variant: &[u8] = $name.as_bytes();)*
                match word {
                    $($variant => Keyword::$variant,)*
                    _ => Keyword::Other,
                }
            }
        }

        impl Named for Keyword {
            fn index(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                match self {
                    $(Keyword::$variant => $name,)*
                    Keyword::Other => "(custom)",
                }
            }
        }
    };
}

keywords! {
    Capability "CAPABILITY"
    Noop "NOOP"
    Logout "LOGOUT"
    StartTls "STARTTLS"
    Authenticate "AUTHENTICATE"
    Login "LOGIN"
    Id "ID"
    Enable "ENABLE"
    Compress "COMPRESS"
    Unauthenticate "UNAUTHENTICATE"
    Select "SELECT"
    Examine "EXAMINE"
    Create "CREATE"
    Delete "DELETE"
    Rename "RENAME"
    Subscribe "SUBSCRIBE"
    Unsubscribe "UNSUBSCRIBE"
    List "LIST"
    Lsub "LSUB"
    Namespace "NAMESPACE"
    Status "STATUS"
    Append "APPEND"
    Idle "IDLE"
    Check "CHECK"
    Close "CLOSE"
    Unselect "UNSELECT"
    Expunge "EXPUNGE"
    UidExpunge "UID EXPUNGE"
    Search "SEARCH"
    UidSearch "UID SEARCH"
    Fetch "FETCH"
    UidFetch "UID FETCH"
    Store "STORE"
    UidStore "UID STORE"
    Copy "COPY"
    UidCopy "UID COPY"
    Move "MOVE"
    UidMove "UID MOVE"
    Sort "SORT"
    UidSort "UID SORT"
    Thread "THREAD"
    UidThread "UID THREAD"
    Replace "REPLACE"
    UidReplace "UID REPLACE"
    ESearch "ESEARCH"
    CancelUpdate "CANCELUPDATE"
    UidBatches "UIDBATCHES"
    GetAcl "GETACL"
    SetAcl "SETACL"
    DeleteAcl "DELETEACL"
    ListRights "LISTRIGHTS"
    MyRights "MYRIGHTS"
    GetQuota "GETQUOTA"
    GetQuotaRoot "GETQUOTAROOT"
    SetQuota "SETQUOTA"
    GetMetadata "GETMETADATA"
    SetMetadata "SETMETADATA"
    Notify "NOTIFY"
}

impl Keyword {
    /// The longest name that is known.
    const LONGEST: usize = 14;

    /// Recognises a command's name, in any case; what is not known is `Other`. The two words of a UID command have one space between them.
    #[inline]
    pub fn from_bytes(name: &[u8]) -> Keyword {
        // Most clients write them in upper case already.
        match Keyword::from_upper_case(name) {
            Keyword::Other => {}
            known => return known,
        }
        let mut upper = [0; Keyword::LONGEST];
        let Some(upper) = upper.get_mut(..name.len()) else { return Keyword::Other };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Keyword::from_upper_case(upper)
    }

    /// The command that this word means after `UID`, if there is one.
    pub(crate) fn after_uid(word: &[u8]) -> Option<Keyword> {
        Some(match Keyword::from_bytes(word) {
            Keyword::Expunge => Keyword::UidExpunge,
            Keyword::Search => Keyword::UidSearch,
            Keyword::Fetch => Keyword::UidFetch,
            Keyword::Store => Keyword::UidStore,
            Keyword::Copy => Keyword::UidCopy,
            Keyword::Move => Keyword::UidMove,
            Keyword::Sort => Keyword::UidSort,
            Keyword::Thread => Keyword::UidThread,
            Keyword::Replace => Keyword::UidReplace,
            _ => return None,
        })
    }

    /// Whether the command takes or gives UIDs, and not sequence numbers.
    pub(crate) fn is_uid(self) -> bool {
        matches!(
            self,
            Keyword::UidExpunge
                | Keyword::UidSearch
                | Keyword::UidFetch
                | Keyword::UidStore
                | Keyword::UidCopy
                | Keyword::UidMove
                | Keyword::UidSort
                | Keyword::UidThread
                | Keyword::UidReplace
        )
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_place_and_is_known_by_its_name() {
        for (place, keyword) in Keyword::ALL.iter().enumerate() {
            assert_eq!(keyword.index(), place);
            assert_eq!(Keyword::from_bytes(keyword.name().as_bytes()), *keyword);
            assert_eq!(Keyword::from_bytes(keyword.name().to_lowercase().as_bytes()), *keyword);
            if let Some(word) = keyword.name().strip_prefix("UID ") {
                assert_eq!(Keyword::after_uid(word.as_bytes()), Some(*keyword));
            }
            assert_eq!(keyword.is_uid(), keyword.name().starts_with("UID "));
        }
        assert_eq!(Keyword::from_bytes(b""), Keyword::Other);
        assert_eq!(Keyword::from_bytes(b"UNAUTHENTICATED"), Keyword::Other);
        assert_eq!(Keyword::after_uid(b"NOOP"), None);
    }
}
