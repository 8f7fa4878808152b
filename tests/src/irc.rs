//! An IRC server's application in memory, without a network behind it, and a client that types lines.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use irc_proto::server::{
    AccountAnswer, AccountRefusal, AccountRequest, Ask, Config, Custom, Event, Flood, Lines, NickRefusal,
    OtherCapability, Refusal, Registration, Server, Tls, Violation, Webirc,
};
use irc_proto::{Capabilities, Capability};
use wirestate_machine::{Instant, Machine, Misuse, Relay, TlsFacts, Upgrade, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, Rejection};
use wirestate_sasl::{Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret};
use wirestate_testing::Subject;

/// The user that exists.
pub const USER: &str = "ann";
/// Her password.
pub const PASSWORD: &str = "pencil";
/// PLAIN with both.
pub const PLAIN: &str = "AGFubgBwZW5jaWw=";
/// PLAIN with another password.
pub const WRONG: &str = "AGFubgB3cm9uZw==";

/// The application: one user, and switches for what may go wrong.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What the sessions are made with.
    pub config: Arc<Config>,
    /// A nickname that somebody else has.
    pub taken: &'static str,
    /// What PASS must say.
    pub password: Option<&'static str>,
    /// The application keeps its tickets and answers nothing.
    pub mute: bool,
    /// What the client has registered with.
    pub registration: Option<Registration>,
    /// Who has logged in.
    pub who: Option<String>,
    /// The first messages that came for the network.
    pub messages: Vec<Vec<u8>>,
    /// The text with which the session was closed.
    pub closed: Option<String>,
}

/// A configuration with everything on that needs no TLS to be seen, and no flood control.
pub fn open_config() -> Config {
    let mut config = Config::default();
    config.cleartext = true;
    config.capabilities |= Capabilities::of(&[Capability::MultiPrefix, Capability::Chathistory]);
    config.other_capabilities = vec![OtherCapability::new("example.org/x", Some("y")).unwrap()];
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([3; 32]));
    config.webirc = Webirc::Passwords(vec![Secret::new("gate")]);
    config.flood = Flood::Off;
    config.custom = vec![Custom::new("XECHO", 1, true).unwrap(), Custom::new("XLATER", 0, false).unwrap()];
    config
}

/// The same with STARTTLS and nothing in the clear.
pub fn starttls_config() -> Config {
    let mut config = open_config();
    config.cleartext = false;
    config.tls = Tls::Starttls;
    config
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new(open_config())
    }
}

impl Desk {
    /// A desk where `bob` is taken.
    pub fn new(config: Config) -> Self {
        Desk {
            config: Arc::new(config),
            taken: "bob",
            password: None,
            mute: false,
            registration: None,
            who: None,
            messages: Vec::new(),
            closed: None,
        }
    }

