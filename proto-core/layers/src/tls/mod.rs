//! TLS, by rustls, for both roles.

mod config;
mod end_point;
mod facts;
mod failure;
mod layer;
mod session;

#[cfg(feature = "ring")]
pub use config::{client_config, server_config};
pub use end_point::server_end_point;
pub use failure::Failure;
pub use layer::Tls;
/// The TLS library, whose configurations the layer takes.
pub use rustls;
