//! POP URLs (RFC 2384): `pop://user;AUTH=mechanism@host:port`.
//!
//! ```
//! use pop3_proto::url::{Auth, PopUrl};
//! let url: PopUrl = "pop://rg;AUTH=+APOP@mail.eudora.com:8110".parse()?;
//! assert_eq!((url.user(), url.auth()), (Some("rg"), Some(&Auth::Apop)));
//! assert_eq!((url.host(), url.port_or_default()), ("mail.eudora.com", 8110));
//! assert_eq!(url.to_string(), "pop://rg;AUTH=+APOP@mail.eudora.com:8110");
//! # Ok::<(), pop3_proto::url::UrlError>(())
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// The place of a maildrop. It never holds a password: RFC 2384 has no place for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PopUrl {
    user: Option<String>,
    auth: Option<Auth>,
    host: String,
    port: Option<u16>,
}

/// How to log in (RFC 2384 §5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// `*`: whatever is appropriate.
    Any,
    /// `+APOP`
    Apop,
    /// The name of a SASL mechanism.
    Sasl(String),
}

/// Why a text is no POP URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It does not begin with `pop://`.
    #[error("a POP URL begins with pop://")]
    Scheme,
    /// The user, the host or the mechanism has a character that must be written as `%` and two hexadecimal digits.
    #[error("a character must be written as % and two hexadecimal digits")]
    Character,
    /// A `%` without two hexadecimal digits after it, or octets that are not UTF-8.
    #[error("a % must be followed by two hexadecimal digits, and what they stand for must be UTF-8")]
    Percent,
    /// A control character, even as `%0D`: it could become a second command.
    #[error("control characters are not allowed, not even in their % form")]
    Control,
    /// `;` without `AUTH=`, or without anything after it.
    #[error("only ;AUTH= and a mechanism, * or +APOP may follow the user's name")]
    Auth,
    /// The user's name is empty.
    #[error("the user's name is empty: leave out the @, or name somebody")]
    User,
    /// The host is empty or has a character that no host has.
    #[error("the host is missing or malformed")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// Something follows host and port.
    #[error("nothing may follow host and port")]
    Path,
}

impl PopUrl {
    /// A maildrop on this host.
    ///
    /// # Errors
    /// [`UrlError::Host`] for anything but a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn new(host: impl Into<String>) -> Result<Self, UrlError> {
        let host = host.into();
        if is_host(&host) { Ok(PopUrl { user: None, auth: None, host, port: None }) } else { Err(UrlError::Host) }
    }

    /// Names the user.
    ///
    /// # Errors
    /// [`UrlError::User`] when it is empty, [`UrlError::Control`] when it has a control character.
    pub fn with_user(mut self, user: impl Into<String>) -> Result<Self, UrlError> {
        let user = user.into();
        if user.is_empty() {
            return Err(UrlError::User);
        }
        self.user = Some(without_controls(user)?);
        Ok(self)
    }

    /// Names the way to log in; it is written only where there is a user.
    ///
    /// # Errors
    /// [`UrlError::Auth`] when a mechanism's name has other characters than letters, digits, `-` and `_`.
    pub fn with_auth(mut self, auth: Auth) -> Result<Self, UrlError> {
        if let Auth::Sasl(name) = &auth
            && !is_mechanism(name)
        {
            return Err(UrlError::Auth);
        }
        self.auth = Some(auth);
        Ok(self)
    }

    /// Names the port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The user, decoded.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// How to log in; none said means [`Auth::Any`] to most.
    pub fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref()
    }

    /// The host, an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one is named.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port, 110 where none is named.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(110)
    }
}

impl FromStr for PopUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pop") {
            return Err(UrlError::Scheme);
        }
        if rest.contains(['/', '?', '#']) {
            return Err(UrlError::Path);
        }
        let (account, place) = match rest.rsplit_once('@') {
            Some((account, place)) => (Some(account), place),
            None => (None, rest),
        };
        // The colons inside of brackets belong to the address.
        let after_address = place.rfind(']').unwrap_or(0);
        let (host, port) = match place[after_address..].find(':') {
            Some(colon) => {
                let (host, port) = place.split_at(after_address + colon);
                (host, Some(parse_port(&port[1..])?))
            }
            None => (place, None),
        };
        let mut url = PopUrl::new(host)?;
        url.port = port;
        let Some(account) = account else { return Ok(url) };
        let (user, auth) = match account.split_once(';') {
            Some((user, auth)) => (user, Some(parse_auth(auth)?)),
            None => (account, None),
        };
        url = url.with_user(decode(user)?)?;
        match auth {
            Some(auth) => url.with_auth(auth),
            None => Ok(url),
        }
    }
}

