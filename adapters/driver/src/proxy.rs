//! PROXY protocol headers, versions 1 and 2, before all else on a connection.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ipnet::IpNet;
use proxy_header::{Error, ParseConfig, ProxyHeader};
use wirestate_machine::Inbox;

use crate::{Address, Info, Refusal, Stream};

/// The longest header that is waited for. Version 2 may have more with what proxies add of their own, version 1 may not.
const LONGEST: usize = 4096;
const LONGEST_V1: usize = 107;
/// How much is read at a time: what follows the header must not be read far ahead.
const STEP: usize = 256;
const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Who may tell, in a PROXY header, which peer a connection comes from.
///
/// Such a header is believed as it stands, so only the load balancer's own networks belong here. A connection from elsewhere is refused
/// unless [`direct`](Proxies::direct) lets it in without a header. What a health check sends (`LOCAL`, `UNKNOWN`) keeps the
/// connection's own addresses.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    unix: bool,
    direct: bool,
    within: Duration,
}

impl Proxies {
    /// Trusts the proxies in these networks, such as `"10.0.0.0/8".parse()?`. The header has to come within 5 s.
    pub fn trusted(networks: impl IntoIterator<Item = IpNet>) -> Self {
        let trusted = networks.into_iter().collect();
        Proxies { trusted, unix: false, direct: false, within: Duration::from_secs(5) }
    }

    /// Trusts whoever comes by a Unix socket, too: who may do that is for the file system to say.
    pub fn trust_unix(self) -> Self {
        Proxies { unix: true, ..self }
    }

    /// Lets in who does not come by a trusted proxy, as the peer that the system says it is. Nothing it sends is taken for a header.
    pub fn direct(self) -> Self {
        Proxies { direct: true, ..self }
    }

    /// Sets how long the header may take.
    pub fn within(self, within: Duration) -> Self {
        Proxies { within, ..self }
    }

    /// What has to be done with a connection from `peer`.
    pub(crate) fn ask(&self, peer: &Address) -> Asked {
        let trusted = match peer {
            Address::Unix(_) => self.unix,
            other => other.ip().is_some_and(|ip| self.trusts(ip)),
        };
        match (trusted, self.direct) {
            (true, _) => Asked::Header,
            (false, true) => Asked::Nothing,
            (false, false) => Asked::Refusal,
        }
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// Reads the header. What was read behind it is given, too. `stop` ends the wait early.
    pub(crate) async fn read<S: Stream>(
        &self,
        stream: &mut S,
        info: Info,
        mut stop: impl FnMut(&mut Context<'_>) -> bool,
    ) -> Result<(Info, Bytes), Refusal> {
        let deadline = stream.now().checked_add(self.within);
        let mut inbox = Inbox::new(STEP);
        poll_fn(|cx| {
            loop {
                if stop(cx) {
                    return Poll::Ready(Err(Refusal::Gone));
                }
                match parse(inbox.bytes()) {
                    Ok(None) => inbox.set_limit((inbox.len() + STEP).min(LONGEST)),
                    Ok(Some((ends, length))) => {
                        inbox.consume(length);
                        return Poll::Ready(Ok((ends, inbox.take(usize::MAX))));
                    }
                    Err(refusal) => return Poll::Ready(Err(refusal)),
                }
                if inbox.room() == 0 {
                    return Poll::Ready(Err(Refusal::NoProxyHeader));
                }
                if out_of_time(stream, deadline) {
                    return Poll::Ready(Err(Refusal::ProxyTimeout));
                }
                match stream.poll_read(cx, &mut inbox) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(Refusal::Gone)),
                    Poll::Ready(Ok(_)) => continue,
                    Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => continue,
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Refusal::Gone)),
                    Poll::Pending => {}
                }
                if stream.poll_until(cx, deadline).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
        .map(|(ends, rest)| match ends {
            Some((peer, local)) => (info.proxied(peer, local), rest),
            None => (info, rest),
        })
    }
}

/// What a listener with [`Proxies`] wants of a connection first.
pub(crate) enum Asked {
    Header,
    Nothing,
    Refusal,
}

fn out_of_time(stream: &impl Stream, deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| stream.now() >= deadline)
}

type Ends = Option<(Address, Address)>;

