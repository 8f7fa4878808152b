//! What the server refuses, and how it takes misuse.

use wirestate_sasl::client::Credentials;
use wirestate_sasl::server::{Answer, Ask, Context, Failure, Identity, Rejection, Server, StartError, Step};
use wirestate_sasl::{Field, Hash, Mechanism, Misuse, Secret, TextError};

use crate::support::*;

fn server(mechanism: Mechanism) -> Server {
    Server::start(mechanism, &server_context().bindings(exporter())).unwrap()
}

fn refused(mechanism: Mechanism, message: &[u8]) -> Failure {
    failed(server(mechanism).step(Some(message)))
}

#[test]
fn plain_messages_out_of_form() {
    let plain = |message: &[u8]| refused(Mechanism::Plain, message);
    assert_eq!(plain(b""), Failure::PlainForm);
    assert_eq!(plain(b"ann"), Failure::PlainForm);
    assert_eq!(plain(b"ann\0pencil"), Failure::PlainForm);
    assert_eq!(plain(b"\0\0pencil"), Failure::Text(TextError::Empty(Field::User)));
    assert_eq!(plain(b"\0ann\0"), Failure::Text(TextError::Empty(Field::Password)));
    assert_eq!(plain(b"\0ann\0pencil\0"), Failure::Text(TextError::Forbidden(Field::Password)));
    assert_eq!(plain(b"\0ann\0pen\r\ncil"), Failure::Text(TextError::Forbidden(Field::Password)));
    assert_eq!(plain(b"\0ann\rx\0pencil"), Failure::Text(TextError::Forbidden(Field::User)));
    assert_eq!(plain(b"\0ann\nx\0pencil"), Failure::Text(TextError::Forbidden(Field::User)));
    assert_eq!(plain(b"tim\n\0ann\0pencil"), Failure::Text(TextError::Forbidden(Field::Authzid)));
    assert_eq!(plain(b"\0ann\0pencil\xff"), Failure::Text(TextError::NotUtf8(Field::Message)));
    assert_eq!(plain(b"\0ann\0pencil\xff").rejection(), None);
}

