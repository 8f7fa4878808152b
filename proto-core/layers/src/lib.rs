//! TLS, DEFLATE, tracing and fault injection as layers around any Wirestate machine
