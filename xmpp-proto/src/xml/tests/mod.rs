//! The parts together.

mod differential;
mod element;
mod hostile;
mod stream;
mod written;

use alloc::vec::Vec;

use wirestate_machine::Inbox;

use super::{Element, Frame, Limits, Reader, Scope, XmlError};

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='im.example' version='1.0' \
                      xmlns:stream='http://etherx.jabber.org/streams' xml:lang='en'>";

fn parsed(text: &str) -> Element {
    element(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn element(text: &str) -> Result<Element, XmlError> {
    Element::parse(text.as_bytes().to_vec().into(), &Scope::CLIENT, &Limits::AFTER_LOGIN)
}

/// All frames of what came in pieces, and what ended them.
fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> (Vec<Frame>, Option<XmlError>) {
    frames_of(Reader::new(limits), pieces)
}

fn frames_of<'a>(mut reader: Reader, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<XmlError>) {
    let (mut inbox, mut frames) = (Inbox::new(reader.limits().inbox()), Vec::new());
    for piece in pieces {
        let mut rest = piece;
        loop {
            let taken = inbox.push_some(rest);
            rest = &rest[taken..];
            loop {
                match reader.next(&mut inbox) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        assert_eq!(reader.next(&mut inbox), Err(error), "an error stays");
                        return (frames, Some(error));
                    }
                }
            }
            if rest.is_empty() || reader.is_ended() {
                break;
            }
        }
    }
    (frames, None)
}
