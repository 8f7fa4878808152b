//! Benchmarks of the Wirestate crates, as ratios against a peer in the same run.
//!
//! * `cargo bench`: wall-clock times of the machines alone;
//! * `benches/instructions.sh`: instructions and allocations, which do not depend on the machine, held to the budgets;
//! * `benches/irc.sh`: the same of the codec of IRC, beside other crates on the same lines;
//! * `benches/imap.sh`: the same of the codec of IMAP;
//! * `benches/live.sh`: CPU time and memory of whole servers on loopback, against a bare echo and against Dovecot;
//! * `benches/imap_live.sh`: CPU time and memory of switchboard's IMAP, against Dovecot's imapd;
//! * `benches/xmpp_live.sh`: CPU time and memory of switchboard's XMPP, against ejabberd and Prosody;
//! * `benches/irc_relay.sh`: how switchboard relays in IRC channels, against InspIRCd and ngIRCd;
//! * `benches/adapters.sh`: the same of the adapters, each against the others, a bare echo and POE::Component::Server::TCP.

#![forbid(unsafe_code)]

pub mod imap;
pub mod imap_server;
pub mod irc;
pub mod irc_server;
pub mod peer;
pub mod pop3;
pub mod store;
pub mod xmpp;
pub mod xmpp_server;
