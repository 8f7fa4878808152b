//! HT-SHA-256-*: the tokens of FAST (XEP-0484).

use wirestate_sasl::client::{Client, Credentials, Error, Policy, Step, choose};
use wirestate_sasl::server::{self, StartError};
use wirestate_sasl::server::{Answer, Ask, Failure, Identity, Rejection, Server};
use wirestate_sasl::{Bindings, ChannelBinding, Mechanism, Misuse, Secret, TokenBinding};

use crate::support::*;

fn ann_again() -> Credentials {
    Credentials::fast_token("ann", FAST_TOKEN).unwrap()
}

fn ht(binding: TokenBinding) -> Mechanism {
    Mechanism::Ht(binding)
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// By Python's hmac, under [`FAST_TOKEN`] and the bindings of the other tests.
const PROOFS: [(TokenBinding, &str, &str); 3] = [
    (
        TokenBinding::None,
        "72a23fc21cd62498657de16b0ff23692bf488748bd62a85ee22d65ad3e050880",
        "d391f3a4576e25872c8bef577cd2cef2d700b1d08f93722c5ee423ddaa0c0fe5",
    ),
    (
        TokenBinding::Exporter,
        "dff5602f888b7a8ca0883697c97e574046d8776a87260268d9d8af5f986d1b0a",
        "7b96018cd7a6a388118ca58f4e58c1e83d90c6fa8d583d7a3f205af5c7a467a7",
    ),
    (
        TokenBinding::EndPoint,
        "cf24b6cb01bd48ee3d7651d4ca58badcdabb36bf333431e6cd0162779f971354",
        "67ad6d6f4d9f20e5725868318343d3e41be5921eb87555dc0b9004e83f6c9451",
    ),
];

#[test]
fn both_messages_octet_for_octet() {
    for (binding, initiator, responder) in PROOFS {
        let mut client = Client::start(ht(binding), &ann_again(), &client_context().bindings(both_bindings())).unwrap();
        let Ok(Step::Send(message)) = client.step(None) else { panic!("{binding:?}") };
        assert_eq!(message, [b"ann\0".as_slice(), &octets(initiator)].concat(), "{binding:?}");

        let context = server_context().bindings(both_bindings()).success_data(true);
        let mut server = Server::start(ht(binding), &context).unwrap();
        let Ask::HashedToken { user, proof } = asked(server.step(Some(&message))) else { panic!("{binding:?}") };
        assert_eq!(user, "ann");
        assert!(proof.fits(&Secret::new(FAST_TOKEN)) && !proof.fits(&Secret::new("old")));
        match server.answer(Answer::Secret(Secret::new(FAST_TOKEN))).unwrap() {
            server::Step::Done { identity, data } => {
                assert_eq!((identity, data.clone()), (Identity::new("ann"), Some(octets(responder))));
                client.succeed(data.as_deref()).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_server_without_the_token_is_not_believed() {
    let sent = || {
        let mut client =
            Client::start(ht(TokenBinding::Exporter), &ann_again(), &client_context().bindings(exporter())).unwrap();
        assert!(matches!(client.step(None), Ok(Step::Send(_))));
        client
    };
    assert_eq!(sent().succeed(None), Err(Error::SignatureMissing));
    assert_eq!(sent().succeed(Some(b"short")), Err(Error::SignatureMalformed));
    assert_eq!(sent().succeed(Some(&[0; 32])), Err(Error::SignatureWrong));
    assert_eq!(sent().succeed(Some(&octets(PROOFS[1].1))), Err(Error::SignatureWrong), "its own proof sent back");
    assert_eq!(sent().succeed(Some(&octets(PROOFS[0].2))), Err(Error::SignatureWrong), "of another channel");
    let mut client = sent();
    assert!(matches!(client.step(Some(&octets(PROOFS[1].2))), Ok(Step::Send(message)) if message.is_empty()));
    assert_eq!(client.succeed(None), Ok(()));
    assert_eq!(
        Client::start(ht(TokenBinding::None), &ann_again(), &client_context()).unwrap().succeed(None),
        Err(Error::Incomplete)
    );
}

#[test]
fn a_proof_for_another_channel_is_refused() {
    let client = client_context().bindings(ChannelBinding::TlsExporter([1; 32]));
    let outcome = talk(ht(TokenBinding::Exporter), &ann_again(), &client, &server_context().bindings(exporter()));
    assert_eq!(outcome, Outcome::Refused(Failure::Rejected(Rejection::Credentials)));
    let start = |bindings: Bindings| Server::start(ht(TokenBinding::EndPoint), &server_context().bindings(bindings));
    let mechanism = ht(TokenBinding::EndPoint);
    assert_eq!(start(exporter()).unwrap_err(), StartError::NoChannelBinding { mechanism });
    let start = Client::start(mechanism, &ann_again(), &client_context().bindings(exporter()));
    assert_eq!(start.unwrap_err(), Error::NoChannelBinding { mechanism });
}

#[test]
fn each_rule_of_the_message_has_its_failure() {
    let first = |message: &[u8]| {
        let mut server = Server::start(ht(TokenBinding::None), &server_context()).unwrap();
        failed(server.step(Some(message)))
    };
    for message in [b"".as_slice(), b"ann", b"ann\0", b"ann\0short", &[b"ann\0".as_slice(), &[1; 33]].concat()] {
        assert_eq!(first(message), Failure::TokenForm);
    }
    assert!(matches!(first(&[b"\0".as_slice(), &[1; 32]].concat()), Failure::Text(_)));
    assert!(matches!(first(&[b"\xff\0".as_slice(), &[1; 32]].concat()), Failure::Text(_)));
}

#[test]
fn the_application_must_have_the_token() {
    let mut server = Server::start(ht(TokenBinding::None), &server_context()).unwrap();
    asked(server.step(Some(&[b"ann\0".as_slice(), &octets(PROOFS[0].1)].concat())));
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::WrongAnswer);
    assert_eq!(server.answer(Answer::AcceptAs(Identity::new("ann"))).unwrap_err(), Misuse::WrongAnswer);
    assert_eq!(failed(server.answer(Answer::NoKeys)), Failure::Rejected(Rejection::Credentials));
}

#[test]
fn tokens_and_passwords_choose_apart() {
    let offered: Vec<Mechanism> = Mechanism::every().collect();
    let chosen = |credentials: &Credentials, bindings: &Bindings, policy: Policy| {
        choose(&offered, credentials, bindings, &policy).map(Mechanism::name)
    };
    let encrypted = Policy::encrypted();
    assert_eq!(chosen(&ann_again(), &both_bindings(), encrypted), Some("HT-SHA-256-EXPR"));
    assert_eq!(chosen(&ann_again(), &end_point(), encrypted), Some("HT-SHA-256-ENDP"));
    assert_eq!(chosen(&ann_again(), &Bindings::none(), encrypted), Some("HT-SHA-256-NONE"));
    assert_eq!(chosen(&ann_again(), &Bindings::none(), Policy::unencrypted()), None, "it could be repeated");
    assert_eq!(chosen(&ann_again(), &Bindings::none(), encrypted.require_binding(true)), None);
    assert_eq!(chosen(&ann_again(), &end_point(), encrypted.require_binding(true)), Some("HT-SHA-256-ENDP"));
    assert_eq!(chosen(&ann(), &both_bindings(), encrypted), Some("SCRAM-SHA-512-PLUS"));
    assert_eq!(choose(&Mechanism::ALL, &ann_again(), &both_bindings(), &encrypted), None);
    assert_eq!(choose(&Mechanism::FAST, &ann(), &both_bindings(), &encrypted), None);
}
