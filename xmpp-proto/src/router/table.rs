//! How a message is delivered (RFC 6121 §8.5.4).

use crate::stanza::MessageType;

/// What a message finds at the account that it is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Found {
    /// There is no such account.
    NoAccount,
    /// It has no available resource.
    NoResource,
    /// Those that are available have all a negative priority.
    NegativeOnly,
    /// At least one is available whose priority is not negative.
    Ready,
}

/// How a message is addressed, and whether its resource is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// A bare address.
    Bare,
    /// A full address of a resource that is there.
    Match,
    /// A full address of a resource that is not there.
    NoMatch,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Goes to the resource that it is addressed to.
    Deliver,
    /// Goes to all available resources whose priority is not negative.
    All,
    /// As to the bare address.
    AsBare,
    /// Is kept until somebody is there; where it cannot be, `service-unavailable` goes back.
    Hold,
    /// `service-unavailable` goes back.
    Refuse,
    /// Nothing.
    Ignore,
}

/// A row of [`DELIVERY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// What it finds.
    pub found: Found,
    /// How it is addressed.
    pub address: Address,
    /// What becomes of it, by type: `normal`, `chat`, `groupchat`, `headline`.
    pub outcomes: [Outcome; 4],
}

const fn row(found: Found, address: Address, outcomes: [Outcome; 4]) -> Row {
    Row { found, address, outcomes }
}

use Outcome::{All, AsBare, Deliver, Hold, Ignore, Refuse};

/// The law of delivery, which [`Router::handle`](super::Router::handle) consults. Where the RFC leaves a choice: `chat` and `normal` go to all resources
/// that want messages, and where there is no account, `service-unavailable` goes back, as it does where there is nobody to hold a message for. Errors are
/// delivered where their resource is there, else ignored.
pub const DELIVERY: &[Row] = &[
    row(Found::NoAccount, Address::Bare, [Refuse, Refuse, Refuse, Ignore]),
    row(Found::NoAccount, Address::NoMatch, [Refuse, Refuse, Refuse, Ignore]),
    row(Found::NoResource, Address::Bare, [Hold, Hold, Refuse, Ignore]),
    row(Found::NoResource, Address::Match, [Deliver, Deliver, Deliver, Deliver]),
    row(Found::NoResource, Address::NoMatch, [Ignore, AsBare, Refuse, Ignore]),
    row(Found::NegativeOnly, Address::Bare, [Hold, Hold, Refuse, Ignore]),
    row(Found::NegativeOnly, Address::Match, [Deliver, Deliver, Deliver, Deliver]),
    row(Found::NegativeOnly, Address::NoMatch, [Ignore, AsBare, Refuse, Ignore]),
    row(Found::Ready, Address::Bare, [All, All, Refuse, All]),
    row(Found::Ready, Address::Match, [Deliver, Deliver, Deliver, Deliver]),
    row(Found::Ready, Address::NoMatch, [Ignore, AsBare, Refuse, Ignore]),
];

/// What becomes of a message.
pub(super) fn outcome(found: Found, address: Address, kind: MessageType) -> Outcome {
    let column = match kind {
        MessageType::Normal => 0,
        MessageType::Chat => 1,
        MessageType::Groupchat => 2,
        MessageType::Headline => 3,
        MessageType::Error if address == Address::Match => return Deliver,
        MessageType::Error => return Ignore,
    };
    let row = DELIVERY.iter().find(|row| row.found == found && row.address == address);
    row.and_then(|row| row.outcomes.get(column)).copied().unwrap_or(Ignore)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_one_row() {
        for found in [Found::NoAccount, Found::NoResource, Found::NegativeOnly, Found::Ready] {
            for address in [Address::Bare, Address::Match, Address::NoMatch] {
                let rows = DELIVERY.iter().filter(|row| row.found == found && row.address == address).count();
                let possible = found != Found::NoAccount || address != Address::Match;
                assert_eq!(rows, usize::from(possible), "{found:?} {address:?}");
            }
        }
    }

    #[test]
    fn as_bare_ends_at_the_bare_row() {
        for row in DELIVERY.iter().filter(|row| row.address == Address::Bare) {
            assert!(!row.outcomes.contains(&AsBare) && !row.outcomes.contains(&Deliver));
        }
    }
}
