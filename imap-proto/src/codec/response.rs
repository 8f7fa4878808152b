//! What a server says (RFC 3501 §7, RFC 9051 §7).

mod acl;
mod code;
mod data;
mod esearch;
mod list;
mod metadata;
mod namespace;
mod quota;
mod search;
mod status;
#[cfg(test)]
mod tests;
mod thread;

use alloc::borrow::Cow;

use bytes::Bytes;

use super::cursor::{ATOM, Cursor, Read, is_atom_byte};
use super::encode::{Encode, Unwritable, Writer};
use super::fault::{Expected, Fault};
use super::section::upper;
use super::text::own;

pub use acl::{Acl, ListRights, MyRights};
pub use code::{Code, MetadataCode, Progress};
pub use data::{Comparator, Data};
pub use esearch::{Correlator, Esearch, EsearchItem, PartialRange};
pub use list::{ListAttribute, ListEntry, ListExtension};
pub use metadata::{Metadata, MetadataEntries};
pub use namespace::{Namespace, Namespaces};
pub use quota::{Quota, QuotaResource, QuotaRoots, ResourceName};
pub use search::SearchResult;
pub use status::{MailboxStatus, StatusValue};
pub use thread::{ThreadNode, Threads};

/// One response of a server, generic over how it holds its text: borrowed from the frame, sharing it, or owned.
///
/// ```
/// use imap_proto::codec::{Condition, Response};
///
/// let Ok(Response::Tagged { tag, status }) = Response::parse(b"a1 NO [OVERQUOTA] Your mailbox is full\r\n") else { panic!() };
/// assert_eq!((&tag[..], status.condition, &status.text[..]), (&b"a1"[..], Condition::No, &b"Your mailbox is full"[..]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response<T> {
    /// The end of a command: `a1 OK done`. Of its conditions there are only OK, NO and BAD.
    Tagged {
        /// The command's tag.
        tag: T,
        /// How it ended.
        status: Status<T>,
    },
    /// `* OK`, `* NO`, `* BAD`, `* BYE` or `* PREAUTH`: a greeting, a warning, or something told on the way.
    Status(Status<T>),
    /// `+`: the server waits for a literal, a client's answer to a challenge, or the end of IDLE.
    Continuation {
        /// What programs can understand of it.
        code: Option<Code<T>>,
        /// Text for people, or a challenge in base64.
        text: T,
    },
    /// Anything else that begins with `*`.
    Data(Data<T>),
}

/// A condition, with text for people and perhaps a code for programs (`resp-cond-state`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<T> {
    /// How things are.
    pub condition: Condition,
    /// What programs can understand of it.
    pub code: Option<Code<T>>,
    /// Text for people. Many servers use UTF-8, though the RFCs want ASCII; some leave it out.
    pub text: T,
}

/// How things are (RFC 9051 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// `OK`: done, or untagged, by the way.
    Ok,
    /// `NO`: failed, or untagged, a warning.
    No,
    /// `BAD`: not understood.
    Bad,
    /// `PREAUTH`: a greeting to a client that is logged in already. Only untagged.
    Preauth,
    /// `BYE`: the server is about to close the connection. Only untagged.
    Bye,
}

impl Condition {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Condition::Ok => "OK",
            Condition::No => "NO",
            Condition::Bad => "BAD",
            Condition::Preauth => "PREAUTH",
            Condition::Bye => "BYE",
        }
    }

    fn of(upper: &[u8]) -> Option<Condition> {
        Some(match upper {
            b"OK" => Condition::Ok,
            b"NO" => Condition::No,
            b"BAD" => Condition::Bad,
            b"PREAUTH" => Condition::Preauth,
            b"BYE" => Condition::Bye,
            _ => return None,
        })
    }

    /// Whether it may end a command.
    pub const fn can_be_tagged(self) -> bool {
        matches!(self, Condition::Ok | Condition::No | Condition::Bad)
    }
}

impl<'a> Response<Cow<'a, [u8]>> {
    /// Parses one complete response: a line, with the literals in it and the lines after those; the last line end may be left out.
    ///
    /// What servers get wrong is let pass wherever it is clear what was meant. Data, codes and FETCH items that are not known become `Other`,
    /// with their bytes.
    ///
    /// # Errors
    ///
    /// What was expected, and where.
    pub fn parse(frame: &'a [u8]) -> Result<Self, Fault> {
        if let Some(fetched) = data::read_fetched(frame) {
            return Ok(Response::Data(fetched));
        }
        let mut cursor = Cursor::new(frame);
        read(&mut cursor).map_err(|failure| Fault::of(frame, nom::Err::Error(failure)))
    }
}

