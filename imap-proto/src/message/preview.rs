//! The start of a message's text (RFC 8970).

use alloc::borrow::Cow;
use alloc::string::String;

use super::mime::{Kind, Node};
use super::{decode, html};

/// How many characters a preview has at most (RFC 8970 §3.2).
const CHARACTERS: usize = 200;

/// How much of a part is looked at, in octets: markup stands before text.
const LOOKED_AT: usize = 64 * 1024;

/// The preview of a message: of its first plain text, or of its first HTML page where there is none.
pub(super) fn of(raw: &[u8], nodes: &[Node<'_>]) -> String {
    let is = |node: &&Node<'_>, subtype: &[u8]| {
        node.is_text() && node.content_type.subtype.eq_ignore_ascii_case(subtype) && !is_in_message(nodes, node)
    };
    let plain = nodes.iter().find(|node| is(node, b"plain"));
    if let Some(node) = plain {
        let text = in_one_line(&start(raw, node));
        if !text.is_empty() {
            return text;
        }
    }
    match nodes.iter().find(|node| is(node, b"html")) {
        Some(node) => in_one_line(&html::text(&start(raw, node), CHARACTERS * 8)),
        None => String::new(),
    }
}

/// What is attached as a message is not what this one says.
fn is_in_message(nodes: &[Node<'_>], node: &Node<'_>) -> bool {
    let mut node = node;
    while node.depth > 0 {
        let Some(parent) = nodes.get(node.parent) else { break };
        if parent.kind == Kind::Message {
            return true;
        }
        node = parent;
    }
    false
}

fn start<'m>(raw: &'m [u8], node: &Node<'_>) -> Cow<'m, str> {
    let body = raw.get(node.body.clone()).unwrap_or_default();
    let body = &body[..body.len().min(LOOKED_AT)];
    let charset = node.content_type.parameter(b"charset").map_or(&b""[..], |charset| charset);
    match node.encoding.decode(body) {
        Some(Cow::Borrowed(data)) => decode::charset(data, charset),
        Some(Cow::Owned(data)) => Cow::Owned(decode::charset(&data, charset).into_owned()),
        None => Cow::Borrowed(""),
    }
}

fn in_one_line(text: &str) -> String {
    let mut line = String::new();
    let mut left = CHARACTERS;
    for word in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        if word.is_empty() {
            continue;
        }
        let spaced = !line.is_empty();
        if left <= usize::from(spaced) {
            break;
        }
        if spaced {
            line.push(' ');
            left -= 1;
        }
        for character in word.chars().take(left) {
            line.push(character);
            left -= 1;
        }
    }
    line
}
