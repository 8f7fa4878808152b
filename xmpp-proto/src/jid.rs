//! Addresses (RFC 7622): `localpart@domainpart/resourcepart`, in the one spelling that all spellings of an address come to.
//!
//! A [`Jid`] owns its text, a [`JidRef`] borrows it; both hold normal forms only, so that comparing, hashing and ordering look at octets. The parts of
//! one cost nothing, and neither does its bare form:
//!
//! ```
//! use xmpp_proto::jid::{Jid, JidRef};
//!
//! # fn main() -> Result<(), xmpp_proto::jid::JidError> {
//! let jid: Jid = "Juliet@Capulet.EXAMPLE./Balcony".parse()?;
//! assert_eq!(jid.as_str(), "juliet@capulet.example/Balcony");
//! assert_eq!((jid.local(), jid.domain(), jid.resource()), (Some("juliet"), "capulet.example", Some("Balcony")));
//! assert_eq!(jid.bare().as_str(), "juliet@capulet.example");
//! assert_eq!(jid.bare().with_resource("chamber")?.as_str(), "juliet@capulet.example/chamber");
//!
//! // What is normal already is read without an allocation.
//! let from = JidRef::parse("romeo@montague.example/orchard")?;
//! assert!(from.is_borrowed());
//! # Ok(())
//! # }
//! ```
//!
//! # Which rules
//!
//! [`Rules::Rfc7622`] is the rule unless another is named: PRECIS for both sides of the domain, IDNA for the domain. Most servers still prepare names by
//! stringprep; [`Rules::Rfc6122`] does as they do. In ASCII both are the same:
//!
//! | as it came | RFC 7622 | RFC 6122 |
//! |---|---|---|
//! | `straße@…` | `straße@…` | `strasse@…` |
//! | `ﬁn@…` (a ligature) | refused | `fin@…` |
//! | `…/Ⅳ` | `…/Ⅳ` | `…/IV` |
//! | `…/😀` | `…/😀` | refused |
//! | a soft hyphen, a zero width joiner | refused | left out |
//! | `Σίσυφος@…` | `σίσυφος@…` | `σίσυφοσ@…` |
//! | `١٢٣@…` (digits alone, read from right to left) | refused | `١٢٣@…` |
//!
//! Addresses prepared by different rules are compared as they stand; one program should keep to one.
//!
//! # Limits
//!
//! Each part has [`MAX_PART`] octets at most. The work is linear in the text, and a part of more than three times that many octets is refused unread.
//!
//! # Without `std`
//!
//! Domains are read whole. Beyond ASCII the other two parts need tables that only `std` has, and are [`JidError::TablesMissing`].

mod ascii;
mod borrowed;
mod domain;
mod error;
mod escape;
#[cfg(feature = "std")]
mod precis;
mod prepare;
#[cfg(feature = "std")]
mod unicode;

#[cfg(test)]
mod tests;

pub use borrowed::{JidCow, JidRef};
pub use error::{JidError, Part};
pub use escape::{EscapeError, escape, unescape};

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// How many octets of UTF-8 a part may have, once it is prepared (RFC 7622 §3.1).
pub const MAX_PART: usize = 1023;

/// By which rules addresses are prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rules {
    /// RFC 7622: UsernameCaseMapped and OpaqueString of PRECIS (RFC 8265), and IDNA by UTS #46 without transition. Code points that came to Unicode after
    /// PRECIS' tables were made (6.3) are judged by the algorithm of RFC 8264 §8, over the newest tables.
    #[default]
    Rfc7622,
    /// RFC 6122: Nodeprep, Nameprep and Resourceprep of stringprep, over Unicode 3.2.
    Rfc6122,
}

/// Where the parts of an address lie in its text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    /// Where the domain begins: behind the `@`, or at the start.
    domain: u16,
    /// Where it ends: at the `/`, or at the end.
    end: u16,
}

/// An address in its normal form: one allocation and two offsets.
///
/// In a map it is found by the text of any normal address ([`JidRef::as_str`]).
#[derive(Clone)]
pub struct Jid {
    text: Box<str>,
    span: Span,
}

