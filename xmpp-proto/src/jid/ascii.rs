//! The fast path: addresses in ASCII that are their own normal form, told by one table in one pass. Both sets of rules agree about them.

use super::{MAX_PART, Span};

/// In a localpart as it stands: visible, not upper case, none of `"&'/:<>@` (RFC 7622 §3.3.1).
const LOCAL: u8 = 1;
/// In a domain as it stands.
const DOMAIN: u8 = 2;
/// In a resourcepart.
const RESOURCE: u8 = 4;
/// Ends the localpart or the domain.
const SEPARATOR: u8 = 8;
/// A dot or a hyphen: not at the ends of a domain, and no two side by side.
const INNER: u8 = 16;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut octet = 0x20_u8;
    while octet < 0x7f {
        let mut class = RESOURCE;
        if !matches!(octet, b' ' | b'"' | b'&' | b'\'' | b'/' | b':' | b'<' | b'>' | b'@' | b'A'..=b'Z') {
            class |= LOCAL;
        }
        if matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-') {
            class |= DOMAIN;
        }
        if matches!(octet, b'/' | b'@') {
            class |= SEPARATOR;
        }
        if matches!(octet, b'.' | b'-') {
            class |= INNER;
        }
        classes[octet as usize] = class;
        octet += 1;
    }
    classes
};

const fn class(octet: u8) -> u8 {
    CLASSES[octet as usize]
}

/// Where the parts lie in a text that is its own normal form. `None` asks for the long way: the text may still be an address.
pub(super) fn normal(text: &str) -> Option<Span> {
    let text = text.as_bytes();
    let first = Run::read(text);
    let (start, domain) = match text.get(first.length) {
        Some(b'@') if first.is_local() => {
            let rest = text.get(first.length + 1..)?;
            (first.length + 1, Run::read(rest))
        }
        _ => (0, first),
    };
    let end = start + domain.length;
    let good = match text.get(end..)? {
        [] => true,
        [b'/', resource @ ..] => is_resource(resource),
        _ => false,
    };
    (good && domain.is_domain()).then_some(Span { domain: start as u16, end: end as u16 })
}

/// Whether this localpart is its own normal form.
pub(super) fn is_local(text: &str) -> bool {
    let run = Run::read(text.as_bytes());
    run.length == text.len() && run.is_local()
}

/// Whether this domain is its own normal form.
pub(super) fn is_domain(text: &str) -> bool {
    let run = Run::read(text.as_bytes());
    run.length == text.len() && run.is_domain()
}

/// Whether this resourcepart is its own normal form.
pub(super) fn is_resource(text: &[u8]) -> bool {
    // Printable ASCII is what lies in 0x20..=0x7e; told by a comparison, many octets are looked at together.
    (1..=MAX_PART).contains(&text.len())
        && text.iter().fold(true, |good, octet| good & (octet.wrapping_sub(0x20) < 0x5f))
}

/// What the octets up to a separator, or the end, have in common.
struct Run {
    length: usize,
    all: u8,
    /// Two of dot and hyphen stand side by side, or one at either end.
    neighbours: bool,
}

impl Run {
    fn read(text: &[u8]) -> Self {
        let (mut all, mut neighbours, mut behind_inner) = (u8::MAX, false, 0);
        let mut length = 0;
        for octet in text {
            let class = class(*octet);
            if class & (SEPARATOR | INNER) != 0 {
                if class & SEPARATOR != 0 {
                    break;
                }
                neighbours |= length == behind_inner;
                behind_inner = length + 1;
            }
            all &= class;
            length += 1;
        }
        Run { length, all, neighbours: neighbours || length == behind_inner }
    }

    fn is_local(&self) -> bool {
        self.all & LOCAL != 0 && (1..=MAX_PART).contains(&self.length)
    }

    /// Hyphens side by side may be those of an A-label, and 64 octets may have too long a label: those go the long way.
    fn is_domain(&self) -> bool {
        self.all & DOMAIN != 0 && !self.neighbours && (1..=63).contains(&self.length)
    }
}
