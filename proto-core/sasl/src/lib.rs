//! SASL (RFC 4422), both sides, as pure state machines: bytes go in, bytes come out.
//!
//! No socket, no clock, no randomness: nonces are an argument, and so are the facts about the TLS channel. Nothing here
//! knows POP3, IMAP, IRC or XMPP: the machines take and give *decoded* messages, and [`base64`] reads and writes the form
//! that all four put on the wire.
//!
//! | mechanism | RFC | the server asks for |
//! |---|---|---|
//! | SCRAM-SHA-1, -256, -512 and their -PLUS forms | 5802, 7677, 5929, 9266 | [`ScramKeys`] |
//! | CRAM-MD5 | 2195 | the secret |
//! | HT-SHA-256-EXPR, -ENDP, -NONE | draft-schmaus-kitten-sasl-ht, XEP-0484 | the token |
//! | DIGEST-MD5 (feature `legacy`) | 2831 | the password |
//! | PLAIN, LOGIN | 4616 | a verdict on the password |
//! | OAUTHBEARER, XOAUTH2 | 7628 | a verdict on the token |
//! | EXTERNAL | 4422 | whom the channel proved |
//! | ANONYMOUS | 4505 | whether strangers are welcome |
//!
//! [`apop`] is APOP of POP3, which is no SASL mechanism.
//!
//! # A whole exchange
//!
//! The [`client`] drives by `step`, `resume` and `succeed`; the [`server`] by `step` and `answer`. Here they talk to each
//! other.
//!
//! ```
//! use wirestate_sasl::client::{self, Client, Credentials, Policy, choose};
//! use wirestate_sasl::server::{self, Answer, Ask, Server};
//! use wirestate_sasl::{Bindings, Derivation, FakeKeys, Hash, Mechanism, Nonces, ScramKeys};
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! // What the server keeps of ann's password.
//! let stored = Derivation::new(Hash::Sha256, "pencil", b"0123456789abcdef", 4096)?.run();
//! let stored = ScramKeys::from_derived(&stored);
//!
//! // The client chooses from the server's list. The channel is not encrypted, so PLAIN is out of the question.
//! let offered = [Mechanism::Plain, Mechanism::SCRAM_SHA_256];
//! let credentials = Credentials::password("ann", "pencil")?;
//! let mechanism = choose(&offered, &credentials, &Bindings::none(), &Policy::unencrypted()).ok_or("nothing fits")?;
//! assert_eq!(mechanism.name(), "SCRAM-SHA-256");
//!
//! // Seeds and keys are random octets; these are not.
//! let (mut ours, mut theirs) = (Nonces::from_seed([1; 32]), Nonces::from_seed([2; 32]));
//! let mut client = Client::start(mechanism, &credentials, &client::Context::new(ours.fresh()))?;
//! let context = server::Context::new(theirs.fresh()).fake_keys(FakeKeys::new([3; 32]));
//! let mut server = Server::start(mechanism, &context)?;
//!
//! let mut turn = client.step(None)?;
//! let identity = loop {
//!     let response = match turn {
//!         client::Step::Send(response) => Some(response),
//!         client::Step::Work(work) => {
//!             turn = client.resume(work.run())?; // a busy program runs the work elsewhere
//!             continue;
//!         }
//!         client::Step::Wait => None,
//!     };
//!     let mut reply = server.step(response.as_deref())?;
//!     if let server::Step::Ask(ask) = reply {
//!         reply = server.answer(match ask {
//!             Ask::Keys { user, .. } if user == "ann" => Answer::Keys(stored.clone()),
//!             _ => Answer::NoKeys,
//!         })?;
//!     }
//!     turn = match reply {
//!         server::Step::Challenge(challenge) => client.step(Some(&challenge))?,
//!         server::Step::Done { identity, data } => {
//!             client.succeed(data.as_deref())?; // fails unless the server proved that it knows the password
//!             break identity;
//!         }
//!         server::Step::Failed(failure) => return Err(failure.into()),
//!         server::Step::Ask(_) => return Err("nothing else is asked".into()),
//!     };
//! };
//! assert_eq!(identity.name(), "ann");
//! # Ok(())
//! # }
//! ```
//!
//! # What is kept for you
//!
//! * The client takes a server's success only when the mechanism has run to its end and, with SCRAM, HT and DIGEST-MD5, the
//!   server's signature was right. It refuses nonces that do not extend its own, and iteration counts out of bounds.
//! * With [`Advertised`] on both sides, SCRAM notices lists of mechanisms or channel bindings that were changed (XEP-0474).
//! * The server refuses a client that was deceived about -PLUS, a foreign TLS channel, a foreign nonce; it compares in
//!   constant time, and gives unknown users a salt that looks real.
//! * Each side takes [`DEFAULT_LIMIT`] octets in one exchange, unless told otherwise.
//! * Names have no control characters and passwords no NUL, CR or LF on either side, so that they can be relayed.
//! * No password, token, key or seed appears in Debug, and what is kept of them is wiped when dropped. The messages
//!   that are handed out belong to the caller, PLAIN's with the password in it.
//!
//! # Without `std`
//!
//! The crate needs `alloc` only. Without the feature `std`, SASLprep knows only ASCII, and SCRAM refuses other names and
//! passwords with [`PrepError::TablesMissing`].

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

pub mod apop;
pub mod base64;
pub mod client;
pub mod server;

mod advertised;
mod binding;
mod derivation;
mod hash;
mod keys;
mod mechanism;
mod mechanisms;
mod misuse;
mod nonces;
mod prep;
mod secret;
mod text;

pub use advertised::Advertised;
pub use binding::{Bindings, ChannelBinding};
pub use derivation::{Derivation, Derived, Progress};
pub use hash::Hash;
pub use keys::{DEFAULT_ITERATIONS, FakeKeys, KeysError, ScramKeys};
pub use mechanism::{Mechanism, TokenBinding};
pub use misuse::Misuse;
pub use nonces::{Nonce, NonceError, Nonces};
pub use prep::{PrepError, saslprep};
pub use secret::{Secret, constant_time_eq};
pub use text::{Field, TextError};

/// How many octets, decoded, a peer may send in one exchange: 12 KiB, the figure of RFC 4954 §4 for one line.
pub const DEFAULT_LIMIT: usize = 12 * 1024;
