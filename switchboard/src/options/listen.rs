//! The options that say what to listen on, and how they are merged.

use std::str::FromStr;

use serde::Deserialize;

use super::{Options, OptionsError};
use crate::listen::{Listener, Place, PlaceError, TrustedPeers};
use crate::protocol::{Protocol, UnknownProtocol};

/// The value of a protocol's own option.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Listen {
    Off,
    At(Place),
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        if text == "off" { Ok(Self::Off) } else { Ok(Self::At(text.parse().map_err(ListenError::Option)?)) }
    }
}

impl TryFrom<String> for Listen {
    type Error = ListenError;

    fn try_from(text: String) -> Result<Self, ListenError> {
        text.parse()
    }
}

/// One more listener: `--listen`, or `[[listen]]` in the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct More {
    protocol: Protocol,
    pub(super) address: Place,
    proxies: Option<TrustedPeers>,
}

impl FromStr for More {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let (protocol, address) = text.split_once('=').ok_or(ListenError::NoEqualsSign)?;
        Ok(Self { protocol: protocol.parse()?, address: address.parse().map_err(ListenError::Place)?, proxies: None })
    }
}

/// Why a value names no listener.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListenError {
    #[error("{0}, or off")]
    Option(PlaceError),
    #[error(transparent)]
    Place(PlaceError),
    #[error(transparent)]
    Protocol(#[from] UnknownProtocol),
    #[error("write PROTOCOL=ADDR, as in pop3=unix:/run/pop3.sock")]
    NoEqualsSign,
}

impl Options {
    /// What is to be listened on: for each protocol what the command line
    /// says, or else the file, or else its default address.
    pub(super) fn listeners(line: &Self, file: &Self) -> Result<Vec<Listener>, OptionsError> {
        let mut listeners = Vec::new();
        for protocol in Protocol::ALL {
            let named = line.named(protocol).or_else(|| file.named(protocol));
            let of_default = |address| Listener { protocol, place: Place::Tcp(address), proxies: None };
            listeners.extend(named.unwrap_or_else(|| protocol.default_address().map(of_default).into_iter().collect()));
        }
        if listeners.is_empty() { Err(OptionsError::NothingToServe) } else { Ok(listeners) }
    }

    /// The protocol's listeners; `None` where these options say nothing of it.
    fn named(&self, protocol: Protocol) -> Option<Vec<Listener>> {
        let own = self.own_option(protocol);
        let more: Vec<_> = self.listen.iter().filter(|more| more.protocol == protocol).collect();
        if own.is_none() && more.is_empty() {
            return None;
        }
        let place = match own {
            Some(Listen::At(place)) => Some(place.clone()),
            Some(Listen::Off) | None => None,
        };
        let own = place.map(|place| Listener { protocol, place, proxies: None });
        let more = more.into_iter().map(|More { address, proxies, .. }| Listener {
            protocol,
            place: address.clone(),
            proxies: proxies.clone(),
        });
        Some(own.into_iter().chain(more).collect())
    }

    fn own_option(&self, protocol: Protocol) -> Option<&Listen> {
        match protocol {
            Protocol::Pop3 => self.pop3.as_ref(),
            Protocol::Pop3s => self.pop3s.as_ref(),
            Protocol::Imap => self.imap.as_ref(),
            Protocol::Imaps => self.imaps.as_ref(),
            Protocol::Irc => self.irc.as_ref(),
            Protocol::Ircs => self.ircs.as_ref(),
            Protocol::Xmpp => self.xmpp.as_ref(),
            Protocol::Xmpps => self.xmpps.as_ref(),
            Protocol::XmppComponent => self.xmpp_component.as_ref(),
            Protocol::Web => self.web.as_ref(),
        }
    }

    /// Every path of a Unix socket in these options.
    pub(super) fn socket_paths(&mut self) -> impl Iterator<Item = &mut std::path::PathBuf> {
        let own = [
            &mut self.pop3,
            &mut self.pop3s,
            &mut self.imap,
            &mut self.imaps,
            &mut self.irc,
            &mut self.ircs,
            &mut self.xmpp,
            &mut self.xmpps,
            &mut self.xmpp_component,
            &mut self.web,
        ];
        let own = own.into_iter().flatten().filter_map(|listen| match listen {
            Listen::At(place) => Some(place),
            Listen::Off => None,
        });
        let more = self.listen.iter_mut().map(|more| &mut more.address);
        own.chain(more).filter_map(|place| match place {
            Place::Unix(path) => Some(path),
            _ => None,
        })
    }
}
