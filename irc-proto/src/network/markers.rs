//! Read markers: up to when somebody has read each channel and conversation
//! ([read-marker](https://ircv3.net/specs/extensions/read-marker)).
//!
//! They belong to an account, so that all its clients share them and they outlast a session; without an account, to the session. Nobody
//! else learns of them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use wirestate_machine::moment;

use thiserror::Error;

use crate::{Capability, channel};

use super::extras::{owner, tell_marker};
use super::user::Session;
use super::{Network, Turn};

/// Whose markers these are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The folded name of an account.
    Account(Box<[u8]>),
    /// A session without one.
    Session(Session),
}

/// All markers. At a bound the one that was set longest ago is forgotten: of its owner, or with all of its owner's.
#[derive(Debug)]
pub(crate) struct Markers {
    owners: usize,
    targets: usize,
    all: BTreeMap<Owner, Own>,
    /// Owners by when they last set a marker.
    order: BTreeMap<u64, Owner>,
    next: u64,
}

#[derive(Debug, Default)]
struct Own {
    /// 0: not yet.
    touched: u64,
    targets: BTreeMap<Box<[u8]>, Marker>,
}

#[derive(Clone, Copy, Debug)]
struct Marker {
    /// In milliseconds since 1970.
    time: u64,
    touched: u64,
}

/// What a client asks for with MARKREAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    /// `MARKREAD target`
    Get(&'a [u8]),
    /// `MARKREAD target timestamp=...`, in milliseconds since 1970.
    Set(&'a [u8], u64),
}

/// Why a MARKREAD cannot be followed; its [`code`](Fault::code) stands in the FAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("Missing parameters: name a channel or nickname")]
    NeedMoreParams,
    #[error("Invalid parameters: give timestamp=YYYY-MM-DDThh:mm:ss.sssZ")]
    InvalidParams,
}

impl Fault {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Fault::NeedMoreParams => "NEED_MORE_PARAMS",
            Fault::InvalidParams => "INVALID_PARAMS",
        }
    }
}

impl<'a> Request<'a> {
    pub(crate) fn parse(mut params: impl Iterator<Item = &'a [u8]>) -> Result<Self, Fault> {
        let target = params.next().filter(|target| !target.is_empty()).ok_or(Fault::NeedMoreParams)?;
        let Some(moment) = params.next() else { return Ok(Request::Get(target)) };
        let moment = moment.strip_prefix(b"timestamp=").and_then(moment::parse).ok_or(Fault::InvalidParams)?;
        Ok(Request::Set(target, moment))
    }
}

impl Markers {
    /// For so many owners, with so many targets each.
    pub(crate) fn new(owners: usize, targets: usize) -> Self {
        Markers { owners, targets, all: BTreeMap::new(), order: BTreeMap::new(), next: 1 }
    }

    /// Up to when the owner has read a target (folded), in milliseconds since 1970.
    pub(crate) fn of(&self, owner: &Owner, target: &[u8]) -> Option<u64> {
        self.all.get(owner)?.targets.get(target).map(|marker| marker.time)
    }

    /// Sets a marker, which only ever moves forward. Whether it moved.
    pub(crate) fn set(&mut self, owner: &Owner, target: &[u8], time: u64) -> bool {
        if self.owners == 0 || self.targets == 0 || self.of(owner, target).is_some_and(|before| before >= time) {
            return false;
        }
        let touched = self.next;
        self.next += 1;
        if !self.all.contains_key(owner)
            && self.all.len() >= self.owners
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.all.remove(&oldest);
        }
        let own = self.all.entry(owner.clone()).or_default();
        self.order.remove(&own.touched);
        self.order.insert(touched, owner.clone());
        own.touched = touched;
        if !own.targets.contains_key(target) && own.targets.len() >= self.targets {
            let oldest = own.targets.iter().min_by_key(|(_, marker)| marker.touched).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| own.targets.remove(&oldest));
        }
        own.targets.insert(target.into(), Marker { time, touched });
        true
    }

    /// Forgets all of an owner's: a session that has ended.
    pub(crate) fn forget(&mut self, owner: &Owner) {
        if let Some(own) = self.all.remove(owner) {
            self.order.remove(&own.touched);
        }
    }

    /// Moves all markers of a renamed channel (folded names).
    pub(crate) fn rename(&mut self, from: &[u8], to: &[u8]) {
        for own in self.all.values_mut() {
            if let Some(marker) = own.targets.remove(from) {
                own.targets.insert(to.into(), marker);
            }
        }
    }
}

