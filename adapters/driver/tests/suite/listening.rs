//! Listeners: of all kinds, known before they are served, added and removed while they are.

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};

use wirestate_driver::{Address, BindError, BindOptions, Control, Limits, Listener, Mode, Selector, Shutdown};

use super::harness::{PATIENCE, World, client, listener, read_line, read_to_end};
use super::house::{House, News, fresh_path, is_served, leave, until};

fn unix_client(path: impl AsRef<std::path::Path>) -> UnixStream {
    let client = UnixStream::connect(path).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

/// IPv6 loopback, where there is one.
fn ipv6() -> Option<Listener> {
    match Listener::bind("[::1]:0") {
        Ok(listener) => Some(listener),
        Err(BindError::Bind { source, .. }) => {
            assert!(matches!(source.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported), "{source}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

pub(crate) fn all_kinds_are_served_at_once<W: World>() {
    let path = fresh_path();
    let mut listeners = vec![listener().data("four"), Listener::bind_unix(&path).unwrap().data("unix")];
    listeners.extend(ipv6().map(|listener| listener.data("six")));
    let expected: Vec<_> = listeners.iter().map(|one| (one.ids()[0], one.addresses()[0].clone())).collect();
    let house = House::open::<W>(listeners, Limits::new());
    let mut listening = house.control().listeners();
    listening.sort_by_key(|(id, _)| *id);
    assert_eq!(listening, expected);
    for (id, address) in expected {
        let (mut tcp, mut unix);
        let (peer, name) = match address.tcp() {
            Some(to) => {
                tcp = client(to);
                is_served(&mut tcp);
                (tcp.local_addr().unwrap().into(), if to.is_ipv4() { "four" } else { "six" })
            }
            None => {
                unix = unix_client(&path);
                is_served(&mut unix);
                (Address::Unix(None), "unix")
            }
        };
        let info = house.visitor();
        assert_eq!((info.peer(), info.local(), info.listener()), (&peer, &address, Some(id)));
        assert_eq!((info.data::<&str>(), info.data::<String>()), (Some(&name), None));
        assert!(info.proxy().is_none());
    }
    assert_eq!(Address::Unix(Some(path.clone())).to_string(), format!("unix:{}", path.display()));
}

#[cfg(target_os = "linux")]
pub(crate) fn abstract_names_are_served<W: World>() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = fresh_path().file_name().unwrap().to_str().unwrap().to_owned();
    let listener = Listener::bind_abstract(&name).unwrap();
    assert_eq!(listener.addresses()[0].to_string(), format!("unix:@{name}"));
    assert!(matches!(Listener::bind_abstract(&name), Err(BindError::Bind { .. })));
    let house = House::open::<W>(vec![listener], Limits::new());
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket.bind(&socket2::SockAddr::unix(format!("\0{name}-client")).unwrap()).unwrap();
    socket.connect(&socket2::SockAddr::unix(format!("\0{name}")).unwrap()).unwrap();
    let mut client = UnixStream::from(std::os::fd::OwnedFd::from(socket));
    is_served(&mut client);
    let info = house.visitor();
    assert_eq!(info.local().to_string(), format!("unix:@{name}"));
    assert_eq!(info.peer().to_string(), format!("unix:@{name}-client"));
    let mut another = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    is_served(&mut another);
    assert_eq!(house.visitor().peer(), &Address::Unix(None));
}

pub(crate) fn a_path_goes_with_its_listener<W: World>() {
    let (first, second) = (fresh_path(), fresh_path());
    let listeners = [&first, &second].map(|path| Listener::bind_unix(path).unwrap());
    let house = House::open::<W>(listeners.into(), Limits::new());
    assert!(first.exists() && second.exists());
    let mut guest = unix_client(&first);
    is_served(&mut guest);
    assert_eq!(house.control().remove(Address::Unix(Some(first.clone()))).len(), 1);
    assert!(!first.exists());
    is_served(&mut guest);
    house.control().add(Listener::bind_unix(&first).unwrap());
    is_served(&mut unix_client(&first));
    drop(guest);
    house.server.stop_gracefully();
    assert!(!first.exists() && !second.exists());
}

pub(crate) fn what_is_left_of_a_dead_process_is_replaced<W: World>() {
    let path = fresh_path();
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let house = House::open::<W>(vec![Listener::bind_unix(&path).unwrap()], Limits::new());
    is_served(&mut unix_client(&path));
    let taken = Listener::bind_unix(&path).unwrap_err();
    assert!(matches!(&taken, BindError::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse), "{taken}");
    is_served(&mut unix_client(&path));
    house.server.stop_gracefully();
}

/// Needs no world: that somebody lives is seen without waiting for them, and what is no socket is nobody's.
pub(crate) fn what_is_no_abandoned_socket_is_left_alone<W: World>() {
    let path = fresh_path();
    std::fs::write(&path, "a letter").unwrap();
    assert!(matches!(Listener::bind_unix(&path), Err(BindError::Bind { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a letter");
    std::fs::remove_file(&path).unwrap();

    let busy = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    busy.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    busy.listen(0).unwrap();
    let _queued = UnixStream::connect(&path).unwrap();
    assert!(matches!(Listener::bind_unix(&path), Err(BindError::Bind { .. })));
    std::fs::remove_file(&path).unwrap();
}

pub(crate) fn sockets_made_elsewhere_are_served<W: World>() {
    let path = fresh_path();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = Listener::from_unix(UnixListener::bind(&path).unwrap()).unwrap();
    assert_eq!(unix.addresses(), [Address::Unix(Some(path.clone()))]);
    let house = House::open::<W>(vec![Listener::from_socket(tcp).unwrap(), unix], Limits::new());
    leave(client(address));
    is_served(&mut unix_client(&path));
    house.server.stop_gracefully();
    assert!(path.exists(), "who made it removes it");
    std::fs::remove_file(&path).unwrap();
}

pub(crate) fn a_port_of_the_systems_choice_is_known_before<W: World>() {
    let listener = listener();
    let address = listener.local_addr();
    assert_ne!(address.port(), 0);
    // It listens from the start: who comes early waits in the backlog.
    let mut early = client(address);
    let house = House::open::<W>(vec![listener], Limits::new());
    is_served(&mut early);
    assert_eq!(house.visitor().local(), &Address::Tcp(address));
}

pub(crate) fn one_listener_may_have_many_sockets<W: World>() {
    let places = [SocketAddr::from(([127, 0, 0, 1], 0)), SocketAddr::from(([127, 0, 0, 2], 0))];
    let listener = Listener::bind(&places[..]).unwrap();
    let (addresses, ids) = (listener.local_addrs(), listener.ids());
    assert_eq!((addresses.len(), ids.len()), (2, 2));
    let house = House::open::<W>(vec![listener], Limits::new());
    for (address, id) in addresses.iter().zip(&ids) {
        is_served(&mut client(*address));
        assert_eq!(house.visitor().listener(), Some(*id));
    }
    assert_eq!(house.control().remove(ids[1]), [ids[1]]);
    is_served(&mut client(addresses[0]));
}

pub(crate) fn where_all_addresses_are_listened_on_each_connection_knows_its_own<W: World>() {
    let listener = Listener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().port();
    let house = House::open::<W>(vec![listener], Limits::new());
    for last in [1, 9] {
        let to = SocketAddr::new(IpAddr::from([127, 0, 0, last]), port);
        is_served(&mut client(to));
        assert_eq!(house.visitor().local(), &Address::Tcp(to));
    }
}

pub(crate) fn a_port_may_be_shared<W: World>() {
    let options = BindOptions::new().reuse_port(true).backlog(16);
    let first = Listener::bind_with("127.0.0.1:0", options).unwrap();
    let address = first.local_addr();
    assert!(matches!(Listener::bind(address), Err(BindError::Bind { .. })));
    let second = Listener::bind_with(address, options).unwrap();
    let ids = [first.ids()[0], second.ids()[0]];
    let house = House::open::<W>(vec![first, second], Limits::new());
    is_served(&mut client(address));
    assert!(ids.contains(&house.visitor().listener().unwrap()));
    let mut removed = house.control().remove(address);
    removed.sort();
    assert_eq!(removed, ids);
}

pub(crate) fn ipv6_may_leave_ipv4_to_others<W: World>() {
    if ipv6().is_none() {
        return;
    }
    // A port that is free for one may be taken for the other.
    let pair = || {
        let six = Listener::bind_with("[::]:0", BindOptions::new().only_v6(true)).unwrap();
        Listener::bind(("0.0.0.0", six.local_addr().port())).map(|four| (six, four)).ok()
    };
    let (six, four) = std::iter::repeat_with(pair).take(1000).flatten().next().expect("some port is free for both");
    let port = six.local_addr().port();
    let id = four.ids()[0];
    let house = House::open::<W>(vec![six, four], Limits::new());
    is_served(&mut client(SocketAddr::from(([127, 0, 0, 1], port))));
    assert_eq!(house.visitor().listener(), Some(id));
}

pub(crate) fn listeners_come_and_go_while_others_stay<W: World>() {
    let house = House::open::<W>(vec![listener()], Limits::new());
    let mut first = house.guest();
    let selectors: [fn(&Listener) -> Selector; 5] = [
        |one| one.ids()[0].into(),
        |one| one.local_addr().into(),
        |one| one.local_addr().ip().into(),
        |one| one.local_addr().port().into(),
        |one| one.addresses()[0].clone().into(),
    ];
    for selector in selectors {
        // On an address of its own, which the first is not on.
        let more = Listener::bind("127.0.0.2:0").unwrap();
        let (address, ids, selector) = (more.local_addr(), more.ids(), selector(&more));
        assert_eq!(house.control().add(more), ids);
        assert_eq!(house.hear(), News::Opened(ids[0], address.into()));
        let mut guest = client(address);
        is_served(&mut guest);
        assert_eq!(house.control().remove(selector.clone()), ids);
        assert_eq!(house.hear(), News::Removed(ids[0], address.into()));
        refuses(address);
        assert_eq!(house.control().remove(selector), []);
        is_served(&mut guest);
        is_served(&mut first);
    }
    assert_eq!(house.control().listeners().len(), 1);
}

fn refuses(address: SocketAddr) {
    until(|| std::net::TcpStream::connect(address).is_err());
}

pub(crate) fn what_is_asked_before_the_server_runs_is_done<W: World>() {
    let control = Control::new(&Shutdown::new());
    let (stays, goes) = (listener(), listener());
    let (here, gone) = (stays.local_addr(), goes.local_addr());
    let path = fresh_path();
    control.add(stays);
    let ids = control.add(goes);
    let unix = control.add(Listener::bind_unix(&path).unwrap());
    assert_eq!(control.remove(gone), ids);
    assert_eq!(control.remove(unix[0]), unix);
    refuses(gone);
    assert!(!path.exists());
    let house = House::build::<W>(control, Vec::new());
    assert_eq!(house.hear(), News::Removed(ids[0], gone.into()));
    assert_eq!(house.hear(), News::Removed(unix[0], Address::Unix(Some(path))));
    assert!(matches!(house.hear(), News::Opened(_, address) if address == here.into()));
    is_served(&mut client(here));
}

pub(crate) fn a_server_without_listeners_stays_until_its_shutdown<W: World>() {
    let house = House::build::<W>(Control::new(&Shutdown::new()), Vec::new());
    let more = listener();
    let (address, ids) = (more.local_addr(), more.ids());
    house.control().add(more);
    let mut guest = client(address);
    is_served(&mut guest);
    assert_eq!(house.control().remove(address.port()), ids);
    refuses(address);
    is_served(&mut guest);
    house.server.shutdown.trigger(Mode::Graceful { within: PATIENCE });
    assert_eq!(read_to_end(&mut guest), "going\r\n");
    drop(guest);
    let report = house.server.stop_gracefully();
    assert_eq!((report.accepted, report.failed.len()), (1, 0));
}

/// A socket that cannot accept, since it does not listen.
fn deaf() -> (Listener, Address) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let listener = Listener::from_socket(socket.into()).unwrap();
    let address = listener.addresses()[0].clone();
    (listener, address)
}

pub(crate) fn a_listener_that_fails_is_told_and_ends_alone<W: World>() {
    let (deaf, address) = deaf();
    let id = deaf.ids()[0];
    let house = House::build::<W>(Control::new(&Shutdown::new()), vec![listener(), deaf]);
    let told: Vec<_> = (0..3).map(|_| house.hear()).collect();
    assert!(matches!(&told[1], News::Opened(opened, _) if *opened == id), "{told:?}");
    assert_eq!(told[2], News::Failed(id, address.clone(), ErrorKind::InvalidInput));
    leave(house.guest());
    assert_eq!(house.control().listeners().len(), 1);
    let report = house.server.stop_gracefully();
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].address, address);
}

pub(crate) fn when_the_last_listener_fails_the_server_ends<W: World>() {
    let house = House::open::<W>(vec![listener()], Limits::new());
    let mut guest = house.guest();
    let first = house.control().listeners()[0].0;
    house.control().remove(first);
    assert!(matches!(house.hear(), News::Removed(id, _) if id == first));
    let (deaf, address) = deaf();
    house.control().add(deaf);
    assert!(matches!(house.hear(), News::Opened(_, opened) if opened == address));
    assert!(matches!(house.hear(), News::Failed(_, failed, _) if failed == address));
    // Who is in may stay, and the server with them.
    guest.write_all(b"still here\r\n").unwrap();
    assert_eq!(read_line(&mut guest), "still here\r\n");
    leave(guest);
    let report = house.server.ended();
    assert_eq!((report.accepted, report.failed.len()), (1, 1));
}
