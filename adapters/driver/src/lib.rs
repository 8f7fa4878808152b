//! The runtime-free driver that turns a Wirestate machine's crank
