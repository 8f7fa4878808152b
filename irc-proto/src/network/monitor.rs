//! MONITOR: who wants to know when a nickname comes and goes ([monitor](https://ircv3.net/specs/extensions/monitor)).

use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::casemap::{CaseMapping, FoldedName};
use crate::numerics::*;

use super::user::Session;
use super::{Network, Turn};

/// The lists of all sessions, found from both sides.
#[derive(Debug)]
pub(crate) struct Monitors {
    most: usize,
    mapping: CaseMapping,
    /// Those who want to know, in order.
    watchers: BTreeMap<FoldedName, Vec<Session>>,
    /// What each of them wants to know, folded.
    lists: BTreeMap<Session, Vec<FoldedName>>,
}

/// What an addition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is on the list.
    New,
    /// It was there already, and is told all the same.
    Already,
    /// The list is full (ERR_MONLISTFULL 734).
    Full,
}

impl Monitors {
    /// Lists of at most so many targets each.
    pub(crate) fn new(most: usize, mapping: CaseMapping) -> Self {
        Monitors { most, mapping, watchers: BTreeMap::new(), lists: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, session: Session, nick: &[u8]) -> Added {
        let watchers = self.mapping.with_folded(nick, |nick| self.watchers.get(nick));
        if watchers.is_some_and(|watchers| watchers.binary_search(&session).is_ok()) {
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

    /// Forgets a session's whole list: MONITOR C, or its end.
    pub(crate) fn clear(&mut self, session: Session) {
        for nick in self.lists.remove(&session).unwrap_or_default() {
            self.unwatch(session, &nick);
        }
    }

    /// A session's targets, folded, in the order in which they were added.
    pub(crate) fn list(&self, session: Session) -> &[FoldedName] {
        self.lists.get(&session).map_or(&[], Vec::as_slice)
    }

    /// Those who want to know of a nickname, in order.
    pub(crate) fn watchers(&self, nick: &[u8]) -> &[Session] {
        self.mapping.with_folded(nick, |nick| self.watchers.get(nick)).map_or(&[], Vec::as_slice)
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

impl Network {
    /// MONITOR
    pub(super) fn monitor(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let targets = params.get(1).copied().unwrap_or_default();
        match params.first().copied().unwrap_or_default() {
            b"+" | b"-" if targets.is_empty() => self.need_more_params(turn, b"MONITOR"),
            b"+" => self.monitor_add(turn, targets),
            b"-" => {
                targets.split(|byte| *byte == b',').for_each(|nick| self.extras.monitors.remove(turn.session, nick))
            }
            b"C" | b"c" => self.extras.monitors.clear(turn.session),
            b"L" | b"l" => {
                self.reply_list(turn, RPL_MONLIST, &[], b',', self.extras.monitors.list(turn.session));
                self.reply(turn, RPL_ENDOFMONLIST, &[b"End of MONITOR list"]);
            }
            b"S" | b"s" => self.monitor_status(turn, self.extras.monitors.list(turn.session)),
            other => self.fail(turn, b"MONITOR", b"INVALID_PARAMS", &[other], b"There are +, -, C, L and S"),
        }
    }

    fn monitor_add(&mut self, turn: &mut Turn<'_>, targets: &[u8]) {
        let mut added = Vec::new();
        let mut rest = targets;
        while !rest.is_empty() {
            let mut parts = rest.splitn(2, |byte| *byte == b',');
            let nick = parts.next().unwrap_or_default();
            if self.nick_rules.check(nick).is_ok() {
                if self.extras.monitors.add(turn.session, nick) == Added::Full {
                    break;
                }
                added.push(nick);
            }
            rest = parts.next().unwrap_or_default();
        }
        self.monitor_status(turn, &added);
        if !rest.is_empty() {
            let most = self.config.limits.monitor.to_string();
            self.reply(turn, ERR_MONLISTFULL, &[most.as_bytes(), rest, b"Monitor list is full."]);
        }
    }

    fn monitor_status<T: AsRef<[u8]>>(&self, turn: &mut Turn<'_>, nicks: &[T]) {
        let online = nicks.iter().filter_map(|nick| Some(self.user_of(nick.as_ref())?.1.source()));
        self.reply_list(turn, RPL_MONONLINE, &[], b',', online);
        let offline = nicks.iter().filter(|nick| self.user_of(nick.as_ref()).is_none());
        self.reply_list(turn, RPL_MONOFFLINE, &[], b',', offline);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn monitors(most: usize) -> Monitors {
        Monitors::new(most, CaseMapping::Rfc1459)
    }

    #[test]
    fn both_sides_find_each_other() {
        let mut monitors = monitors(2);
        let (one, two) = (Session(1), Session(2));
        assert_eq!(monitors.add(two, b"Dan[x]"), Added::New);
        assert_eq!(monitors.add(one, b"dan{x}"), Added::New);
        assert_eq!(monitors.add(one, b"DAN[X]"), Added::Already);
        assert_eq!(monitors.add(one, b"eve"), Added::New);
        assert_eq!(monitors.add(one, b"bob"), Added::Full);
        assert_eq!(monitors.add(one, b"eve"), Added::Already, "a full list is told of what is on it");
        assert_eq!(monitors.watchers(b"dan[X]"), [one, two]);
        assert_eq!(monitors.list(one).iter().map(FoldedName::as_bytes).collect::<Vec<_>>(), [&b"dan{x}"[..], b"eve"]);
        monitors.remove(one, b"DAN{x}");
        monitors.remove(one, b"nobody");
        assert_eq!(monitors.watchers(b"dan[x]"), [two]);
        monitors.clear(two);
        assert!(monitors.watchers(b"dan[x]").is_empty() && monitors.list(two).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_left_behind(steps in prop::collection::vec((0u64..4, 0u8..5, 0u8..8), 0..100)) {
            let mut monitors = monitors(3);
            for (session, nick, step) in steps {
                let (session, nick) = (Session(session), [b'a' + nick]);
                match step {
                    0 => monitors.clear(session),
                    1 | 2 => monitors.remove(session, &nick),
                    _ => {
                        monitors.add(session, &nick);
                    }
                }
                prop_assert!(monitors.lists.values().all(|list| (1..=3).contains(&list.len())));
                let of_lists: BTreeSet<_> = monitors.lists.iter().flat_map(|(session, list)| list.iter().map(|nick| (nick.clone(), *session))).collect();
                let of_watchers: BTreeSet<_> = monitors.watchers.iter().flat_map(|(nick, all)| all.iter().map(|session| (nick.clone(), *session))).collect();
                prop_assert!(monitors.watchers.values().all(|all| !all.is_empty() && all.is_sorted()));
                prop_assert_eq!(of_lists, of_watchers);
            }
        }
    }
}
