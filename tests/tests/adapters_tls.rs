//! TLS on real sockets, on every runtime: certificates by name, ALPN, client certificates, replacement while serving, deadlines, PROXY
//! headers before it, and what comes to the wrong port. The server speaks POP3; the client is rustls on a plain socket.

#[allow(dead_code)]
mod worlds;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pop3_proto::server::{Event, Greeting, Server, Tls as ServerTls};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use wirestate_driver::{Connection, Control, Ending, Info, IpNet, Listener, Mode, Notice, Observer, Proxies, Shutdown};
use wirestate_layers::Tls;
use wirestate_layers::tls::{self, Certificates, HANDSHAKE_PATIENCE, Identity};
use wirestate_machine::TlsFacts;
use wirestate_tests::pop3::{Desk, open_config};
use wirestate_tests::talk::Application;
use worlds::{PATIENCE, Running, World, in_all_worlds};

/// A certificate that proves itself, its key, and who trusts it.
struct Paper {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Paper {
    fn host(name: &str) -> Self {
        Paper::new(CertificateParams::new(vec![name.into()]).unwrap())
    }

    fn person(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        Paper::new(params)
    }

    fn new(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Paper { certificate: params.self_signed(&key).unwrap().der().clone(), key }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    fn identity(&self) -> Identity {
        Identity::new(vec![self.certificate.clone()], self.key()).unwrap()
    }
}

fn roots<'a>(papers: impl IntoIterator<Item = &'a Paper>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    papers.into_iter().for_each(|paper| roots.add(paper.certificate.clone()).unwrap());
    roots
}

/// A POP3 server, with implicit TLS where there is a configuration for it.
struct Post {
    running: Running<Tls<Server>>,
    /// Who is greeted, with what is known of the handshake by then.
    greeted: Receiver<(Info, Option<TlsFacts>)>,
    ended: Receiver<Ending>,
    refused: Receiver<String>,
}

struct Setup {
    tls: Option<Arc<ServerConfig>>,
    patience: Duration,
    listener: Listener,
}

impl Setup {
    fn new(tls: impl Into<Option<Arc<ServerConfig>>>) -> Self {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        Setup { tls: tls.into(), patience: HANDSHAKE_PATIENCE, listener }
    }

