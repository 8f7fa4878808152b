//! DCC: offers of direct connections between two clients, inside CTCP. Parsed and written only; whether to connect is the user's choice.
//!
//! <https://modern.ircdocs.horse/dcc>, draft-oakley-irc-ctcp-02 §A; RESUME and ACCEPT as mIRC has them; an offer with port 0 and a token is passive
//! ("reverse"): the other side listens.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU16;

/// What the parameters of a CTCP `DCC` say, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dcc<'a> {
    /// `CHAT chat address port [token]`
    Chat(Endpoint<'a>),
    /// `SEND file address port [size [token]]`
    Send {
        /// The file's name.
        file: FileName<'a>,
        /// Where to connect, or that the other side should listen.
        endpoint: Endpoint<'a>,
        /// Its size in bytes, if it is told. A passive offer always tells it.
        size: Option<u64>,
    },
    /// `RESUME file port position [token]`: the receiver asks for the rest.
    Resume(Position<'a>),
    /// `ACCEPT file port position [token]`: the sender agrees.
    Accept(Position<'a>),
}

/// Where a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint<'a> {
    /// The sender of the offer listens here.
    Listening {
        /// Its address, as it says: nothing proves that it is its own.
        address: IpAddr,
        /// Its port.
        port: NonZeroU16,
        /// The token of the passive offer that this answers.
        token: Option<Token<'a>>,
    },
    /// The sender asks the other side to listen, and to answer with this token.
    Passive {
        /// Its address, as it says; often unspecified.
        address: IpAddr,
        /// The offer's token.
        token: Token<'a>,
    },
}

/// From where a file goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position<'a> {
    /// The file's name; some clients say `file.ext` whatever it is called: go by the port or the token.
    pub file: FileName<'a>,
    /// The port of the offer; 0 when it was passive.
    pub port: u16,
    /// Bytes that the receiver has.
    pub position: u64,
    /// The token of a passive offer.
    pub token: Option<Token<'a>>,
}

/// A file name that cannot lead out of a directory: 1 to 255 bytes, no separator, no control character, neither `.` nor `..`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName<'a>(&'a [u8]);

/// The token of a passive offer: 1 to 32 ASCII letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token<'a>(&'a [u8]);

/// Why an offer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DccFault {
    /// It is none of CHAT, SEND, RESUME and ACCEPT, or a chat of another kind than `chat`.
    #[error("this kind of direct connection is not known: offer CHAT or SEND")]
    Kind,
    /// Parameters are missing, or there are too many.
    #[error("this offer has too few or too many parameters; put a file name with blanks in quotes")]
    Parameters,
    /// The quote before the file name is never closed.
    #[error("the quoted file name has no end: close the quote")]
    Quote,
    /// The file name is empty, too long, or would lead elsewhere.
    #[error(
        "this file name is not safe: use a plain name of at most 255 bytes without separators, quotes or control characters"
    )]
    FileName,
    /// The address is neither an IPv4 address as one number or with dots, nor an IPv6 address.
    #[error("this is no address: give IPv4 as one number, or IPv6 with colons")]
    Address,
    /// Nobody can be reached at this address: unspecified, broadcast or multicast.
    #[error("nobody can be reached at this address: give one of the sender")]
    Unreachable,
    /// The port is no number from 0 to 65535.
    #[error("a port is a number from 1 to 65535, or 0 in a passive offer")]
    Port,
    /// The port is 0, and there is no token.
    #[error("an offer with port 0 is passive and needs a token")]
    PassiveWithoutToken,
    /// The size or position is no number of 64 bits, or a passive offer has no size.
    #[error("a size or position is a number of bytes below 2 to the 64th")]
    Size,
    /// The token is not 1 to 32 letters and digits.
    #[error("a token has 1 to 32 letters and digits")]
    Token,
}

