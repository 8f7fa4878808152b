use wirestate_machine::plugin::Kind;

use crate::xml::Element;

/// A stanza on its way out through the [plugins](super::Client::plugins). `None` is no stanza at all: nothing goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound(pub Option<Element>);

impl Kind for Outbound {
    /// Message 0, presence 1, IQ 2, anything else 3.
    fn bit(&self) -> u32 {
        match self.0.as_ref().map(Element::name) {
            Some("message") => 0,
            Some("presence") => 1,
            Some("iq") => 2,
            _ => 3,
        }
    }
}