    fn start<W: World>(self) -> Post {
        let Setup { tls, patience, listener } = self;
        let ((greet, greeted), (end, ended), (refuse, refused)) = (channel(), channel(), channel());
        // Who tests may have seen enough.
        let control = Control::new(&Shutdown::new()).observe(Observer::new(move |notice| match notice {
            Notice::Disconnected { reason, .. } => drop(end.send(*reason)),
            Notice::Refused { why, .. } => drop(refuse.send(why.to_string())),
            _ => {}
        }));
        let mut config = open_config();
        config.tls = if tls.is_some() { ServerTls::Implicit } else { ServerTls::Off };
        config.greeting = Greeting::Manual;
        let desk = Desk::new(config);
        let server = desk.clone();
        let factory = move |_: &Info, now| match &tls {
            Some(config) => {
                let server = Server::new(server.config.clone(), [7; 32], now);
                Tls::server(server, config.clone()).with_handshake_patience(patience)
            }
            None => Tls::without(Server::new(server.config.clone(), [7; 32], now)),
        };
        let handler = move |mut conn: Connection<Tls<Server>, W::Stream>| {
            let (mut desk, greet) = (desk.clone(), greet.clone());
            async move {
                while let Ok(Some(event)) = conn.try_next().await {
                    if matches!(event, Event::Greet(_)) {
                        let _ = greet.send((conn.info().clone(), conn.handle().stats().tls));
                    }
                    desk.answer(conn.machine(), event).unwrap();
                }
            }
        };
        Post { running: Running::start::<W, _>(listener, control, factory, handler), greeted, ended, refused }
    }
}

impl Post {
    fn dial(&self) -> TcpStream {
        let client = TcpStream::connect(self.running.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    }

    /// A client that asks for `name`, and what the server shows it.
    fn shows(&self, config: &Arc<ClientConfig>, name: &str) -> (Client, CertificateDer<'static>) {
        let mut client = self.client(config, name);
        assert!(hear(&mut client).starts_with("+OK hello"));
        let shown = client.conn.peer_certificates().unwrap()[0].clone().into_owned();
        (client, shown)
    }

    fn client(&self, config: &Arc<ClientConfig>, name: &str) -> Client {
        StreamOwned::new(tls_to(config, name), self.dial())
    }

    fn greeted(&self) -> (Info, Option<TlsFacts>) {
        self.greeted.recv_timeout(PATIENCE).expect("somebody is greeted")
    }

    fn ended(&self) -> Ending {
        self.ended.recv_timeout(PATIENCE).expect("a connection ends")
    }
}

type Client = StreamOwned<ClientConnection, TcpStream>;

fn tls_to(config: &Arc<ClientConfig>, name: &str) -> ClientConnection {
    ClientConnection::new(config.clone(), ServerName::try_from(name.to_owned()).unwrap()).unwrap()
}

/// What a client says first.
fn hello(config: &Arc<ClientConfig>, name: &str) -> Vec<u8> {
    let mut hello = Vec::new();
    tls_to(config, name).write_tls(&mut hello).unwrap();
    hello
}

fn hear(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") {
        from.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

fn ask(client: &mut (impl Read + Write), command: &str) -> String {
    client.write_all(command.as_bytes()).unwrap();
    hear(client)
}

fn leave(mut client: impl Read + Write) {
    assert_eq!(ask(&mut client, "QUIT\r\n"), "+OK goodbye\r\n");
}

/// All that comes until the end, be it a reset.
fn rest(client: &mut impl Read) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = client.read_to_end(&mut said);
    said
}

fn names_choose_the_certificate<W: World>() {
    let names = ["mail.example", "exact.example.org", "any.example.org"];
    let [default, exact, wildcard] = ["mail.example", "exact.example.org", "*.example.org"].map(Paper::host);
    let certificates = Certificates::new(default.identity())
        .with_name("*.example.org", wildcard.identity())
        .and_then(|certificates| certificates.with_name("exact.example.org", exact.identity()))
        .unwrap();
    let post = Setup::new(tls::server(certificates).config().unwrap()).start::<W>();
    let config = tls::client(roots([&default, &exact, &wildcard])).config().unwrap();
    for (name, paper) in names.iter().zip([&default, &exact, &wildcard]) {
        let (client, shown) = post.shows(&config, name);
        assert_eq!(shown, paper.certificate, "{name}");
        assert_eq!(post.greeted().1.unwrap().server_name.as_deref(), Some(*name));
        leave(client);
    }
}

fn the_protocol_is_agreed_on<W: World>() {
    let paper = Paper::host("mail.example");
    let post = Setup::new(tls::server(paper.identity()).alpn(&[b"pop3"]).config().unwrap()).start::<W>();
    let offer = |protocols: &[&[u8]]| tls::client(roots([&paper])).alpn(protocols).config().unwrap();
    let (client, _) = post.shows(&offer(&[b"imap", b"pop3"]), "mail.example");
    assert_eq!(client.conn.alpn_protocol(), Some(&b"pop3"[..]));
    assert_eq!(post.greeted().1.unwrap().alpn.as_deref(), Some(&b"pop3"[..]));
    leave(client);
    assert_eq!(post.ended(), Ending::Quit);
    let (silent, _) = post.shows(&offer(&[]), "mail.example");
    assert_eq!(post.greeted().1.unwrap().alpn, None);
    leave(silent);
    assert_eq!(post.ended(), Ending::Quit);
    let mut other = post.client(&offer(&[b"h2"]), "mail.example");
    let error = other.read(&mut [0]).unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    drop(other);
    assert_eq!(post.ended(), Ending::Tls);
    assert!(post.greeted.try_recv().is_err());
}

fn client_certificates_tell_who_it_is<W: World>() {
    let (paper, ann, stranger) = (Paper::host("mail.example"), Paper::person("Ann"), Paper::person("Eve"));
    let setup = tls::server(paper.identity()).client_certificates_optional(roots([&ann]));
    let post = Setup::new(setup.config().unwrap()).start::<W>();
    let trusting = tls::client(roots([&paper]));
    let (anonymous, _) = post.shows(&trusting.config().unwrap(), "mail.example");
    assert_eq!(post.greeted().1.unwrap().peer_subject, None);
    leave(anonymous);
    let shows = |who: &Paper| tls::client(roots([&paper])).identity(who.identity()).config().unwrap();
    let (known, _) = post.shows(&shows(&ann), "mail.example");
    let (info, facts) = post.greeted();
    assert_eq!(facts.unwrap().peer_subject.as_deref(), Some("CN=Ann"));
    let stats = post.running.control.handle(info.id()).unwrap().stats();
    assert!(stats.channel.tls);
    assert_eq!(stats.tls.unwrap().peer_certificate.as_deref(), Some(&*ann.certificate));
    leave(known);
    let mut unknown = post.client(&shows(&stranger), "mail.example");
    assert!(unknown.read(&mut [0]).is_err());
    assert!(post.greeted.try_recv().is_err());
}

fn certificates_are_replaced_under_live_sessions<W: World>() {
    let (old, new) = (Paper::host("mail.example"), Paper::host("mail.example"));
    let certificates = Certificates::new(old.identity());
    let post = Setup::new(tls::server(&certificates).config().unwrap()).start::<W>();
    let config = tls::client(roots([&old, &new])).config().unwrap();
    let (first, shown) = post.shows(&config, "mail.example");
    assert_eq!(shown, old.certificate);
    certificates.replace(&Certificates::new(new.identity()));
    let (second, shown) = post.shows(&config, "mail.example");
    assert_eq!(shown, new.certificate);
    for mut client in [first, second] {
        assert!(ask(&mut client, "USER ann\r\n").starts_with("+OK"));
        leave(client);
    }
    let report = post.running.stop(Mode::Graceful { within: PATIENCE });
    assert_eq!((report.accepted, report.aborted, report.left), (2, 0, 0));
}

fn a_handshake_has_its_deadline<W: World>() {
    let paper = Paper::host("mail.example");
    let mut setup = Setup::new(tls::server(paper.identity()).config().unwrap());
    setup.patience = Duration::from_millis(50);
    let post = setup.start::<W>();
    let hello = hello(&tls::client(roots([&paper])).config().unwrap(), "mail.example");
    for beginning in [&hello[..0], &hello[..hello.len() / 2], &hello] {
        let mut client = post.dial();
        client.write_all(beginning).unwrap();
        assert!(!rest(&mut client).starts_with(b"+OK"));
        drop(client);
        assert_eq!(post.ended(), Ending::Timeout);
    }
    assert!(post.greeted.try_recv().is_err());
}

fn clear_text_on_a_tls_port_is_turned_away<W: World>() {
    let paper = Paper::host("mail.example");
    let post = Setup::new(tls::server(paper.identity()).config().unwrap()).start::<W>();
    for request in [&b"USER ann\r\n"[..], b"GET / HTTP/1.1\r\nHost: mail.example\r\n\r\n", &[0; 100]] {
        let mut client = post.dial();
        client.write_all(request).unwrap();
        const ALERT: u8 = 21;
        assert!(matches!(rest(&mut client).first(), None | Some(&ALERT)));
        drop(client);
        assert_eq!(post.ended(), Ending::Tls);
    }
    assert!(post.greeted.try_recv().is_err());
    let (next, _) = post.shows(&tls::client(roots([&paper])).config().unwrap(), "mail.example");
    leave(next);
}

fn tls_and_http_on_a_plain_port_are_answered_by_the_machine<W: World>() {
    let paper = Paper::host("mail.example");
    let post = Setup::new(None).start::<W>();
    let hello = hello(&tls::client(roots([&paper])).config().unwrap(), "mail.example");
    for request in [&hello[..], b"GET / HTTP/1.1\r\nHost: mail.example\r\nAccept: */*\r\nA: b\r\nC: d\r\n\r\n"] {
        let mut client = post.dial();
        assert!(hear(&mut client).starts_with("+OK hello"));
        client.write_all(request).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let said = rest(&mut client);
        assert!(said.starts_with(b"-ERR") && said.len() < 1024, "{said:?}");
        assert_eq!(
            said.iter().filter(|byte| **byte == b'\n').count(),
            said.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"-ERR")).count()
        );
    }
    let mut next = post.dial();
    assert!(hear(&mut next).starts_with("+OK hello"));
    leave(next);
}

