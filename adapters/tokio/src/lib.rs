//! Wirestate machines on tokio sockets and timers
