//! Tests across the Wirestate crates
