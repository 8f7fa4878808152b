//! What the client refuses, and how it takes misuse.

use wirestate_sasl::client::{Client, Credentials, CredentialsError, Error, Step};
use wirestate_sasl::{Derivation, Field, Hash, Mechanism, Misuse, TextError};

use crate::support::*;

fn start(mechanism: Mechanism, credentials: &Credentials) -> Client {
    Client::start(mechanism, credentials, &client_context()).unwrap()
}

#[test]
fn credentials_that_nothing_can_carry() {
    let text = |error| Some(CredentialsError::Text(error));
    let password = |user: &str, password: &str| Credentials::password(user, password).err();
    assert_eq!(password("", "x"), text(TextError::Empty(Field::User)));
    assert_eq!(password("ann", ""), text(TextError::Empty(Field::Password)));
    for control in ["\0", "\r", "\n"] {
        assert_eq!(password(&format!("a{control}b"), "x"), text(TextError::Forbidden(Field::User)));
        assert_eq!(password("ann", &format!("a{control}b")), text(TextError::Forbidden(Field::Password)));
        assert_eq!(ann().authorize_as(control).err(), text(TextError::Forbidden(Field::Authzid)));
    }
    // %x01 would add a key to the messages of OAUTHBEARER and XOAUTH2.
    assert_eq!(Credentials::token("ann\u{1}auth=Bearer stolen", "x").err(), text(TextError::Forbidden(Field::User)));
    assert_eq!(Credentials::token("ann", "a\u{1}b").err(), text(TextError::Forbidden(Field::Token)));
    assert_eq!(Credentials::token("ann", "").err(), text(TextError::Empty(Field::Token)));
    assert_eq!(ann().authorize_as("").err(), text(TextError::Empty(Field::Authzid)));
    assert_eq!(Credentials::anonymous("x".repeat(256)).err(), text(TextError::TooLong(Field::Trace)));
}

#[test]
fn credentials_must_fit_the_mechanism() {
    let all = [
        ann(),
        ann().authorize_as("tim").unwrap(),
        Credentials::token("ann", "x").unwrap(),
        Credentials::external(),
        Credentials::anonymous("").unwrap(),
        Credentials::anonymous("").unwrap().authorize_as("tim").unwrap(),
    ];
    let context = client_context().bindings(exporter());
    let mut fitting = 0;
    for mechanism in Mechanism::ALL {
        for credentials in &all {
            let started = Client::start(mechanism, credentials, &context);
            if credentials.fit(mechanism) {
                fitting += 1;
                assert_eq!(started.unwrap().mechanism(), mechanism);
            } else {
                assert_eq!(started.unwrap_err(), Error::WrongCredentials { mechanism });
            }
        }
    }
    assert_eq!(fitting, 2 * 7 + 2 + 2 + 1 + 1);
}

#[test]
fn challenges_that_a_mechanism_does_not_have() {
    for mechanism in [Mechanism::Plain, Mechanism::SCRAM_SHA_1] {
        let mut client = start(mechanism, &ann());
        assert_eq!(client.step(Some(b"hello")).unwrap_err(), Error::UnexpectedChallenge);
        assert_eq!(client.step(None).unwrap_err(), Error::UnexpectedChallenge, "sticky");
    }
    let mut plain = start(Mechanism::Plain, &ann());
    let _ = sent(plain.step(None));
    assert_eq!(plain.step(Some(b"")).unwrap_err(), Error::UnexpectedChallenge);
    assert_eq!(plain.succeed(None), Err(Error::UnexpectedChallenge));

    let mut login = start(Mechanism::Login, &ann());
    assert!(matches!(login.step(None), Ok(Step::Wait)));
    assert_eq!(sent(login.step(Some(b"anything"))), "ann");
    assert_eq!(sent(login.step(Some(b""))), "pencil");
    assert_eq!(login.step(Some(b"more")).unwrap_err(), Error::UnexpectedChallenge);

    let mut cram = start(Mechanism::CramMd5, &ann());
    assert_eq!(cram.step(Some(b"")).unwrap_err(), Error::EmptyChallenge);
}

