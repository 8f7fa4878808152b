use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{Jid, JidError, Rules, Span, ascii, prepare};

/// An address in its normal form, borrowed: a text and two offsets, copied freely.
#[derive(Clone, Copy)]
pub struct JidRef<'a> {
    text: &'a str,
    span: Span,
}

impl<'a> JidRef<'a> {
    pub(super) fn new(text: &'a str, span: Span) -> Self {
        JidRef { text, span }
    }

    /// Reads an address by [`Rules::Rfc7622`]. Where the text is its own normal form, which in ASCII is the rule, it is borrowed.
    ///
    /// # Errors
    /// The first rule that the address breaks.
    pub fn parse(text: &'a str) -> Result<JidCow<'a>, JidError> {
        JidRef::parse_by(Rules::Rfc7622, text)
    }

    /// Reads an address; the text is borrowed where it is its own normal form.
    ///
    /// # Errors
    /// The first rule that the address breaks.
    pub fn parse_by(rules: Rules, text: &'a str) -> Result<JidCow<'a>, JidError> {
        if let Some(span) = ascii::normal(text) {
            return Ok(JidCow::Borrowed(JidRef { text, span }));
        }
        let jid = prepare::whole(rules, text)?;
        Ok(match jid.as_str() == text {
            true => JidCow::Borrowed(JidRef { text, span: jid.span }),
            false => JidCow::Owned(jid),
        })
    }

    /// The normal form.
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// The localpart: the user, or the room.
    pub fn local(self) -> Option<&'a str> {
        let at = usize::from(self.span.domain).checked_sub(1)?;
        self.text.get(..at)
    }

    /// The domainpart: the server, the service, or the component.
    pub fn domain(self) -> &'a str {
        self.text.get(usize::from(self.span.domain)..usize::from(self.span.end)).unwrap_or_default()
    }

    /// The resourcepart: one connection of the user, or the nickname in a room.
    pub fn resource(self) -> Option<&'a str> {
        self.text.get(usize::from(self.span.end) + 1..)
    }

    /// Whether it has no resourcepart.
    pub fn is_bare(self) -> bool {
        self.text.len() == usize::from(self.span.end)
    }

    /// Whether it has a resourcepart.
    pub fn is_full(self) -> bool {
        !self.is_bare()
    }

    /// The address without its resourcepart.
    #[must_use]
    pub fn bare(self) -> JidRef<'a> {
        JidRef { text: self.text.get(..usize::from(self.span.end)).unwrap_or_default(), span: self.span }
    }

    /// The address of the domain alone.
    #[must_use]
    pub fn server(self) -> JidRef<'a> {
        JidRef { text: self.domain(), span: Span { domain: 0, end: self.span.end - self.span.domain } }
    }

    /// The same address with another resourcepart, brought to its normal form by [`Rules::Rfc7622`].
    ///
    /// # Errors
    /// The rule that the resourcepart breaks.
    pub fn with_resource(self, resource: &str) -> Result<Jid, JidError> {
        self.with_resource_by(Rules::Rfc7622, resource)
    }

    /// The same address with another resourcepart, brought to its normal form.
    ///
    /// # Errors
    /// The rule that the resourcepart breaks.
    pub fn with_resource_by(self, rules: Rules, resource: &str) -> Result<Jid, JidError> {
        let resource = prepare::resource(rules, resource)?;
        let bare = self.bare().as_str();
        let mut text = String::with_capacity(bare.len() + 1 + resource.len());
        text.push_str(bare);
        text.push('/');
        text.push_str(&resource);
        Ok(Jid { text: text.into_boxed_str(), span: self.span })
    }

    /// An address of its own, in one allocation.
    pub fn to_jid(self) -> Jid {
        Jid { text: self.text.into(), span: self.span }
    }
}

impl<'a> From<&'a Jid> for JidRef<'a> {
    fn from(jid: &'a Jid) -> Self {
        jid.as_ref()
    }
}

impl PartialEq for JidRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for JidRef<'_> {}

impl PartialEq<Jid> for JidRef<'_> {
    fn eq(&self, other: &Jid) -> bool {
        self.text == other.as_str()
    }
}

impl PartialOrd for JidRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JidRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(other.text)
    }
}

impl Hash for JidRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for JidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

impl fmt::Debug for JidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JidRef({:?})", self.text)
    }
}

/// An address that was read: borrowed where the text was its own normal form, owned where it was not.
#[derive(Clone, Debug)]
pub enum JidCow<'a> {
    /// The text is the normal form.
    Borrowed(JidRef<'a>),
    /// The normal form had to be written anew.
    Owned(Jid),
}

impl JidCow<'_> {
    /// The address, lent.
    pub fn as_ref(&self) -> JidRef<'_> {
        match self {
            JidCow::Borrowed(jid) => *jid,
            JidCow::Owned(jid) => jid.as_ref(),
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        self.as_ref().text
    }

    /// An address of its own.
    pub fn into_jid(self) -> Jid {
        match self {
            JidCow::Borrowed(jid) => jid.to_jid(),
            JidCow::Owned(jid) => jid,
        }
    }

    /// Whether the text was its own normal form.
    pub fn is_borrowed(&self) -> bool {
        matches!(self, JidCow::Borrowed(_))
    }
}

impl PartialEq for JidCow<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for JidCow<'_> {}

impl fmt::Display for JidCow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}
