//! PROXY headers, before all else on a connection.

use std::io::{Read, Write};
use std::net::{Shutdown as Side, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use wirestate_driver::{Address, IpNet, Limits, Listener, Mode, Proxies};

use super::harness::{PATIENCE, World, listener, read_line};
use super::house::{House, News, fresh_path, is_left_waiting, is_served, is_turned_away, leave};

const V1: &str = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 110\r\n";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [V2_SIGNATURE, &[command, family], &length, body].concat()
}

/// From 192.0.2.1 port 56324 to 198.51.100.7 port 110.
fn v2_tcp4() -> Vec<u8> {
    v2(PROXY, TCP4, &[192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0, 110])
}

fn from(client: &str) -> String {
    format!("PROXY TCP4 {client} 198.51.100.7 56324 110\r\n")
}

/// Trusts 127.0.0.1 alone.
fn trusted() -> Proxies {
    Proxies::trusted(["127.0.0.1/32".parse::<IpNet>().unwrap()]).within(PATIENCE)
}

fn house<W: World>(proxies: Proxies) -> House {
    House::open::<W>(vec![listener().proxies(proxies)], Limits::new())
}

fn said(house: &House, header: &[u8]) -> TcpStream {
    let mut client = house.client_from(1);
    client.write_all(header).unwrap();
    client
}

pub(crate) fn both_versions_tell_who_it_is<W: World>() {
    let house = house::<W>(trusted());
    let six: &[&[u8]] =
        &[&[0x20, 1, 0xd, 0xb8], &[0; 11], &[1], &[0x20, 1, 0xd, 0xb8], &[0; 11], &[2], &[0, 7, 0, 110]];
    // Proxies add more of their own: here an authority, and a type that nobody knows.
    let more = [&v2_tcp4()[16..], &[2, 0, 4], b"mail", &[0xEE, 0, 1, 9]].concat();
    let four = ("192.0.2.1:56324", "198.51.100.7:110");
    for (header, (peer, local)) in [
        (V1.as_bytes().to_vec(), four),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 7 110\r\n".to_vec(), ("[2001:db8::1]:7", "[2001:db8::2]:110")),
        (v2_tcp4(), four),
        (v2(PROXY, TCP6, &six.concat()), ("[2001:db8::1]:7", "[2001:db8::2]:110")),
        (v2(PROXY, TCP4, &more), four),
    ] {
        let mut client = said(&house, &header);
        is_served(&mut client);
        let info = house.visitor();
        assert_eq!((info.peer().to_string(), info.local().to_string()), (peer.into(), local.into()));
        assert_eq!(info.proxy(), Some(&client.local_addr().unwrap().into()));
        assert!(info.listener().is_some());
        assert_eq!(house.control().handle(info.id()).unwrap().info().peer(), info.peer());
        leave(client);
    }
}

pub(crate) fn a_header_may_come_byte_by_byte<W: World>() {
    let house = house::<W>(trusted());
    for header in [V1.as_bytes().to_vec(), v2_tcp4()] {
        let mut client = house.client_from(1);
        client.set_nodelay(true).unwrap();
        for byte in [&header[..], b"here\r\n"].concat() {
            client.write_all(&[byte]).unwrap();
        }
        assert_eq!(read_line(&mut client), "here\r\n");
        assert_eq!(house.visitor().peer().to_string(), "192.0.2.1:56324");
    }
}

pub(crate) fn the_first_commands_may_come_with_the_header<W: World>() {
    let house = house::<W>(trusted());
    let long = format!("{}\r\n", "x".repeat(4000));
    for header in [V1.as_bytes().to_vec(), v2_tcp4()] {
        let mut client = said(&house, &[&header, &b"one\r\n"[..], long.as_bytes(), b"quit\r\n"].concat());
        assert_eq!([read_line(&mut client), read_line(&mut client)], ["one\r\n", &long]);
        assert_eq!(read_line(&mut client), "bye\r\n");
    }
    let mut client = said(&house, &[V1.as_bytes(), b"and the end\r\n"].concat());
    client.shutdown(Side::Write).unwrap();
    assert_eq!(read_line(&mut client), "and the end\r\n");
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
}