impl Response<Bytes> {
    /// Parses one complete response, as [`Response::parse`] does, into one that shares the frame.
    ///
    /// # Errors
    ///
    /// What was expected, and where.
    pub fn parse_shared(frame: &Bytes) -> Result<Self, Fault> {
        Response::parse(frame).map(|response| response.map_text(&mut |text| own(frame, text)))
    }
}

impl<T> Response<T> {
    /// Turns each text into another, as from borrowed to shared.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Response<U> {
        match self {
            Response::Tagged { tag, status } => Response::Tagged { tag: f(tag), status: status.map_text(f) },
            Response::Status(status) => Response::Status(status.map_text(f)),
            Response::Continuation { code, text } => {
                Response::Continuation { code: code.map(|code| code.map_text(f)), text: f(text) }
            }
            Response::Data(data) => Response::Data(data.map_text(f)),
        }
    }
}

impl<T> Status<T> {
    /// A condition without a code.
    pub const fn new(condition: Condition, text: T) -> Self {
        Status { condition, code: None, text }
    }

    /// A condition with a code.
    pub const fn with_code(condition: Condition, code: Code<T>, text: T) -> Self {
        Status { condition, code: Some(code), text }
    }

    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Status<U> {
        Status { condition: self.condition, code: self.code.map(|code| code.map_text(f)), text: f(self.text) }
    }
}

type Text<'a> = Cow<'a, [u8]>;

fn read<'a>(cursor: &mut Cursor<'a>) -> Read<Response<Cow<'a, [u8]>>> {
    if cursor.eat(b'*') {
        cursor.space()?;
        return read_untagged(cursor);
    }
    if cursor.eat(b'+') {
        cursor.skip_spaces();
        let (code, text) = read_text(cursor)?;
        return Ok(Response::Continuation { code, text });
    }
    let tag = cursor.take_while(|byte| is_atom_byte(byte) && !matches!(byte, b'+' | b'*' | b'%' | b'{' | b'\\'));
    if tag.is_empty() {
        return cursor.fail(Expected::Tag);
    }
    cursor.space()?;
    let condition = Condition::of(upper(cursor.take_class(ATOM), &mut [0; 7]));
    let Some(condition) = condition.filter(|condition| condition.can_be_tagged()) else {
        return cursor.fail(Expected::Condition);
    };
    Ok(Response::Tagged { tag: Cow::Borrowed(tag), status: read_status(cursor, condition)? })
}

fn read_untagged<'a>(cursor: &mut Cursor<'a>) -> Read<Response<Cow<'a, [u8]>>> {
    if cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        return data::read_numbered(cursor).map(Response::Data);
    }
    let name = cursor.take_class(ATOM);
    let mut word = [0; 12];
    let upper = upper(name, &mut word);
    match Condition::of(upper) {
        Some(condition) => read_status(cursor, condition).map(Response::Status),
        None => data::read_named(cursor, name, upper).map(Response::Data),
    }
}

fn read_status<'a>(cursor: &mut Cursor<'a>, condition: Condition) -> Read<Status<Cow<'a, [u8]>>> {
    cursor.skip_spaces();
    let (code, text) = read_text(cursor)?;
    Ok(Status { condition, code, text })
}

/// `resp-text`, of which some servers leave out all.
fn read_text<'a>(cursor: &mut Cursor<'a>) -> Read<(Option<Code<Text<'a>>>, Text<'a>)> {
    let code = Code::read_in_brackets(cursor);
    if code.is_some() {
        cursor.eat(b' ');
    }
    let text = cursor.rest_of_line();
    if text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return cursor.fail(Expected::End);
    }
    Ok((code, Cow::Borrowed(text)))
}

impl<T: AsRef<[u8]>> Encode for Response<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            Response::Tagged { tag, status } => {
                if !status.condition.can_be_tagged() {
                    return Err(Unwritable::Value);
                }
                writer.tag(tag.as_ref())?;
                writer.space();
                status.write_words(writer)
            }
            Response::Status(status) => status.write(writer),
            Response::Continuation { code, text } => {
                writer.put(b"+ ");
                write_text(code.as_ref(), text.as_ref(), writer)
            }
            Response::Data(data) => data.write(writer),
        }
    }
}

/// As an untagged response.
impl<T: AsRef<[u8]>> Encode for Status<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"* ");
        self.write_words(writer)
    }
}

impl<T: AsRef<[u8]>> Status<T> {
    fn write_words(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(self.condition.name().as_bytes());
        writer.space();
        write_text(self.code.as_ref(), self.text.as_ref(), writer)
    }
}

fn write_text<T: AsRef<[u8]>>(code: Option<&Code<T>>, text: &[u8], writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    match code {
        Some(code) => {
            writer.put(b"[");
            code.write(writer)?;
            writer.put(b"] ");
        }
        // It would be read as a code.
        None if text.starts_with(b"[") => return Err(Unwritable::Value),
        None => {}
    }
    writer.text(text)?;
    writer.line_end();
    Ok(())
}
