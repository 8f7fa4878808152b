//! What both ends of a stream share.

pub mod management;
