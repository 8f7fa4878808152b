//! Answers: the same name and id, addressed back (RFC 6120 §8.1.2, §8.3.1).

use alloc::borrow::Cow;
use alloc::string::String;

use super::StanzaError;
use crate::jid::JidRef;
use crate::xml::{ElementBuf, ElementRef, ElementWriter, Sink, Writer, XmlError};

/// Writes the error that answers a stanza, from whom it was to. Nothing is written, and `false` given, for what must not be answered by an error: one
/// of type `error`, and an IQ of type `result` (RFC 6120 §8.3.1).
///
/// `stanza` need not have been found right: this is how its faults are told, too.
///
/// # Errors
///
/// Those of [`StanzaError::write`].
pub fn write_error<S: Sink + ?Sized>(
    stanza: ElementRef<'_>,
    error: &StanzaError,
    writer: &mut Writer<'_, S>,
) -> Result<bool, XmlError> {
    if !may_be_answered(stanza) {
        return Ok(false);
    }
    error.write(&mut begin(stanza, "error", writer)?)?;
    Ok(true)
}

pub(super) fn may_be_answered(stanza: ElementRef<'_>) -> bool {
    match stanza.attr("type").as_deref() {
        Some("error") => false,
        Some("result") => stanza.name() != "iq",
        _ => true,
    }
}

pub(super) fn begin<'w, S: Sink + ?Sized>(
    stanza: ElementRef<'w>,
    kind: &str,
    writer: &'w mut Writer<'_, S>,
) -> Result<ElementWriter<'w, S>, XmlError> {
    let mut answer = writer.element(stanza.name(), stanza.ns())?;
    let [to, from, id] = addressed_back(stanza);
    answer.attr_if("to", to.as_deref())?.attr_if("from", from.as_deref())?.attr_if("id", id.as_deref())?;
    answer.attr("type", kind)?;
    Ok(answer)
}

pub(super) fn build(stanza: ElementRef<'_>, kind: &'static str) -> ElementBuf {
    let mut answer = ElementBuf::new(String::from(stanza.name()), String::from(stanza.ns()));
    for (name, value) in ["to", "from", "id"].into_iter().zip(addressed_back(stanza)) {
        if let Some(value) = value {
            answer = answer.attr(name, &value);
        }
    }
    answer.attr("type", kind)
}

/// `to`, `from` and `id` of the answer. What is no address is not said again.
fn addressed_back(stanza: ElementRef<'_>) -> [Option<Cow<'_, str>>; 3] {
    let address = |name| stanza.attr(name).filter(|address| JidRef::parse(address).is_ok());
    [address("from"), address("to"), stanza.attr("id")]
}
