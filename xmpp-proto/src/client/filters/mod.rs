//! Filters: what a program wants to be told apart from all else, by [tags](super::Event::Filtered) of its own.
//!
//! A filter lasts until it is removed, and any number may match one stanza: each gives an event. What answers a request reaches no filter.
//! Each is tried once a stanza, in time linear in the stanza's size.

mod path;

pub use path::{Path, PathError};

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::client::rare::Absent;
use crate::jid::{Jid, JidRef};
use crate::xml::{Element, ElementRef};

/// The number of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterId(u32);

impl FilterId {
    /// The number, for logs.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What a filter looks for. All that is said of it must be so; an empty one matches every stanza.
///
/// ```
/// use xmpp_proto::client::{Matcher, Path};
/// use xmpp_proto::ns;
///
/// let chat = Matcher::new().stanza("message").kind("chat").child("body", ns::CLIENT);
/// let pushes = Matcher::path(Path::parse("/iq[@type='set']/r:query", &[("r", ns::ROSTER)])?);
/// # let message: xmpp_proto::xml::Element = "<message xmlns='jabber:client' type='chat'><body>Hi</body></message>".parse()?;
/// assert!(chat.matches(&message) && !pushes.matches(&message));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Matcher {
    rules: Vec<Rule>,
}

#[derive(Clone)]
enum Rule {
    Name(Box<str>),
    Kind(Box<str>),
    Id(Box<str>),
    From(Jid),
    FromAccount(Jid),
    Child(Box<str>, Box<str>),
    Path(Path),
    When(Predicate),
}

type Predicate = Arc<dyn Fn(ElementRef<'_>) -> bool + Send + Sync>;

impl Matcher {
    /// One that matches every stanza.
    pub fn new() -> Self {
        Matcher::default()
    }

    /// One that matches by a path.
    pub fn path(path: Path) -> Self {
        Matcher::new().and(Rule::Path(path))
    }

    /// The stanza has this name: `message`, `presence`, `iq`.
    #[must_use]
    pub fn stanza(self, name: &str) -> Self {
        self.and(Rule::Name(name.into()))
    }

    /// Its `type` is this one.
    #[must_use]
    pub fn kind(self, kind: &str) -> Self {
        self.and(Rule::Kind(kind.into()))
    }

    /// Its `id` is this one.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.and(Rule::Id(id.into()))
    }

    /// It is from just this address.
    #[must_use]
    pub fn from(self, address: Jid) -> Self {
        self.and(Rule::From(address))
    }

    /// It is from this account, whatever the resource.
    #[must_use]
    pub fn from_account(self, address: &Jid) -> Self {
        self.and(Rule::FromAccount(address.bare().to_jid()))
    }

    /// Directly in it there is an element of this name and namespace. It is what the event shows.
    #[must_use]
    pub fn child(self, name: &str, ns: &str) -> Self {
        self.and(Rule::Child(name.into(), ns.into()))
    }

    /// The path leads somewhere in it. Where that is, is what the event shows.
    #[must_use]
    pub fn and_path(self, path: Path) -> Self {
        self.and(Rule::Path(path))
    }

    /// The function says so. It must judge by the stanza alone, or the machine is no longer pure.
    #[must_use]
    pub fn when(self, predicate: impl Fn(ElementRef<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.and(Rule::When(Arc::new(predicate)))
    }

    /// Whether it matches.
    pub fn matches(&self, stanza: &Element) -> bool {
        self.find(stanza).is_some()
    }

    /// The elements that paths and [`child`](Matcher::child) lead to, or the stanza itself where there are none of these; `None` where it does not
    /// match.
    pub fn find(&self, stanza: &Element) -> Option<Vec<Element>> {
        let mut found = Vec::new();
        let mut is_within = false;
        for rule in &self.rules {
            let root = stanza.view();
            let holds = match rule {
                Rule::Name(name) => root.name() == &**name,
                Rule::Kind(kind) => root.attr("type").as_deref() == Some(&**kind),
                Rule::Id(id) => root.attr("id").as_deref() == Some(&**id),
                Rule::From(address) => is_from(root, |from| from == address.as_ref()),
                Rule::FromAccount(address) => is_from(root, |from| from.bare() == address.as_ref()),
                Rule::When(predicate) => predicate(root),
                Rule::Child(name, ns) => {
                    is_within = true;
                    let before = found.len();
                    found.extend(root.children().filter(|child| child.is(name, ns)).map(ElementRef::to_element));
                    found.len() > before
                }
                Rule::Path(path) => {
                    is_within = true;
                    let before = found.len();
                    found.extend(path.find(root).into_iter().map(ElementRef::to_element));
                    found.len() > before
                }
            };
            if !holds {
                return None;
            }
        }
        if !is_within {
            found.push(stanza.clone());
        }
        Some(found)
    }

    fn and(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher").field("rules", &self.rules.len()).finish()
    }
}

fn is_from(stanza: ElementRef<'_>, judge: impl FnOnce(JidRef<'_>) -> bool) -> bool {
    let Some(from) = stanza.attr("from") else { return false };
    JidRef::parse(&from).is_ok_and(|from| judge(from.as_ref()))
}

