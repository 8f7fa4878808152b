use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::codec::{Data, Fault, FetchHead, FetchPart, Fetched, Response};

/// What the server tells of one message, as it came: read when it is asked for, so that what is not wanted costs nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchData {
    pub(super) message: Fetched,
    pub(super) bytes: Bytes,
    pub(super) place: Place,
}

/// Which part of a FETCH response it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// All of it.
    Whole,
    /// What comes before the first long text.
    Head,
    /// What stands between two long texts.
    Between,
    /// What comes after the last.
    Rest,
}

impl FetchData {
    /// Which message it is about.
    pub fn message(&self) -> Fetched {
        self.message
    }

    /// The items that are whole, and of [`Event::FetchBegin`](super::Event::FetchBegin) what the text is that follows.
    ///
    /// # Errors
    ///
    /// The server's words cannot be read: what was expected, and where.
    pub fn read(&self) -> Result<FetchPart<Cow<'_, [u8]>>, Fault> {
        match self.place {
            Place::Whole => match Response::parse(&self.bytes)? {
                Response::Data(Data::Fetch { items, .. } | Data::UidFetch { items, .. }) => {
                    Ok(FetchPart { items, streamed: None })
                }
                _ => Ok(FetchPart { items: Vec::new(), streamed: None }),
            },
            Place::Head => FetchHead::parse(&self.bytes).map(|head| head.part),
            Place::Between => FetchPart::parse(&self.bytes),
            Place::Rest => FetchPart::parse_rest(&self.bytes),
        }
    }

    /// The same, in a form that outlives this one and shares its bytes.
    ///
    /// # Errors
    ///
    /// As [`read`](FetchData::read).
    pub fn read_shared(&self) -> Result<FetchPart<Bytes>, Fault> {
        self.read().map(|part| part.map_text(&mut |text| crate::codec::own(&self.bytes, text)))
    }

    /// The server's own words, without the last line end.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for FetchData {
    /// Shows no text of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchData({:?}, {} bytes)", self.message, self.bytes.len())
    }
}
