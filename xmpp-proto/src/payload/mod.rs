//! Payloads: what stanzas and a stream's other elements carry, one file for each extension. Each is read from an
//! [`ElementRef`](crate::xml::ElementRef), and written by a [`Writer`](crate::xml::Writer), or into the element that is to hold it.

pub mod bind;
pub mod bind2;
pub mod blocking;
pub mod carbons;
pub mod component;
pub mod compression;
pub mod csi;
pub mod delay;
pub mod dialback;
pub mod disco;
pub mod fast;
pub mod form;
pub mod forward;
pub mod iq_auth;
pub mod mam;
pub mod moment;
pub mod muc;
pub mod ping;
pub mod preferences;
pub mod pubsub;
pub mod roster;
pub mod router;
pub mod rsm;
pub mod sasl;
pub mod sasl2;
pub mod sm;
pub mod stanza_id;
pub mod starttls;
pub mod version;

mod data;
mod malformed;

#[cfg(test)]
mod negotiation_tests;
#[cfg(test)]
mod tests;

pub use data::DataError;
pub use malformed::Malformed;
