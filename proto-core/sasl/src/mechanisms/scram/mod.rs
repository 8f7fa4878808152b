//! SCRAM (RFC 5802, RFC 7677): the messages, the keys, and both sides.

mod client;
mod message;
mod server;

pub(super) use client::Client;
pub(super) use server::Server;

use alloc::format;
use alloc::string::String;

/// `AuthMessage` (RFC 5802 §3), which both sides sign.
fn auth_message(client_first_bare: &str, server_first: &str, client_final_without_proof: &str) -> String {
    format!("{client_first_bare},{server_first},{client_final_without_proof}")
}
