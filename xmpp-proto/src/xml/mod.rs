//! XML as XMPP has it (RFC 6120 §11): a stream is one long document, of which each child of the root is a frame.
//!
//! [`Reader`] gives what a peer sent: the stream header, whole [`Element`]s, the end. It is a [`Framer`], which looks at each byte once however the
//! input was cut, and a parser that goes once over each whole frame. [`Writer`] writes elements straight into an outbox, and [`ElementBuf`] into an
//! element of the program's own. [`Stamp`] sends an element on with another start tag, the rest of its bytes shared.
//!
//! Comments, processing instructions, document types and entities of their own are refused at their first bytes (RFC 6120 §11.1), and budgets
//! ([`Limits`]) as soon as they are exceeded. After an error a stream gives nothing more.
//!
//! ```
//! use wirestate_machine::{Inbox, Outbox};
//! use xmpp_proto::ns;
//! use xmpp_proto::xml::{Frame, Limits, Reader, Scope, Writer};
//!
//! let limits = Limits::BEFORE_LOGIN;
//! let (mut inbox, mut reader) = (Inbox::new(limits.inbox()), Reader::new(limits));
//! inbox.push(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='im.example' ");
//! inbox.push(b"version='1.0' xmlns:stream='http://etherx.jabber.org/streams'>");
//! let Some(Frame::Header(header)) = reader.next(&mut inbox)? else { panic!("a header is here") };
//! assert!(header.is("stream", ns::STREAM));
//! assert_eq!(header.attr("to").as_deref(), Some("im.example"));
//!
//! inbox.push(b"<message to='juliet@im.example'><body>Art thou not Romeo?</body></message>");
//! let Some(Frame::Element(message)) = reader.next(&mut inbox)? else { panic!("a message is here") };
//! assert_eq!(message.child("body", ns::CLIENT).map(|body| body.text()).as_deref(), Some("Art thou not Romeo?"));
//!
//! let (mut outbox, scope) = (Outbox::new(), Scope::CLIENT);
//! let mut writer = Writer::new(&mut outbox, &scope);
//! let mut answer = writer.element("message", ns::CLIENT)?;
//! answer.attr("to", "romeo@im.example")?;
//! answer.child("body", ns::CLIENT)?.text("Neither, fair saint, if either thee dislike & so on")?;
//! answer.end();
//! assert_eq!(
//!     outbox.drain(),
//!     b"<message to='romeo@im.example'><body>Neither, fair saint, if either thee dislike &amp; so on</body></message>"
//! );
//! # Ok::<(), xmpp_proto::xml::XmlError>(())
//! ```

mod build;
mod cut;
mod element;
mod equal;
mod error;
mod escape;
mod framing;
mod header;
mod limits;
mod name;
mod reader;
mod scan;
mod scope;
mod slot;
mod stamp;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use build::ElementBuf;
pub use element::{Attribute, Attributes, Children, Element, ElementRef, Node, Nodes, Text};
pub use error::{Condition, Limit, XmlError};
pub use framing::{Framer, MESSAGE_END, RawFrame};
pub use limits::Limits;
pub use reader::{Frame, Reader};
pub use scope::Scope;
pub use stamp::Stamp;
pub use write::{ElementWriter, Sink, StreamWriter, Writer, write_stream_end};
