//! WHOWAS: who had a nickname before (RFC 2812 §3.6.3).

use alloc::collections::VecDeque;

use bytes::Bytes;

use crate::casemap::CaseMapping;

/// Those who left or changed their nickname, the newest first. At its bound the oldest is forgotten.
#[derive(Debug)]
pub(crate) struct Whowas {
    most: usize,
    entries: VecDeque<Former>,
}

/// One who had a nickname, as WHOIS would have shown them to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) nick: Bytes,
    pub(crate) user: Bytes,
    /// The host that was shown.
    pub(crate) host: Bytes,
    pub(crate) realname: Bytes,
    pub(crate) account: Option<Bytes>,
    /// When the nickname was given up, in milliseconds since 1970.
    pub(crate) until: u64,
}

impl Whowas {
    /// How many are told of one nickname at most, whatever is asked for.
    pub(crate) const MOST_TOLD: usize = 20;

    pub(crate) fn new(most: usize) -> Self {
        Whowas { most, entries: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, former: Former) {
        if self.most == 0 {
            return;
        }
        while self.entries.len() >= self.most {
            self.entries.pop_back();
        }
        self.entries.push_front(former);
    }

    /// Those who had this nickname, the newest first; `count` of them at most, where it is above 0 (RFC 2812: "if a non-positive number is
    /// passed, then a full search is done").
    pub(crate) fn of<'a>(
        &'a self,
        nick: &'a [u8],
        count: Option<u32>,
        mapping: CaseMapping,
    ) -> impl Iterator<Item = &'a Former> {
        let most = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX).min(Self::MOST_TOLD);
        self.entries.iter().filter(move |former| mapping.same(&former.nick, nick)).take(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    fn former(nick: &str, until: u64) -> Former {
        let nick = Bytes::from(nick.to_string());
        Former { user: nick.clone(), host: nick.clone(), realname: nick.clone(), nick, account: None, until }
    }

    fn times(whowas: &Whowas, nick: &str, count: Option<u32>) -> Vec<u64> {
        whowas.of(nick.as_bytes(), count, CaseMapping::Rfc1459).map(|former| former.until).collect()
    }

    #[test]
    fn the_newest_come_first_and_the_oldest_give_way() {
        let mut whowas = Whowas::new(4);
        for until in 0..3 {
            whowas.add(former("dan[x]", until));
            whowas.add(former("eve", until + 10));
        }
        assert_eq!(times(&whowas, "DAN{X}", None), [2, 1]);
        assert_eq!(times(&whowas, "eve", Some(1)), [12]);
        assert!(times(&whowas, "bob", None).is_empty());
    }

    #[test]
    fn the_ring_and_an_answer_are_bounded() {
        let mut whowas = Whowas::new(100);
        (0..1000).for_each(|until| whowas.add(former("dan", until)));
        assert_eq!(whowas.entries.len(), 100);
        assert_eq!(times(&whowas, "dan", None).len(), Whowas::MOST_TOLD);
        let mut none = Whowas::new(0);
        none.add(former("dan", 0));
        assert!(none.entries.is_empty());
    }
}
