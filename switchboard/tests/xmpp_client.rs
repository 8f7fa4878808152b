//! Our own client of XMPP and the program: the whole login in one step (SASL2, Bind 2),
//! tokens (FAST), streams that go on, and logins by certificate.

mod program;

use std::net::SocketAddr;
use std::sync::Arc;

use program::authority::Authority;
use program::{PASSWORD, Program, Shown};
use rustls::pki_types::ServerName;
use tokio::runtime::Runtime;
use wirestate_layers::tls::{Identity, Tls, client, roots_from_file};
use wirestate_sasl::Mechanism;
use wirestate_sasl::client::Credentials;
use wirestate_tokio::{Connection, connect};
use xmpp_proto::Jid;
use xmpp_proto::client::{
    Account, Client, Config, Continuation, Event, FastToken, LoginError, Method, Reason, TlsPolicy, UserAgent,
};

const RUNTIMES: [&str; 3] = ["tokio", "async-std", "blocking"];
const ALICE: &str = "alice@localhost";

/// A program, and where it speaks XMPP within TLS.
fn start(arguments: &[&str]) -> (Program, SocketAddr) {
    let ports = ["--user", "bob:bob's", "--xmpps", "127.0.0.1:0"];
    let program = Program::start_with(&[&ports[..], arguments].concat());
    let at = program.more.iter().find_map(|line| line.strip_prefix("xmpps ")).unwrap().parse().unwrap();
    (program, at)
}

/// One connection of our client's.
struct Talk {
    runtime: Arc<Runtime>,
    conn: Connection<Tls<Client>>,
    /// What was told on the way.
    logins: Vec<Method>,
    token: Option<FastToken>,
    is_resumed: bool,
    is_resumable: bool,
    unacknowledged: usize,
    bodies: Vec<String>,
}

