//! The grammar of IMAP, without any state of a session: commands and responses, read and written.
