//! The program `switchboard`, in rooms that know no protocol.
//!
//! The order of a start is settings, data folder, users, certificate,
//! listeners, first-steps page, service; each room is one step of it.
//!
//! For Unix only: a Maildir's file names hold colons, and secrets are kept by
//! file modes.

pub mod data;
pub mod log;
pub mod name;
pub mod options;
pub mod protocol;
pub mod secret;
pub mod settings;
pub mod signals;
pub mod tls;
pub mod users;