pub(crate) fn health_checks_keep_their_addresses<W: World>() {
    let house = house::<W>(trusted());
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN 192.0.2.1 198.51.100.7 56324 110\r\n".to_vec(),
        v2(LOCAL, UNSPECIFIED, &[]),
        v2(LOCAL, TCP4, &v2_tcp4()[16..]),
    ] {
        let mut client = said(&house, &header);
        is_served(&mut client);
        let info = house.visitor();
        assert_eq!(info.peer(), &client.local_addr().unwrap().into());
        assert_eq!(info.local(), &house.server.address().into());
        assert_eq!(info.proxy(), None);
    }
}

pub(crate) fn what_is_no_sound_header_is_refused<W: World>() {
    let house = house::<W>(trusted());
    let huge = [V2_SIGNATURE, &[PROXY, TCP4], &60_000u16.to_be_bytes(), &[0; 8192]].concat();
    let mut wrong_version = v2_tcp4();
    wrong_version[12] = 0x31;
    let mut too_short = v2_tcp4();
    too_short[15] = 4;
    for garbage in [
        b"here\r\n".to_vec(),
        b"\r\n\r\nhere\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PROXY TCP5 192.0.2.1 198.51.100.7 56324 110\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 110000\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 110\nhere\r\n".to_vec(),
        b"PROXY TCP4 ::1 ::1 1 2\r\n\r\n".to_vec(),
        format!("PROXY UNKNOWN {}\r\n", "x".repeat(100)).into_bytes(),
        format!("PROXY TCP4 {}", "1".repeat(5000)).into_bytes(),
        huge,
        wrong_version,
        too_short,
    ] {
        let mut client = house.client_from(1);
        // It may be turned away before it has said all.
        let _ = client.write_all(&garbage);
        let why = "the connection did not begin with a sound PROXY header";
        assert_eq!(house.hear(), News::Refused(client.local_addr().unwrap().into(), why.into()), "{garbage:?}");
        is_turned_away(&mut client);
    }
    let client = said(&house, b"PROXY TCP4 192");
    client.shutdown(Side::Write).unwrap();
    let why = "the connection was gone before it began";
    assert_eq!(house.hear(), News::Refused(client.local_addr().unwrap().into(), why.into()));
    leave(said(&house, V1.as_bytes()));
    assert_eq!(house.visitors.try_iter().count(), 1);
    assert_eq!(house.server.stop_gracefully().accepted, 1);
}

pub(crate) fn a_header_that_is_too_slow_is_refused<W: World>() {
    let house = house::<W>(trusted().within(Duration::from_millis(30)));
    for beginning in [&b""[..], b"PROX", V2_SIGNATURE] {
        let mut client = said(&house, beginning);
        let why = "the PROXY header did not come in time";
        assert_eq!(house.hear(), News::Refused(client.local_addr().unwrap().into(), why.into()));
        is_turned_away(&mut client);
    }
    assert!(house.visitors.try_recv().is_err());
}

pub(crate) fn who_is_no_proxy_is_refused<W: World>() {
    let house = house::<W>(trusted());
    let mut client = house.client_from(2);
    let why = "this peer is none of the trusted proxies";
    assert_eq!(house.hear(), News::Refused(client.local_addr().unwrap().into(), why.into()));
    is_turned_away(&mut client);
    assert!(house.visitors.try_recv().is_err());
}

pub(crate) fn who_comes_directly_is_who_it_is<W: World>() {
    let house = house::<W>(trusted().direct());
    let mut client = house.client_from(2);
    is_served(&mut client);
    let info = house.visitor();
    assert_eq!((info.peer(), info.proxy()), (&client.local_addr().unwrap().into(), None));
    // Its header is a line like any other.
    client.write_all(V1.as_bytes()).unwrap();
    assert_eq!(read_line(&mut client), V1);
    let mut proxied = said(&house, V1.as_bytes());
    is_served(&mut proxied);
    assert_eq!(house.visitor().peer().to_string(), "192.0.2.1:56324");
}

