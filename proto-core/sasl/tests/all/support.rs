//! A client and a server in one room, with a hand on the wire between them.

use wirestate_sasl::client::{self, Client, Credentials};
use wirestate_sasl::server::{self, Answer, Ask, Failure, Identity, Rejection, Server};
use wirestate_sasl::{Bindings, ChannelBinding, Derivation, FakeKeys, Hash, Mechanism, Nonce, ScramKeys, Secret};

pub(crate) const SALT: &[u8] = b"0123456789abcdef";
pub(crate) const FAST_TOKEN: &str = "secret-token:fast-Oeie4nmlUoLHXca_YUkDTKgtySWSJPiDjLhHSLV0ZwM";

pub(crate) fn nonce(text: &str) -> Nonce {
    Nonce::new(text).unwrap()
}

pub(crate) fn client_context() -> client::Context {
    client::Context::new(nonce("client-nonce")).host("server.example.com").port(143).service("imap")
}

pub(crate) fn server_context() -> server::Context {
    server::Context::new(nonce("server-nonce"))
        .host("server.example.com")
        .fake_keys(FakeKeys::new([9; 32]).iterations(4096))
}

pub(crate) fn exporter() -> Bindings {
    ChannelBinding::TlsExporter([7; 32]).into()
}

pub(crate) fn end_point() -> Bindings {
    ChannelBinding::TlsServerEndPoint(vec![8; 48]).into()
}

pub(crate) fn both_bindings() -> Bindings {
    end_point().iter().chain(exporter().iter()).cloned().collect()
}

pub(crate) fn ann() -> Credentials {
    Credentials::password("ann", "pencil").unwrap()
}

pub(crate) fn keys_of(hash: Hash, password: &str) -> ScramKeys {
    ScramKeys::from_derived(&Derivation::new(hash, password, SALT, 4096).unwrap().run())
}

/// An application with the user `ann`, her password `pencil` and token `ya29.token`, and a certificate of hers. She may
/// act as `tim`, and nobody else as anybody.
pub(crate) fn application(ask: Ask) -> Answer {
    let reject = Answer::Reject(Rejection::Credentials);
    match ask {
        Ask::Password { user, password, .. } if user == "ann" && password.matches("pencil") => Answer::Accept,
        Ask::Keys { user, hash, .. } if user == "ann" => Answer::Keys(keys_of(hash, "pencil")),
        Ask::Keys { .. } => Answer::NoKeys,
        Ask::Secret { user, .. } | Ask::Digest { user, .. } if user == "ann" => Answer::Secret(Secret::new("pencil")),
        Ask::HashedToken { user, .. } if user == "ann" => Answer::Secret(Secret::new(FAST_TOKEN)),
        Ask::Token { authzid, token, .. } if token.matches("ya29.token") => {
            let identity = Identity::new("ann");
            match authzid.as_deref() {
                None | Some("ann") => Answer::AcceptAs(identity),
                Some("tim") => Answer::AcceptAs(identity.acting_as("tim")),
                Some(_) => Answer::Reject(Rejection::NotAuthorized),
            }
        }
        Ask::External { authzid: None } => Answer::AcceptAs(Identity::new("ann")),
        Ask::External { authzid: Some(authzid) } if authzid == "ann" => Answer::Accept,
        Ask::Anonymous { .. } => Answer::Accept,
        Ask::Authorize { user, authzid } if user == "ann" && authzid == "tim" => Answer::Accept,
        Ask::Authorize { .. } => Answer::Reject(Rejection::NotAuthorized),
        _ => reject,
    }
}

#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    LoggedIn(Identity),
    Refused(Failure),
    /// The client broke off, while the server had or had not said that it went well.
    BrokenOff(client::Error),
}

impl Outcome {
    pub(crate) fn identity(self) -> Identity {
        match self {
            Outcome::LoggedIn(identity) => identity,
            other => panic!("not logged in: {other:?}"),
        }
    }
}

pub(crate) enum On<'a> {
    Client(&'a mut Vec<u8>),
    Server(&'a mut Vec<u8>),
}

/// Lets both talk until one ends it. `wire` sees each message on its way and may change it.
pub(crate) fn talk_over(
    client: &mut Client,
    server: &mut Server,
    mut application: impl FnMut(Ask) -> Answer,
    mut wire: impl FnMut(On<'_>),
) -> Outcome {
    let mut turn = client.step(None);
    loop {
        let response = match turn {
            Err(error) => return Outcome::BrokenOff(error),
            Ok(client::Step::Work(work)) => {
                turn = client.resume(work.run());
                continue;
            }
            Ok(client::Step::Wait) => None,
            Ok(client::Step::Send(mut response)) => {
                wire(On::Client(&mut response));
                Some(response)
            }
        };
        let mut reply = server.step(response.as_deref()).unwrap();
        while let server::Step::Ask(ask) = reply {
            reply = server.answer(application(ask)).unwrap();
        }
        turn = match reply {
            server::Step::Challenge(mut challenge) => {
                wire(On::Server(&mut challenge));
                client.step(Some(&challenge))
            }
            server::Step::Failed(failure) => return Outcome::Refused(failure),
            server::Step::Done { identity, mut data } => {
                if let Some(data) = &mut data {
                    wire(On::Server(data));
                }
                return match client.succeed(data.as_deref()) {
                    Ok(()) => Outcome::LoggedIn(identity),
                    Err(error) => Outcome::BrokenOff(error),
                };
            }
            server::Step::Ask(_) => unreachable!("all asks were answered"),
        };
    }
}

pub(crate) fn talk(
    mechanism: Mechanism,
    credentials: &Credentials,
    client_context: &client::Context,
    server_context: &server::Context,
) -> Outcome {
    let mut client = Client::start(mechanism, credentials, client_context).unwrap();
    let mut server = Server::start(mechanism, server_context).unwrap();
    talk_over(&mut client, &mut server, application, |_| ())
}

/// The message that the client sends next.
pub(crate) fn sent(step: Result<client::Step, client::Error>) -> String {
    match step.unwrap() {
        client::Step::Send(message) => String::from_utf8(message).unwrap(),
        other => panic!("not sent: {other:?}"),
    }
}

/// The challenge that the server sends next.
pub(crate) fn challenged(step: Result<server::Step, wirestate_sasl::Misuse>) -> String {
    match step.unwrap() {
        server::Step::Challenge(message) => String::from_utf8(message).unwrap(),
        other => panic!("not challenged: {other:?}"),
    }
}

pub(crate) fn asked(step: Result<server::Step, wirestate_sasl::Misuse>) -> Ask {
    match step.unwrap() {
        server::Step::Ask(ask) => ask,
        other => panic!("not asked: {other:?}"),
    }
}

pub(crate) fn failed(step: Result<server::Step, wirestate_sasl::Misuse>) -> Failure {
    match step.unwrap() {
        server::Step::Failed(failure) => failure,
        other => panic!("not failed: {other:?}"),
    }
}

pub(crate) fn done(step: Result<server::Step, wirestate_sasl::Misuse>) -> Identity {
    match step.unwrap() {
        server::Step::Done { identity, .. } => identity,
        other => panic!("not done: {other:?}"),
    }
}

pub(crate) fn worked(client: &mut Client, challenge: &str) -> Result<client::Step, client::Error> {
    match client.step(Some(challenge.as_bytes()))? {
        client::Step::Work(work) => client.resume(work.run()),
        other => Ok(other),
    }
}
