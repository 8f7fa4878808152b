//! Which channels a LIST asks for: masks and the conditions of ELIST (RFC 2812 §3.2.6,
//! <https://modern.ircdocs.horse/#elist-parameter>).

use alloc::vec::Vec;

use crate::casemap::CaseMapping;
use crate::mask;

/// The conditions that are known, for the ELIST token.
pub(crate) const CONDITIONS: &[u8] = b"CMNTU";

/// How many conditions of one LIST are heeded.
const MOST: usize = 20;

/// The first parameter of a LIST. All numeric conditions must hold, some mask, and no `!mask`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions<'a> {
    numbers: Vec<(What, Than, u64)>,
    masks: Vec<&'a [u8]>,
    not: Vec<&'a [u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Users,
    /// Minutes since the channel was made.
    Created,
    /// Minutes since the topic was set.
    Topic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Than {
    More,
    Less,
}

/// What a channel is measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) users: usize,
    /// Minutes since it was made.
    pub(crate) age: u64,
    /// Minutes since its topic was set, if it has one.
    pub(crate) topic_age: Option<u64>,
}

impl<'a> Conditions<'a> {
    /// Reads conditions between commas; what is none of them is a mask or a name. Empty ones, and those beyond the twentieth, are passed over.
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        let mut all = Conditions::default();
        for condition in text.split(|byte| *byte == b',').filter(|condition| !condition.is_empty()).take(MOST) {
            match number(condition) {
                Some(number) => all.numbers.push(number),
                None => match condition.strip_prefix(b"!") {
                    Some(not) => all.not.push(not),
                    None => all.masks.push(condition),
                },
            }
        }
        all
    }

    pub(crate) fn hold(&self, channel: Listed<'_>, mapping: CaseMapping) -> bool {
        let fits = |mask: &&[u8]| mask::matches(mask, channel.name, mapping);
        (self.masks.is_empty() || self.masks.iter().any(fits))
            && !self.not.iter().any(fits)
            && self.numbers.iter().all(|(what, than, bound)| {
                let own = match what {
                    What::Users => Some(u64::try_from(channel.users).unwrap_or(u64::MAX)),
                    What::Created => Some(channel.age),
                    What::Topic => channel.topic_age,
                };
                own.is_some_and(|own| match than {
                    Than::More => own > *bound,
                    Than::Less => own < *bound,
                })
            })
    }
}

fn number(condition: &[u8]) -> Option<(What, Than, u64)> {
    let (what, rest) = match condition {
        [b'C' | b'c', rest @ ..] => (What::Created, rest),
        [b'T' | b't', rest @ ..] => (What::Topic, rest),
        _ => (What::Users, condition),
    };
    let (than, digits) = match rest {
        [b'>', digits @ ..] => (Than::More, digits),
        [b'<', digits @ ..] => (Than::Less, digits),
        _ => return None,
    };
    let text = core::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    Some((what, than, text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOBBY: Listed<'static> = Listed { name: b"#Lobby", users: 5, age: 60, topic_age: Some(10) };

    fn hold(text: &str, channel: Listed<'_>) -> bool {
        Conditions::parse(text.as_bytes()).hold(channel, CaseMapping::Rfc1459)
    }

    #[test]
    fn each_condition_holds_by_its_measure() {
        for text in [
            "",
            ",",
            "#lobby",
            "#l*",
            "#x,#lobby",
            ">4",
            "<6",
            ">4,<6",
            "C>59",
            "c<61",
            "T<11",
            "T>9",
            "!#x*",
            "#*,!#x*",
        ] {
            assert!(hold(text, LOBBY), "{text}");
        }
        for text in ["#x", ">5", "<5", ">4,<5", "C>60", "C<60", "T<10", "!#l*", "#l*,!#*y", "#l*,>9"] {
            assert!(!hold(text, LOBBY), "{text}");
        }
        let silent = Listed { topic_age: None, ..LOBBY };
        assert!(!hold("T>0", silent) && !hold("T<99", silent));
    }

    #[test]
    fn what_is_no_number_is_a_mask() {
        for text in [">x", "<", "C>1x", "T>", ">99999999999999999999999"] {
            assert_eq!(Conditions::parse(text.as_bytes()).masks.len(), 1, "{text}");
        }
    }

    #[test]
    fn conditions_are_bounded() {
        let text = "#x,".repeat(1000);
        assert_eq!(Conditions::parse(text.as_bytes()).masks.len(), MOST);
    }
}
