//! How text is compared: i;unicode-casemap (RFC 5051), which RFC 5255 §4.1 demands of SEARCH, SORT and THREAD.

use alloc::borrow::Cow;
use alloc::string::String;
use core::cmp::Ordering;

use unicode_normalization::char::decompose_compatible;

/// The text in one case, with its characters taken apart: texts are equal in the collation when these are. What is searched for is found in
/// a text when this is found in that.
pub fn casemap(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            true => Cow::Owned(text.to_ascii_uppercase()),
            false => Cow::Borrowed(text),
        };
    }
    let mut mapped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character.is_ascii() {
            mapped.push(character.to_ascii_uppercase());
            continue;
        }
        // Only mappings to one character are meant.
        let mut upper = character.to_uppercase();
        let upper = if upper.len() == 1 { upper.next() } else { None };
        // A ligature is taken apart into small letters.
        decompose_compatible(upper.unwrap_or(character), |part| mapped.push(part.to_ascii_uppercase()));
    }
    Cow::Owned(mapped)
}

/// Which text comes first.
pub fn compare(one: &str, other: &str) -> Ordering {
    casemap(one).as_bytes().cmp(casemap(other).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_mean_nothing() {
        assert_eq!(compare("Straße", "STRAßE"), Ordering::Equal);
        assert_eq!(compare("caf\u{e9}", "CAFE\u{301}"), Ordering::Equal);
        assert_eq!(compare("ﬁn", "FIN"), Ordering::Equal);
        assert_eq!(compare("a", "B"), Ordering::Less);
        assert!(casemap("Grüße aus Köln").contains(&*casemap("KÖLN")));
    }
}
