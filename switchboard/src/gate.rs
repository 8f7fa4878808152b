//! How many connections may be open at once, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::settings::Limits;

/// Counts the open connections of all listeners.
#[derive(Debug)]
pub struct Gate {
    connections: u32,
    per_address: u32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    gate: Arc<Gate>,
    address: Option<IpAddr>,
}

impl Gate {
    /// A gate with these limits and nobody inside.
    pub fn new(limits: &Limits) -> Arc<Self> {
        let Limits { connections, connections_per_address: per_address, .. } = *limits;
        Arc::new(Self { connections, per_address, open: Mutex::default() })
    }

    /// A place for a connection from `address`; `None` when one of the limits
    /// is reached.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Seat> {
        let mut open = self.open();
        if open.total >= self.connections {
            return None;
        }
        if let Some(address) = address {
            let count = open.by_address.get(&address).copied().unwrap_or(0);
            if count >= self.per_address {
                return None;
            }
            open.by_address.insert(address, count + 1);
        }
        open.total += 1;
        Some(Seat { gate: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.gate.open();
        open.total -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_turns_away_and_each_leave_makes_room() {
        let gate = Gate::new(&Limits { connections: 3, connections_per_address: 2, ..Limits::default() });
        let [here, there]: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
        let first = gate.enter(Some(here)).unwrap();
        let second = gate.enter(Some(here)).unwrap();
        assert!(gate.enter(Some(here)).is_none(), "two from one address");
        let third = gate.enter(Some(there)).unwrap();
        assert!(gate.enter(None).is_none(), "three in all");
        drop(second);
        let again = gate.enter(Some(here)).unwrap();
        drop((first, third, again));
        assert!(gate.open().by_address.is_empty());
        assert_eq!(gate.open().total, 0);
    }
}
