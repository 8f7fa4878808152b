use super::Missing;
use super::form::Form;
use super::params::Rest;
use crate::codec::{Command, Params};

/// A command as one number, in upper case, so that a table is one `match`: its bytes, or digits, behind each other. Longer words than any
/// command has are 0, which no command is.
pub(super) const fn key(command: Command<'_>) -> u128 {
    let digits;
    let mut rest = match command {
        Command::Word(word) => word,
        Command::Numeric(numeric) => {
            digits = numeric.digits();
            digits.as_slice()
        }
    };
    if rest.len() > size_of::<u128>() {
        return 0;
    }
    let mut key = 0;
    while let [byte, after @ ..] = rest {
        key = key << 8 | byte.to_ascii_uppercase() as u128;
        rest = after;
    }
    key
}

/// Shares out the parameters of a message among those of a form.
pub(super) struct Reader<'a> {
    params: Params<'a>,
    count: usize,
    /// How many there are besides the required ones.
    spare: usize,
    /// The first form of this command that there are too few parameters for.
    lacking: Option<&'static Form>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(params: Params<'a>) -> Self {
        Reader { params, count: params.count(), spare: 0, lacking: None }
    }

    /// Whether the message has this form's subcommand, and parameters enough. After a form that lacked some, it must not have too many either:
    /// rather than of a short form it is a fragment of the long one.
    pub(super) fn fits(&mut self, form: &'static Form) -> bool {
        if let Some((at, word)) = form.word
            && let Some(own) = self.params.clone().nth(at)
            && !own.eq_ignore_ascii_case(word.as_bytes())
        {
            return false;
        }
        let Some(spare) = self.count.checked_sub(form.required) else {
            self.lacking.get_or_insert(form);
            return false;
        };
        self.spare = spare;
        self.lacking.is_none() || self.count <= form.most
    }

    /// What is missing, where a form only lacked parameters.
    pub(super) fn missing(&self) -> Option<Missing<'a>> {
        self.lacking.map(|form| Missing::new(form, Rest::from(self.params), self.count))
    }

    /// A required parameter. It is there: the form fits.
    pub(super) fn text(&mut self) -> &'a [u8] {
        self.params.next().unwrap_or_default()
    }

    /// The subcommand, which was compared already.
    pub(super) fn pass(&mut self, _word: &str) {
        self.params.next();
    }

    pub(super) fn optional(&mut self) -> Option<&'a [u8]> {
        self.spare = self.spare.checked_sub(1)?;
        self.params.next()
    }

    pub(super) fn rest(&mut self) -> Rest<'a> {
        let rest = Rest::of(self.params, self.spare);
        self.skip_spare();
        rest
    }

    pub(super) fn last(&mut self) -> &'a [u8] {
        self.skip_spare();
        self.text()
    }

    fn skip_spare(&mut self) {
        if let Some(before) = self.spare.checked_sub(1) {
            self.params.nth(before);
            self.spare = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_no_case_and_no_two_commands_share_one() {
        assert_eq!(key(Command::Word(b"PrivMsg")), key(Command::Word(b"PRIVMSG")));
        assert_ne!(key(Command::Word(b"PRIVMSG")), key(Command::Word(b"PRIVMSGS")));
        assert_eq!(
            key(Command::Numeric(crate::numerics::RPL_WELCOME)),
            u128::from_be_bytes(*b"\0\0\0\0\0\0\0\0\0\0\0\0\x00001")
        );
        assert_eq!(key(Command::Word(b"AVERYLONGCOMMANDX")), 0);
    }
}
