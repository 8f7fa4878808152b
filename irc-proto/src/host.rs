//! Hosts: what may stand behind the `@` of a source, and what a host's name is.
//!
//! RFC 1123 §2.1 with RFC 2812 §2.3.1 (`hostname`, `hostaddr`), and the vectors of ircdocs for who checks names. What the resolver or a
//! gateway says is checked before it enters a source: a name from reverse DNS may hold anything.

use core::fmt;
use core::net::IpAddr;

use thiserror::Error;

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum HostFault {
    /// There is nothing.
    #[error("a host cannot be empty")]
    Empty,
    /// It is longer than any name in the DNS.
    #[error("a host has at most {MOST} bytes")]
    TooLong,
    /// It has a character that no host has.
    #[error("a host's name is letters, digits, hyphens and dots: show the address instead")]
    Character,
    /// It begins with a colon, and would begin the last parameter of a message.
    #[error("a host cannot begin with a colon: put a 0 before the address")]
    LeadingColon,
    /// The name has no dot: IRC shows whole names alone.
    #[error("a host's name has a dot: give the whole name")]
    NoDot,
    /// There is nothing before, between or after its dots.
    #[error("nothing stands between two dots, or beside one, of this name")]
    EmptyLabel,
    /// There are more than 63 bytes between two dots.
    #[error("a part of a host's name has at most {MOST_LABEL} bytes")]
    LabelTooLong,
    /// A part begins or ends with a hyphen.
    #[error("a part of a host's name neither begins nor ends with a hyphen")]
    Hyphen,
}

/// Bytes of a name in the DNS, at most (RFC 1035 §2.3.4, as text).
const MOST: usize = 253;
const MOST_LABEL: usize = 63;

/// Checks the name of a host or a server: letters, digits and hyphens between dots, of which there is one at least. An IPv4 address passes.
///
/// This is for what one side makes its own: the server its name, and a client's name out of the DNS. What another server says is
/// not checked so, but by [`check`].
///
/// # Errors
///
/// The first [`HostFault`].
pub fn check_name(name: &[u8]) -> Result<(), HostFault> {
    if name.is_empty() {
        return Err(HostFault::Empty);
    }
    if name.len() > MOST {
        return Err(HostFault::TooLong);
    }
    name.split(|byte| *byte == b'.').try_for_each(check_label)?;
    if name.contains(&b'.') { Ok(()) } else { Err(HostFault::NoDot) }
}

fn check_label(label: &[u8]) -> Result<(), HostFault> {
    if label.is_empty() {
        return Err(HostFault::EmptyLabel);
    }
    if label.len() > MOST_LABEL {
        return Err(HostFault::LabelTooLong);
    }
    if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') {
        return Err(HostFault::Character);
    }
    if label.starts_with(b"-") || label.ends_with(b"-") { Err(HostFault::Hyphen) } else { Ok(()) }
}

/// Checks whatever else may stand for a host in a source and as a parameter: addresses, and cloaks such as `user/ada`. It has no blank or
/// other control character, neither `!` nor `@`, and does not begin with a colon.
///
/// # Errors
///
/// The first [`HostFault`].
pub fn check(host: &[u8]) -> Result<(), HostFault> {
    let first = host.first().ok_or(HostFault::Empty)?;
    if host.len() > MOST {
        return Err(HostFault::TooLong);
    }
    if *first == b':' {
        return Err(HostFault::LeadingColon);
    }
    let fits = |byte: &u8| !byte.is_ascii_control() && !matches!(byte, b' ' | b'!' | b'@');
    if host.iter().all(fits) { Ok(()) } else { Err(HostFault::Character) }
}

/// An address as a host: one that would begin with a colon, such as `::1`, gets a `0` before it, as servers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = First(None);
        fmt::Write::write_fmt(&mut first, format_args!("{}", self.0))?;
        if first.0 == Some(b':') {
            f.write_str("0")?;
        }
        write!(f, "{}", self.0)
    }
}

