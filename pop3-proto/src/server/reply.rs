use wirestate_machine::plugin::Kind;

use crate::codec::{Code, Keyword, Status, Text};

/// The first line of a response, as plugins see it before it is written and as the application gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The command that is answered; `Other` for the greeting and the farewell.
    pub keyword: Keyword,
    /// `+OK` or `-ERR`.
    pub status: Status,
    /// The response code.
    pub code: Option<Code>,
    /// The text.
    pub text: Text,
}

impl Reply {
    /// `+OK text`
    pub fn ok(text: Text) -> Self {
        Reply { keyword: Keyword::Other, status: Status::Ok, code: None, text }
    }

    /// `-ERR [code] text`
    pub fn err(code: Option<Code>, text: Text) -> Self {
        Reply { keyword: Keyword::Other, status: Status::Err, code, text }
    }

    pub(super) fn to(mut self, keyword: Keyword) -> Self {
        self.keyword = keyword;
        self
    }
}

impl Kind for Reply {
    /// The bit of the command that is answered.
    fn bit(&self) -> u32 {
        self.keyword as u32
    }
}
