use core::fmt;

use super::MAX_PART;

/// A part of an address (RFC 7622 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What stands before the `@`.
    Local,
    /// What must be there.
    Domain,
    /// What stands behind the first `/`.
    Resource,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Local => "localpart",
            Part::Domain => "domainpart",
            Part::Resource => "resourcepart",
        })
    }
}

/// Why a text is no address: one variant for each rule. In a stanza's `to` it is answered with `jid-malformed` (RFC 6120 §8.3.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JidError {
    /// A part has no character, or none that is kept (RFC 7622 §3.1).
    #[error("the {0} is empty; leave it out with its `@` or `/`, or write something there (a domain must be there)")]
    Empty(Part),
    /// A part is too long once it is prepared (RFC 7622 §3.1).
    #[error("the {0} has more than {MAX_PART} octets; use a shorter one")]
    TooLong(Part),
    /// A code point that the part cannot have (RFC 7622 §3.3.1, RFC 8264 §4), or not at its place (RFC 5892 Appendix A).
    #[error("the {part} cannot have {character:?} there; XEP-0106 has a way to write the ASCII ones in a localpart")]
    Character {
        /// Where it stands.
        part: Part,
        /// The code point.
        character: char,
    },
    /// Text that is read from right to left is mixed in a way that could be taken for other text (RFC 5893 §2).
    #[error("the {0} mixes directions of writing so that it could be read in two ways")]
    Direction(Part),
    /// What stringprep prohibits: a code point, or a mix of directions (RFC 6122).
    #[error("the {0} has a character or a mix of directions that stringprep prohibits")]
    Prohibited(Part),
    /// Preparing it again and again gives another text each time (RFC 8264 §7).
    #[error("the {0} has no normal form")]
    Unstable(Part),
    /// A label has something other than letters, digits and inner hyphens, or is not one that IDNA allows (RFC 7622 §3.2).
    #[error("the domainpart is no domain name: labels are letters, digits and inner hyphens, with dots between them")]
    DomainName,
    /// A label has more octets in ASCII than DNS takes (RFC 1035 §2.3.4).
    #[error("a label of the domainpart has more than 63 octets")]
    LabelTooLong,
    /// What stands in brackets is no IPv6 address (RFC 7622 §3.2).
    #[error("the domainpart in brackets is no IPv6 address")]
    Ipv6Literal,
    /// Text beyond ASCII, in a build without the tables.
    #[error("the {0} has characters beyond ASCII, which need the `std` feature of this library")]
    TablesMissing(Part),
}
