//! POP3 (RFC 1939 and its extensions) as sans-IO state machines, server and client
