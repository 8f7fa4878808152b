//! Line ends. Clients are shown CRLF; a file may have LF, as programs on Unix
//! deliver it. Counting and showing go by the same rule: an LF without a CR
//! before it gets one. Nothing else is changed or added.

/// Counts a message's octets as clients are shown them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WireCount {
    octets: u64,
    after_cr: bool,
}

impl WireCount {
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.octets += piece.len() as u64 + bare_line_feeds(piece, self.after_cr).count() as u64;
        self.after_cr = piece.last().map_or(self.after_cr, |&last| last == b'\r');
    }

    pub(super) fn octets(self) -> u64 {
        self.octets
    }
}

/// Appends a piece to `out` as clients are shown it. `after_cr` says whether
/// the piece before it ended with CR, and is kept for the next.
pub(super) fn show(piece: &[u8], after_cr: &mut bool, out: &mut Vec<u8>) {
    let mut shown = 0;
    for at in bare_line_feeds(piece, *after_cr) {
        out.extend_from_slice(piece.get(shown..at).unwrap_or_default());
        out.push(b'\r');
        shown = at;
    }
    out.extend_from_slice(piece.get(shown..).unwrap_or_default());
    *after_cr = piece.last().map_or(*after_cr, |&last| last == b'\r');
}

fn bare_line_feeds(piece: &[u8], after_cr: bool) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b'\n', piece).filter(move |&at| match at.checked_sub(1) {
        Some(before) => piece.get(before) != Some(&b'\r'),
        None => !after_cr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_and_showing_agree_however_the_message_is_cut() {
        for (file, wire) in [
            ("", ""),
            ("a\nb", "a\r\nb"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("\r\r\n\rx\n", "\r\r\n\rx\r\n"),
            ("a\r", "a\r"),
        ] {
            for size in 1..=file.len().max(1) {
                let (mut count, mut after_cr, mut out) = (WireCount::default(), false, Vec::new());
                for piece in file.as_bytes().chunks(size) {
                    count.push(piece);
                    show(piece, &mut after_cr, &mut out);
                }
                assert_eq!(String::from_utf8(out).unwrap(), wire);
                assert_eq!(count.octets(), wire.len() as u64);
            }
        }
    }
}