impl<'a> Dcc<'a> {
    /// Reads the parameters of a CTCP whose command is `DCC`.
    ///
    /// # Errors
    ///
    /// A [`DccFault`]: say nothing to the sender and show the user at most that there was an offer.
    pub fn parse(parameters: &'a [u8]) -> Result<Self, DccFault> {
        let (kind, rest) = word(parameters).ok_or(DccFault::Kind)?;
        let is = |name: &[u8]| kind.eq_ignore_ascii_case(name);
        if is(b"CHAT") {
            let (protocol, rest) = word(rest).ok_or(DccFault::Parameters)?;
            if !protocol.eq_ignore_ascii_case(b"chat") {
                return Err(DccFault::Kind);
            }
            let [address, port, token] = fields(rest)?;
            return Ok(Dcc::Chat(endpoint(address, port, token)?));
        }
        if is(b"SEND") {
            let (file, rest) = file_name(rest)?;
            let [address, port, size, token] = fields(rest)?;
            let endpoint = endpoint(address, port, token)?;
            return Ok(Dcc::Send { file, endpoint, size: size.map(number).transpose()? });
        }
        if is(b"RESUME") || is(b"ACCEPT") {
            let (file, rest) = file_name(rest)?;
            let [port, position, token] = fields(rest)?;
            let port = self::port(port.ok_or(DccFault::Parameters)?)?;
            let position = number(position.ok_or(DccFault::Parameters)?)?;
            let token = token.map(Token::new).transpose()?;
            if port == 0 && token.is_none() {
                return Err(DccFault::PassiveWithoutToken);
            }
            let position = Position { file, port, position, token };
            return Ok(if is(b"RESUME") { Dcc::Resume(position) } else { Dcc::Accept(position) });
        }
        Err(DccFault::Kind)
    }

    /// Writes the parameters of a CTCP `DCC`. File names with a blank stand in quotes.
    ///
    /// # Errors
    ///
    /// [`DccFault::Size`] when a SEND with a token has no size, [`DccFault::Unreachable`] for an address that nobody listens at, and
    /// [`DccFault::PassiveWithoutToken`] for a position of port 0 without a token. Then nothing is written.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), DccFault> {
        let mut line = Vec::new();
        match self {
            Dcc::Chat(endpoint) => {
                line.extend_from_slice(b"CHAT chat");
                endpoint.write(&mut line)?;
                endpoint.write_token(&mut line);
            }
            Dcc::Send { file, endpoint, size } => {
                line.extend_from_slice(b"SEND ");
                file.write(&mut line);
                endpoint.write(&mut line)?;
                match size {
                    Some(size) => push(&mut line, size),
                    None if endpoint.token().is_some() => return Err(DccFault::Size),
                    None => {}
                }
                endpoint.write_token(&mut line);
            }
            Dcc::Resume(position) => position.write(b"RESUME ", &mut line)?,
            Dcc::Accept(position) => position.write(b"ACCEPT ", &mut line)?,
        }
        out.append(&mut line);
        Ok(())
    }
}

impl<'a> Endpoint<'a> {
    /// The token, if there is one.
    pub fn token(&self) -> Option<Token<'a>> {
        match self {
            Endpoint::Listening { token, .. } => *token,
            Endpoint::Passive { token, .. } => Some(*token),
        }
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), DccFault> {
        let (address, port) = match self {
            Endpoint::Listening { address, port, .. } => (reachable(*address)?, port.get()),
            Endpoint::Passive { address, .. } => (*address, 0),
        };
        match address {
            IpAddr::V4(address) => push(out, address.to_bits()),
            IpAddr::V6(address) => push(out, address),
        }
        push(out, port);
        Ok(())
    }

    fn write_token(&self, out: &mut Vec<u8>) {
        if let Some(token) = self.token() {
            push(out, token);
        }
    }
}

impl Position<'_> {
    fn write(&self, kind: &[u8], out: &mut Vec<u8>) -> Result<(), DccFault> {
        if self.port == 0 && self.token.is_none() {
            return Err(DccFault::PassiveWithoutToken);
        }
        out.extend_from_slice(kind);
        self.file.write(out);
        push(out, self.port);
        push(out, self.position);
        if let Some(token) = self.token {
            push(out, token);
        }
        Ok(())
    }
}