impl Talk {
    /// A connection that goes on where another has ended, and shows this certificate.
    fn open(
        (program, at): (&Program, SocketAddr),
        account: Account,
        before: Continuation,
        shown: Option<&Shown>,
    ) -> Self {
        let mut tls = client(roots_from_file(program.data().join("tls/ca.pem")).unwrap()).alpn(&[b"xmpp-client"]);
        if let Some((chain, key)) = shown {
            tls = tls.identity(Identity::new(chain.clone(), key.clone_key()).unwrap());
        }
        let (tls, name) = (tls.config().unwrap(), ServerName::try_from("localhost").unwrap());
        let config = Config::default().tls(TlsPolicy::Implicit).bind_tag(Some("desk".into()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // As no two connections may be alike.
        let seed = std::array::from_fn(|place| at.port().to_le_bytes()[place % 2] ^ before.resumption.is_some() as u8);
        let machine =
            move |_: &_, now| Tls::client(Client::resuming(config.into(), account, before, seed, now), tls, name);
        let conn = runtime.block_on(connect(at.to_string().as_str(), machine)).unwrap();
        Self {
            runtime: runtime.into(),
            conn,
            logins: Vec::new(),
            token: None,
            is_resumed: false,
            is_resumable: false,
            unacknowledged: 0,
            bodies: Vec::new(),
        }
    }

    fn client(&mut self) -> &mut Client {
        self.conn.machine().inner_mut()
    }

    fn event(&mut self) -> Event {
        loop {
            let event = self.runtime.clone().block_on(self.conn.try_next()).unwrap().expect("the connection ended");
            match event {
                Event::Work { ticket, derivation } => self.client().derived(ticket, derivation.run()).unwrap(),
                Event::Authenticated(method) => self.logins.push(method),
                Event::Token(token) => self.token = Some(*token),
                Event::Resumed => self.is_resumed = true,
                Event::Managed { is_resumable, .. } => self.is_resumable = is_resumable,
                Event::Unacknowledged(stanzas) => self.unacknowledged = stanzas.len(),
                Event::Stanza(stanza) => {
                    let stanza = stanza.into_element();
                    self.bodies.extend(stanza.child("body", "jabber:client").map(|body| body.text().into_owned()));
                }
                event => return event,
            }
        }
    }

    /// Who we are, once the session is ready.
    fn ready(&mut self) -> Jid {
        loop {
            match self.event() {
                Event::Ready(jid) => return jid,
                Event::Closed(reason) => panic!("{reason:?}"),
                Event::AuthenticationFailed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    /// Asks something, so that all that came before it has come.
    fn sync(&mut self) {
        let ping = "<iq xmlns='jabber:client' type='get' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
        let asked = self.client().request(ping.parse().unwrap()).unwrap();
        while !matches!(self.event(), Event::Response(request, _) if request == asked) {}
    }

    fn say(&mut self, stanza: &str) {
        self.client().send(stanza.parse().unwrap()).unwrap();
        self.sync();
    }

    fn tell(&mut self, to: &str, text: &str) {
        self.say(&format!("<message xmlns='jabber:client' type='chat' to='{to}'><body>{text}</body></message>"));
    }

    /// The connection breaks.
    fn cut(mut self) -> Continuation {
        self.client().continuation()
    }
}

fn alice() -> Account {
    let id = "d4565fa7-4d72-4749-b3d3-740edbf87770".to_owned();
    let agent = UserAgent { id, software: Some("tests".into()), device: Some("desk".into()) };
    Account::user(ALICE, PASSWORD).unwrap().agent(agent)
}

#[test]
fn a_login_is_one_step_and_the_next_needs_no_password() {
    for runtime in RUNTIMES {
        let (program, at) = start(&["--runtime", runtime]);
        let place = (&program, at);
        let mut first = Talk::open(place, alice(), Continuation::default(), None);
        let jid = first.ready();
        assert!(jid.resource().is_some_and(|resource| resource.starts_with("desk-")), "Bind 2 made it: {jid}");
        let [Method::Sasl2(mechanism)] = first.logins[..] else { panic!("{:?}", first.logins) };
        assert!(matches!(mechanism, Mechanism::Scram { plus: true, .. }), "{mechanism}");
        first.say("<presence xmlns='jabber:client'/>");
        assert!(first.is_resumable);
        let token = first.token.clone().expect("she has told what she is, so she is given a token");
        let before = first.cut();
        assert!(before.resumption.is_some() && before.token == Some(token.clone()));
        program.wait_for_log("waits for its client");

        let mut bob =
            Talk::open(place, Account::user("bob@localhost", "bob's").unwrap(), Continuation::default(), None);
        bob.ready();
        assert!(bob.token.is_none(), "who does not tell what it is gets none");
        bob.tell(ALICE, "one");
        bob.tell(jid.as_str(), "two");

        // The login, by the token alone, and the stream, in one step.
        let wrong =
            Account::with_credentials(Jid::parse(ALICE).unwrap(), Credentials::password("alice", "wrong").unwrap());
        let wrong =
            wrong.agent(UserAgent { id: "d4565fa7-4d72-4749-b3d3-740edbf87770".into(), software: None, device: None });
        let mut second = Talk::open(place, wrong.clone().token(token.clone()), before, None);
        assert_eq!(second.ready(), jid);
        assert!(second.is_resumed);
        second.sync();
        let [Method::Sasl2(mechanism)] = second.logins[..] else { panic!("{:?}", second.logins) };
        assert!(matches!(mechanism, Mechanism::Ht(_)), "{mechanism}");
        assert_eq!(second.bodies, ["one", "two"], "each once");
        second.tell("bob@localhost", "back");
        bob.client().send("<presence xmlns='jabber:client'/>".parse().unwrap()).unwrap();
        bob.sync();
        assert_eq!(bob.bodies, ["back"]);

        // Another installation's token is nobody's.
        let thief = UserAgent { id: "00000000-0000-4000-8000-000000000000".into(), software: None, device: None };
        let mut thief = Talk::open(place, wrong.agent(thief).token(token), Continuation::default(), None);
        while !matches!(thief.event(), Event::AuthenticationFailed(_)) {}
    }
}

#[test]
fn a_token_outlives_the_program_and_a_stream_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let open = |program: &Program, at, account, before| {
        let ca = data.join("tls/ca.pem");
        std::fs::create_dir_all(program.data().join("tls")).unwrap();
        std::fs::copy(ca, program.data().join("tls/ca.pem")).unwrap();
        Talk::open((program, at), account, before, None)
    };
    let (mut program, at) = start(&arguments);
    let mut first = open(&program, at, alice(), Continuation::default());
    let jid = first.ready();
    first.sync();
    let token = first.token.clone().unwrap();
    let before = first.cut();
    program.wait_for_log("waits for its client");
    program.terminate();
    assert!(program.ended().success());

    let (program, at) = start(&arguments);
    let id = "d4565fa7-4d72-4749-b3d3-740edbf87770".to_owned();
    let wrong = Account::with_credentials(Jid::parse(ALICE).unwrap(), Credentials::password("alice", "wrong").unwrap());
    let account = wrong.agent(UserAgent { id, software: None, device: None }).token(token);
    let mut second = open(&program, at, account, before);
    assert_eq!(second.ready().bare(), jid.bare());
    let [Method::Sasl2(mechanism)] = second.logins[..] else { panic!("{:?}", second.logins) };
    assert!(matches!(mechanism, Mechanism::Ht(_)), "{mechanism}");
    assert!(!second.is_resumed);
    second.sync();
}

#[test]
fn a_certificate_logs_in_whom_it_names() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clients.pem"), authority.pem()).unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "client-authorities = \"clients.pem\"\n").unwrap();
    let shown = authority.certify("Alice A.", &[ALICE]);
    for runtime in RUNTIMES {
        let (program, at) = start(&["--config", config.to_str().unwrap(), "--runtime", runtime]);
        let place = (&program, at);
        let external = |jid: &str| Account::with_credentials(Jid::parse(jid).unwrap(), Credentials::external());
        let mut talk = Talk::open(place, external(ALICE), Continuation::default(), Some(&shown));
        let jid = talk.ready();
        assert_eq!(jid.bare().as_str(), ALICE);
        assert_eq!(talk.logins, [Method::Sasl2(Mechanism::External)]);
        talk.sync();

        let bob = Credentials::external().authorize_as("bob@localhost").unwrap();
        let bob = Account::with_credentials(Jid::parse("bob@localhost").unwrap(), bob);
        let mut other = Talk::open(place, bob, Continuation::default(), Some(&shown));
        let failed = loop {
            match other.event() {
                Event::AuthenticationFailed(error) => break *error,
                Event::Ready(jid) => panic!("{jid}"),
                _ => {}
            }
        };
        assert!(matches!(failed, LoginError::Refused { .. }), "{failed:?}");
        let mut none = Talk::open(place, external(ALICE), Continuation::default(), None);
        while !matches!(none.event(), Event::AuthenticationFailed(_) | Event::Closed(Reason::LoginFailed)) {}
    }
}
