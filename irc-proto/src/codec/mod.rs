//! The grammar of IRC: parsing and writing of one message, without any state of a session.
//!
//! It follows RFC 1459 §2.3 and RFC 2812 §2.3.1, <https://modern.ircdocs.horse> where they leave a question open, and the IRCv3
//! specification [message-tags](https://ircv3.net/specs/extensions/message-tags). This is the layer for proxies, loggers and fuzzers as
//! well as for sessions: [`Framing`] finds the next line of an inbox, [`Message`] parses it without a copy, [`Encoder`] writes one.
//!
//! ```
//! use irc_proto::codec::{Command, Encoder, Message, Parts, Profile, Sender};
//! use wirestate_machine::Outbox;
//!
//! let message = Message::parse(b"@time=12:30 :ada!a@host PRIVMSG #lobby :good morning", Profile::Strict)?;
//! assert!(message.command().is(b"privmsg"));
//! assert_eq!(message.source().map(|source| source.name()), Some(&b"ada"[..]));
//! assert_eq!(message.params().last(), Some(&b"good morning"[..]));
//!
//! let mut outbox = Outbox::new();
//! let reply = Parts { command: Command::Word(b"PRIVMSG"), params: &[b"ada", b"and to you"], ..Parts::default() };
//! Encoder::new(Sender::Client).encode(&reply, &mut outbox)?;
//! assert_eq!(outbox.to_vec(), b"PRIVMSG ada :and to you\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod command;
mod defect;
mod encode;
mod encoding;
mod framing;
mod message;
mod params;
mod profile;
mod scan;
mod source;
mod tags;

pub use budget::{Budget, Sender};
pub use command::{Command, Numeric};
pub use defect::Defect;
pub use encode::{Encoder, Parts, Trailing, Unwritable};
pub use encoding::{Encoding, NotUtf8};
pub(crate) use framing::after_blank_lines;
pub use framing::{Frame, Framing, Limits};
pub use message::Message;
pub use params::Params;
pub use profile::{Fault, Profile};
pub use source::Source;
pub use tags::{Tag, Tags, Value, escape_into};
