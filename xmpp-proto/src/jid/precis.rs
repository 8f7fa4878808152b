//! UsernameCaseMapped and OpaqueString (RFC 8265 §3.3, §4.2): the rules of `precis-profiles`, and string classes over newer tables.

use alloc::borrow::Cow;
use alloc::string::String;

use precis_core::profile::Rules as _;
use precis_core::{DerivedPropertyValue as Property, FreeformClass, IdentifierClass, StringClass};
use precis_profiles::{OpaqueString, UsernameCaseMapped};

use super::unicode;
use super::{JidError, Part};

/// Width mapping, the IdentifierClass, lower case, NFC, and the Bidi rule.
pub(super) fn username(text: &str) -> Result<Cow<'_, str>, JidError> {
    let rules = UsernameCaseMapped::new();
    let text = rules.width_mapping_rule(text).map_err(|_| JidError::Unstable(Part::Local))?;
    check_class(Part::Local, &IdentifierClass::default(), &text)?;
    let text = rules.case_mapping_rule(text).map_err(|_| JidError::Unstable(Part::Local))?;
    let text = rules.normalization_rule(text).map_err(|_| JidError::Unstable(Part::Local))?;
    rules.directionality_rule(text).map_err(|_| JidError::Direction(Part::Local))
}

/// The FreeformClass, spaces of any kind as U+0020, and NFC.
pub(super) fn opaque(text: &str) -> Result<Cow<'_, str>, JidError> {
    let rules = OpaqueString::new();
    check_class(Part::Resource, &FreeformClass::default(), text)?;
    let text = rules.additional_mapping_rule(text).map_err(|_| JidError::Unstable(Part::Resource))?;
    rules.normalization_rule(text).map_err(|_| JidError::Unstable(Part::Resource))
}

/// What `StringClass::allows` checks, but in linear time: that one collects the whole text anew for each character with a rule of context.
fn check_class(part: Part, class: &impl StringClass, text: &str) -> Result<(), JidError> {
    let mut context = Context { class, text, any_kana_or_han: None, mixes_digits: None };
    for (place, character) in text.char_indices() {
        let allowed = match class.get_value_from_char(character) {
            Property::PValid | Property::SpecClassPval => true,
            Property::ContextJ | Property::ContextO => context.allows(place, character),
            Property::Unassigned => unicode::allows(character, part),
            Property::SpecClassDis | Property::Disallowed => false,
        };
        if !allowed {
            return Err(JidError::Character { part, character });
        }
    }
    Ok(())
}

/// The rules of RFC 5892 Appendix A. Scripts and joining types are asked of the class, by the shortest text that shows them.
struct Context<'a, C> {
    class: &'a C,
    text: &'a str,
    any_kana_or_han: Option<bool>,
    mixes_digits: Option<bool>,
}

impl<C: StringClass> Context<'_, C> {
    fn allows(&mut self, place: usize, character: char) -> bool {
        let (before, rest) = self.text.split_at(place);
        let after = rest.strip_prefix(character).unwrap_or_default();
        let (last, next) = (before.chars().next_back(), after.chars().next());
        match character {
            MIDDLE_DOT => last == Some('l') && next == Some('l'),
            JOINER => last.is_some_and(|virama| self.allows_pair(virama, JOINER)),
            NON_JOINER => self.allows_non_joiner(before, after),
            KERAIA => next.is_some_and(|greek| greek == KERAIA || self.allows_pair(KERAIA, greek)),
            GERESH | GERSHAYIM => {
                last.is_some_and(|hebrew| matches!(hebrew, GERESH | GERSHAYIM) || self.allows_pair(hebrew, GERESH))
            }
            KATAKANA_DOT => match self.any_kana_or_han {
                Some(known) => known,
                None => *self.any_kana_or_han.insert(self.finds_kana_or_han()),
            },
            '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => {
                let text = self.text;
                !*self.mixes_digits.get_or_insert_with(|| {
                    let has = |mut digits: core::ops::RangeInclusive<char>| digits.any(|digit| text.contains(digit));
                    has('\u{660}'..='\u{669}') && has('\u{6f0}'..='\u{6f9}')
                })
            }
            _ => false,
        }
    }

    /// The rule looks at joining types on both sides, of which no ruled character has one that counts: what is between two of them is enough.
    fn allows_non_joiner(&self, before: &str, after: &str) -> bool {
        let before = before.rsplit(is_ruled).next().unwrap_or_default();
        let after = after.split(is_ruled).next().unwrap_or_default();
        let mut run = String::with_capacity(before.len() + NON_JOINER.len_utf8() + after.len());
        run.push_str(before);
        run.push(NON_JOINER);
        run.push_str(after);
        self.class.allows(&run).is_ok()
    }

    fn finds_kana_or_han(&self) -> bool {
        let mut letters = self.text.chars().filter(|letter| *letter >= FIRST_OF_CJK && *letter != KATAKANA_DOT);
        letters.any(|letter| self.allows_pair(letter, KATAKANA_DOT))
    }

    fn allows_pair(&self, first: char, second: char) -> bool {
        self.class.allows([first, second].into_iter().collect::<String>()).is_ok()
    }
}

const MIDDLE_DOT: char = '\u{b7}';
const KERAIA: char = '\u{375}';
const GERESH: char = '\u{5f3}';
const GERSHAYIM: char = '\u{5f4}';
const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
const KATAKANA_DOT: char = '\u{30fb}';
/// Of the scripts that a Katakana dot needs, none begins before this.
const FIRST_OF_CJK: char = '\u{2e80}';

fn is_ruled(character: char) -> bool {
    matches!(character, MIDDLE_DOT | KERAIA | GERESH | GERSHAYIM | NON_JOINER | JOINER | KATAKANA_DOT)
        || matches!(character, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn context_is_judged_as_the_slow_way_does(
            parts in proptest::collection::vec("[al·١۱اא׳״͵αカ・漢한\u{200c}\u{200d}\u{94d}कنب\u{5bf}]", 0..10)
        ) {
            let text = parts.concat();
            let (identifier, free) = (IdentifierClass::default(), FreeformClass::default());
            prop_assert_eq!(check_class(Part::Local, &identifier, &text).is_ok(), identifier.allows(&text).is_ok());
            prop_assert_eq!(check_class(Part::Resource, &free, &text).is_ok(), free.allows(&text).is_ok());
        }
    }
}
