//! Layers: structs around a [`Machine`](wirestate_machine::Machine) that are machines themselves.
//!
//! A layer sits on the byte seam, between a protocol and its driver, and neither of them changes for it:
//!
//! | layer | does |
//! |---|---|
//! | [`Tls`] | takes `Upgrade::Tls`, as server or as client, by rustls; certificates by name and at run time, client certificates |
//! | [`Deflate`] | takes `Upgrade::Deflate` (RFC 4978, XEP-0138), or is switched on and off by hand |
//! | `WebSocket` | carries a protocol's messages in those of RFC 6455, as server or as client; with the feature `websocket` |
//! | [`Trace`] | writes a transcript with the secrets hidden, which can be replayed |
//! | [`Throttle`] | caps the bytes a second in each direction |
//! | [`Faulty`] | breaks the connection by a script, for tests |
//!
//! They nest, outermost first as bytes come from the wire: `Throttle<Tls<Deflate<Trace<Server>>>>`. An upgrade is taken by the
//! innermost layer that knows it, so `Deflate` belongs inside `Tls`, and so does `WebSocket`, of which the whole is then `wss`. Each layer dereferences to what it wraps, so the
//! application calls its server's methods on the whole; the `Machine` methods are the outermost layer's. What lies between the machine
//! and its peer is told by [`channel`](wirestate_machine::Machine::channel) and [`tls_facts`](wirestate_machine::Machine::tls_facts)
//! of the outermost, and a [`Relay`](wirestate_machine::Relay) is one through any of them.
//!
//! ```
//! use wirestate_layers::{Deflate, Error, Trace, deflate};
//! # use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded, redact::Nothing};
//! # struct Server { inbox: Inbox, outbox: Outbox, wants: Option<Upgrade> }
//! # impl Server {
//! #     fn new() -> Self { Server { inbox: Inbox::new(64), outbox: Outbox::new(), wants: Some(Upgrade::Deflate) } }
//! #     fn greet(&mut self) { self.outbox.put(b"hello\r\n") }
//! # }
//! # impl Machine for Server {
//! #     type Event = ();
//! #     type Error = core::convert::Infallible;
//! #     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
//! #     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
//! #     fn poll(&mut self, _now: Instant) -> Result<Option<()>, Self::Error> { Ok(None) }
//! #     fn deadline(&self) -> Option<Instant> { None }
//! #     fn upgrade(&mut self) -> Option<Upgrade> { self.wants }
//! #     fn upgraded(&mut self, _now: Instant, _how: Upgraded) { self.wants = None }
//! #     fn is_closed(&self) -> bool { false }
//! # }
//!
//! let mut server = Deflate::new(Trace::new(Server::new(), Nothing, |record| println!("{record}")));
//! server.poll(Instant::START)?;
//! server.greet();
//! assert_ne!(server.outbox().to_vec(), b"hello\r\n");
//! server.inbox().push(b"this is no DEFLATE");
//! assert_eq!(server.poll(Instant::START), Err(Error::Deflate(deflate::Failure::Corrupt)));
//! # Ok::<(), Error<core::convert::Infallible>>(())
//! ```
//!
//! Where no layer is active, a layer hands out the boxes of the machine inside and costs a branch.

#![forbid(unsafe_code)]

pub mod deflate;
mod error;
mod faulty;
mod throttle;
pub mod tls;
pub mod trace;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use deflate::Deflate;
pub use error::Error;
pub use faulty::{Fault, Faulty, Script};
pub use throttle::{Rate, Throttle};
pub use tls::Tls;
pub use trace::Trace;
#[cfg(feature = "websocket")]
pub use websocket::WebSocket;

/// What every layer offers beside its work: a way to what it wraps.
macro_rules! wraps {
    ($layer:ident<M $(, $more:ident)*>) => {
        impl<M $(, $more)*> $layer<M $(, $more)*> {
            /// What the layer wraps.
            pub fn inner(&self) -> &M {
                &self.inner
            }

            /// What the layer wraps.
            pub fn inner_mut(&mut self) -> &mut M {
                &mut self.inner
            }

            /// Takes the layer off. What it still held of the stream is dropped.
            pub fn into_inner(self) -> M {
                self.inner
            }
        }

        impl<M $(, $more)*> core::ops::Deref for $layer<M $(, $more)*> {
            type Target = M;

            fn deref(&self) -> &M {
                &self.inner
            }
        }

        impl<M $(, $more)*> core::ops::DerefMut for $layer<M $(, $more)*> {
            fn deref_mut(&mut self) -> &mut M {
                &mut self.inner
            }
        }
    };
}
pub(crate) use wraps;
