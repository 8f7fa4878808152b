//! An IRC server's application with one user, that answers whatever the session asks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use irc_proto::codec::{Encoding, Profile};
use irc_proto::server::{
    Ask, Config, Custom, Event, Flood, Lines, NickRefusal, OtherCapability, Refusal, Server, Sts, Tls, Webirc,
};
use irc_proto::{Capabilities, Capability};
use wirestate_machine::Relay;
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, OAuthHints, Rejection};
use wirestate_sasl::{FakeKeys, Mechanism, Secret};

/// Everything that can be offered, in the clear; variants differ in what cannot be had at once.
pub fn config(variant: u8) -> Arc<Config> {
    static CONFIGS: OnceLock<[Arc<Config>; 4]> = OnceLock::new();
    let all = CONFIGS.get_or_init(|| [0, 1, 2, 3].map(|variant| Arc::new(make_config(variant))));
    all[usize::from(variant % 4)].clone()
}

fn make_config(variant: u8) -> Config {
    let mut config = Config::default();
    config.tls = if variant == 1 { Tls::Outside } else { Tls::Starttls };
    config.cleartext = variant != 2;
    config.profile = if variant == 3 { Profile::Strict } else { Profile::Lenient };
    config.encoding =
        [Encoding::Bytes, Encoding::Utf8Only, Encoding::Latin1, Encoding::Lossy][usize::from(variant % 4)];
    config.capabilities = Capabilities::of(Capability::ALL);
    config.other_capabilities = OtherCapability::new("example.org/x", Some("y")).into_iter().collect();
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([9; 32]));
    config.oauth = Some(OAuthHints::default());
    config.reauthentication = variant != 1;
    config.sts = Some(Sts { port: 6697, seconds: 86_400, preload: true });
    config.webirc = if variant == 3 { Webirc::Ask } else { Webirc::Passwords(vec![Secret::new("gate")]) };
    config.flood = Flood::Off;
    config.custom = Custom::new("XFUZZ", 1, true).into_iter().collect();
    config.limits.failed_logins = 10;
    config.limits.failure_delay = Duration::ZERO;
    config
}

/// What the application has seen and said, as a model that the machine's events are held against.
#[derive(Debug, Default)]
pub struct Application {
    /// It said yes to somebody, who has not been let in yet.
    vouched: bool,
    /// It welcomed the client.
    pub welcomed: bool,
    closed: bool,
}

impl Application {
    /// Answers the event, after it has been held against the model.
    pub fn answer(&mut self, server: &mut Server, event: Event) {
        assert!(!self.closed, "an event after the last one: {event:?}");
        let answered = match event {
            Event::Gateway { ticket, request } if request.password.matches("gate") => server.accept_gateway(ticket),
            Event::Gateway { ticket, .. } => server.refuse_gateway(ticket),
            Event::Nick { ticket, nick } => {
                assert!(!self.welcomed, "a question about a nickname after registration");
                if nick.eq_ignore_ascii_case(b"bob") {
                    server.refuse_nick(ticket, NickRefusal::InUse)
                } else {
                    server.accept_nick(ticket)
                }
            }
            Event::Authenticate { ticket, ask } => {
                let answer = self.verdict(*ask);
                server.authenticate(ticket, answer)
            }
            Event::LoggedIn(identity) => {
                assert!(self.vouched, "{identity:?} was let in, but nobody vouched for anybody");
                self.vouched = false;
                Ok(())
            }
            Event::Register { ticket, registration } => {
                assert!(!self.welcomed && !registration.nick.is_empty() && !registration.user.is_empty());
                let source = [&registration.nick[..], b"!", &registration.user, b"@host"].concat();
                assert!(!source.iter().any(|byte| b" \r\n\0".contains(byte)), "a source that breaks lines");
                if registration.password.is_some_and(|password| password.matches("wrong")) {
                    server.refuse(ticket, Refusal::Password)
                } else {
                    self.welcomed = true;
                    let welcomed = server.welcome(ticket);
                    server.relay(
                        &Lines::check(Bytes::from_static(b":irc.localhost 001 x :Welcome\r\n")).expect("whole lines"),
                    );
                    welcomed
                }
            }
            Event::Message(message) => {
                let is_own = message.borrow().command().is(b"XFUZZ");
                assert!(self.welcomed || is_own, "a command of users before registration: {message:?}");
                Ok(())
            }
            Event::Closed(_) => {
                self.closed = true;
                Ok(())
            }
            _ => Ok(()),
        };
        assert_eq!(answered, Ok(()), "an answer in time was refused");
    }

    fn verdict(&mut self, ask: Ask) -> Answer {
        let mut accept = |answer| {
            self.vouched = true;
            answer
        };
        match ask {
            Ask::Sasl(Sasl::Password { password, .. }) if password.matches("pencil") => accept(Answer::Accept),
            Ask::Sasl(Sasl::Anonymous { .. }) => accept(Answer::AcceptAs(Identity::new("guest"))),
            Ask::Sasl(Sasl::Authorize { authzid, .. }) if authzid == "bob" => accept(Answer::Accept),
            // Nobody knows the password to these keys.
            Ask::Sasl(Sasl::Keys { hash, .. }) => Answer::Keys(crate::application::keys_of_nobody(hash)),
            Ask::Sasl(Sasl::Secret { .. }) => Answer::NoKeys,
            _ => Answer::Reject(Rejection::Credentials),
        }
    }
}
