//! The program `switchboard`, in rooms that know no protocol, and one for each
//! protocol.
//!
//! The order of a start is settings, data folder, users, certificate,
//! listeners, first-steps page, service; each room is one step of it.
//!
//! For Unix only: a Maildir's file names hold colons, and secrets are kept by
//! file modes.

pub mod backlog;
pub mod banner;
pub mod carriage;
pub mod credentials;
pub mod data;
pub mod failure;
pub mod hash;
pub mod imap;
pub mod irc;
pub mod listen;
pub mod lobby;
pub mod log;
pub mod maildir;
pub mod mailstore;
pub mod name;
pub mod notices;
pub mod offload;
pub mod options;
pub mod pop3;
pub mod prepare;
pub mod protocol;
pub mod samples;
pub mod secret;
pub mod serve;
pub mod service;
pub mod settings;
pub mod signals;
pub mod store;
pub mod tls;
pub mod users;
pub mod web;
pub mod xmpp;
