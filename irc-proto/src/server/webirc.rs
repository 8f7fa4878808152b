use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::Secret;

use super::event::{GatewayRequest, kind};
use super::{Event, Reason, Rejected, Server, Webirc};
use crate::codec::Message;
use crate::host::Address;

/// What a trusted gateway tells about the client that it speaks for (IRCv3 webirc).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarded {
    /// The gateway's name for itself.
    pub gateway: String,
    /// The client's host: letters, digits, `.`, `-`, `_`, `:` and `/`, and neither `:` nor `/` first. Where the gateway told another, it is the address.
    pub host: String,
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client's way to the gateway is encrypted.
    pub secure: bool,
    /// All other options, in the order in which they came, such as `local-port` and `remote-port`.
    pub options: Vec<(String, Option<String>)>,
}

impl Forwarded {
    /// Reads what follows the password; nothing where the address is none.
    fn parse(message: Message<&[u8]>, longest_host: usize) -> Option<Self> {
        let text = |at| core::str::from_utf8(message.param(at)?).ok();
        let address: IpAddr = text(3)?.parse().ok()?;
        let mut options = Vec::new();
        let mut secure = false;
        for option in text(4).unwrap_or_default().split_ascii_whitespace() {
            match option.split_once('=') {
                None if option == "secure" => secure = true,
                None => options.push((option.to_owned(), None)),
                Some((name, value)) => options.push((name.to_owned(), Some(value.to_owned()))),
            }
        }
        let host = message.param(2).filter(|host| host.len() <= longest_host && is_host(host));
        let host = host.and_then(|host| core::str::from_utf8(host).ok()).map(str::to_owned);
        Some(Forwarded {
            gateway: text(1)?.to_owned(),
            host: host.unwrap_or_else(|| Address(address).to_string()),
            address,
            secure,
            options,
        })
    }
}

/// Whether a host may stand in a source: what a reverse name service says may be anything at all.
fn is_host(host: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:/".contains(byte);
    host.iter().all(is_allowed) && host.first().is_some_and(|first| !b":/".contains(first))
}

impl Server {
    /// `WEBIRC password gateway hostname ip :options`
    pub(super) fn webirc(&mut self, message: Message<&[u8]>) -> Result<(), Rejected> {
        let registering = self.registering.as_ref().ok_or(Rejected::AlreadyRegistered)?;
        if registering.said().is_some_and(|said| said.forwarded.is_some()) {
            return Err(Rejected::AlreadyRegistered);
        }
        let forwarded = Forwarded::parse(message, self.config.limits.host).ok_or(Rejected::Gateway)?;
        let password = message.param(0).and_then(|password| core::str::from_utf8(password).ok());
        let password = password.ok_or(Rejected::Gateway)?;
        match &self.config.webirc {
            Webirc::Off => Err(Rejected::NotOffered),
            Webirc::Passwords(known) => {
                // All are compared, so that the time does not tell which one it was.
                let good = known.iter().fold(false, |good, one| good | one.matches(password));
                if !good {
                    return Err(Rejected::Gateway);
                }
                self.trust(forwarded);
                Ok(())
            }
            Webirc::Ask => {
                let request = GatewayRequest { password: Secret::new(password), forwarded: forwarded.clone() };
                if let Some(registering) = &mut self.registering {
                    registering.said_mut().claimed = Some(Box::new(forwarded));
                }
                let ticket = self.issue();
                self.queued = Some(Box::new(Event::Gateway { ticket, request: Box::new(request) }));
                Ok(())
            }
        }
    }

    /// Answers [`Event::Gateway`]: it is trusted.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn accept_gateway(&mut self, ticket: Ticket<kind::Gateway>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        if let Some(forwarded) = self.registering.as_mut().and_then(|registering| registering.said_mut().claimed.take())
        {
            self.trust(*forwarded);
        }
        Ok(())
    }

    /// Answers [`Event::Gateway`]: it is not trusted, and the session ends.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse_gateway(&mut self, ticket: Ticket<kind::Gateway>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.close_with_error(Reason::Refused);
        Ok(())
    }

    fn trust(&mut self, forwarded: Forwarded) {
        // The channel ends at the gateway: what its certificate and its TLS say is not said of the client.
        if let Some(login) = &mut self.login {
            login.forget_channel();
        }
        if let Some(registering) = &mut self.registering {
            registering.said_mut().forwarded = Some(Box::new(forwarded.clone()));
        }
        self.queued = Some(Box::new(Event::Forwarded(Box::new(forwarded))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Profile;

    fn parse(line: &str) -> Option<Forwarded> {
        Forwarded::parse(Message::parse(line.as_bytes(), Profile::Lenient).unwrap(), 20)
    }

    #[test]
    fn facts_are_typed_and_checked() {
        let facts = parse("WEBIRC pw KiwiIRC host.example 192.0.2.1 :secure local-port=6697 x").unwrap();
        assert_eq!((facts.gateway.as_str(), facts.host.as_str(), facts.secure), ("KiwiIRC", "host.example", true));
        assert_eq!(facts.options, [("local-port".into(), Some("6697".into())), ("x".into(), None)]);
        for odd in ["WEBIRC pw g h nowhere", "WEBIRC pw g h", "WEBIRC pw g h 300.0.0.1"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_host_that_could_break_out_of_a_source_gives_way_to_the_address() {
        for host in ["a!b", "a@b", "b\u{e9}", "/x", "*", "aaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(parse(&alloc::format!("WEBIRC pw g {host} 0::1")).unwrap().host, "0::1", "{host}");
        }
        assert_eq!(parse("WEBIRC pw g 2001:db8::1 2001:db8::1").unwrap().host, "2001:db8::1");
        assert!(!parse("WEBIRC pw g h 0::1").unwrap().secure);
    }
}
