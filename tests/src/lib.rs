//! Applications for the machines under test: what stands behind a server, so that a test can speak to it.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod hostile;
pub mod imap;
pub mod irc;
pub mod irc_client;
pub mod pop3;
pub mod pop3_client;
pub mod talk;
pub mod xmpp;
pub mod xmpp_client;

/// The examples of the README, so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod readme {}
