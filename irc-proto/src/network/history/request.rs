use thiserror::Error;
use wirestate_machine::moment;

use super::{Reference, Selection};

/// What a client asks for with CHATHISTORY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Messages of one channel or conversation.
    Messages {
        /// The channel or nickname, as it was given.
        target: &'a [u8],
        /// Which of them.
        selection: Selection<'a>,
        /// How many at most.
        limit: usize,
    },
    /// The channels and conversations in which something was said in a time.
    Targets {
        /// The older end, in milliseconds since 1970; not included.
        after: u64,
        /// The newer end; not included.
        before: u64,
        /// Whether the client named the newer end first, and so wants the newest of them.
        newest: bool,
        /// How many at most.
        limit: usize,
    },
}

/// Why a CHATHISTORY cannot be answered; its [`code`](Fault::code) stands in the FAIL (standard-replies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A parameter is missing.
    #[error("Missing parameters: CHATHISTORY takes a subcommand, a target, references and a limit")]
    NeedMoreParams,
    /// The subcommand is none of BEFORE, AFTER, LATEST, AROUND, BETWEEN and TARGETS.
    #[error("Unknown subcommand: there are BEFORE, AFTER, LATEST, AROUND, BETWEEN and TARGETS")]
    UnknownCommand,
    /// A timestamp or a limit cannot be read.
    #[error(
        "Invalid parameters: a reference is timestamp=YYYY-MM-DDThh:mm:ss.sssZ or msgid=..., a limit is a number above 0"
    )]
    InvalidParams,
    /// A reference is of a kind that is not known, or not for this subcommand.
    #[error("This kind of reference cannot be used here: use one that MSGREFTYPES names")]
    InvalidMsgRefType,
    /// The client may not read this target, or there is none: which of them is not said.
    #[error("There is no history of this target for you: join the channel, or log in for direct messages")]
    InvalidTarget,
    /// The store cannot answer.
    #[error("Messages could not be retrieved: try again later")]
    MessageError,
}

impl Fault {
    /// The code in FAIL CHATHISTORY.
    pub const fn code(self) -> &'static str {
        match self {
            Fault::NeedMoreParams => "NEED_MORE_PARAMS",
            Fault::UnknownCommand => "UNKNOWN_COMMAND",
            Fault::InvalidParams => "INVALID_PARAMS",
            Fault::InvalidMsgRefType => "INVALID_MSGREFTYPE",
            Fault::InvalidTarget => "INVALID_TARGET",
            Fault::MessageError => "MESSAGE_ERROR",
        }
    }
}

impl<'a> Request<'a> {
    /// Reads the parameters of a CHATHISTORY, from the subcommand on. A limit above `most` is `most`.
    ///
    /// # Errors
    ///
    /// A [`Fault`] of the parameters: all but [`InvalidTarget`](Fault::InvalidTarget) and [`MessageError`](Fault::MessageError).
    pub fn parse(params: impl Iterator<Item = &'a [u8]>, most: usize) -> Result<Self, Fault> {
        let mut params = params.fuse();
        let mut next = || params.next().ok_or(Fault::NeedMoreParams);
        let subcommand = next()?;
        let is = |name: &str| subcommand.eq_ignore_ascii_case(name.as_bytes());
        if is("TARGETS") {
            let (first, second) = (next()?, next()?);
            let limit = limit(next()?, most)?;
            let (first, second) = (timestamp_of(first)?, timestamp_of(second)?);
            let (after, before) = (first.min(second), first.max(second));
            return Ok(Request::Targets { after, before, newest: first > second, limit });
        }
        type Make<'a> = fn(Reference<'a>) -> Selection<'a>;
        let make: Option<Make<'a>> = match () {
            () if is("BEFORE") => Some(Selection::Before),
            () if is("AFTER") => Some(Selection::After),
            () if is("AROUND") => Some(Selection::Around),
            () if is("LATEST") => Some(|reference| Selection::Latest(Some(reference))),
            () if is("BETWEEN") => None,
            () => return Err(Fault::UnknownCommand),
        };
        let (target, first) = (next()?, next()?);
        let second = if make.is_none() { Some(next()?) } else { None };
        let limit = limit(next()?, most)?;
        let selection = match (make, second) {
            (Some(_), _) if is("LATEST") && first == b"*" => Selection::Latest(None),
            (Some(make), _) => make(reference(first)?),
            (None, second) => Selection::Between(reference(first)?, reference(second.unwrap_or_default())?),
        };
        Ok(Request::Messages { target, selection, limit })
    }
}

fn reference(text: &[u8]) -> Result<Reference<'_>, Fault> {
    let Some(equals) = text.iter().position(|byte| *byte == b'=') else { return Err(Fault::InvalidParams) };
    match text.split_at_checked(equals + 1) {
        Some((b"msgid=", id)) if !id.is_empty() => Ok(Reference::Msgid(id)),
        Some((b"timestamp=", moment)) => moment::parse(moment).map(Reference::Time).ok_or(Fault::InvalidParams),
        Some((b"msgid=", _)) => Err(Fault::InvalidParams),
        _ => Err(Fault::InvalidMsgRefType),
    }
}