impl Jid {
    /// Reads an address and brings it to its normal form by [`Rules::Rfc7622`].
    ///
    /// # Errors
    /// The first rule that the address breaks.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        Jid::parse_by(Rules::Rfc7622, text)
    }

    /// Reads an address and brings it to its normal form.
    ///
    /// # Errors
    /// The first rule that the address breaks.
    pub fn parse_by(rules: Rules, text: &str) -> Result<Self, JidError> {
        match ascii::normal(text) {
            Some(span) => Ok(Jid { text: text.into(), span }),
            None => prepare::whole(rules, text),
        }
    }

    /// Puts an address together, each part brought to its normal form.
    ///
    /// # Errors
    /// The first rule that a part breaks. A part that is there must not be empty.
    pub fn from_parts(
        rules: Rules,
        local: Option<&str>,
        domain: &str,
        resource: Option<&str>,
    ) -> Result<Self, JidError> {
        let local = local.map(|local| prepare::local(rules, local)).transpose()?;
        let domain = domain::prepare(rules, domain)?;
        let resource = resource.map(|resource| prepare::resource(rules, resource)).transpose()?;
        Ok(Jid::join(local.as_deref(), &domain, resource.as_deref()))
    }

    /// Puts prepared parts together: none has more than [`MAX_PART`] octets.
    fn join(local: Option<&str>, domain: &str, resource: Option<&str>) -> Self {
        let length = |part: Option<&str>| part.map_or(0, |part| part.len() + 1);
        let start = length(local);
        let mut text = String::with_capacity(start + domain.len() + length(resource));
        if let Some(local) = local {
            text.push_str(local);
            text.push('@');
        }
        text.push_str(domain);
        if let Some(resource) = resource {
            text.push('/');
            text.push_str(resource);
        }
        let span = Span { domain: start as u16, end: (start + domain.len()) as u16 };
        Jid { text: text.into_boxed_str(), span }
    }

    /// The address, lent.
    pub fn as_ref(&self) -> JidRef<'_> {
        JidRef::new(&self.text, self.span)
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The localpart: the user, or the room.
    pub fn local(&self) -> Option<&str> {
        self.as_ref().local()
    }

    /// The domainpart: the server, the service, or the component.
    pub fn domain(&self) -> &str {
        self.as_ref().domain()
    }

    /// The resourcepart: one connection of the user, or the nickname in a room.
    pub fn resource(&self) -> Option<&str> {
        self.as_ref().resource()
    }

    /// Whether it has no resourcepart.
    pub fn is_bare(&self) -> bool {
        self.as_ref().is_bare()
    }

    /// Whether it has a resourcepart.
    pub fn is_full(&self) -> bool {
        self.as_ref().is_full()
    }

    /// The address without its resourcepart.
    pub fn bare(&self) -> JidRef<'_> {
        self.as_ref().bare()
    }

    /// The address of the domain alone.
    pub fn server(&self) -> JidRef<'_> {
        self.as_ref().server()
    }

    /// The same address with another resourcepart, brought to its normal form by [`Rules::Rfc7622`].
    ///
    /// # Errors
    /// The rule that the resourcepart breaks.
    pub fn with_resource(&self, resource: &str) -> Result<Jid, JidError> {
        self.as_ref().with_resource(resource)
    }

    /// The address without its resourcepart, in the memory of this one.
    #[must_use]
    pub fn into_bare(self) -> Jid {
        if self.is_bare() {
            return self;
        }
        let mut text = String::from(self.text);
        text.truncate(usize::from(self.span.end));
        Jid { text: text.into_boxed_str(), span: self.span }
    }

    /// The normal form, owned.
    pub fn into_string(self) -> String {
        self.text.into()
    }
}

impl FromStr for Jid {
    type Err = JidError;

    fn from_str(text: &str) -> Result<Self, JidError> {
        Jid::parse(text)
    }
}

impl TryFrom<&str> for Jid {
    type Error = JidError;

    fn try_from(text: &str) -> Result<Self, JidError> {
        Jid::parse(text)
    }
}

impl From<JidRef<'_>> for Jid {
    fn from(jid: JidRef<'_>) -> Self {
        jid.to_jid()
    }
}

impl PartialEq for Jid {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Jid {}

impl PartialEq<JidRef<'_>> for Jid {
    fn eq(&self, other: &JidRef<'_>) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialOrd for Jid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Jid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Borrow<str> for Jid {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Jid {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jid({:?})", self.text)
    }
}

/// Prepares a resourcepart alone, as for a nickname or a request to bind.
///
/// # Errors
/// The rule that it breaks.
pub fn prepare_resource(rules: Rules, resource: &str) -> Result<Cow<'_, str>, JidError> {
    prepare::resource(rules, resource)
}

/// Prepares a localpart alone, as for the user name of a login.
///
/// # Errors
/// The rule that it breaks.
pub fn prepare_local(rules: Rules, local: &str) -> Result<Cow<'_, str>, JidError> {
    prepare::local(rules, local)
}

/// Prepares a domainpart alone, as for the `to` of a stream.
///
/// # Errors
/// The rule that it breaks.
pub fn prepare_domain(rules: Rules, domain: &str) -> Result<Cow<'_, str>, JidError> {
    domain::prepare(rules, domain)
}
