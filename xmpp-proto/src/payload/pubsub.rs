//! Publishing by a user (XEP-0060 as XEP-0163 uses it): what is asked of a node, and what is told of it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::Malformed;
use super::form::Fields;
use crate::ns;
use crate::xml::ElementRef;

/// What is asked of a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Put this item there (XEP-0060 §7.1).
    Publish {
        /// The node.
        node: Cow<'a, str>,
        /// The `<item/>`, if there is one.
        item: Option<ElementRef<'a>>,
        /// How the node is to be.
        options: Fields,
    },
    /// Which items are there (XEP-0060 §6.5)?
    Items {
        /// The node.
        node: Cow<'a, str>,
        /// These alone; all, where none is named.
        ids: Vec<String>,
        /// The newest alone, at most so many.
        max: Option<u32>,
    },
    /// Take these items away (XEP-0060 §7.2).
    Retract {
        /// The node.
        node: Cow<'a, str>,
        /// Their ids.
        ids: Vec<String>,
    },
}

impl<'a> Request<'a> {
    /// Reads a `<pubsub/>`; `None` where something else is asked.
    ///
    /// # Errors
    /// The node is not named, or something else is not as it must be.
    pub fn read(pubsub: ElementRef<'a>) -> Result<Option<Self>, Malformed> {
        let Some(asked) = pubsub.children().find(|child| child.ns() == ns::PUBSUB) else { return Ok(None) };
        let node = || asked.attr("node").filter(|node| !node.is_empty()).ok_or(Malformed::Missing("node"));
        let items = || asked.children().filter(|child| child.is("item", ns::PUBSUB));
        let ids = || items().filter_map(|item| item.attr("id").map(|id| id.into_owned())).collect();
        Ok(Some(match asked.name() {
            "publish" => {
                let mut items = items();
                let item = items.next();
                if items.next().is_some() {
                    return Err(Malformed::Count("one item at a time"));
                }
                let options = pubsub.child("publish-options", ns::PUBSUB).and_then(Fields::within);
                Request::Publish { node: node()?, item, options: options.unwrap_or_default() }
            }
            "items" => {
                let max = asked.attr("max_items").map(|max| max.parse());
                let max = max.transpose().map_err(|_| Malformed::Value("max_items"))?;
                Request::Items { node: node()?, ids: ids(), max }
            }
            "retract" => Request::Retract { node: node()?, ids: ids() },
            _ => return Ok(None),
        }))
    }
}
