//! Sockets that listen, from where they are wanted.

use std::io;

use wirestate_driver::{self as driver, BindError};

use crate::failure::Failure;
use crate::listen::{FIRST_DESCRIPTOR, Listener, Place};
use crate::service::Entrance;

/// A socket that listens and is not served yet.
pub(super) struct Opened {
    pub(super) listener: driver::Listener,
    pub(super) entrance: Entrance,
}

/// Opens all listeners, in this order.
pub(super) fn open(wanted: &[Listener]) -> Result<Vec<Opened>, Failure> {
    let mut inherited = Vec::new();
    if wanted.iter().any(|listener| matches!(listener.place, Place::Descriptor(_))) {
        inherited = driver::Listener::inherited().map_err(Failure::Inherited)?.into_iter().map(Some).collect();
    }
    wanted.iter().map(|wanted| one(wanted, &mut inherited)).collect()
}

fn one(wanted: &Listener, inherited: &mut [Option<driver::Listener>]) -> Result<Opened, Failure> {
    let bound = match &wanted.place {
        Place::Tcp(address) => driver::Listener::bind(address),
        Place::Unix(path) => driver::Listener::bind_unix(path),
        Place::Descriptor(number) => {
            let place = inherited.get_mut(usize::from(number - FIRST_DESCRIPTOR));
            Ok(place.and_then(Option::take).ok_or(Failure::NotInherited(*number))?)
        }
    };
    let mut listener = bound.map_err(|error| Failure::Listen {
        protocol: wanted.protocol,
        place: wanted.place.clone(),
        source: match error {
            BindError::Bind { source, .. } => source,
            other => io::Error::other(other),
        },
    })?;
    if let Some(proxies) = &wanted.proxies {
        listener = listener.proxies(proxies.to_proxies());
    }
    let address = listener.addresses().into_iter().next().unwrap_or_default();
    let entrance = Entrance { protocol: wanted.protocol, address, is_proxied: wanted.proxies.is_some() };
    Ok(Opened { listener, entrance })
}