fn timestamp_of(text: &[u8]) -> Result<u64, Fault> {
    match reference(text)? {
        Reference::Time(time) => Ok(time),
        Reference::Msgid(_) => Err(Fault::InvalidMsgRefType),
    }
}

/// A number above 0 in digits alone; one that is too large for any limit is the most.
fn limit(text: &[u8], most: usize) -> Result<usize, Fault> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Fault::InvalidParams);
    }
    let add = |number: usize, digit: &u8| number.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
    match text.iter().fold(0, add) {
        0 => Err(Fault::InvalidParams),
        number => Ok(number.min(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const AT: &str = "timestamp=1970-01-01T00:00:01.000Z";

    fn parse(line: &str) -> Result<Request<'_>, Fault> {
        Request::parse(line.split(' ').map(str::as_bytes), 50)
    }

    fn messages<'a>(selection: Selection<'a>, limit: usize) -> Result<Request<'a>, Fault> {
        Ok(Request::Messages { target: b"#x", selection, limit })
    }

    #[test]
    fn each_subcommand_is_read() {
        let (time, id) = (Reference::Time(1000), Reference::Msgid(b"a=b"));
        assert_eq!(parse("LATEST #x * 10"), messages(Selection::Latest(None), 10));
        assert_eq!(parse("latest #x msgid=a=b 10"), messages(Selection::Latest(Some(id)), 10));
        assert_eq!(parse(&std::format!("BEFORE #x {AT} 50")), messages(Selection::Before(time), 50));
        assert_eq!(parse("AFTER #x msgid=a=b 51"), messages(Selection::After(id), 50));
        assert_eq!(parse("AROUND #x msgid=a=b 99999999999999999999999"), messages(Selection::Around(id), 50));
        assert_eq!(parse(&std::format!("BETWEEN #x {AT} msgid=a=b 1")), messages(Selection::Between(time, id), 1));
        let targets = |newest| Ok(Request::Targets { after: 0, before: 1000, newest, limit: 7 });
        assert_eq!(parse(&std::format!("TARGETS timestamp=1970-01-01T00:00:00.000Z {AT} 7")), targets(false));
        assert_eq!(parse(&std::format!("TARGETS {AT} timestamp=1970-01-01T00:00:00.000Z 7")), targets(true));
    }

    #[test]
    fn each_fault_has_its_code() {
        for (line, fault, code) in [
            ("LATEST", Fault::NeedMoreParams, "NEED_MORE_PARAMS"),
            ("LATEST #x", Fault::NeedMoreParams, "NEED_MORE_PARAMS"),
            ("LATEST #x *", Fault::NeedMoreParams, "NEED_MORE_PARAMS"),
            ("BETWEEN #x msgid=1 msgid=2", Fault::NeedMoreParams, "NEED_MORE_PARAMS"),
            ("TARGETS", Fault::NeedMoreParams, "NEED_MORE_PARAMS"),
            ("SOONER #x * 1", Fault::UnknownCommand, "UNKNOWN_COMMAND"),
            ("LATEST #x * 0", Fault::InvalidParams, "INVALID_PARAMS"),
            ("LATEST #x * -1", Fault::InvalidParams, "INVALID_PARAMS"),
            ("LATEST #x * +1", Fault::InvalidParams, "INVALID_PARAMS"),
            ("BEFORE #x * 1", Fault::InvalidParams, "INVALID_PARAMS"),
            ("BEFORE #x msgid= 1", Fault::InvalidParams, "INVALID_PARAMS"),
            ("BEFORE #x timestamp=now 1", Fault::InvalidParams, "INVALID_PARAMS"),
            ("BEFORE #x id=1 1", Fault::InvalidMsgRefType, "INVALID_MSGREFTYPE"),
            ("TARGETS msgid=1 msgid=2 1", Fault::InvalidMsgRefType, "INVALID_MSGREFTYPE"),
        ] {
            assert_eq!(parse(line), Err(fault), "{line}");
            assert_eq!(fault.code(), code);
        }
        assert_eq!(Request::parse(core::iter::empty(), 50), Err(Fault::NeedMoreParams));
        assert_eq!((Fault::InvalidTarget.code(), Fault::MessageError.code()), ("INVALID_TARGET", "MESSAGE_ERROR"));
    }

    proptest! {
        #[test]
        fn no_parameters_panic(params: Vec<Vec<u8>>, subcommand in "LATEST|BETWEEN|TARGETS|AROUND") {
            let params = params.iter().map(Vec::as_slice);
            let _ = Request::parse(params.clone(), 50);
            if let Ok(Request::Messages { limit, .. }) = Request::parse([subcommand.as_bytes()].into_iter().chain(params), 50) {
                prop_assert!((1..=50).contains(&limit));
            }
        }
    }
}