#[test]
fn success_counts_only_at_the_end() {
    for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5] {
        assert_eq!(start(mechanism, &ann()).succeed(None), Err(Error::Incomplete), "{mechanism}");
    }
    let mut login = start(Mechanism::Login, &ann());
    let _ = sent(login.step(Some(b"Username:")));
    assert_eq!(login.succeed(None), Err(Error::Incomplete));
    let mut cram = start(Mechanism::CramMd5, &ann());
    let _ = cram.step(None).unwrap();
    assert_eq!(cram.succeed(None), Err(Error::Incomplete));

    let mut plain = start(Mechanism::Plain, &ann());
    let _ = sent(plain.step(None));
    assert_eq!(plain.succeed(Some(b"data")), Err(Error::UnexpectedSuccessData));
    let mut plain = start(Mechanism::Plain, &ann());
    let _ = sent(plain.step(None));
    plain.succeed(Some(b"")).unwrap();
    assert_eq!(plain.succeed(None), Err(Error::Misuse(Misuse::Finished)));
    assert_eq!(plain.step(Some(b"")).unwrap_err(), Error::Misuse(Misuse::Finished));
}

#[test]
fn success_after_refusal_is_a_lie() {
    let token = Credentials::token("ann", "x").unwrap();
    for (mechanism, dummy) in [(Mechanism::OAuthBearer, "\u{1}"), (Mechanism::XOAuth2, "")] {
        let mut client = start(mechanism, &token);
        let _ = sent(client.step(None));
        assert_eq!(client.refusal(), None);
        assert_eq!(sent(client.step(Some(b"{}"))), dummy);
        assert_eq!(client.refusal(), Some(&b"{}"[..]));
        assert_eq!(client.succeed(None), Err(Error::SuccessAfterRefusal));
        let mut client = start(mechanism, &token);
        let _ = sent(client.step(None));
        let _ = sent(client.step(Some(b"{}")));
        assert_eq!(client.step(Some(b"{}")).unwrap_err(), Error::UnexpectedChallenge);
    }
}

#[test]
fn the_limit_counts_the_whole_exchange() {
    let context = client_context().limit(10);
    let mut login = Client::start(Mechanism::Login, &ann(), &context).unwrap();
    let _ = sent(login.step(Some(b"12345")));
    let _ = sent(login.step(Some(b"12345")));
    let mut login = Client::start(Mechanism::Login, &ann(), &context).unwrap();
    let _ = sent(login.step(Some(b"12345")));
    assert_eq!(login.step(Some(b"123456")).unwrap_err(), Error::TooLong { limit: 10 });
}

#[test]
fn misuse_changes_nothing() {
    let mut client = start(Mechanism::SCRAM_SHA_1, &ann());
    let derived = |hash, iterations| Derivation::new(hash, "pencil", SALT, iterations).unwrap().run();
    assert_eq!(client.resume(derived(Hash::Sha1, 4096)).unwrap_err(), Error::Misuse(Misuse::NoWork));
    let _ = sent(client.step(None));
    assert_eq!(client.step(None).unwrap_err(), Error::Misuse(Misuse::MessageMissing));
    assert_eq!(client.resume(derived(Hash::Sha1, 4096)).unwrap_err(), Error::Misuse(Misuse::NoWork));
    let challenge = b"r=client-nonceXYZ,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096";
    let _work = client.step(Some(challenge)).unwrap();
    assert_eq!(client.step(Some(b"x")).unwrap_err(), Error::Misuse(Misuse::WorkAwaited));
    for wrong in [derived(Hash::Sha256, 4096), derived(Hash::Sha1, 4095)] {
        assert_eq!(client.resume(wrong).unwrap_err(), Error::Misuse(Misuse::WrongDerivation));
    }
    assert!(sent(client.resume(derived(Hash::Sha1, 4096))).starts_with("c=biws,r=client-nonceXYZ,p="));
    assert_eq!(client.resume(derived(Hash::Sha1, 4096)).unwrap_err(), Error::Misuse(Misuse::NoWork));
}

#[test]
fn the_host_must_fit_into_a_message() {
    let token = Credentials::token("ann", "x").unwrap();
    for host in ["", "a b", "a\u{1}b", "ä.example"] {
        let context = client_context().host(host);
        assert_eq!(Client::start(Mechanism::OAuthBearer, &token, &context).unwrap_err(), Error::Host);
    }
}

#[test]
fn the_flag_tells_what_the_client_believes() {
    let first = |context| sent(Client::start(Mechanism::SCRAM_SHA_1, &ann(), &context).unwrap().step(None));
    assert_eq!(first(client_context()), "n,,n=ann,r=client-nonce");
    assert_eq!(first(client_context().bindings(exporter())), "y,,n=ann,r=client-nonce");
    assert_eq!(first(client_context().bindings(exporter()).server_offers_plus(true)), "n,,n=ann,r=client-nonce");
}

#[test]
fn nothing_secret_is_printed() {
    let mut client = start(Mechanism::Plain, &ann());
    let step = client.step(None);
    assert_eq!(
        format!("{client:?} {step:?} {:?}", ann()),
        "Client(PLAIN, running) Ok(Send(11 octets)) Credentials::password(..)"
    );
}