impl<'a> FileName<'a> {
    /// The name, if it is safe.
    pub fn new(name: &'a [u8]) -> Result<Self, DccFault> {
        let odd = |byte: &u8| byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b':' | b'"');
        let safe = (1..=255).contains(&name.len()) && !matches!(name, b"." | b"..") && !name.iter().any(odd);
        if safe { Ok(FileName(name)) } else { Err(DccFault::FileName) }
    }

    /// The name itself.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    fn write(&self, out: &mut Vec<u8>) {
        let quote: &[u8] = if self.0.contains(&b' ') { b"\"" } else { b"" };
        [quote, self.0, quote].iter().for_each(|part| out.extend_from_slice(part));
    }
}

impl<'a> Token<'a> {
    /// The token, if it is one.
    pub fn new(token: &'a [u8]) -> Result<Self, DccFault> {
        let fits = (1..=32).contains(&token.len()) && token.iter().all(u8::is_ascii_alphanumeric);
        if fits { Ok(Token(token)) } else { Err(DccFault::Token) }
    }

    /// The token itself.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

fn push(out: &mut Vec<u8>, field: impl fmt::Display) {
    out.extend_from_slice(alloc::format!(" {field}").as_bytes());
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// The words of the rest; more than `N` are too many.
fn fields<const N: usize>(rest: &[u8]) -> Result<[Option<&[u8]>; N], DccFault> {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let fields = core::array::from_fn(|_| words.next());
    if words.next().is_some() { Err(DccFault::Parameters) } else { Ok(fields) }
}

fn file_name(rest: &[u8]) -> Result<(FileName<'_>, &[u8]), DccFault> {
    let rest = rest.trim_ascii_start();
    let (name, rest) = match rest.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.iter().position(|byte| *byte == b'"').ok_or(DccFault::Quote)?;
            let (name, after) = quoted.split_at_checked(end).ok_or(DccFault::Quote)?;
            (name, after.get(1..).unwrap_or_default())
        }
        None => word(rest).ok_or(DccFault::Parameters)?,
    };
    Ok((FileName::new(name)?, rest))
}

fn endpoint<'a>(
    address: Option<&[u8]>,
    port: Option<&[u8]>,
    token: Option<&'a [u8]>,
) -> Result<Endpoint<'a>, DccFault> {
    let (address, port) = address.zip(port).ok_or(DccFault::Parameters)?;
    let address = ip(address)?;
    let token = token.map(Token::new).transpose()?;
    match (NonZeroU16::new(self::port(port)?), token) {
        (Some(port), token) => Ok(Endpoint::Listening { address: reachable(address)?, port, token }),
        (None, Some(token)) => Ok(Endpoint::Passive { address, token }),
        (None, None) => Err(DccFault::PassiveWithoutToken),
    }
}

fn ip(text: &[u8]) -> Result<IpAddr, DccFault> {
    if let Ok(bits) = digits(text) {
        return u32::try_from(bits).map(|bits| Ipv4Addr::from_bits(bits).into()).map_err(|_| DccFault::Address);
    }
    core::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(DccFault::Address)
}

fn reachable(address: IpAddr) -> Result<IpAddr, DccFault> {
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    let nobody = address.is_unspecified() || address.is_multicast() || broadcast;
    if nobody { Err(DccFault::Unreachable) } else { Ok(address) }
}

fn port(text: &[u8]) -> Result<u16, DccFault> {
    digits(text).ok().and_then(|port| u16::try_from(port).ok()).ok_or(DccFault::Port)
}

fn number(text: &[u8]) -> Result<u64, DccFault> {
    digits(text).map_err(|()| DccFault::Size)
}