    /// The usual desk, with this changed in its configuration.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = open_config();
        change(&mut config);
        Desk::new(config)
    }

    /// Answers an event.
    pub fn answer(&mut self, server: &mut Server, event: Event) -> Result<(), Misuse> {
        if self.mute {
            // A ticket that is dropped is a ticket that is never answered.
            return Ok(());
        }
        match event {
            Event::Gateway { ticket, request } if request.password.matches("gate") => server.accept_gateway(ticket),
            Event::Gateway { ticket, .. } => server.refuse_gateway(ticket),
            Event::Nick { ticket, nick } if nick.eq_ignore_ascii_case(self.taken.as_bytes()) => {
                server.refuse_nick(ticket, NickRefusal::InUse)
            }
            Event::Nick { ticket, .. } => server.accept_nick(ticket),
            Event::Authenticate { ticket, ask } => server.authenticate(ticket, verdict(*ask)),
            Event::LoggedIn(identity) => {
                self.who = Some(identity.name().to_owned());
                Ok(())
            }
            Event::Account { ticket, request } => server.answer_account(ticket, account(*request)),
            Event::Register { ticket, registration } => {
                let given = registration.password.as_ref();
                let good = self.password.is_none_or(|wanted| given.is_some_and(|given| given.matches(wanted)));
                if !good {
                    return server.refuse(ticket, Refusal::Password);
                }
                let welcome = format!(":irc.localhost 001 {} :Welcome\r\n", registration.nick.escape_ascii());
                self.registration = Some(*registration);
                server.welcome(ticket)?;
                server.relay(&Lines::check(Bytes::from(welcome)).unwrap());
                Ok(())
            }
            Event::Message(message) => {
                if self.messages.len() < 16 {
                    self.messages.push(message.borrow().line().to_vec());
                }
                Ok(())
            }
            Event::Closed(reason) => {
                self.closed = Some(reason.to_string());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

static KEYS: LazyLock<[ScramKeys; 3]> = LazyLock::new(|| {
    [Hash::Sha1, Hash::Sha256, Hash::Sha512].map(|hash| {
        let work = Derivation::new(hash, PASSWORD, b"0123456789abcdef", 4096).unwrap();
        ScramKeys::from_derived(&work.run())
    })
});

fn verdict(ask: Ask) -> Answer {
    let wrong = Answer::Reject(Rejection::Credentials);
    match ask {
        Ask::Sasl(Sasl::Password { user, password, .. }) if user == USER && password.matches(PASSWORD) => {
            Answer::Accept
        }
        Ask::Sasl(Sasl::Password { user, .. }) if user == "locked" => Answer::Reject(Rejection::AccountDisabled),
        Ask::Sasl(Sasl::Keys { user, hash, .. }) if user == USER => {
            KEYS.iter().find(|keys| keys.hash() == hash).cloned().map_or(Answer::NoKeys, Answer::Keys)
        }
        Ask::Sasl(Sasl::Keys { .. }) => Answer::NoKeys,
        Ask::Sasl(Sasl::Secret { user, .. }) if user == USER => Answer::Secret(Secret::new(PASSWORD)),
        Ask::Sasl(Sasl::Anonymous { .. }) => Answer::AcceptAs(Identity::new("a guest with blanks")),
        Ask::External { authzid, certificate } => match certificate.subject.as_deref() {
            Some("CN=ann") if authzid.is_none() => Answer::AcceptAs(Identity::new(USER)),
            _ => wrong,
        },
        _ => wrong,
    }
}

/// Accounts that begin with `mail` need a code, which is `42`; there is one of [`USER`] already.
fn account(request: AccountRequest) -> AccountAnswer<'static> {
    match request {
        AccountRequest::Register { account, .. } if account == USER => AccountAnswer::Refused(AccountRefusal::Exists),
        AccountRequest::Register { account, .. } if account.starts_with("mail") => {
            AccountAnswer::VerificationRequired("Read your mail\r\nQUIT")
        }
        AccountRequest::Register { password, .. } if password.matches("x") => {
            AccountAnswer::Refused(AccountRefusal::WeakPassword)
        }
        AccountRequest::Verify { code, .. } if !code.matches("42") => {
            AccountAnswer::Refused(AccountRefusal::InvalidCode)
        }
        AccountRequest::Register { account, .. } | AccountRequest::Verify { account, .. } => {
            AccountAnswer::Done(Identity::new(account))
        }
        _ => AccountAnswer::Refused(AccountRefusal::Unavailable),
    }
}

impl Subject for Desk {
    type Machine = Server;

    fn machine(&self, now: Instant) -> Server {
        Server::new(self.config.clone(), [7; 32], now)
    }

    fn react(&mut self, server: &mut Server, event: Event, _now: Instant) {
        // A law may let the answer come too late; then it is misuse, and nothing else.
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Server, choice: u64, now: Instant) {
        match choice % 11 {
            0 => server.shutdown(),
            1 => server.close_with(b"Killed (a\r\nb)"),
            2 => server.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => server.upgraded(now, Upgraded::Deflate),
            4 => drop(server.set_nick(b"other")),
            5 => drop(server.offer("multi-prefix")),
            6 => drop(server.withdraw("multi-prefix")),
            7 => server.penalize(Duration::from_secs(choice >> 60)),
            8 => server.relay(&Lines::check(Bytes::from_static(b":a PRIVMSG #x :hi\r\n")).unwrap()),
            9 => drop(server.log_out()),
            _ => drop(server.upgrade()),
        }
    }

    /// The output counts as full at 64 KiB, and stands in segments of 16 KiB.
    fn limit(&self) -> usize {
        96 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

/// A client that types lines at a server and reads what comes back.
#[derive(Debug)]
pub struct Talk {
    /// The application.
    pub desk: Desk,
    /// The machine.
    pub server: Server,
    /// The time.
    pub now: Instant,
    /// All events so far, as their `Debug` shows them.
    pub events: Vec<String>,
    /// The error, once there is one.
    pub violation: Option<Violation>,
}

impl Talk {
    /// Begins a session.
    pub fn with(desk: Desk) -> Self {
        let server = desk.machine(Instant::START);
        let mut talk = Talk { desk, server, now: Instant::START, events: Vec::new(), violation: None };
        talk.turn();
        talk
    }

    /// A session before registration, with everything switched on.
    pub fn new() -> Self {
        Talk::with(Desk::default())
    }

    /// A registered session.
    pub fn registered() -> Self {
        Talk::with(Desk::default()).register()
    }

    /// Registers as ann.
    pub fn register(mut self) -> Self {
        let said = self.say("NICK ann\r\nUSER ann 0 * :Ann\r\nCAP END\r\n");
        assert!(said.ends_with(":irc.localhost 001 ann :Welcome\r\n"), "{said}");
        self
    }

    /// Sends this and gives all that comes back.
    pub fn say(&mut self, text: impl AsRef<[u8]>) -> String {
        let mut rest = text.as_ref();
        let mut said = Vec::new();
        loop {
            let taken = self.server.inbox().push_some(rest);
            rest = &rest[taken..];
            self.turn();
            said.extend(self.server.outbox().drain());
            if rest.is_empty() || self.server.is_closed() || taken == 0 {
                break;
            }
        }
        // What was written may have made room for more.
        loop {
            self.turn();
            let more = self.server.outbox().drain();
            if more.is_empty() {
                return String::from_utf8_lossy(&said).into_owned();
            }
            said.extend(more);
        }
    }

    /// The same, line by line: without line ends, and without the server's name before each.
    pub fn hear(&mut self, text: &str) -> Vec<String> {
        let said = self.say(format!("{text}\r\n"));
        said.lines().map(|line| line.strip_prefix(":irc.localhost ").unwrap_or(line).to_owned()).collect()
    }

    /// Lets so many seconds go by.
    pub fn wait(&mut self, seconds: u64) -> String {
        self.now = self.now + Duration::from_secs(seconds);
        self.say("")
    }

    /// The client closes the connection.
    pub fn hang_up(&mut self) -> String {
        self.server.inbox().close();
        self.say("")
    }

    /// Makes the TLS handshake that the server waits for.
    pub fn secure(&mut self) -> String {
        self.secure_with(TlsFacts::new())
    }

    /// The same, with these facts.
    pub fn secure_with(&mut self, facts: TlsFacts) -> String {
        assert_eq!(self.server.upgrade(), Some(Upgrade::Tls));
        self.server.upgraded(self.now, Upgraded::Tls(Box::new(facts)));
        self.say("")
    }

    /// Whether the last event begins like this.
    pub fn last_event_is(&self, start: &str) -> bool {
        self.events.last().is_some_and(|event| event.starts_with(start))
    }

    fn turn(&mut self) {
        loop {
            match self.server.poll(self.now) {
                Ok(Some(event)) => {
                    self.events.push(format!("{event:?}"));
                    self.desk.answer(&mut self.server, event).unwrap();
                }
                Ok(None) => return,
                Err(violation) => {
                    self.violation = Some(violation);
                    return;
                }
            }
        }
    }
}

impl Default for Talk {
    fn default() -> Self {
        Talk::new()
    }
}