impl Network {
    /// MARKREAD
    pub(super) fn markread(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let request = Request::parse(params.iter().copied());
        let (target, moment) = match request {
            Err(fault) => return self.markread_fault(turn, fault, params),
            Ok(Request::Get(target)) => (target, None),
            // Nobody has read what comes later.
            Ok(Request::Set(target, moment)) => (target, Some(moment.min(turn.now))),
        };
        let is_target = channel::check_channel(target, &self.isupport).is_ok() || self.nick_rules.check(target).is_ok();
        if !is_target {
            return self.markread_fault(turn, Fault::InvalidParams, params);
        }
        let mapping = self.isupport.case_mapping;
        let Some(user) = self.users.get(turn.user) else { return };
        let (owner, folded) = (owner(mapping, user), mapping.key(target));
        let moved = moment.is_some_and(|moment| self.extras.markers.set(&owner, folded.as_bytes(), moment));
        let marker = self.extras.markers.of(&owner, folded.as_bytes());
        tell_marker(&self.config, user, target, marker, turn.now, turn.out);
        let Some(account) = user.account().filter(|_| moved) else { return };
        for (_, other) in self.users.iter().filter(|(id, _)| *id != turn.user) {
            let is_same = other.account().is_some_and(|own| mapping.same(own, account));
            if is_same && other.has(Capability::ReadMarker) {
                tell_marker(&self.config, other, target, marker, turn.now, turn.out);
            }
        }
    }

    fn markread_fault(&self, turn: &mut Turn<'_>, fault: Fault, params: &[&[u8]]) {
        let context = params.get(..1).filter(|_| fault == Fault::InvalidParams).unwrap_or_default();
        self.fail(turn, b"MARKREAD", fault.code().as_bytes(), context, fault.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn owner(number: u64) -> Owner {
        Owner::Session(Session(number))
    }

    #[test]
    fn a_marker_only_moves_forward() {
        let mut markers = Markers::new(10, 10);
        let ada = Owner::Account(b"ada"[..].into());
        assert_eq!(markers.of(&ada, b"#x"), None);
        assert!(markers.set(&ada, b"#x", 10));
        assert!(!markers.set(&ada, b"#x", 10) && !markers.set(&ada, b"#x", 9));
        assert!(markers.set(&ada, b"#x", 11));
        assert_eq!(markers.of(&ada, b"#x"), Some(11));
        assert_eq!(markers.of(&owner(1), b"#x"), None, "it is nobody else's");
        markers.rename(b"#x", b"#y");
        assert_eq!((markers.of(&ada, b"#x"), markers.of(&ada, b"#y")), (None, Some(11)));
        markers.forget(&ada);
        assert_eq!(markers.of(&ada, b"#y"), None);
    }

    #[test]
    fn the_one_set_longest_ago_gives_way() {
        let mut markers = Markers::new(2, 2);
        for (number, target) in [(1, b"#a"), (2, b"#a"), (1, b"#b"), (1, b"#c")] {
            assert!(markers.set(&owner(number), target, 5));
        }
        assert_eq!(markers.of(&owner(1), b"#a"), None);
        assert_eq!(markers.of(&owner(1), b"#b"), Some(5));
        markers.set(&owner(3), b"#a", 5);
        assert_eq!(markers.of(&owner(2), b"#a"), None);
        assert_eq!(markers.of(&owner(1), b"#c"), Some(5));
        assert!(!Markers::new(0, 2).set(&owner(1), b"#a", 1) && !Markers::new(2, 0).set(&owner(1), b"#a", 1));
    }

    #[test]
    fn requests_are_read() {
        let parse = |line: &'static str| Request::parse(line.split(' ').map(str::as_bytes));
        assert_eq!(parse("#x"), Ok(Request::Get(b"#x")));
        assert_eq!(parse("#x timestamp=1970-01-01T00:00:01.000Z"), Ok(Request::Set(b"#x", 1000)));
        for line in ["#x *", "#x 1970-01-01T00:00:01.000Z", "#x timestamp=", "#x timestamp=x"] {
            assert_eq!(parse(line), Err(Fault::InvalidParams), "{line}");
        }
        assert_eq!(parse(""), Err(Fault::NeedMoreParams));
        assert_eq!(Request::parse(core::iter::empty()).map_err(Fault::code), Err("NEED_MORE_PARAMS"));
    }

    proptest! {
        #[test]
        fn bounds_hold(steps in prop::collection::vec((0u64..8, 0u8..8, 0u64..50, any::<bool>()), 0..100), owners in 1usize..5, targets in 1usize..5) {
            let mut markers = Markers::new(owners, targets);
            for (number, target, time, forget) in steps {
                if forget {
                    markers.forget(&owner(number));
                } else {
                    markers.set(&owner(number), &[b'#', target], time);
                    prop_assert!(markers.of(&owner(number), &[b'#', target]) >= Some(time));
                }
                prop_assert!(markers.all.len() <= owners);
                prop_assert!(markers.all.values().all(|own| own.targets.len() <= targets));
                let order: Vec<_> = markers.order.iter().map(|(touched, owner)| (owner.clone(), *touched)).collect();
                let mut all: Vec<_> = markers.all.iter().map(|(owner, own)| (owner.clone(), own.touched)).collect();
                all.sort_by_key(|(_, touched)| *touched);
                prop_assert_eq!(order, all);
            }
        }
    }
}