#[test]
fn plain_passwords_may_be_odd() {
    let mut server = server(Mechanism::Plain);
    let message = "\0änn\0 pä\tß, =\u{1F511} ";
    match asked(server.step(Some(message.as_bytes()))) {
        Ask::Password { authzid: None, user, password } => {
            assert_eq!((&*user, password.expose()), ("änn", " pä\tß, =\u{1F511} "));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn login_out_of_form() {
    let mut early = server(Mechanism::Login);
    assert_eq!(challenged(early.step(Some(b"ann"))), "Password:");
    assert_eq!(refused(Mechanism::Login, b""), Failure::Text(TextError::Empty(Field::User)));
    assert_eq!(refused(Mechanism::Login, b"a\0b"), Failure::Text(TextError::Forbidden(Field::User)));
    assert_eq!(refused(Mechanism::Login, b"\xff"), Failure::Text(TextError::NotUtf8(Field::User)));
    for (password, error) in [
        (&b""[..], TextError::Empty(Field::Password)),
        (b"a\0b", TextError::Forbidden(Field::Password)),
        (b"\xff", TextError::NotUtf8(Field::Password)),
    ] {
        let mut server = server(Mechanism::Login);
        let _ = challenged(server.step(None));
        let _ = challenged(server.step(Some(b"ann")));
        assert_eq!(failed(server.step(Some(password))), Failure::Text(error));
    }
}

#[test]
fn cram_md5_out_of_form() {
    assert_eq!(refused(Mechanism::CramMd5, b"ann x"), Failure::UnexpectedInitialResponse);
    let cram = |message: &str| {
        let mut server = server(Mechanism::CramMd5);
        let _ = challenged(server.step(None));
        server.step(Some(message.as_bytes()))
    };
    let digest = "b913a602c7eda7a495b4e6e7334d3890";
    assert_eq!(failed(cram("")), Failure::CramForm);
    assert_eq!(failed(cram(digest)), Failure::CramForm);
    assert_eq!(failed(cram(&format!("ann {}", &digest[1..]))), Failure::CramForm);
    assert_eq!(failed(cram(&format!("ann {}", digest.to_uppercase()))), Failure::CramForm);
    assert_eq!(failed(cram(&format!(" {digest}"))), Failure::Text(TextError::Empty(Field::User)));
    assert_eq!(failed(cram(&format!("a\nb {digest}"))), Failure::Text(TextError::Forbidden(Field::User)));
    assert!(
        matches!(asked(cram(&format!("ann of green gables {digest}"))), Ask::Secret { user, .. } if user == "ann of green gables")
    );
    let bad_host = Context::new(nonce("x")).host("a>b");
    assert_eq!(Server::start(Mechanism::CramMd5, &bad_host).unwrap_err(), StartError::Host);
}

#[test]
fn cram_md5_is_checked_here_or_by_the_application() {
    let asking = || {
        let mut server = server(Mechanism::CramMd5);
        let _ = challenged(server.step(None));
        asked(server.step(Some(b"ann b913a602c7eda7a495b4e6e7334d3890")));
        server
    };
    let wrong = Failure::Rejected(Rejection::Credentials);
    assert_eq!(failed(asking().answer(Answer::Secret(Secret::new("pencil")))), wrong);
    assert_eq!(failed(asking().answer(Answer::NoKeys)), wrong);
    assert_eq!(done(asking().answer(Answer::Accept)), Identity::new("ann"));
    assert_eq!(done(asking().answer(Answer::AcceptAs(Identity::new("Ann")))), Identity::new("Ann"));
}

#[test]
fn oauthbearer_out_of_form() {
    let bearer = |message: &str| refused(Mechanism::OAuthBearer, message.as_bytes());
    assert_eq!(bearer(""), Failure::Gs2Header);
    assert_eq!(bearer("\u{1}"), Failure::Gs2Header);
    assert_eq!(bearer("p=tls-exporter,,\u{1}auth=Bearer x\u{1}\u{1}"), Failure::BindingUnexpected);
    assert_eq!(bearer("n,,"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,auth=Bearer x\u{1}\u{1}"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,\u{1}auth=Bearer x\u{1}"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,\u{1}auth\u{1}\u{1}"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,\u{1}=x\u{1}\u{1}"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,\u{1}a b=x\u{1}\u{1}"), Failure::KeyValueForm);
    assert_eq!(bearer("n,,\u{1}host=h\u{1}\u{1}"), Failure::KeyMissing("auth"));
    assert_eq!(bearer("n,,\u{1}auth=Bearer x\u{1}auth=Bearer y\u{1}\u{1}"), Failure::KeyTwice("auth"));
    assert_eq!(bearer("n,,\u{1}auth=Basic x\u{1}\u{1}"), Failure::NotBearer);
    assert_eq!(bearer("n,,\u{1}auth=Bearer\u{1}\u{1}"), Failure::NotBearer);
    assert_eq!(bearer("n,,\u{1}auth=Bearer \u{1}\u{1}"), Failure::Text(TextError::Empty(Field::Token)));
    assert_eq!(bearer("n,,\u{1}auth=Bearer a b\u{1}\u{1}"), Failure::Text(TextError::Forbidden(Field::Token)));
    assert_eq!(bearer("n,,\u{1}auth=Bearer a\r\nb\u{1}\u{1}"), Failure::Text(TextError::Forbidden(Field::Token)));
    assert_eq!(bearer("n,,\u{1}host=a b\u{1}auth=Bearer x\u{1}\u{1}"), Failure::HostMalformed);
    assert_eq!(bearer("n,,\u{1}port=0\u{1}auth=Bearer x\u{1}\u{1}"), Failure::PortMalformed);
    let mut server = server(Mechanism::OAuthBearer);
    let lenient = "y,,\u{1}later=a=b\r\n\u{1}auth=bearer  x\u{1}\u{1}";
    assert!(
        matches!(asked(server.step(Some(lenient.as_bytes()))), Ask::Token { authzid: None, token, .. } if token.matches("x"))
    );
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::IdentityNeeded);
    assert_eq!(done(server.answer(Answer::AcceptAs(Identity::new("ann")))).name(), "ann");
}

#[test]
fn xoauth2_out_of_form() {
    let xoauth2 = |message: &str| refused(Mechanism::XOAuth2, message.as_bytes());
    assert_eq!(xoauth2(""), Failure::KeyValueForm);
    assert_eq!(xoauth2("auth=Bearer x\u{1}\u{1}"), Failure::KeyMissing("user"));
    assert_eq!(xoauth2("user=ann\u{1}\u{1}"), Failure::KeyMissing("auth"));
    assert_eq!(xoauth2("user=\u{1}auth=Bearer x\u{1}\u{1}"), Failure::Text(TextError::Empty(Field::User)));
    assert_eq!(xoauth2("user=a\nb\u{1}auth=Bearer x\u{1}\u{1}"), Failure::Text(TextError::Forbidden(Field::User)));
}

#[test]
fn a_refused_token_is_refused_whatever_follows() {
    for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
        let credentials = Credentials::token("ann", "ya29.token").unwrap();
        let mut client = wirestate_sasl::client::Client::start(mechanism, &credentials, &client_context()).unwrap();
        let good = sent(client.step(None));
        let mut server = server(mechanism);
        asked(server.step(Some(good.as_bytes())));
        let _ = challenged(server.answer(Answer::Reject(Rejection::CredentialsExpired)));
        // Not even the same message again opens anything.
        assert_eq!(failed(server.step(Some(good.as_bytes()))), Failure::Rejected(Rejection::CredentialsExpired));
    }
}

#[test]
fn anonymous_and_external_out_of_form() {
    let trace = |message: &[u8]| refused(Mechanism::Anonymous, message);
    assert_eq!(trace(&[b'x'; 256]), Failure::Text(TextError::TooLong(Field::Trace)));
    assert_eq!(trace(b"a\nb"), Failure::Text(TextError::Forbidden(Field::Trace)));
    assert_eq!(trace(b"\xff"), Failure::Text(TextError::NotUtf8(Field::Trace)));
    asked(server(Mechanism::Anonymous).step(Some("ü".repeat(255).as_bytes())));
    asked(server(Mechanism::Anonymous).step(Some(b"")));
    assert_eq!(refused(Mechanism::External, b"a\0"), Failure::Text(TextError::Forbidden(Field::Authzid)));
    let mut external = server(Mechanism::External);
    asked(external.step(Some(b"")));
    assert_eq!(external.answer(Answer::Accept).unwrap_err(), Misuse::IdentityNeeded);
    assert_eq!(done(external.answer(Answer::AcceptAs(Identity::new("cert")))).name(), "cert");
}

#[test]
fn the_limit_counts_the_whole_exchange() {
    let context = server_context().limit(8);
    let mut server = Server::start(Mechanism::Login, &context).unwrap();
    let _ = challenged(server.step(None));
    let _ = challenged(server.step(Some(b"anna")));
    asked(server.step(Some(b"1234")));
    let mut server = Server::start(Mechanism::Login, &context).unwrap();
    let _ = challenged(server.step(None));
    let _ = challenged(server.step(Some(b"anna")));
    assert_eq!(failed(server.step(Some(b"12345"))), Failure::TooLong { limit: 8 });
    let too_long = vec![b'x'; wirestate_sasl::DEFAULT_LIMIT + 1];
    for mechanism in Mechanism::ALL {
        assert_eq!(refused(mechanism, &too_long), Failure::TooLong { limit: 12 * 1024 }, "{mechanism}");
    }
}

#[test]
fn misuse_changes_nothing() {
    let mut server = server(Mechanism::SCRAM_SHA_1);
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::NothingAsked);
    assert_eq!(challenged(server.step(None)), "");
    assert_eq!(server.step(None).unwrap_err(), Misuse::MessageMissing);
    asked(server.step(Some(b"n,a=tim,n=ann,r=abc")));
    assert_eq!(server.step(Some(b"x")).unwrap_err(), Misuse::AnswerAwaited);
    for wrong in [Answer::Accept, Answer::AcceptAs(Identity::new("x")), Answer::Secret(Secret::new("x"))] {
        assert_eq!(server.answer(wrong).unwrap_err(), Misuse::WrongAnswer);
    }
    assert_eq!(server.answer(Answer::Keys(keys_of(Hash::Sha256, "pencil"))).unwrap_err(), Misuse::WrongHash);
    let _ = challenged(server.answer(Answer::Keys(keys_of(Hash::Sha1, "pencil"))));
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::NothingAsked);
    failed(server.step(Some(b"x")));
    assert_eq!(server.step(Some(b"x")).unwrap_err(), Misuse::Finished);
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::Finished);

    let mut plain = self::server(Mechanism::Plain);
    asked(plain.step(Some(b"tim\0ann\0pencil")));
    assert_eq!(plain.answer(Answer::NoKeys).unwrap_err(), Misuse::WrongAnswer);
    asked(plain.answer(Answer::Accept));
    assert_eq!(plain.answer(Answer::NoKeys).unwrap_err(), Misuse::WrongAnswer);
    assert_eq!(plain.step(Some(b"")).unwrap_err(), Misuse::AnswerAwaited);
    assert_eq!(done(plain.answer(Answer::Accept)), Identity::new("ann").acting_as("tim"));
    assert_eq!(plain.answer(Answer::Accept).unwrap_err(), Misuse::Finished);
}

