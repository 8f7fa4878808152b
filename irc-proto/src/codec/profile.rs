use thiserror::Error;

/// How exactly a line must follow the grammar. Both profiles read one grammar, and what both accept they read alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// What RFC 2812 §2.3.1 and message-tags allow, and nothing else: lines end with CRLF, one space stands between two parts.
    Strict,
    /// What is met in the wild too: a bare LF, several CRs before it, several spaces between parts, spaces at the start and at the end,
    /// an empty source, odd tag keys and commands, more than 15 parameters.
    #[default]
    Lenient,
}

impl Profile {
    /// The most parameters that RFC 2812 §2.3 allows.
    pub const MAX_PARAMS: usize = 15;

    /// Takes the line end off a line that reaches up to and including its LF.
    ///
    /// # Errors
    ///
    /// [`Fault::BareLf`] where a strict line does not end with CRLF.
    pub fn trim_line(self, line: &[u8]) -> Result<&[u8], Fault> {
        let mut line = line.strip_suffix(b"\n").unwrap_or(line);
        if self == Profile::Strict {
            return line.strip_suffix(b"\r").ok_or(Fault::BareLf);
        }
        while let Some(shorter) = line.strip_suffix(b"\r") {
            line = shorter;
        }
        Ok(line)
    }
}

/// Why a line is not a message. The stream goes on with the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The line ends with LF alone. Strict only.
    #[error("lines must end with CRLF")]
    BareLf,
    /// There is a CR inside the line.
    #[error("a CR must be followed by LF")]
    BareCr,
    /// There is an LF inside what was given as one line.
    #[error("an LF ends a line: give one line at a time")]
    InnerLf,
    /// There is a NUL octet.
    #[error("NUL is not allowed")]
    Nul,
    /// The line has 4 GiB or more, which [`Limits`](super::Limits) never let through.
    #[error("no line of 4 GiB is a message: send less at a time")]
    TooLong,
    /// There is nothing in the line. RFC 2812 §2.3.1 has such lines silently ignored.
    #[error("the line is empty")]
    Empty,
    /// There are tags or a source, and no command.
    #[error("no command follows the tags or the source")]
    MissingCommand,
    /// The command is not letters or three digits. Lenient takes any printable ASCII that does not begin with `:` or `@`.
    #[error("a command is letters or three digits")]
    Command,
    /// The line begins with a space. Strict only.
    #[error("a line must not begin with a space")]
    LeadingSpace,
    /// Two parts stand more than one space apart. Strict only.
    #[error("one space must stand between two parts of a message")]
    ExtraSpace,
    /// The line ends with spaces that belong to no parameter. Strict only.
    #[error("a line must not end with a space")]
    TrailingSpace,
    /// There is a colon for a source, and no source. Strict only.
    #[error("the source is empty")]
    EmptySource,
    /// A tag's key is empty or has a character outside letters, digits, `-`, and `.` in a vendor. Strict only.
    #[error("a tag's key is letters, digits and hyphens, after `+` and a vendor if there are any")]
    TagKey,
    /// A tag's value is not UTF-8. Strict only.
    #[error("a tag's value must be UTF-8")]
    TagNotUtf8,
    /// There are more than 15 parameters. Strict only.
    #[error("a message has at most {} parameters", Profile::MAX_PARAMS)]
    TooManyParams,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_lf_ends_lenient_lines_only() {
        assert_eq!(Profile::Strict.trim_line(b"PING x\r\n"), Ok(&b"PING x"[..]));
        assert_eq!(Profile::Strict.trim_line(b"PING x\n"), Err(Fault::BareLf));
        assert_eq!(Profile::Lenient.trim_line(b"PING x\n"), Ok(&b"PING x"[..]));
        assert_eq!(Profile::Lenient.trim_line(b"PING x\r\r\n"), Ok(&b"PING x"[..]));
        assert_eq!(Profile::Strict.trim_line(b"PING x\r\r\n"), Ok(&b"PING x\r"[..]));
        assert_eq!(Profile::Lenient.trim_line(b"\n"), Ok(&b""[..]));
    }
}
