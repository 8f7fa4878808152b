//! An IRC server's application in memory, without a network behind it, and a client that types lines.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use irc_proto::server::{
    AccountAnswer, AccountRefusal, AccountRequest, Ask, Config, Custom, Event, Flood, Lines, NickRefusal,
    OtherCapability, Refusal, Registration, Server, Tls, Webirc,
};
use irc_proto::{Capabilities, Capability};
use wirestate_machine::{Instant, Machine, Misuse, Relay, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, Rejection};
use wirestate_sasl::{Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret};
use wirestate_testing::Subject;

use crate::talk::Application;

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

impl Application for Desk {
    fn answer(&mut self, server: &mut Server, event: Event) -> Result<(), Misuse> {
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

/// A client that types lines at the desk.
pub type Talk = crate::talk::Talk<Desk>;

impl Talk {
    /// A registered session.
    pub fn registered() -> Self {
        Talk::new().register()
    }

    /// Registers as ann.
    pub fn register(mut self) -> Self {
        let said = self.say("NICK ann\r\nUSER ann 0 * :Ann\r\nCAP END\r\n");
        assert!(said.ends_with(":irc.localhost 001 ann :Welcome\r\n"), "{said}");
        self
    }

    /// Sends this as a line, and gives what comes back line by line: without line ends, and without the server's name before each.
    pub fn hear(&mut self, text: &str) -> Vec<String> {
        let said = self.say(format!("{text}\r\n"));
        said.lines().map(|line| line.strip_prefix(":irc.localhost ").unwrap_or(line).to_owned()).collect()
    }
}