#[test]
fn the_application_may_settle_both_names_at_once() {
    let mut plain = server(Mechanism::Plain);
    asked(plain.step(Some(b"tim\0ann\0pencil")));
    let identity = Identity::new("ann@example.com").acting_as("tim@example.com");
    assert_eq!(done(plain.answer(Answer::AcceptAs(identity.clone()))), identity);
}

#[test]
fn each_reason_reaches_the_protocol() {
    for rejection in [
        Rejection::Credentials,
        Rejection::NotAuthorized,
        Rejection::AccountDisabled,
        Rejection::CredentialsExpired,
        Rejection::MechanismTooWeak,
        Rejection::EncryptionRequired,
        Rejection::Temporary,
    ] {
        let mut plain = server(Mechanism::Plain);
        asked(plain.step(Some(b"\0ann\0pencil")));
        assert_eq!(failed(plain.answer(Answer::Reject(rejection))).rejection(), Some(rejection));
    }
    let mut scram = server(Mechanism::SCRAM_SHA_1);
    asked(scram.step(Some(b"n,,n=ann,r=abc")));
    assert_eq!(failed(scram.answer(Answer::Reject(Rejection::Temporary))).rejection(), Some(Rejection::Temporary));
}

#[test]
fn nothing_secret_is_printed() {
    let mut plain = server(Mechanism::Plain);
    let step = plain.step(Some(b"\0ann\0pencil"));
    assert!(!format!("{step:?} {plain:?}").contains("pencil"));
    let mut bearer = server(Mechanism::OAuthBearer);
    let step: Result<Step, Misuse> = bearer.step(Some(b"n,,\x01auth=Bearer ya29\x01\x01"));
    assert!(!format!("{step:?} {bearer:?}").contains("ya29"));
    let keys = Answer::Keys(keys_of(Hash::Sha1, "pencil"));
    assert_eq!(format!("{keys:?}"), "Keys(ScramKeys(SCRAM-SHA-1, 4096 iterations))");
    assert_eq!(format!("{:?}", server_context().bindings(exporter())).matches("tls-exporter").count(), 1);
    assert!(!format!("{:?}", server_context().bindings(exporter())).contains("7, 7"));
}