fn digits(text: &[u8]) -> Result<u64, ()> {
    let digits = Some(text).filter(|text| text.iter().all(u8::is_ascii_digit));
    digits.and_then(|digits| core::str::from_utf8(digits).ok()).and_then(|text| text.parse().ok()).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn written(dcc: &Dcc<'_>) -> Result<String, DccFault> {
        let mut out = Vec::new();
        dcc.write(&mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn offers_read_and_write_back() {
        for text in [
            "CHAT chat 2130706433 6000",
            "CHAT chat ::1 6000",
            "CHAT chat 3232235777 0 7",
            "SEND a.txt 2130706433 6000",
            "SEND a.txt 2130706433 6000 1234",
            "SEND \"a b.txt\" 2001:db8::1 6000 18446744073709551615",
            "SEND a.txt 0 0 12 t1",
            "SEND a.txt 3232235777 6000 12 t1",
            "RESUME a.txt 6000 100",
            "ACCEPT \"a b\" 0 100 7",
        ] {
            let dcc = Dcc::parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(written(&dcc).as_deref(), Ok(text));
        }
        let dotted = Dcc::parse(b"chat CHAT  127.0.0.1  6000 ").unwrap();
        assert_eq!(written(&dotted).as_deref(), Ok("CHAT chat 2130706433 6000"));
    }

    #[test]
    fn hostile_offers_are_refused() {
        let cases = [
            ("", DccFault::Kind),
            ("XMIT x", DccFault::Kind),
            ("CHAT wboard 1 2", DccFault::Kind),
            ("CHAT", DccFault::Parameters),
            ("CHAT chat 1", DccFault::Parameters),
            ("CHAT chat 1 2 3 4", DccFault::Parameters),
            ("SEND", DccFault::Parameters),
            ("SEND \"startkeylogger 0 0 0", DccFault::Quote),
            ("SEND startkeylogger 0 0 0", DccFault::PassiveWithoutToken),
            ("SEND x 0 1", DccFault::Unreachable),
            ("SEND x 4294967295 1", DccFault::Unreachable),
            ("SEND x 224.0.0.1 1", DccFault::Unreachable),
            ("SEND x 4294967296 1", DccFault::Address),
            ("SEND x host.example 1", DccFault::Address),
            ("SEND x 1.2.3.4 65536", DccFault::Port),
            ("SEND x 1.2.3.4 -1", DccFault::Port),
            ("SEND x 1.2.3.4 1 -1", DccFault::Size),
            ("SEND x 1.2.3.4 1 18446744073709551616", DccFault::Size),
            ("SEND x 1.2.3.4 0 1 a;b", DccFault::Token),
            ("SEND ../x 1.2.3.4 1", DccFault::FileName),
            ("SEND .. 1.2.3.4 1", DccFault::FileName),
            ("SEND C:x 1.2.3.4 1", DccFault::FileName),
            ("SEND \"a\\b\" 1.2.3.4 1", DccFault::FileName),
            ("SEND \"\" 1.2.3.4 1", DccFault::FileName),
            ("SEND a\x07 1.2.3.4 1", DccFault::FileName),
            ("RESUME x 0 1", DccFault::PassiveWithoutToken),
            ("RESUME x 1", DccFault::Parameters),
        ];
        for (text, fault) in cases {
            assert_eq!(Dcc::parse(text.as_bytes()), Err(fault), "{text:?}");
        }
        assert_eq!(FileName::new(&[b'x'; 256]), Err(DccFault::FileName));
        assert_eq!(Token::new(&[b'1'; 33]), Err(DccFault::Token));
    }

    #[test]
    fn a_token_without_a_size_cannot_be_written() {
        let endpoint = Endpoint::Passive { address: Ipv4Addr::UNSPECIFIED.into(), token: Token::new(b"1").unwrap() };
        let send = Dcc::Send { file: FileName::new(b"x").unwrap(), endpoint, size: None };
        assert_eq!(written(&send), Err(DccFault::Size));
    }

    proptest! {
        #[test]
        fn what_is_read_writes_and_reads_back(
            kind in "(CHAT chat|SEND|RESUME|ACCEPT)",
            rest in "( (x|\"a b\"|1|0|65535|::1|1\\.2\\.3\\.4|t7|\"|[^ ]{1,3})){0,6}",
        ) {
            let text = alloc::format!("{kind}{rest}");
            if let Ok(dcc) = Dcc::parse(text.as_bytes()) {
                let again = written(&dcc).unwrap();
                prop_assert_eq!(Dcc::parse(again.as_bytes()), Ok(dcc));
            }
        }

        #[test]
        fn any_bytes_are_read(text: Vec<u8>) {
            let _ = Dcc::parse(&text);
        }
    }
}
