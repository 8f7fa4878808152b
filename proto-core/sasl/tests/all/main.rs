//! Both sides of every mechanism: against the vectors of the RFCs, against each other, against tampering, and against
//! arbitrary octets.

mod any_octets;
mod client_rules;
mod digest_md5;
mod loopback;
mod scram_attacks;
mod scram_vectors;
mod server_rules;
mod support;
mod tokens;
mod vectors;
