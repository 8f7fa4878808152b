//! Applications for the machines under test: what stands behind a server, so that a test can speak to it.

#![forbid(unsafe_code)]

pub mod pop3;
pub mod pop3_client;