impl fmt::Display for PopUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pop://")?;
        if let Some(user) = &self.user {
            encode(user, f)?;
            if let Some(auth) = &self.auth {
                write!(f, ";AUTH={auth}")?;
            }
            f.write_str("@")?;
        }
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Any => "*",
            Auth::Apop => "+APOP",
            Auth::Sasl(name) => name,
        })
    }
}

fn parse_port(digits: &str) -> Result<u16, UrlError> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(UrlError::Port);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port)
}

fn parse_auth(text: &str) -> Result<Auth, UrlError> {
    let (key, value) = text.split_once('=').ok_or(UrlError::Auth)?;
    if !key.eq_ignore_ascii_case("AUTH") {
        return Err(UrlError::Auth);
    }
    let value = decode(value)?;
    Ok(match value.as_str() {
        "*" => Auth::Any,
        apop if apop.eq_ignore_ascii_case("+APOP") => Auth::Apop,
        _ => Auth::Sasl(value),
    })
}

/// `achar` of RFC 2384 §8: what stands for itself.
fn is_plain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"$-_.+!*'(),&=~".contains(&octet)
}

fn decode(text: &str) -> Result<String, UrlError> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'%' => {
                let mut digit =
                    || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or(UrlError::Percent);
                octets.push((digit()? << 4 | digit()?) as u8);
            }
            plain if is_plain(plain) => octets.push(plain),
            _ => return Err(UrlError::Character),
        }
    }
    String::from_utf8(octets).map_err(|_| UrlError::Percent)
}

fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.bytes().try_for_each(|octet| match is_plain(octet) {
        true => write!(f, "{}", char::from(octet)),
        false => write!(f, "%{octet:02X}"),
    })
}

fn without_controls(text: String) -> Result<String, UrlError> {
    if text.chars().any(char::is_control) { Err(UrlError::Control) } else { Ok(text) }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(address) => {
            address.strip_suffix(']').is_some_and(|address| address.parse::<core::net::Ipv6Addr>().is_ok())
        }
        None => !host.is_empty() && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet)),
    }
}

fn is_mechanism(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<PopUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn the_examples_of_rfc_2384() {
        for text in [
            "pop://rg@mailsrv.qualcomm.com",
            "pop://rg;AUTH=+APOP@mail.eudora.com:8110",
            "pop://baz;AUTH=SCRAM-MD5@foo.bar",
            "pop://rg;AUTH=*@[::1]:995",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        let url = parse("POP://a%40b%3Bc;auth=%2a@host").unwrap();
        assert_eq!((url.user(), url.auth(), url.port_or_default()), (Some("a@b;c"), Some(&Auth::Any), 110));
        assert_eq!(url.to_string(), "pop://a%40b%3Bc;AUTH=*@host");
    }

    #[test]
    fn what_is_no_pop_url_is_refused_with_its_reason() {
        for (text, error) in [
            ("imap://host", UrlError::Scheme),
            ("host", UrlError::Scheme),
            ("pop://host/inbox", UrlError::Path),
            ("pop://", UrlError::Host),
            ("pop://a b", UrlError::Host),
            ("pop://[::g]", UrlError::Host),
            ("pop://::1", UrlError::Port),
            ("pop://host:", UrlError::Port),
            ("pop://host:0", UrlError::Port),
            ("pop://host:65536", UrlError::Port),
            ("pop://host:+1", UrlError::Port),
            ("pop://@host", UrlError::User),
            ("pop://a:secret@host", UrlError::Character),
            ("pop://a%@host", UrlError::Percent),
            ("pop://a%+1@host", UrlError::Percent),
            ("pop://a%ff@host", UrlError::Percent),
            ("pop://a%0d%0aDELE@host", UrlError::Control),
            ("pop://a;AUTH=@host", UrlError::Auth),
            ("pop://a;USER=x@host", UrlError::Auth),
            ("pop://a;AUTH=%20@host", UrlError::Auth),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(user in "\\PC{1,20}", mechanism in "[A-Z0-9-]{1,20}", port in prop::option::of(1u16..)) {
            if let Ok(url) = PopUrl::new("host.example").unwrap().with_user(user) {
                let mut url = url.with_auth(Auth::Sasl(mechanism)).unwrap();
                url.port = port;
                prop_assert_eq!(parse(&url.to_string()), Ok(url));
            }
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "(pop://)?[a-z;:@%\\[\\]=AUTH*+0-9é]{0,30}") {
            if let Ok(url) = parse(&text) {
                prop_assert_eq!(parse(&url.to_string()), Ok(url));
            }
        }
    }
}
