//! Nicknames that sessions keep on lists: whom they MONITOR, WATCH or ACCEPT.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::casemap::{CaseMapping, FoldedName};

use super::user::Session;

/// The lists of all sessions, found from both sides.
#[derive(Debug)]
pub(crate) struct NickLists {
    most: usize,
    mapping: CaseMapping,
    /// Those who have a nickname on their lists, in order.
    watchers: BTreeMap<FoldedName, Vec<Session>>,
    /// What each of them has there, folded.
    lists: BTreeMap<Session, Vec<FoldedName>>,
}

/// What an addition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is on the list.
    New,
    /// It was there already, and is told all the same.
    Already,
    /// The list is full (734 ERR_MONLISTFULL, 512 ERR_TOOMANYWATCH, 456 ERR_ACCEPTFULL).
    Full,
}

impl NickLists {
    /// Lists of at most so many targets each.
    pub(crate) fn new(most: usize, mapping: CaseMapping) -> Self {
        NickLists { most, mapping, watchers: BTreeMap::new(), lists: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, session: Session, nick: &[u8]) -> Added {
        if self.has(session, nick) {
            return Added::Already;
        }
        if self.list(session).len() >= self.most {
            return Added::Full;
        }
        let nick = self.mapping.key(nick);
        self.lists.entry(session).or_default().push(nick.clone());
        let watchers = self.watchers.entry(nick).or_default();
        let place = watchers.partition_point(|watcher| *watcher < session);
        watchers.insert(place, session);
        Added::New
    }

    pub(crate) fn remove(&mut self, session: Session, nick: &[u8]) {
        let nick = self.mapping.key(nick);
        let Some(list) = self.lists.get_mut(&session) else { return };
        let before = list.len();
        list.retain(|own| *own != nick);
        if list.len() == before {
            return;
        }
        if list.is_empty() {
            self.lists.remove(&session);
        }
        self.unwatch(session, &nick);
    }

    /// Whether a nickname is on a session's list.
    pub(crate) fn has(&self, session: Session, nick: &[u8]) -> bool {
        self.watchers(nick).binary_search(&session).is_ok()
    }

    /// Forgets a session's whole list, at its wish or at its end.
    pub(crate) fn clear(&mut self, session: Session) {
        for nick in self.lists.remove(&session).unwrap_or_default() {
            self.unwatch(session, &nick);
        }
    }

    /// A session's targets, folded, in the order in which they were added.
    pub(crate) fn list(&self, session: Session) -> &[FoldedName] {
        self.lists.get(&session).map_or(&[], Vec::as_slice)
    }

    /// Those who have a nickname on their lists, in order.
    pub(crate) fn watchers(&self, nick: &[u8]) -> &[Session] {
        self.mapping.with_folded(nick, |nick| self.watchers.get(nick)).map_or(&[], Vec::as_slice)
    }

    /// Takes a nickname off all lists: whoever takes it next is somebody else.
    pub(crate) fn strike(&mut self, nick: &[u8]) {
        for session in self.watchers(nick).to_vec() {
            self.remove(session, nick);
        }
    }

    /// Puts one nickname into the place of another, as its owner has changed it.
    pub(crate) fn rename(&mut self, before: &[u8], after: &[u8]) {
        for session in self.watchers(before).to_vec() {
            self.remove(session, before);
            self.add(session, after);
        }
    }

    fn unwatch(&mut self, session: Session, nick: &FoldedName) {
        let Some(watchers) = self.watchers.get_mut(nick) else { return };
        if let Ok(at) = watchers.binary_search(&session) {
            watchers.remove(at);
        }
        if watchers.is_empty() {
            self.watchers.remove(nick);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn lists(most: usize) -> NickLists {
        NickLists::new(most, CaseMapping::Rfc1459)
    }

    #[test]
    fn both_sides_find_each_other() {
        let mut lists = lists(2);
        let (one, two) = (Session(1), Session(2));
        assert_eq!(lists.add(two, b"Dan[x]"), Added::New);
        assert_eq!(lists.add(one, b"dan{x}"), Added::New);
        assert_eq!(lists.add(one, b"DAN[X]"), Added::Already);
        assert_eq!(lists.add(one, b"eve"), Added::New);
        assert_eq!(lists.add(one, b"bob"), Added::Full);
        assert_eq!(lists.add(one, b"eve"), Added::Already, "a full list is told of what is on it");
        assert_eq!(lists.watchers(b"dan[X]"), [one, two]);
        assert_eq!(lists.list(one).iter().map(FoldedName::as_bytes).collect::<Vec<_>>(), [&b"dan{x}"[..], b"eve"]);
        lists.remove(one, b"DAN{x}");
        lists.remove(one, b"nobody");
        assert_eq!(lists.watchers(b"dan[x]"), [two]);
        lists.rename(b"eve", b"Dan{x}");
        assert_eq!(lists.watchers(b"dan[x]"), [one, two]);
        lists.strike(b"dan[x]");
        assert!(!lists.has(one, b"dan[x]") && lists.list(one).is_empty());
        lists.clear(two);
        assert!(lists.watchers(b"dan[x]").is_empty() && lists.list(two).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_left_behind(steps in prop::collection::vec((0u64..4, 0u8..5, 0u8..8), 0..100)) {
            let mut lists = lists(3);
            for (session, nick, step) in steps {
                let (session, nick) = (Session(session), [b'a' + nick]);
                match step {
                    0 => lists.clear(session),
                    1 | 2 => lists.remove(session, &nick),
                    3 => lists.rename(&nick, b"c"),
                    4 => lists.strike(&nick),
                    _ => {
                        lists.add(session, &nick);
                    }
                }
                prop_assert!(lists.lists.values().all(|list| (1..=3).contains(&list.len())));
                let of_lists: BTreeSet<_> = lists.lists.iter().flat_map(|(session, list)| list.iter().map(|nick| (nick.clone(), *session))).collect();
                let of_watchers: BTreeSet<_> = lists.watchers.iter().flat_map(|(nick, all)| all.iter().map(|session| (nick.clone(), *session))).collect();
                prop_assert!(lists.watchers.values().all(|all| !all.is_empty() && all.is_sorted()));
                prop_assert_eq!(of_lists, of_watchers);
            }
        }
    }
}
