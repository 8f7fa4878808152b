//! What an entity is, can do, and holds (XEP-0030).

use alloc::string::String;
use alloc::vec::Vec;

use super::Malformed;
use crate::jid::Jid;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What an entity is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// `server`, `conference`, `account`, `client` ...
    pub category: String,
    /// The kind within the category.
    pub kind: String,
    /// Its name for people.
    pub name: Option<String>,
}

/// What an entity is and can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// What it is.
    pub identities: Vec<Identity>,
    /// What it can do: namespaces.
    pub features: Vec<String>,
}

impl Info {
    /// Reads an answer.
    pub fn read(query: ElementRef<'_>) -> Self {
        let mut info = Info::default();
        for child in query.children().filter(|child| child.ns() == ns::DISCO_INFO) {
            let attr = |name| child.attr(name).map(|value| value.into_owned());
            match child.name() {
                "identity" => info.identities.push(Identity {
                    category: attr("category").unwrap_or_default(),
                    kind: attr("type").unwrap_or_default(),
                    name: attr("name"),
                }),
                "feature" => info.features.extend(attr("var")),
                _ => {}
            }
        }
        info
    }

    /// Whether it has a feature.
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }
}

/// Writes an `<identity/>` into a query.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write_identity<S: Sink + ?Sized>(
    query: &mut ElementWriter<'_, S>,
    category: &str,
    kind: &str,
    name: Option<&str>,
) -> Result<(), XmlError> {
    query.own("identity")?.attr("category", category)?.attr("type", kind)?.attr_if("name", name)?;
    Ok(())
}

/// Writes a `<feature/>` into a query.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write_feature<S: Sink + ?Sized>(query: &mut ElementWriter<'_, S>, feature: &str) -> Result<(), XmlError> {
    query.own("feature")?.attr("var", feature)?;
    Ok(())
}

/// What an entity holds: another entity, or a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its address.
    pub jid: Jid,
    /// Its node there.
    pub node: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
}

impl Item {
    /// Reads all that an answer names.
    ///
    /// # Errors
    /// An item has no address.
    pub fn read_all(query: ElementRef<'_>) -> Result<Vec<Item>, Malformed> {
        let items = query.children().filter(|child| child.is("item", ns::DISCO_ITEMS));
        let read = |item: ElementRef<'_>| {
            let jid = item.attr("jid").ok_or(Malformed::Missing("jid"))?;
            let jid = Jid::parse(&jid).map_err(|_| Malformed::Jid("jid"))?;
            let attr = |name| item.attr(name).map(|value| value.into_owned());
            Ok(Item { jid, node: attr("node"), name: attr("name") })
        };
        items.map(read).collect()
    }
}

/// Writes an `<item/>` into a query.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write_item<S: Sink + ?Sized>(
    query: &mut ElementWriter<'_, S>,
    jid: &str,
    name: Option<&str>,
) -> Result<(), XmlError> {
    query.own("item")?.attr("jid", jid)?.attr_if("name", name)?;
    Ok(())
}
