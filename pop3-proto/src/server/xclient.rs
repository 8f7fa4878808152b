use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// What a trusted proxy tells about the client that it speaks for (Dovecot's XCLIENT).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarded {
    /// `ADDR`: the client's address.
    pub address: Option<IpAddr>,
    /// `PORT`: the client's port.
    pub port: Option<u16>,
    /// `DESTADDR`: the address that the client connected to.
    pub local_address: Option<IpAddr>,
    /// `DESTPORT`: the port that the client connected to.
    pub local_port: Option<u16>,
    /// `SESSION`: the proxy's own name for the session.
    pub session: Option<String>,
    /// `TTL`: how many more proxies the session may pass.
    pub ttl: Option<u8>,
    /// All other facts, in the order in which they came, such as `CLIENT-TRANSPORT` and `DESTNAME`.
    pub others: Vec<(String, String)>,
}

impl Forwarded {
    /// Reads `NAME=value` pairs; `None` where one has no `=`, or an address or a number is none.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(text).ok()?;
        let mut facts = Forwarded::default();
        for pair in text.split_ascii_whitespace() {
            let (name, value) = pair.split_once('=')?;
            match name.to_ascii_uppercase().as_str() {
                "ADDR" => facts.address = Some(value.parse().ok()?),
                "PORT" => facts.port = Some(value.parse().ok()?),
                "DESTADDR" => facts.local_address = Some(value.parse().ok()?),
                "DESTPORT" => facts.local_port = Some(value.parse().ok()?),
                "SESSION" => facts.session = Some(value.into()),
                "TTL" => facts.ttl = Some(value.parse().ok()?),
                other => facts.others.push((other.into(), value.into())),
            }
        }
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_typed_and_checked() {
        let facts = Forwarded::parse(b"ADDR=2001:db8::1 port=1234 SESSION=x1 TTL=4 DESTNAME=pop").unwrap();
        assert_eq!(facts.address, Some("2001:db8::1".parse().unwrap()));
        assert_eq!((facts.port, facts.ttl, facts.session.as_deref()), (Some(1234), Some(4), Some("x1")));
        assert_eq!(facts.others, [("DESTNAME".into(), "pop".into())]);
        for odd in [&b"ADDR"[..], b"ADDR=nowhere", b"PORT=99999", b"\xff=1"] {
            assert_eq!(Forwarded::parse(odd), None);
        }
    }
}
