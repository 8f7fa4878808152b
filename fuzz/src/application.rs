//! A mail store with one user, that answers whatever the server asks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use pop3_proto::codec::{Code, Expire, LoginDelay, Text};
use pop3_proto::server::{Ask, Config, Custom, Event, Greeting, Language, Maildrop, Reply, Server, Tls, Utf8};
use wirestate_machine::{CertificateName, TlsFacts};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, OAuthHints, Rejection};
use wirestate_sasl::{FakeKeys, Hash, Mechanism, ScramKeys};

/// Everything that can be offered, in the clear; variants differ in what cannot be had at once.
pub fn config(variant: u8) -> Arc<Config> {
    static CONFIGS: OnceLock<[Arc<Config>; 4]> = OnceLock::new();
    let all = CONFIGS.get_or_init(|| [0, 1, 2, 3].map(|variant| Arc::new(make_config(variant))));
    all[usize::from(variant % 4)].clone()
}

fn make_config(variant: u8) -> Config {
    let mut config = Config::default();
    config.tls = if variant == 1 { Tls::Outside } else { Tls::Stls };
    config.cleartext = variant != 2;
    config.bare_lf = variant != 3;
    config.surplus = variant == 3;
    config.greeting = if variant == 3 { Greeting::Manual } else { Greeting::Text(Text::literal("ready")) };
    config.apop_host = Some("mail.example.com".into());
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([9; 32]));
    config.oauth = Some(OAuthHints::default());
    config.expire = Some(Expire { days: Some(30), per_user: true });
    config.login_delay = Some(LoginDelay { seconds: 5, per_user: false });
    config.implementation = Some(Text::literal("fuzzed"));
    config.utf8 = Some(Utf8::MessagesAndUsers);
    config.languages =
        vec![Language { tag: Text::literal("de"), name: Text::literal("Deutsch"), phrases: |_| Some("auf Deutsch") }];
    config.xclient = true;
    config.last = true;
    config.custom = Custom::new("XFUZZ", true, true).into_iter().collect();
    config.limits.bad_commands_before_login = 50;
    config.limits.failed_logins = 10;
    config.limits.failure_delay = Duration::ZERO;
    config
}

/// What is known of the channel where TLS lies outside the machine. With a certificate, without which nobody is asked for EXTERNAL, in every
/// other of those variants.
pub fn channel(variant: u8) -> Option<TlsFacts> {
    let outside = config(variant).tls == Tls::Outside;
    outside.then(|| if variant & 4 == 0 { TlsFacts::new() } else { certified() })
}

/// The certificate of Ann.
pub const CERTIFICATE: &[u8] = b"ann's certificate";

/// A channel whose client has shown [`CERTIFICATE`], with what SCRAM-PLUS binds to.
pub fn certified() -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.peer_certificate = Some(Bytes::from_static(CERTIFICATE));
    facts.peer_subject = Some("CN=ann".into());
    facts.peer_names = vec![CertificateName::CommonName("ann".into())];
    facts.exporter = Some([7; 32]);
    facts.server_end_point = Some(Bytes::from_static(&[8; 32]));
    facts
}

/// The messages: an ordinary one, dots at line starts with lone LFs, no line end at all, and nothing.
pub const MESSAGES: [&[u8]; 4] = [
    b"Subject: one\r\n\r\nfirst\r\n.second\r\n..\r\n.\r\nlast\r\n",
    b"Subject: two\n\n.\n..\n\r\n.x\r",
    b"no line end",
    b"",
];

/// What the application has seen and said, as a model that the machine's events are held against.
#[derive(Debug, Default)]
pub struct Application {
    /// It said yes to somebody, who has not been let in yet.
    pub vouched: bool,
    /// It gave a maildrop.
    pub opened: bool,
    closed: bool,
}

