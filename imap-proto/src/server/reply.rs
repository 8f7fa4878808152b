use alloc::borrow::Cow;

use bytes::Bytes;
use wirestate_machine::Outbox;
use wirestate_machine::plugin::Kind;

use crate::codec::{Code, Command, Condition, Encode, Encoder, Keyword, Unwritable, Writer};

/// The end of a command, as plugins see it before it is written and as the application gives it: the tagged line without its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The command that is answered; `Other` for the greeting and the farewell, which have no tag.
    pub keyword: Keyword,
    /// OK, NO or BAD; PREAUTH and BYE for the greeting and the farewell alone.
    pub condition: Condition,
    /// What programs can understand of it. One that cannot be written is left out.
    pub code: Option<Code<Bytes>>,
    /// Text for people. What a line cannot hold is written as a space.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// `OK text`
    pub fn ok(text: impl Into<Cow<'static, str>>) -> Self {
        Reply::new(Condition::Ok, None, text)
    }

    /// `NO [code] text`: it cannot be done.
    pub fn no(code: impl Into<Option<Code<Bytes>>>, text: impl Into<Cow<'static, str>>) -> Self {
        Reply::new(Condition::No, code.into(), text)
    }

    /// `BAD [code] text`: it makes no sense.
    pub fn bad(code: impl Into<Option<Code<Bytes>>>, text: impl Into<Cow<'static, str>>) -> Self {
        Reply::new(Condition::Bad, code.into(), text)
    }

    /// The same with a code.
    pub fn with_code(mut self, code: Code<Bytes>) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn new(condition: Condition, code: Option<Code<Bytes>>, text: impl Into<Cow<'static, str>>) -> Self {
        Reply { keyword: Keyword::Other, condition, code, text: text.into() }
    }

    /// The same, where OK cannot be said.
    pub(super) fn refusing(mut self) -> Self {
        if self.condition != Condition::Bad {
            self.condition = Condition::No;
        }
        self
    }

    pub(super) fn to(mut self, keyword: Keyword) -> Self {
        self.keyword = keyword;
        self
    }

    /// Writes it behind a tag, or as an untagged line.
    pub(super) fn write(&self, tag: Option<&[u8]>, outbox: &mut Outbox) {
        outbox.put(tag.unwrap_or(b"*"));
        outbox.put(b" ");
        outbox.put(self.condition.name().as_bytes());
        outbox.put(b" ");
        let has_code =
            self.code.as_ref().is_some_and(|code| Encoder::server().encode(&Bracketed(code), outbox).is_ok());
        put_text(&self.text, has_code, outbox);
    }
}

/// Text for people to the end of the line.
pub(super) fn put_text(text: &str, has_code: bool, outbox: &mut Outbox) {
    if text.starts_with('[') && !has_code {
        // It would be read as a code.
        outbox.put(b":");
    }
    if text.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        outbox.put(text.replace(['\0', '\r', '\n'], " ").as_bytes());
    } else {
        outbox.put(if text.is_empty() { b"done" } else { text.as_bytes() });
    }
    outbox.put(b"\r\n");
}

/// A code with its brackets and the space behind them.
struct Bracketed<'a>(&'a Code<Bytes>);

impl Encode for Bracketed<'_> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"[");
        self.0.write(writer)?;
        writer.put(b"] ");
        Ok(())
    }
}

impl<T> Kind for Command<T> {
    fn bit(&self) -> u32 {
        self.keyword() as u32
    }
}

impl Kind for Reply {
    /// The bit of the command that is answered.
    fn bit(&self) -> u32 {
        self.keyword as u32
    }
}
