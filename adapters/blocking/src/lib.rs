//! Wirestate machines on std::net sockets and threads
