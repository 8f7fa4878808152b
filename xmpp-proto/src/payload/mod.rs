//! Payloads: what stanzas and a stream's other elements carry, one file for each extension. Each is read from an
//! [`ElementRef`](crate::xml::ElementRef), and written by a [`Writer`](crate::xml::Writer), or into the element that is to hold it.

pub mod bind;
pub mod bind2;
pub mod component;
pub mod compression;
pub mod csi;
pub mod dialback;
pub mod fast;
pub mod iq_auth;
pub mod sasl;
pub mod sasl2;
pub mod sm;
pub mod starttls;

mod data;
mod malformed;

#[cfg(test)]
mod negotiation_tests;

pub use data::DataError;
pub use malformed::Malformed;
