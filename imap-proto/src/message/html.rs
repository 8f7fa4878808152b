//! The text of an HTML page, for the start of a message.

use alloc::string::String;

use mail_parser::decoders::html::add_html_token;

/// The text without its tags; at most so many bytes, and a character more. Time is linear.
pub(super) fn text(html: &str, limit: usize) -> String {
    let mut text = String::new();
    let mut rest = html;
    while text.len() < limit {
        let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) else {
            text.push_str(rest);
            break;
        };
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('&') { entity(rest, &mut text) } else { tag(rest, &mut text) };
    }
    text
}

/// The longest name of an entity is not much shorter.
const ENTITY: usize = 40;

fn entity<'h>(rest: &'h str, text: &mut String) -> &'h str {
    let bytes = rest.as_bytes();
    let is_end = |byte: &u8| *byte == b';' || byte.is_ascii_whitespace() || !byte.is_ascii();
    match bytes.iter().take(ENTITY).position(is_end) {
        Some(end) if bytes[end] == b';' => {
            add_html_token(text, &bytes[..=end], false);
            &rest[end + 1..]
        }
        _ => {
            text.push('&');
            &rest[1..]
        }
    }
}

fn tag<'h>(rest: &'h str, text: &mut String) -> &'h str {
    let after = |end: Option<usize>, length: usize| end.and_then(|end| rest.get(end + length..)).unwrap_or_default();
    if rest.starts_with("<!--") {
        return after(memchr::memmem::find(rest.as_bytes(), b"-->"), 3);
    }
    let name = &rest[1..];
    let is_tag = name.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?'));
    if !is_tag {
        text.push('<');
        return name;
    }
    let inside = after(memchr::memchr(b'>', rest.as_bytes()), 1);
    let end = name.find(|other: char| !other.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = &name[..end];
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    if is(&["script", "style", "title"]) {
        // What is in it is no text; it ends with the next tag that begins with a slash and this name.
        let mut rest = inside;
        while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"</") {
            rest = &rest[at + 2..];
            if rest.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
                return memchr::memchr(b'>', rest.as_bytes()).map_or("", |end| &rest[end + 1..]);
            }
        }
        return "";
    }
    if !is(&["a", "b", "i", "u", "em", "strong", "span", "font", "sub", "sup"]) {
        text.push(' ');
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_are_left_out() {
        let page = "<html><head><title>No</title><style>p{a:b}</style></head><!-- no <b> --><body><p>One<br>t<b>wo</b> &amp; &eacute;&#x41; 1 < 2 &c</p></body>";
        let words: alloc::vec::Vec<_> = super::text(page, 1000).split_whitespace().map(String::from).collect();
        assert_eq!(words, ["One", "two", "&", "éA", "1", "<", "2", "&c"]);
        assert_eq!(super::text("<script>a</script", 10), "");
    }

    #[test]
    fn h41_tags_and_comments_without_end() {
        for piece in ["<", "<a", "<!--", "&", "<script>", "&a;", "</"] {
            assert!(super::text(&piece.repeat(100_000), 1000).len() <= 1000 + 40);
        }
    }

    proptest! {
        #[test]
        fn no_page_breaks(page in "[<>&;/!a#x0-9é-]{0,60}") {
            super::text(&page, 1000);
        }
    }
}