pub(crate) fn over_a_unix_socket_proxies_are_believed_if_asked<W: World>() {
    let (believing, wary) = (fresh_path(), fresh_path());
    let bind = |path, proxies: Proxies| Listener::bind_unix(path).unwrap().proxies(proxies);
    let listeners = vec![bind(&believing, trusted().trust_unix()), bind(&wary, trusted())];
    let house = House::open::<W>(listeners, Limits::new());
    let mut client = UnixStream::connect(&believing).unwrap();
    client.write_all(&v2_tcp4()).unwrap();
    is_served(&mut client);
    let info = house.visitor();
    assert_eq!((info.peer().to_string(), info.proxy()), ("192.0.2.1:56324".into(), Some(&Address::Unix(None))));
    let mut client = UnixStream::connect(&wary).unwrap();
    assert!(matches!(house.hear(), News::Refused(Address::Unix(None), _)));
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
    house.server.stop(Mode::Now);
}

pub(crate) fn limits_count_whom_a_proxy_introduces<W: World>() {
    let house = house::<W>(trusted());
    house.control().set_limits(Limits::new().per_address(1).waiting(0));
    // Neither those who have not introduced anybody yet count, nor health checks.
    let silent: Vec<_> = (0..5).map(|_| house.client_from(1)).collect();
    let mut checks: Vec<_> = (0..5).map(|_| said(&house, b"PROXY UNKNOWN\r\n")).collect();
    checks.iter_mut().for_each(is_served);
    let mut first = said(&house, V1.as_bytes());
    is_served(&mut first);
    let mut second = said(&house, V1.as_bytes());
    let why = "too many connections from this address";
    assert_eq!(house.hear(), News::Refused(second.local_addr().unwrap().into(), why.into()));
    is_turned_away(&mut second);
    let mut other = said(&house, from("192.0.2.2").as_bytes());
    is_served(&mut other);
    leave(first);
    super::house::until(|| house.control().connections() == 11);
    is_served(&mut said(&house, V1.as_bytes()));
    assert!(silent.iter().all(is_left_waiting));
}

pub(crate) fn who_has_not_introduced_itself_takes_a_seat<W: World>() {
    let house = house::<W>(trusted());
    house.control().set_limits(Limits::new().connections(1));
    let silent = house.client_from(1);
    assert_eq!(house.hear(), News::Paused(1));
    let mut next = said(&house, &[V1.as_bytes(), b"here\r\n"].concat());
    assert!(is_left_waiting(&next));
    drop(silent);
    assert_eq!(read_line(&mut next), "here\r\n");
}

pub(crate) fn a_shutdown_waits_for_no_header<W: World>() {
    for mode in [Mode::Now, Mode::Graceful { within: PATIENCE }] {
        let house = house::<W>(trusted());
        let mut silent = said(&house, b"PROXY TCP4 ");
        let mut nobody = house.client_from(1);
        let guest = said(&house, V1.as_bytes());
        house.visitor();
        house.server.shutdown.trigger(mode);
        is_turned_away(&mut silent);
        is_turned_away(&mut nobody);
        drop(guest);
        let report = house.server.stop(mode);
        assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
    }
}

pub(crate) fn who_moves_about_in_a_network_of_his_own_is_one<W: World>() {
    let house = house::<W>(trusted());
    let six = |client: &str| format!("PROXY TCP6 {client} 2001:db8::7 56324 110\r\n");
    let refused = |client: &str| {
        let mut client = said(&house, six(client).as_bytes());
        let why = "too many connections from this address";
        assert_eq!(house.hear(), News::Refused(client.local_addr().unwrap().into(), why.into()));
        is_turned_away(&mut client);
    };
    let limits = Limits::new().per_address(2).waiting(0);
    house.control().set_limits(limits);
    let mut inside: Vec<_> =
        ["2001:db8::1", "2001:db8::ffff:0:0:1"].map(|client| said(&house, six(client).as_bytes())).into();
    inside.iter_mut().for_each(is_served);
    refused("2001:db8::2");
    // The network beside it, and after a change each address for itself, or a wider one for all.
    inside.push(said(&house, six("2001:db8:0:1::1").as_bytes()));
    is_served(&mut inside[2]);
    house.control().set_limits(limits.prefixes(32, 128));
    inside.push(said(&house, six("2001:db8::2").as_bytes()));
    is_served(&mut inside[3]);
    house.control().set_limits(limits.prefixes(32, 48));
    refused("2001:db8:0:2::1");
    house.control().set_limits(limits.per_address(5).prefixes(99, 200));
    is_served(&mut said(&house, six("2001:db8::1").as_bytes()));
}
