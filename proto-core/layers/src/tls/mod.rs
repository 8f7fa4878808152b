//! TLS, by rustls, for both roles.

mod certificate_error;
mod certificates;
mod config;
mod end_point;
mod facts;
mod failure;
mod identity;
mod layer;
mod names;
mod session;

pub use certificate_error::CertificateError;
pub use certificates::Certificates;
#[cfg(feature = "ring")]
pub use config::{ClientSetup, ServerSetup, SetupError, client, client_config, server, server_config};
pub use end_point::server_end_point;
pub use failure::Failure;
pub use identity::Identity;
#[cfg(feature = "ring")]
pub use identity::roots_from_file;
pub use layer::{HANDSHAKE_PATIENCE, Tls};
pub use names::subject_and_names;
/// The TLS library, whose configurations the layer takes.
pub use rustls;
