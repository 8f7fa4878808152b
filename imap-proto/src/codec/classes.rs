//! How far bytes of a kind go: what parsers do most.

/// For each byte the classes that it belongs to, as bits.
pub(crate) type Classes = [u8; 256];

/// How many bytes of a class `text` begins with.
#[inline]
pub(crate) fn span(classes: &Classes, class: u8, text: &[u8]) -> usize {
    // Most words are short, and not the last.
    match text.first_chunk() {
        Some(eight) => span_of_eight(classes, class, eight).unwrap_or_else(|| long_span(classes, class, text, 8)),
        None => long_span(classes, class, text, 0),
    }
}

/// The same, if it ends among eight bytes. In a row they need no count.
#[inline]
fn span_of_eight(classes: &Classes, class: u8, eight: &[u8; 8]) -> Option<usize> {
    eight.iter().position(|byte| classes[usize::from(*byte)] & class == 0)
}

/// The same, where it is known to be so long at least.
#[inline(never)]
fn long_span(classes: &Classes, class: u8, text: &[u8], mut end: usize) -> usize {
    while let Some(eight) = text.get(end..).and_then(<[u8]>::first_chunk) {
        match span_of_eight(classes, class, eight) {
            Some(within) => return end + within,
            None => end += eight.len(),
        }
    }
    let rest = text.get(end..).unwrap_or_default();
    end + rest.iter().take_while(|byte| classes[usize::from(**byte)] & class != 0).count()
}

/// How many bytes `text` begins with that are of a class of which all printable characters are, but the quote and the backslash.
///
/// Eight bytes are looked at in one register, and one by one only those that are none of these.
#[inline]
pub(crate) fn span_in_quotes(classes: &Classes, class: u8, text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        while let Some(eight) = text.get(end..).and_then(<[u8]>::first_chunk) {
            match first_in_doubt(eight) {
                None => end += eight.len(),
                Some(within) => {
                    end += within;
                    break;
                }
            }
        }
        match text.get(end) {
            Some(byte) if classes[usize::from(*byte)] & class != 0 => end += 1,
            _ => return end,
        }
    }
}

/// The first control character, quote or backslash.
#[inline]
fn first_in_doubt(eight: &[u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let below = |eight: u64, limit: u8| eight.wrapping_sub(ONES * u64::from(limit)) & !eight;
    let is = |eight: u64, byte: u8| below(eight ^ (ONES * u64::from(byte)), 1);
    let eight = u64::from_le_bytes(*eight);
    // The lowest of these bits is right; above it a borrow may have set others.
    let found = (below(eight, b' ') | is(eight, b'"') | is(eight, b'\\')) & HIGH;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORD: u8 = 1;
    const QUOTED: u8 = 2;

    static CLASSES: Classes = {
        let mut classes = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            classes[byte] = match byte as u8 {
                b'"' | b'\\' | b'\r' | b'\n' => 0,
                b'a'..=b'z' | 0x80.. => WORD | QUOTED,
                _ => QUOTED,
            };
            byte += 1;
        }
        classes
    };

    fn plainly(class: u8, text: &[u8]) -> usize {
        text.iter().take_while(|byte| CLASSES[usize::from(**byte)] & class != 0).count()
    }

    proptest! {
        #[test]
        fn spans_end_where_a_byte_is_of_another_class(text in "[a-b]{0,20}[a-b A\u{e9}\"\\\\\t\r]{0,20}") {
            let text = text.as_bytes();
            for from in 0..=text.len() {
                let text = &text[from..];
                prop_assert_eq!(span(&CLASSES, WORD, text), plainly(WORD, text));
                prop_assert_eq!(span_in_quotes(&CLASSES, QUOTED, text), plainly(QUOTED, text));
            }
        }

        #[test]
        fn whatever_the_bytes_are(text in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(span(&CLASSES, WORD, &text), plainly(WORD, &text));
            prop_assert_eq!(span_in_quotes(&CLASSES, QUOTED, &text), plainly(QUOTED, &text));
        }
    }
}
