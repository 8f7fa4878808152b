use core::num::NonZeroU32;

use super::{BadPrefix, Header, Prefix};
use crate::Misuse;
use crate::framed::Head;

/// The common ways to say how long a block is. The length is that of the body alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Length {
    /// It is always the same and not said. See [`Blocks::fixed`](super::Blocks::fixed).
    Fixed(NonZeroU32),
    /// One byte.
    U8,
    /// Two bytes, the high one first.
    U16Be,
    /// Two bytes, the low one first.
    U16Le,
    /// Four bytes, the highest first.
    U32Be,
    /// Four bytes, the lowest first.
    U32Le,
    /// Eight bytes, the highest first.
    U64Be,
    /// Eight bytes, the lowest first.
    U64Le,
    /// Unsigned LEB128, as in Protocol Buffers: seven bits in a byte, the lowest first, with the high bit set in all but the last. At most
    /// 64 bits in ten bytes.
    Varint,
    /// A netstring: decimal digits without needless zeros, a colon, the body, a comma.
    Netstring,
}

impl Prefix for Length {
    fn decode(&self, seen: &[u8]) -> Result<Option<Header>, BadPrefix> {
        let header = |length, body| Header { length, body };
        Ok(match self {
            Length::Fixed(size) => Some(header(0, u64::from(size.get()))),
            Length::U8 => seen.first().map(|byte| header(1, u64::from(*byte))),
            Length::U16Be => seen.first_chunk().map(|bytes| header(2, u64::from(u16::from_be_bytes(*bytes)))),
            Length::U16Le => seen.first_chunk().map(|bytes| header(2, u64::from(u16::from_le_bytes(*bytes)))),
            Length::U32Be => seen.first_chunk().map(|bytes| header(4, u64::from(u32::from_be_bytes(*bytes)))),
            Length::U32Le => seen.first_chunk().map(|bytes| header(4, u64::from(u32::from_le_bytes(*bytes)))),
            Length::U64Be => seen.first_chunk().map(|bytes| header(8, u64::from_be_bytes(*bytes))),
            Length::U64Le => seen.first_chunk().map(|bytes| header(8, u64::from_le_bytes(*bytes))),
            Length::Varint => varint(seen)?,
            Length::Netstring => decimal(seen)?,
        })
    }

    fn encode(&self, body: usize, head: &mut Head) -> Result<(), Misuse> {
        let too_long = |_| Misuse::TooLong;
        match self {
            Length::Fixed(size) if u32::try_from(body) == Ok(size.get()) => Ok(()),
            Length::Fixed(_) => Err(Misuse::OutOfRange),
            Length::U8 => head.put(&[u8::try_from(body).map_err(too_long)?]),
            Length::U16Be => head.put(&u16::try_from(body).map_err(too_long)?.to_be_bytes()),
            Length::U16Le => head.put(&u16::try_from(body).map_err(too_long)?.to_le_bytes()),
            Length::U32Be => head.put(&u32::try_from(body).map_err(too_long)?.to_be_bytes()),
            Length::U32Le => head.put(&u32::try_from(body).map_err(too_long)?.to_le_bytes()),
            Length::U64Be => head.put(&u64::try_from(body).map_err(too_long)?.to_be_bytes()),
            Length::U64Le => head.put(&u64::try_from(body).map_err(too_long)?.to_le_bytes()),
            Length::Varint => put_varint(body, head),
            Length::Netstring => {
                head.put(itoa::Buffer::new().format(body).as_bytes())?;
                head.put(b":")
            }
        }
    }

    fn trailer(&self) -> &[u8] {
        if *self == Length::Netstring { b"," } else { b"" }
    }
}

fn varint(seen: &[u8]) -> Result<Option<Header>, BadPrefix> {
    let mut body = 0u64;
    for (place, byte) in seen.iter().enumerate() {
        // The tenth byte has room for the last of 64 bits, and no more.
        if place > 9 || place == 9 && *byte > 1 {
            return Err(BadPrefix);
        }
        body |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some(Header { length: place + 1, body }));
        }
    }
    Ok(None)
}

fn put_varint(mut body: usize, head: &mut Head) -> Result<(), Misuse> {
    while body > 0x7f {
        head.put(&[body as u8 | 0x80])?;
        body >>= 7;
    }
    head.put(&[body as u8])
}

fn decimal(seen: &[u8]) -> Result<Option<Header>, BadPrefix> {
    let mut body = 0u64;
    for (place, byte) in seen.iter().enumerate() {
        match byte {
            b':' if place > 0 => return Ok(Some(Header { length: place + 1, body })),
            b'0'..=b'9' if place == 0 || body > 0 => {
                let more = body.checked_mul(10).and_then(|body| body.checked_add(u64::from(byte - b'0')));
                body = more.ok_or(BadPrefix)?;
            }
            _ => return Err(BadPrefix),
        }
    }
    Ok(None)
}
