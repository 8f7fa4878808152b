//! The protocols a listener may speak.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

/// One kind of listener; its name is also the flag (`--pop3`) and the key in
/// the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Protocol {
    /// POP3 with STLS, RFC 1939 and 2595.
    Pop3,
    /// POP3 within TLS from the first octet, RFC 8314.
    Pop3s,
    /// IMAP with STARTTLS.
    Imap,
    /// IMAP within TLS from the first octet.
    Imaps,
    /// IRC, RFC 1459 and 2812 with IRCv3, and STARTTLS.
    Irc,
    /// IRC within TLS from the first octet, RFC 7194.
    Ircs,
    /// XMPP client-to-server with STARTTLS.
    Xmpp,
    /// XMPP within TLS from the first octet, XEP-0368.
    Xmpps,
    /// XMPP for components, XEP-0114.
    XmppComponent,
    /// The web page, and IRC and XMPP by WebSocket.
    Web,
}

impl Protocol {
    /// Every protocol, in the order of listening and printing.
    pub const ALL: [Self; 10] = [
        Self::Pop3,
        Self::Pop3s,
        Self::Imap,
        Self::Imaps,
        Self::Irc,
        Self::Ircs,
        Self::Xmpp,
        Self::Xmpps,
        Self::XmppComponent,
        Self::Web,
    ];

    /// The name on the command line and in the `listening` lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Irc => "irc",
            Self::Ircs => "ircs",
            Self::Xmpp => "xmpp",
            Self::Xmpps => "xmpps",
            Self::XmppComponent => "xmpp-component",
            Self::Web => "web",
        }
    }

    /// The loopback port used unless told otherwise; `None`: it is not served
    /// unless told so.
    pub const fn default_port(self) -> Option<u16> {
        match self {
            Self::Pop3 => Some(1110),
            Self::Pop3s => Some(1995),
            Self::Imap => Some(1143),
            Self::Imaps => Some(1993),
            Self::Irc => Some(6667),
            Self::Ircs => Some(6697),
            Self::Xmpp => Some(5222),
            Self::Xmpps => Some(5223),
            Self::Web => Some(8080),
            Self::XmppComponent => None,
        }
    }

    /// Where the protocol listens unless told otherwise.
    pub fn default_address(self) -> Option<SocketAddr> {
        self.default_port().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Which server serves it.
    pub const fn family(self) -> Family {
        match self {
            Self::Pop3 | Self::Pop3s => Family::Pop3,
            Self::Imap | Self::Imaps => Family::Imap,
            Self::Irc | Self::Ircs => Family::Irc,
            Self::Xmpp | Self::Xmpps => Family::Xmpp,
            Self::XmppComponent => Family::XmppComponent,
            Self::Web => Family::Web,
        }
    }

    /// Whether TLS begins with the first octet.
    pub const fn is_implicit_tls(self) -> bool {
        matches!(self, Self::Pop3s | Self::Imaps | Self::Ircs | Self::Xmpps)
    }
}

/// What is served by one server, with or without TLS from the first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// POP3 and POP3S.
    Pop3,
    /// IMAP and IMAPS.
    Imap,
    /// IRC in the clear and within TLS.
    Irc,
    /// XMPP with STARTTLS and within TLS.
    Xmpp,
    /// XMPP for components.
    XmppComponent,
    /// The web page, and IRC and XMPP by WebSocket.
    Web,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
            Self::Irc => "irc",
            Self::Xmpp => "xmpp",
            Self::XmppComponent => "xmpp-component",
            Self::Web => "web",
        })
    }
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name).ok_or_else(|| UnknownProtocol(name.to_owned()))
    }
}

impl TryFrom<String> for Protocol {
    type Error = UnknownProtocol;

    fn try_from(name: String) -> Result<Self, UnknownProtocol> {
        name.parse()
    }
}

/// A name that is none of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no protocol {0:?}; name one of pop3 pop3s imap imaps irc ircs xmpp xmpps xmpp-component web")]
pub struct UnknownProtocol(String);

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.name().parse(), Ok(protocol));
        }
        assert!("gopher".parse::<Protocol>().unwrap_err().to_string().contains("pop3s"));
    }

    #[test]
    fn defaults_are_loopback_and_distinct() {
        let mut seen = Vec::new();
        for protocol in Protocol::ALL {
            let Some(address) = protocol.default_address() else { continue };
            assert!(address.ip().is_loopback());
            assert!(!seen.contains(&address), "{protocol} shares {address}");
            seen.push(address);
        }
        assert!(seen.contains(&"127.0.0.1:1110".parse().unwrap()));
        assert!(seen.contains(&"127.0.0.1:1995".parse().unwrap()));
    }
}
