use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::element::Element;
use crate::ns;

/// The namespaces that a stream header declares, which are in scope in all that it holds (Namespaces in XML 1.0, §6). A handle, cheap to clone.
#[derive(Clone)]
pub struct Scope(Bindings);

#[derive(Clone)]
enum Bindings {
    Known(&'static [Binding]),
    Shared(Arc<[Binding]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// Empty for the default namespace; none where no prefix leads here.
    pub(super) prefix: Option<Cow<'static, str>>,
    pub(super) uri: Cow<'static, str>,
}

const fn known(prefix: &'static str, uri: &'static str) -> Binding {
    Binding { prefix: Some(Cow::Borrowed(prefix)), uri: Cow::Borrowed(uri) }
}

const STREAM: Binding = known("stream", ns::STREAM);
static CLIENT: [Binding; 2] = [known("", ns::CLIENT), STREAM];
static SERVER: [Binding; 3] = [known("", ns::SERVER), STREAM, known("db", ns::DIALBACK)];
static SERVER_ALONE: [Binding; 2] = [known("", ns::SERVER), STREAM];
static COMPONENT: [Binding; 2] = [known("", ns::COMPONENT_ACCEPT), STREAM];
static ROUTER: [Binding; 2] = [known("", ns::JABBERD_ROUTER), STREAM];

impl Scope {
    /// Nothing is declared: what a WebSocket message is read in (RFC 7395 §3.3.3).
    pub const EMPTY: Scope = Scope(Bindings::Known(&[]));
    /// `jabber:client`, and `stream` for the stream's elements (RFC 6120 §4.8).
    pub const CLIENT: Scope = Scope(Bindings::Known(&CLIENT));
    /// `jabber:server`, `stream`, and `db` for dialback (XEP-0220 §2).
    pub const SERVER: Scope = Scope(Bindings::Known(&SERVER));
    /// `jabber:component:accept` and `stream` (XEP-0114).
    pub const COMPONENT: Scope = Scope(Bindings::Known(&COMPONENT));
    /// What jabberd2's router speaks, and `stream`.
    pub const ROUTER: Scope = Scope(Bindings::Known(&ROUTER));

    /// What a stream header declares. Usual headers need no memory for it.
    pub fn of_header(header: &Element) -> Scope {
        let mut bindings: Vec<Binding> = Vec::new();
        for (prefix, uri) in header.view().declarations() {
            bindings.push(Binding { prefix: Some(Cow::Owned(prefix.into())), uri: Cow::Owned(uri.into()) });
        }
        bindings.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        for known in [&CLIENT[..], &SERVER, &SERVER_ALONE, &COMPONENT, &ROUTER] {
            let is_same = known.len() == bindings.len() && known.iter().all(|one| bindings.contains(one));
            if is_same {
                return Scope(Bindings::Known(known));
            }
        }
        Scope(Bindings::Shared(bindings.into()))
    }

    /// The default namespace; empty where there is none.
    pub fn default_ns(&self) -> &str {
        self.uri("").unwrap_or_default()
    }

    /// What a prefix stands for; the empty one for the default namespace.
    pub fn uri(&self, prefix: &str) -> Option<&str> {
        let at = self.number(prefix)?;
        self.bindings().get(at).map(|binding| &*binding.uri)
    }

    /// A prefix that stands for this namespace.
    pub fn prefix(&self, ns: &str) -> Option<&str> {
        self.iter().find(|(prefix, uri)| !prefix.is_empty() && *uri == ns).map(|(prefix, _)| prefix)
    }

    /// Prefixes, and the namespaces they stand for. The default namespace has an empty prefix.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings().iter().filter_map(|binding| Some((binding.prefix.as_deref()?, &*binding.uri)))
    }

    pub(super) fn bindings(&self) -> &[Binding] {
        match &self.0 {
            Bindings::Known(known) => known,
            Bindings::Shared(shared) => shared,
        }
    }

    pub(super) fn number(&self, prefix: &str) -> Option<usize> {
        self.bindings().iter().position(|binding| binding.prefix.as_deref() == Some(prefix))
    }

    /// With names besides that no prefix leads to.
    pub(super) fn with(&self, more: Vec<Binding>) -> Scope {
        if more.is_empty() {
            return self.clone();
        }
        Scope(Bindings::Shared(self.bindings().iter().cloned().chain(more).collect()))
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Scope) -> bool {
        self.bindings() == other.bindings()
    }
}

impl Eq for Scope {}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