/// Keeps the first byte of what is written.
struct First(Option<u8>);

impl fmt::Write for First {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.or(text.bytes().next());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;
    use core::net::Ipv6Addr;
    use proptest::prelude::*;

    /// From irc-parser-tests (CC0).
    const VALID: &[&str] = &[
        "irc.example.com",
        "i.coolguy.net",
        "irc-srv.net.uk",
        "iRC.CooLguY.NeT",
        "gsf.ds342.co.uk",
        "324.net.uk",
        "xn--bcher-kva.ch",
    ];

    #[test]
    fn names_are_what_the_vectors_say() {
        VALID.iter().for_each(|name| assert_eq!(check_name(name.as_bytes()), Ok(()), "{name}"));
        for (name, fault) in [
            ("-lol-.net.uk", HostFault::Hyphen),
            ("-lol.net.uk", HostFault::Hyphen),
            ("_irc._sctp.lol.net.uk", HostFault::Character),
            ("irc", HostFault::NoDot),
            ("com", HostFault::NoDot),
            ("", HostFault::Empty),
            ("irc.B\u{fc}cher.ch", HostFault::Character),
            ("a..b", HostFault::EmptyLabel),
            (".a", HostFault::EmptyLabel),
            ("a.", HostFault::EmptyLabel),
            ("a-.b", HostFault::Hyphen),
            ("a b.c", HostFault::Character),
            ("a\rQUIT.c", HostFault::Character),
        ] {
            assert_eq!(check_name(name.as_bytes()), Err(fault), "{name:?}");
        }
    }

    #[test]
    fn lengths_are_to_the_byte() {
        assert_eq!(check_name(format!("{}.a", "x".repeat(63)).as_bytes()), Ok(()));
        assert_eq!(check_name(format!("{}.a", "x".repeat(64)).as_bytes()), Err(HostFault::LabelTooLong));
        let name = "x.".repeat(126) + "x";
        assert_eq!((name.len(), check_name(name.as_bytes()), check(name.as_bytes())), (253, Ok(()), Ok(())));
        let name = name + "x";
        assert_eq!(check_name(name.as_bytes()), Err(HostFault::TooLong));
        assert_eq!(check(name.as_bytes()), Err(HostFault::TooLong));
    }

    #[test]
    fn a_host_of_a_source_may_be_a_cloak_and_never_two_things() {
        for host in ["127.0.0.1", "0::1", "2001:db8::1", "user/ada", "gateway/web/x-1_2", "caf\u{e9}.example"] {
            assert_eq!(check(host.as_bytes()), Ok(()), "{host}");
        }
        for host in ["a b", "a\rb", "a\nb", "a\0b", "a!b", "a@b", "a\x03b"] {
            assert_eq!(check(host.as_bytes()), Err(HostFault::Character), "{host:?}");
        }
        assert_eq!(check(b"::1"), Err(HostFault::LeadingColon));
        assert_eq!(check(b""), Err(HostFault::Empty));
    }

    #[test]
    fn addresses_get_a_zero_where_they_need_one() {
        let shown = |text: &str| Address(text.parse().unwrap()).to_string();
        assert_eq!(shown("::1"), "0::1");
        assert_eq!(shown("::"), "0::");
        assert_eq!(shown("::ffff:10.0.0.1"), "0::ffff:10.0.0.1");
        assert_eq!(shown("2001:db8::1"), "2001:db8::1");
        assert_eq!(shown("0:0:1::2:3"), "0:0:1::2:3");
        assert_eq!(shown("10.0.0.1"), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn every_address_is_a_host_and_reads_back(words: [u16; 8], zeros in 0usize..8) {
            let mut words = words;
            words[..zeros].fill(0);
            let address = Ipv6Addr::from(words);
            let shown = Address(address.into()).to_string();
            prop_assert_eq!(check(shown.as_bytes()), Ok(()));
            prop_assert_eq!(shown.parse(), Ok(address));
        }
    }
}
