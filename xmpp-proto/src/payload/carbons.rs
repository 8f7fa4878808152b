//! Copies of messages for a user's other clients (XEP-0280).

use super::Malformed;
use super::forward::Forwarded;
use crate::jid::JidRef;
use crate::ns;
use crate::xml::ElementRef;

/// Which way the message went that was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Another client of the user sent it.
    Sent,
    /// Another client of the user received it.
    Received,
}

impl Direction {
    /// The element's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Sent => "sent",
            Direction::Received => "received",
        }
    }
}

/// The copy that a message holds, for the user whose bare address is `user`: `None` where it holds none, or where it is not from the user's own
/// server, which alone may send copies (XEP-0280 §11).
///
/// # Errors
/// It is from there, but holds no message.
pub fn copied<'a>(message: ElementRef<'a>, user: JidRef<'_>) -> Result<Option<(Direction, Forwarded<'a>)>, Malformed> {
    let is_ours = message.attr("from").is_some_and(|from| JidRef::parse(&from).is_ok_and(|from| from.as_ref() == user));
    let mut copies = message.children().filter(|child| child.ns() == ns::CARBONS);
    let copy = copies.find_map(|child| match child.name() {
        "sent" => Some((Direction::Sent, child)),
        "received" => Some((Direction::Received, child)),
        _ => None,
    });
    match copy {
        Some((direction, copy)) if is_ours => Ok(Some((direction, Forwarded::within(copy)?))),
        _ => Ok(None),
    }
}

/// Whether copies are to be made of such a message (XEP-0280 §6.1): a chat, or a message with a text, or what belongs to one; not what says that it is
/// not to be copied, nor what a room said.
pub fn is_eligible(message: ElementRef<'_>) -> bool {
    let kind = message.attr("type");
    let kind = kind.as_deref().unwrap_or("normal");
    let has = |name, ns| message.child(name, ns).is_some();
    if matches!(kind, "groupchat" | "headline") || has("private", ns::CARBONS) || has("no-copy", ns::HINTS) {
        return false;
    }
    let belongs = |child: ElementRef<'_>| {
        matches!(child.ns(), ns::RECEIPTS | ns::CHAT_STATES | ns::CHAT_MARKERS | ns::CORRECT)
            || child.is("x", ns::CONFERENCE)
    };
    match kind {
        "chat" | "error" => true,
        _ => message.children().any(|child| child.name() == "body" || belongs(child)),
    }
}
