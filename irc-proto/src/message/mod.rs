//! Typed messages: every command and numeric in use with its parameters by name, from one table for each side.
//!
//! | type | what it reads |
//! |---|---|
//! | [`FromClient`] | what a client sends its server |
//! | [`FromServer`] | what a server sends its clients, numerics aside |
//! | [`Reply`] | the numerics |
//! | [`Link`] | what servers send each other: RFC 2813, IRC+ of ngIRCd, TS6 |
//!
//! Each reads a [`Message`](crate::codec::Message) without failing and without a copy, and writes [`Parts`](crate::codec::Parts) for the
//! [`Encoder`](crate::codec::Encoder). Which parameter is which is known by place and number alone, as in RFC 2812 §3; what they say
//! (nicknames, modes, times) is for [`nick`](crate::nick), [`modes`](crate::modes) and others to check.
//!
//! ```
//! use irc_proto::codec::{Encoder, Message, Parts, Profile, Sender};
//! use irc_proto::message::{FromClient, FromServer, List, Slots};
//!
//! let message = Message::parse(b"PRIVMSG #lobby,ada :good morning", Profile::Strict)?;
//! let FromClient::Privmsg { targets, text } = FromClient::of(message) else { panic!("it is a PRIVMSG") };
//! assert!(targets.iter().eq([&b"#lobby"[..], b"ada"]));
//!
//! let relayed = FromServer::Privmsg { target: b"#lobby", text };
//! let mut slots = Slots::new();
//! let parts = Parts { source: Some(b"bob!b@host"), ..relayed.parts(&mut slots)? };
//! let line = Encoder::new(Sender::Server).to_bytes(&parts)?;
//! assert_eq!(line, ":bob!b@host PRIVMSG #lobby :good morning\r\n");
//!
//! let message = Message::parse(b"JOIN", Profile::Strict)?;
//! let FromClient::Missing(missing) = FromClient::of(message) else { panic!("it lacks its channels") };
//! assert_eq!((missing.name(), missing.form().to_string()), ("channels", "JOIN <channels,...> [ <keys,...> ]".to_string()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod form;
mod link;
mod params;
mod read;
mod reply;
mod server;
mod table;

use core::fmt;

use crate::codec::Command;

pub use client::FromClient;
pub use form::{Form, Kind};
pub use link::Link;
pub use params::{Gap, List, Rest, Slots, Words};
pub use reply::Reply;
pub use server::FromServer;

/// A message that has too few parameters for any form of its command. It can be written, as it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Missing<'a> {
    form: &'static Form,
    params: Rest<'a>,
    count: usize,
}

/// A message whose command, or subcommand, no table has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Other<'a> {
    /// The command, in the sender's spelling.
    pub command: Command<'a>,
    /// All its parameters.
    pub params: Rest<'a>,
}

impl<'a> Missing<'a> {
    fn new(form: &'static Form, params: Rest<'a>, count: usize) -> Self {
        Missing { form, params, count }
    }

    /// The form that lacks parameters; of several, the first in the table.
    pub fn form(&self) -> &'static Form {
        self.form
    }

    /// The first parameter that is missing, by its name in the form.
    pub fn name(&self) -> &'static str {
        self.form.missing(self.count)
    }

    /// The parameters that are there.
    pub fn params(&self) -> Rest<'a> {
        self.params
    }
}

impl fmt::Debug for Missing<'_> {
    /// Shows the form and how many parameters there are, never what they say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Missing({} of {})", self.name(), self.form)
    }
}

impl fmt::Debug for Other<'_> {
    /// Shows the command and how many parameters there are, never what they say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Other").field("command", &self.command).field("params", &self.params).finish()
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
