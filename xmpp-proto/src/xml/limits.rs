/// How much a peer may make us hold. Each is refused as soon as it is exceeded, not at the stanza's end.
///
/// XEP-0478 tells the peer of [`bytes`](Limits::bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Bytes of one first-level element, or of the stream header with its declaration. At most 1 GiB.
    pub bytes: usize,
    /// Elements inside one another, the first-level element counted; at most [`Limits::MAX_DEPTH`].
    pub depth: u8,
    /// Attributes of one element, namespace declarations counted.
    pub attributes: u16,
    /// Bytes of one name with its prefix.
    pub name: u16,
    /// Namespace declarations in scope at once, those of the stream header not counted.
    pub bindings: u8,
    /// Elements of one first-level element, itself counted.
    pub elements: u32,
}

impl Limits {
    /// The greatest depth there can be.
    pub const MAX_DEPTH: u8 = 64;

    /// 10,000 bytes (the least that RFC 6120 §13.12 allows) and few elements: for who has not said yet who they are.
    pub const BEFORE_LOGIN: Limits =
        Limits { bytes: 10_000, depth: 16, attributes: 32, name: 128, bindings: 32, elements: 128 };
    /// 256 KiB: for users of ours.
    pub const AFTER_LOGIN: Limits =
        Limits { bytes: 256 * 1024, depth: 64, attributes: 64, name: 256, bindings: 64, elements: 10_000 };
    /// 512 KiB: for servers and components, which speak for many.
    pub const PEER: Limits = Limits { bytes: 512 * 1024, ..Limits::AFTER_LOGIN };

    /// What an inbox must hold so that a stanza can end or be too long.
    pub const fn inbox(&self) -> usize {
        self.most_bytes() + 1
    }

    /// Offsets are 32 bits wide.
    pub(super) const fn most_bytes(&self) -> usize {
        if self.bytes < 1 << 30 { self.bytes } else { 1 << 30 }
    }

    pub(super) fn most_depth(&self) -> usize {
        usize::from(self.depth.min(Limits::MAX_DEPTH))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::AFTER_LOGIN
    }
}
