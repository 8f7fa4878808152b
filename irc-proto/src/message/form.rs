use core::fmt;

use crate::codec::Command;

/// What parameters a message has, and how they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Form {
    /// The command, in upper case.
    pub command: Command<'static>,
    /// The parameters before the subcommand, or all.
    pub fields: &'static [(&'static str, Kind)],
    /// The subcommand, in upper case, and which parameter it is, counted from 0.
    pub word: Option<(usize, &'static str)>,
    /// The parameters after the subcommand.
    pub fields_after: &'static [(&'static str, Kind)],
    /// How many parameters there are at least, the subcommand included.
    pub required: usize,
    /// How many there are at most, if all of them are to have a place; more are left out.
    pub most: usize,
}

/// What one parameter of a form may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One parameter.
    Text,
    /// One parameter, the last of the message.
    Last,
    /// One parameter, with commas between its items.
    List,
    /// One parameter, the last of the message, with spaces between its items.
    Words,
    /// One parameter or none.
    OptionalText,
    /// One parameter, with commas between its items, or none.
    OptionalList,
    /// As many parameters as there are.
    Rest,
}

impl Form {
    /// `word` has one subcommand or none.
    pub(super) const fn new(
        command: Command<'static>,
        fields: &'static [(&'static str, Kind)],
        word: &[&'static str],
        fields_after: &'static [(&'static str, Kind)],
    ) -> Form {
        let word = match word {
            [word, ..] => Some((fields.len(), *word)),
            [] => None,
        };
        let word_too = word.is_some() as usize;
        let ((least, most), (least_after, most_after)) = (count(fields), count(fields_after));
        let required = least + word_too + least_after;
        let most = most.saturating_add(word_too).saturating_add(most_after);
        Form { command, fields, word, fields_after, required, most }
    }

    /// The name of the first parameter that is missing where there are only so many; a subcommand has no name but its own.
    pub(super) fn missing(&self, count: usize) -> &'static str {
        let named = |fields: &'static [(&'static str, Kind)]| {
            fields.iter().filter(|(_, kind)| kind.is_required()).map(|(name, _)| *name)
        };
        let word = self.word.map(|(_, word)| word);
        named(self.fields).chain(word).chain(named(self.fields_after)).nth(count).unwrap_or_default()
    }
}

impl Kind {
    /// Whether a message cannot be without it.
    pub const fn is_required(self) -> bool {
        !matches!(self, Kind::OptionalText | Kind::OptionalList | Kind::Rest)
    }
}

/// How many parameters these are at least and at most.
const fn count(fields: &[(&str, Kind)]) -> (usize, usize) {
    let (mut least, mut most) = (0, 0_usize);
    let mut rest = fields;
    while let [(_, kind), after @ ..] = rest {
        least += kind.is_required() as usize;
        most = most.saturating_add(if matches!(kind, Kind::Rest) { usize::MAX } else { 1 });
        rest = after;
    }
    (least, most)
}

impl fmt::Display for Form {
    /// `JOIN <channels,...> [ <keys,...> ]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.command)?;
        self.fields.iter().try_for_each(|field| write_field(f, *field))?;
        if let Some((_, word)) = self.word {
            write!(f, " {word}")?;
        }
        self.fields_after.iter().try_for_each(|field| write_field(f, *field))
    }
}

fn write_field(f: &mut fmt::Formatter<'_>, (name, kind): (&str, Kind)) -> fmt::Result {
    match kind {
        Kind::Text => write!(f, " <{name}>"),
        Kind::Last => write!(f, " :<{name}>"),
        Kind::List => write!(f, " <{name},...>"),
        Kind::Words => write!(f, " :<{name} ...>"),
        Kind::OptionalText => write!(f, " [ <{name}> ]"),
        Kind::OptionalList => write!(f, " [ <{name},...> ]"),
        Kind::Rest => write!(f, " *<{name}>"),
    }
}
