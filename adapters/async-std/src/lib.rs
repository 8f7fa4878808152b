//! Wirestate machines on futures-io streams: async-std and smol