/// The ends that a header tells, and its length; `None` while there may be more of it to come.
fn parse(bytes: &[u8]) -> Result<Option<(Ends, usize)>, Refusal> {
    let begins = |signature: &[u8]| bytes.iter().zip(signature).all(|(a, b)| a == b);
    if !begins(V1) && !begins(V2) {
        return Err(Refusal::NoProxyHeader);
    }
    match ProxyHeader::parse(bytes, ParseConfig::default()) {
        Ok((_, length)) if bytes.starts_with(V1) && length > LONGEST_V1 => Err(Refusal::NoProxyHeader),
        Ok((header, length)) => {
            let ends = header.proxied_address().map(|ends| (ends.source.into(), ends.destination.into()));
            Ok(Some((ends, length)))
        }
        Err(Error::BufferTooShort) => Ok(None),
        Err(_) => Err(Refusal::NoProxyHeader),
    }
}

/// The fuzz targets' way in, which only a build for fuzzing has.
#[cfg(fuzzing)]
pub mod fuzzing {
    use bytes::Bytes;

    use crate::{Info, Proxies, Refusal, Stream};

    /// Reads the header that a trusted proxy begins with. What was read behind it is given, too.
    ///
    /// # Errors
    ///
    /// Why the connection is not let in.
    pub async fn read_header<S: Stream>(
        proxies: &Proxies,
        stream: &mut S,
        info: Info,
    ) -> Result<(Info, Bytes), Refusal> {
        proxies.read(stream, info, |_| false).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(bytes: &[u8]) -> Option<(String, String, usize)> {
        let (ends, length) = parse(bytes).ok()??;
        let (peer, local) = ends?;
        Some((peer.to_string(), local.to_string(), length))
    }

    #[test]
    fn both_versions_tell_the_ends() {
        let v1 = b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 110\r\nQUIT\r\n";
        assert_eq!(ends(v1), Some(("192.0.2.1:56324".into(), "198.51.100.7:110".into(), 45)));
        let mut v2 = [V2, &[0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 7], &56324u16.to_be_bytes()[..]].concat();
        v2.extend(110u16.to_be_bytes());
        v2.extend(b"QUIT\r\n");
        assert_eq!(ends(&v2), Some(("192.0.2.1:56324".into(), "198.51.100.7:110".into(), 28)));
        assert!(matches!(parse(b"PROXY UNKNOWN\r\n"), Ok(Some((None, 15)))));
    }

    #[test]
    fn each_beginning_of_a_header_is_waited_for() {
        let v1 = b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 110\r\n";
        for cut in 0..v1.len() {
            assert!(matches!(parse(&v1[..cut]), Ok(None)), "{cut}");
        }
        let v2 = [V2, &[0x20, 0, 0, 0]].concat();
        for cut in 0..v2.len() {
            assert!(matches!(parse(&v2[..cut]), Ok(None)), "{cut}");
        }
        assert!(matches!(parse(&v2), Ok(Some((None, 16)))));
    }

    #[test]
    fn garbage_is_refused_at_its_first_wrong_byte() {
        for garbage in
            [&b"Q"[..], b"PROXY\n", b"\r\n\r\n\0\r\nQUIT\r", b"PROXY TCP4 a b c d\r\n........", b"\x16\x03\x01"]
        {
            assert!(matches!(parse(garbage), Err(Refusal::NoProxyHeader)), "{garbage:?}");
        }
        let endless = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
        assert!(matches!(parse(&endless), Err(Refusal::NoProxyHeader)));
        let unknown = |more| [&b"PROXY UNKNOWN"[..], &vec![b' '; more], b"\r\n"].concat();
        assert!(matches!(parse(&unknown(92)), Ok(Some((None, 107)))));
        assert!(matches!(parse(&unknown(93)), Err(Refusal::NoProxyHeader)));
    }

    #[test]
    fn only_the_trusted_are_asked_for_a_header() {
        let proxies = Proxies::trusted(["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        let of = |peer: &str| Address::Tcp(peer.parse().unwrap());
        assert!(matches!(proxies.ask(&of("10.1.2.3:4")), Asked::Header));
        assert!(matches!(proxies.ask(&of("[2001:db8::1]:4")), Asked::Header));
        assert!(matches!(proxies.ask(&of("[::ffff:10.1.2.3]:4")), Asked::Header));
        assert!(matches!(proxies.ask(&of("11.1.2.3:4")), Asked::Refusal));
        assert!(matches!(proxies.ask(&Address::Unix(None)), Asked::Refusal));
        assert!(matches!(proxies.clone().trust_unix().ask(&Address::Unix(None)), Asked::Header));
        assert!(matches!(proxies.direct().ask(&of("11.1.2.3:4")), Asked::Nothing));
    }
}