/// H40: names and protocols that nobody has, and such as could be nobody's.
fn h40_garbage_in_a_hello_does_no_harm<W: World>() {
    let paper = Paper::host("mail.example");
    let post = Setup::new(tls::server(paper.identity()).alpn(&[b"pop3"]).config().unwrap()).start::<W>();
    let config = tls::client(roots([&paper])).alpn(&[b"pop3"]).config().unwrap();
    let sound = hello(&config, "mail.example");
    let at = |needle: &[u8]| sound.windows(needle.len()).position(|window| window == needle).unwrap();
    let (name, protocol) = (at(b"mail.example"), at(b"pop3"));
    for round in 0..50u8 {
        let mut hello = hello(&config, &format!("x{round}.example"));
        if round % 5 == 0 {
            hello = sound.clone();
            hello[name..][..12].fill(round.wrapping_mul(37) | 0x80);
        } else if round % 5 == 1 {
            hello = sound.clone();
            hello[protocol..][..4].fill(round);
        } else if round % 5 == 2 {
            hello = sound.clone();
            // The length of the name is a lie.
            hello[name - 1] = 0xFF;
        }
        let mut client = post.dial();
        client.write_all(&hello).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(!rest(&mut client).starts_with(b"+OK"));
        drop(client);
        assert!(matches!(post.ended(), Ending::Tls | Ending::PeerClosed), "{round}");
    }
    let (next, _) = post.shows(&config, "mail.example");
    leave(next);
    assert_eq!(post.running.stop(Mode::Graceful { within: PATIENCE }).left, 0);
}

