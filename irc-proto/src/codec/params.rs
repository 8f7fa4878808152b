use core::fmt;
use core::iter::FusedIterator;

use wirestate_machine::scan;

/// The parameters of a message, in order, without allocation. A trailing one comes without its colon: once parsed, it is a parameter
/// like the others (modern.ircdocs.horse, "Parameters").
#[derive(Clone, Copy)]
pub struct Params<'a> {
    rest: &'a [u8],
}

impl<'a> Params<'a> {
    /// `rest` is what follows the command: nothing, or a space and more.
    pub(super) fn of(rest: &'a [u8]) -> Self {
        Params { rest }
    }

    /// How many bytes of the line follow the part that was read last.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|byte| *byte != b' ');
        let rest = start.map_or(&[][..], |start| &self.rest[start..]);
        if let Some(trailing) = rest.strip_prefix(b":") {
            self.rest = &[];
            return Some(trailing);
        }
        let (param, rest) = match scan::position(b' ', rest) {
            Some(end) => rest.split_at(end),
            None => (rest, &[][..]),
        };
        self.rest = rest;
        (!param.is_empty()).then_some(param)
    }
}

impl FusedIterator for Params<'_> {}

impl fmt::Debug for Params<'_> {
    /// Shows how many there are, never what they say: one may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Params({})", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    fn params(rest: &str) -> Vec<&str> {
        Params::of(rest.as_bytes()).map(|param| core::str::from_utf8(param).unwrap()).collect()
    }

    #[test]
    fn a_colon_begins_the_last_one() {
        assert_eq!(params(" a b :c d"), ["a", "b", "c d"]);
        assert_eq!(params(" a:b ::c"), ["a:b", ":c"]);
        assert_eq!(params(" :"), [""]);
        assert_eq!(params(" :  "), ["  "]);
        assert!(params("").is_empty());
    }

    #[test]
    fn spaces_between_and_after_are_no_parameters() {
        assert_eq!(params("   a   b  "), ["a", "b"]);
        assert!(params("   ").is_empty());
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Params::of(b" hunter2")), "Params(1)");
    }
}