/// The filters of a program, in the order in which they were added. They outlive connections.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    filters: Vec<Filter>,
    last: u32,
}

impl Absent for Filters {
    fn absent() -> &'static Self {
        static NONE: Filters = Filters::new();
        &NONE
    }
}

#[derive(Clone, Debug)]
struct Filter {
    id: FilterId,
    tag: Arc<str>,
    matcher: Matcher,
}

/// What one filter found in a stanza.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: FilterId,
    pub(super) tag: Arc<str>,
    pub(super) nodes: Vec<Element>,
}

impl Filters {
    /// None yet.
    pub const fn new() -> Self {
        Filters { filters: Vec::new(), last: 0 }
    }

    /// Adds a filter. Any number may have the same tag.
    pub fn add(&mut self, tag: &str, matcher: Matcher) -> FilterId {
        self.last = self.last.wrapping_add(1);
        let id = FilterId(self.last);
        self.filters.push(Filter { id, tag: tag.into(), matcher });
        id
    }

    /// Removes all filters that have this tag, and tells how many there were.
    pub fn remove(&mut self, tag: &str) -> usize {
        let before = self.filters.len();
        self.filters.retain(|filter| &*filter.tag != tag);
        before - self.filters.len()
    }

    /// Removes one filter, if it is there.
    pub fn remove_one(&mut self, id: FilterId) -> bool {
        let before = self.filters.len();
        self.filters.retain(|filter| filter.id != id);
        self.filters.len() < before
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.filters.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Their numbers and tags.
    pub fn iter(&self) -> impl Iterator<Item = (FilterId, &str)> {
        self.filters.iter().map(|filter| (filter.id, &*filter.tag))
    }

    /// What each filter that matches finds.
    pub(super) fn find<'a>(&'a self, stanza: &'a Element) -> impl Iterator<Item = Found> + 'a {
        self.filters.iter().filter_map(|filter| {
            let nodes = filter.matcher.find(stanza)?;
            Some(Found { id: filter.id, tag: filter.tag.clone(), nodes })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ns;

    fn message() -> Element {
        "<message xmlns='jabber:client' from='bob@h.example/x' type='chat' id='1'><body>Hi</body><x xmlns='u:1'/><x xmlns='u:1'/></message>"
            .parse()
            .unwrap()
    }

    #[test]
    fn all_that_is_said_must_be_so() {
        let bob = Jid::parse("Bob@h.example").unwrap();
        let matcher = Matcher::new().stanza("message").kind("chat").id("1").from_account(&bob).child("x", "u:1");
        assert_eq!(matcher.find(&message()).unwrap().len(), 2);
        for wrong in [
            Matcher::new().stanza("iq"),
            Matcher::new().stanza("message").kind("normal"),
            Matcher::new().id("2"),
            Matcher::new().from(bob.clone()),
            Matcher::new().child("x", "u:2"),
            Matcher::new().child("body", ns::CLIENT).when(|_| false),
        ] {
            assert_eq!(wrong.find(&message()), None);
        }
        assert_eq!(
            Matcher::new().when(|stanza| stanza.attr("id").is_some()).find(&message()),
            Some([message()].into())
        );
    }

    #[test]
    fn filters_overlap_and_go_by_their_tag() {
        let mut filters = Filters::new();
        filters.add("all", Matcher::new());
        filters.add("texts", Matcher::new().child("body", ns::CLIENT));
        let one = filters.add("all", Matcher::new().stanza("message"));
        filters.add("never", Matcher::new().stanza("presence"));
        let tags = |filters: &Filters| filters.find(&message()).map(|found| found.tag.to_string()).collect::<Vec<_>>();
        use alloc::string::ToString;
        assert_eq!(tags(&filters), ["all", "texts", "all"]);
        assert_eq!(tags(&filters), ["all", "texts", "all"], "they last");
        assert!(filters.remove_one(one) && !filters.remove_one(one));
        filters.add("all", Matcher::new());
        assert_eq!(filters.remove("all"), 2);
        assert_eq!(tags(&filters), ["texts"]);
    }
}