fn tls_begins_after_the_proxy_header<W: World>() {
    let paper = Paper::host("mail.example");
    let mut setup = Setup::new(tls::server(paper.identity()).config().unwrap());
    setup.listener = setup.listener.proxies(Proxies::trusted(["127.0.0.0/8".parse::<IpNet>().unwrap()]));
    let post = setup.start::<W>();
    let config = tls::client(roots([&paper])).config().unwrap();
    let signature = b"\r\n\r\n\0\r\nQUIT\n";
    let ends = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 3, 0xE3];
    let v2 = [&signature[..], &[0x21, 0x11, 0, 12], &ends].concat();
    for header in [&b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 995\r\n"[..], &v2] {
        for at_once in [true, false] {
            let (mut tls, mut socket) = (tls_to(&config, "mail.example"), post.dial());
            let mut beginning = header.to_vec();
            if at_once {
                tls.write_tls(&mut beginning).unwrap();
            }
            socket.write_all(&beginning).unwrap();
            let mut client = StreamOwned::new(tls, socket);
            assert!(hear(&mut client).starts_with("+OK hello"));
            let (info, facts) = post.greeted();
            assert_eq!(
                (info.peer().to_string(), info.local().to_string()),
                ("192.0.2.1:56324".into(), "198.51.100.7:995".into())
            );
            assert!(info.proxy().is_some() && facts.is_some());
            leave(client);
        }
    }
    // The header inside TLS, or none, is no header.
    let mut client = post.dial();
    client.write_all(&hello(&config, "mail.example")).unwrap();
    assert!(rest(&mut client).is_empty());
    assert!(post.refused.recv_timeout(PATIENCE).unwrap().contains("PROXY"));
}

fn a_shutdown_ends_handshakes<W: World>() {
    for mode in [Mode::Now, Mode::Graceful { within: PATIENCE }] {
        let paper = Paper::host("mail.example");
        let mut setup = Setup::new(tls::server(paper.identity()).config().unwrap());
        // Who waited for a handshake would have to cut it off.
        setup.patience = PATIENCE * 10;
        let post = setup.start::<W>();
        let config = tls::client(roots([&paper])).config().unwrap();
        let hello = hello(&config, "mail.example");
        let mut shaking: Vec<_> = [&hello[..0], &hello[..hello.len() / 2], &hello]
            .into_iter()
            .map(|beginning| {
                let mut client = post.dial();
                client.write_all(beginning).unwrap();
                client
            })
            .collect();
        let (mut open, _) = post.shows(&config, "mail.example");
        post.running.control.trigger(mode);
        assert!(hear(&mut open).starts_with("-ERR [SYS/TEMP] server is shutting down"));
        drop(open);
        for client in &mut shaking {
            assert!(!rest(client).starts_with(b"-ERR"), "nothing is said in the clear");
        }
        drop(shaking);
        let report = post.running.stop(mode);
        assert_eq!((report.accepted, report.aborted, report.left), (4, 0, 0), "{mode:?}");
    }
}

in_all_worlds! {
    names_choose_the_certificate
    the_protocol_is_agreed_on
    client_certificates_tell_who_it_is
    certificates_are_replaced_under_live_sessions
    a_handshake_has_its_deadline
    clear_text_on_a_tls_port_is_turned_away
    tls_and_http_on_a_plain_port_are_answered_by_the_machine
    h40_garbage_in_a_hello_does_no_harm
    tls_begins_after_the_proxy_header
    a_shutdown_ends_handshakes
}
