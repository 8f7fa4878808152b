use core::fmt;

/// What a piece of text is, for error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The authentication identity: whose password or key it is.
    User,
    /// The authorization identity: as whom the client wishes to act.
    Authzid,
    /// The password.
    Password,
    /// The bearer token.
    Token,
    /// The trace information of ANONYMOUS.
    Trace,
    /// A whole message.
    Message,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::User => "user name",
            Field::Authzid => "authorization identity",
            Field::Password => "password",
            Field::Token => "token",
            Field::Trace => "trace information",
            Field::Message => "message",
        })
    }
}

/// Why a piece of text is refused, on either side.
///
/// What passes can be written into a line of any of the protocols, or passed on to another server, without adding a
/// line or an argument to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Not UTF-8, which all mechanisms ask for.
    #[error("the {0} is not UTF-8; encode it so")]
    NotUtf8(Field),
    /// Empty where something must stand. (An empty password is what some directories take for an anonymous login.)
    #[error("the {0} is empty; give one")]
    Empty(Field),
    /// A control character in a name, token or trace; NUL, CR or LF in a password or a token of FAST.
    #[error("the {0} has a control character; take it out")]
    Forbidden(Field),
    /// Trace information of more than 255 characters (RFC 4505 §2).
    #[error("the {0} has more than 255 characters; shorten it")]
    TooLong(Field),
}

impl TextError {
    /// Which text it is about.
    pub fn field(&self) -> Field {
        match *self {
            TextError::NotUtf8(field)
            | TextError::Empty(field)
            | TextError::Forbidden(field)
            | TextError::TooLong(field) => field,
        }
    }
}

pub(crate) fn utf8(field: Field, octets: &[u8]) -> Result<&str, TextError> {
    core::str::from_utf8(octets).map_err(|_| TextError::NotUtf8(field))
}

/// A user name or authorization identity: not empty, no control characters.
pub(crate) fn name(field: Field, text: &str) -> Result<&str, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty(field));
    }
    without_controls(field, text)
}

/// A password: not empty, without NUL, CR and LF.
pub(crate) fn password(text: &str) -> Result<&str, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty(Field::Password));
    }
    if text.bytes().any(|octet| matches!(octet, b'\0' | b'\r' | b'\n')) {
        return Err(TextError::Forbidden(Field::Password));
    }
    Ok(text)
}

/// A bearer token: visible ASCII, a superset of the `b64token` of RFC 6750 §2.1.
pub(crate) fn token(text: &str) -> Result<&str, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty(Field::Token));
    }
    if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(TextError::Forbidden(Field::Token));
    }
    Ok(text)
}

/// A token of FAST: not empty, without NUL, CR and LF.
pub(crate) fn fast_token(text: &str) -> Result<&str, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty(Field::Token));
    }
    if text.bytes().any(|octet| matches!(octet, b'\0' | b'\r' | b'\n')) {
        return Err(TextError::Forbidden(Field::Token));
    }
    Ok(text)
}

/// Trace information (RFC 4505 §2): may be empty, at most 255 characters, no control characters.
pub(crate) fn trace(text: &str) -> Result<&str, TextError> {
    if text.chars().nth(255).is_some() {
        return Err(TextError::TooLong(Field::Trace));
    }
    without_controls(Field::Trace, text)
}

fn without_controls(field: Field, text: &str) -> Result<&str, TextError> {
    if text.chars().any(char::is_control) {
        return Err(TextError::Forbidden(field));
    }
    Ok(text)
}

/// A host name or address literal as it may stand in a message: visible ASCII without `,`, `<`, `>` and `@`.
pub(crate) fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b',' | b'<' | b'>' | b'@'))
}

/// 32 lower-case hexadecimal digits, as CRAM-MD5 and APOP write an MD5 digest.
pub(crate) fn is_md5_hex(octets: &[u8]) -> bool {
    octets.len() == 32 && octets.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn hex(octets: &[u8]) -> alloc::string::String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
