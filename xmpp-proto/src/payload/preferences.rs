//! Which of a user's messages are archived (XEP-0441).

use alloc::collections::BTreeSet;

use super::Malformed;
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What becomes of a message where no list says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It is archived.
    #[default]
    Always,
    /// It is not.
    Never,
    /// It is where the other one is in the user's roster.
    Roster,
}

impl Policy {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Always => "always",
            Policy::Never => "never",
            Policy::Roster => "roster",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Policy::Always, Policy::Never, Policy::Roster].into_iter().find(|policy| policy.as_str() == text)
    }
}

/// A `<prefs/>`. By default all is archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// What becomes of messages from and to those who are in neither list.
    pub policy: Policy,
    /// Messages from and to these are archived.
    pub always: BTreeSet<Jid>,
    /// Messages from and to these are not.
    pub never: BTreeSet<Jid>,
}

impl Preferences {
    /// Reads a `<prefs/>`. A list that is missing is an empty one.
    ///
    /// # Errors
    /// There is no policy, or none that is known, or an address is none.
    pub fn read(prefs: ElementRef<'_>) -> Result<Self, Malformed> {
        let policy = prefs.attr("default").ok_or(Malformed::Missing("default"))?;
        let list = |name: &'static str| -> Result<BTreeSet<Jid>, Malformed> {
            let Some(list) = prefs.child(name, ns::MAM) else { return Ok(BTreeSet::new()) };
            let jids = list.children().filter(|child| child.is("jid", ns::MAM));
            jids.map(|jid| Jid::parse(jid.text().trim()).map_err(|_| Malformed::Jid(name))).collect()
        };
        Ok(Preferences {
            policy: Policy::parse(&policy).ok_or(Malformed::Value("default"))?,
            always: list("always")?,
            never: list("never")?,
        })
    }

    /// Writes a `<prefs/>`.
    ///
    /// # Errors
    /// None that an [`ElementWriter`] can give for it.
    pub fn write<S: Sink + ?Sized>(&self, iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        self.fill(&mut iq.child("prefs", ns::MAM)?)
    }

    /// Writes what a `<prefs/>` holds into it.
    ///
    /// # Errors
    /// None that an [`ElementWriter`] can give for it.
    pub fn fill<S: Sink + ?Sized>(&self, prefs: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        prefs.attr("default", self.policy.as_str())?;
        for (name, jids) in [("always", &self.always), ("never", &self.never)] {
            let mut list = prefs.own(name)?;
            jids.iter().try_for_each(|jid| list.own_text("jid", jid.as_str()).map(drop))?;
        }
        Ok(())
    }

    /// Whether messages from and to somebody are archived, who is a contact of the user's or not. What is said of an address with its resource counts
    /// before what is said of all of them; who is in both lists is in the second.
    pub fn wants(&self, other: JidRef<'_>, is_contact: impl FnOnce() -> bool) -> bool {
        // As it is for most.
        let says_nothing = self.always.is_empty() && self.never.is_empty();
        for jid in [other, other.bare()].into_iter().take(if says_nothing { 0 } else { 2 }) {
            if self.never.contains(jid.as_str()) {
                return false;
            }
            if self.always.contains(jid.as_str()) {
                return true;
            }
        }
        match self.policy {
            Policy::Always => true,
            Policy::Never => false,
            Policy::Roster => is_contact(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Element, Scope, Writer};

    fn read(text: &str) -> Result<Preferences, Malformed> {
        let element: Element = text.parse().unwrap();
        Preferences::read(element.view())
    }

    #[test]
    fn what_is_said_last_of_whom_counts() {
        let prefs = read(
            "<prefs xmlns='urn:xmpp:mam:2' default='roster'>\
             <always><jid>Romeo@montague.example</jid><jid>nurse@capulet.example/tell</jid></always>\
             <never><jid>nurse@capulet.example</jid><jid>romeo@montague.example/work</jid></never></prefs>",
        )
        .unwrap();
        let mut bytes = alloc::vec::Vec::new();
        let mut writer = Writer::new(&mut bytes, &Scope::EMPTY);
        prefs.write(&mut writer.element("iq", "").unwrap()).unwrap();
        let iq = Element::parse(bytes.into(), &Scope::EMPTY, &crate::xml::Limits::PEER).unwrap();
        assert_eq!(Preferences::read(iq.children().next().unwrap()).unwrap(), prefs);
        for (other, is_contact, wanted) in [
            ("romeo@montague.example", false, true),
            ("romeo@montague.example/home", false, true),
            ("romeo@montague.example/work", true, false),
            ("nurse@capulet.example/x", true, false),
            ("nurse@capulet.example/tell", false, true),
            ("tybalt@capulet.example", true, true),
            ("tybalt@capulet.example", false, false),
        ] {
            assert_eq!(prefs.wants(Jid::parse(other).unwrap().as_ref(), || is_contact), wanted, "{other}");
        }
        assert!(Preferences::default().wants(Jid::parse("a@b").unwrap().as_ref(), || false));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "<prefs xmlns='urn:xmpp:mam:2'/>",
            "<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>",
            "<prefs xmlns='urn:xmpp:mam:2' default='never'><always><jid>@</jid></always></prefs>",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
