use alloc::boxed::Box;
use core::fmt;

/// The longest tag that needs no heap. Clients use 4 to 8 octets.
const SHORT: usize = 22;

/// The longest tag that is answered to where what follows makes no sense.
const LONGEST: usize = 128;

/// A command's tag, kept until the command is answered.
#[derive(Clone)]
pub(super) enum Tag {
    Short { len: u8, octets: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Tag {
    pub(super) const NONE: Tag = Tag::Short { len: 0, octets: [0; SHORT] };

    #[inline]
    pub(super) fn new(tag: &[u8]) -> Self {
        let mut octets = [0; SHORT];
        match octets.get_mut(..tag.len()) {
            Some(room) => {
                room.copy_from_slice(tag);
                Tag::Short { len: tag.len() as u8, octets }
            }
            None => Tag::Long(tag.into()),
        }
    }

    /// The tag of a command that makes no sense; none for what is hardly meant to be one.
    pub(super) fn of_bad(tag: Option<&[u8]>) -> Self {
        tag.filter(|tag| tag.len() <= LONGEST).map_or(Tag::NONE, Tag::new)
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Tag::Short { len, octets } => octets.get(..usize::from(*len)).unwrap_or_default(),
            Tag::Long(tag) => tag,
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_all_lengths_are_kept() {
        for len in 0..50 {
            let tag = alloc::vec![b'x'; len];
            assert_eq!(Tag::new(&tag).as_bytes(), tag);
        }
        assert_eq!(size_of::<Tag>(), 24);
    }
}