impl Application {
    /// Answers the event, after it has been held against the model.
    pub fn answer(&mut self, server: &mut Server, event: Event) {
        assert!(!self.closed, "an event after the last one: {event:?}");
        let answered = match event {
            Event::Greet(ticket) => server.greet(ticket, Text::literal("ready")),
            Event::Authenticate { ticket, ask } => {
                assert!(!self.opened, "a login after the login");
                let answer = self.verdict(ask);
                server.authenticate(ticket, answer)
            }
            Event::Open { ticket, identity } => {
                assert!(self.vouched && !self.opened, "{identity:?} was let in, but nobody vouched for anybody");
                self.vouched = false;
                if identity.name() == "bob" {
                    server.refuse_open(ticket, Some(Code::InUse), Text::literal("in use"))
                } else {
                    self.opened = true;
                    server.open(ticket, maildrop())
                }
            }
            Event::Retrieve { ticket, message, lines, .. } => {
                assert!(self.opened, "a message without a login");
                if message.number() == 3 && lines.is_some() {
                    server.refuse_message(ticket, Some(Code::SysTemp), Text::literal("not now"))
                } else {
                    send(server, ticket, MESSAGES[message.index()])
                }
            }
            Event::Commit { ticket, deletions } => {
                assert!(self.opened, "a commit without a login");
                assert!(deletions.count() > 0, "a commit of nothing");
                server.committed(ticket, true)
            }
            Event::Custom { ticket, arguments, .. } if arguments.is_empty() => {
                server.reply_to(ticket, Reply::ok(Text::literal("as you wish")))
            }
            Event::Custom { ticket, .. } => {
                let body = server.send_lines(ticket, Text::literal("lines follow"));
                body.and_then(|mut body| {
                    server.piece(&mut body, Bytes::from_static(b".a\nb"))?;
                    server.end(body)
                })
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
        let accept = |vouched: &mut bool, answer| {
            *vouched = true;
            answer
        };
        let no = Answer::Reject(Rejection::Credentials);
        match ask {
            Ask::Sasl(Sasl::Password { password, .. }) if password.matches("pencil") => {
                accept(&mut self.vouched, Answer::Accept)
            }
            Ask::Sasl(Sasl::Token { token, .. }) if token.matches("ya29.token") => {
                accept(&mut self.vouched, Answer::AcceptAs(Identity::new("ann")))
            }
            Ask::Sasl(Sasl::Anonymous { .. }) => accept(&mut self.vouched, Answer::AcceptAs(Identity::new("guest"))),
            Ask::Sasl(Sasl::Authorize { authzid, .. }) if authzid == "bob" => accept(&mut self.vouched, Answer::Accept),
            Ask::External { authzid, certificate } => {
                assert_eq!(certificate.der, CERTIFICATE, "a certificate that TLS has not told");
                match authzid.as_deref() {
                    None => accept(&mut self.vouched, Answer::AcceptAs(Identity::new("ann"))),
                    Some("ann" | "bob") => accept(&mut self.vouched, Answer::Accept),
                    Some(_) => no,
                }
            }
            // Nobody knows the password to these keys.
            Ask::Sasl(Sasl::Keys { hash, .. }) => Answer::Keys(keys_of_nobody(hash)),
            Ask::Sasl(Sasl::Secret { .. }) | Ask::Apop { .. } => Answer::NoKeys,
            _ => no,
        }
    }
}

/// The listing of [`MESSAGES`].
pub fn maildrop() -> Maildrop {
    let mut maildrop = Maildrop::new();
    for (index, message) in MESSAGES.iter().enumerate() {
        let mut size = pop3_proto::codec::WireSize::new();
        size.push(message);
        maildrop.push(size.finish(), &format!("id{index}")).expect("a lawful id");
    }
    maildrop
}

/// Keys to which nobody knows the password.
pub fn keys_of_nobody(hash: Hash) -> ScramKeys {
    let key = vec![1; hash.output_len()];
    ScramKeys::from_parts(hash, b"salt", 4096, &key, &key).expect("keys of the right length")
}

fn send(
    server: &mut Server,
    ticket: wirestate_machine::Ticket<pop3_proto::server::kind::Retrieve>,
    message: &'static [u8],
) -> Result<(), wirestate_machine::Misuse> {
    let mut body = server.send(ticket)?;
    for piece in message.chunks(7) {
        server.piece(&mut body, Bytes::from_static(piece))?;
    }
    server.end(body)
}
