//! Characters that Unicode took in after PRECIS' tables were made: new letters, and most of the emoji in use.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory as _};

use super::Part;

/// The derived property of RFC 8264 §8, for code points that version 6.3 of Unicode had not assigned. No exceptions, context rules or old Hangul are
/// among those.
pub(super) fn allows(character: char, part: Part) -> bool {
    if is_ignorable(character) {
        return false;
    }
    match character.general_category() {
        Category::LowercaseLetter
        | Category::UppercaseLetter
        | Category::OtherLetter
        | Category::DecimalNumber
        | Category::ModifierLetter
        | Category::NonspacingMark
        | Category::SpacingMark => part == Part::Resource || !has_compatibility_form(character),
        Category::TitlecaseLetter
        | Category::LetterNumber
        | Category::OtherNumber
        | Category::EnclosingMark
        | Category::SpaceSeparator
        | Category::MathSymbol
        | Category::CurrencySymbol
        | Category::ModifierSymbol
        | Category::OtherSymbol
        | Category::ConnectorPunctuation
        | Category::DashPunctuation
        | Category::OpenPunctuation
        | Category::ClosePunctuation
        | Category::InitialPunctuation
        | Category::FinalPunctuation
        | Category::OtherPunctuation => part == Part::Resource,
        _ => false,
    }
}

/// Default_Ignorable_Code_Point that is no format character: the one that came after 6.3.
fn is_ignorable(character: char) -> bool {
    character == '\u{180f}'
}

fn has_compatibility_form(character: char) -> bool {
    !core::iter::once(character).nfkc().eq([character])
}
