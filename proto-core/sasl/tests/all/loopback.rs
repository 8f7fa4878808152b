//! Our client against our server.

use wirestate_sasl::Mechanism;
use wirestate_sasl::client::{Credentials, Step};
use wirestate_sasl::server::{Failure, Rejection};

use crate::support::*;

fn credentials_for(mechanism: Mechanism) -> Credentials {
    match mechanism {
        Mechanism::External => Credentials::external(),
        Mechanism::Anonymous => Credentials::anonymous("ann@example.com").unwrap(),
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token("ann", "ya29.token").unwrap(),
        Mechanism::Ht(_) => Credentials::fast_token("ann", FAST_TOKEN).unwrap(),
        _ => ann(),
    }
}

#[test]
fn every_mechanism_logs_in_with_and_without_success_data() {
    for mechanism in Mechanism::every() {
        for bindings in [exporter(), end_point(), both_bindings()] {
            let bindings = if matches!(mechanism, Mechanism::Ht(_)) { both_bindings() } else { bindings };
            for success_data in [false, true] {
                let client = client_context().bindings(bindings.clone()).server_offers_plus(true);
                let server = server_context().bindings(both_bindings()).plus_offered(true).success_data(success_data);
                let identity = talk(mechanism, &credentials_for(mechanism), &client, &server).identity();
                let expected = if mechanism == Mechanism::Anonymous { "anonymous" } else { "ann" };
                assert_eq!((identity.user(), identity.name()), (expected, expected), "{mechanism}");
            }
        }
    }
}

#[test]
fn wrong_secrets_are_refused_by_every_mechanism_that_has_one() {
    for mechanism in Mechanism::every() {
        let credentials = match credentials_for(mechanism) {
            c if c.fit(Mechanism::Plain) => [("ann", "pencils"), ("bob", "pencil")]
                .map(|(user, password)| Credentials::password(user, password).unwrap())
                .to_vec(),
            c if c.fit(Mechanism::FAST[0]) => [("ann", "stolen"), ("bob", FAST_TOKEN)]
                .map(|(user, token)| Credentials::fast_token(user, token).unwrap())
                .to_vec(),
            c if c.fit(Mechanism::XOAuth2) => vec![Credentials::token("ann", "ya29.stolen").unwrap()],
            _ => continue,
        };
        for credentials in credentials {
            let client = client_context().bindings(both_bindings()).server_offers_plus(true);
            let server = server_context().bindings(both_bindings()).plus_offered(true);
            let outcome = talk(mechanism, &credentials, &client, &server);
            assert_eq!(outcome, Outcome::Refused(Failure::Rejected(Rejection::Credentials)), "{mechanism}");
        }
    }
}

#[test]
fn acting_as_somebody_else_is_asked_apart() {
    let mechanisms =
        [Mechanism::Plain, Mechanism::SCRAM_SHA_256, Mechanism::OAuthBearer, Mechanism::XOAuth2, Mechanism::DigestMd5];
    for mechanism in mechanisms {
        for success_data in [false, true] {
            let as_whom = |authzid| {
                let credentials = credentials_for(mechanism).authorize_as(authzid).unwrap();
                talk(mechanism, &credentials, &client_context(), &server_context().success_data(success_data))
            };
            let tim = as_whom("tim").identity();
            assert_eq!((tim.user(), tim.authzid(), tim.name()), ("ann", Some("tim"), "tim"), "{mechanism}");
            assert_eq!(as_whom("ann").identity().name(), "ann", "{mechanism}");
            let outcome = as_whom("root");
            assert_eq!(outcome, Outcome::Refused(Failure::Rejected(Rejection::NotAuthorized)), "{mechanism}");
        }
    }
}

#[test]
fn external_may_name_whom_it_acts_as() {
    let as_whom = |authzid: &str| {
        let credentials = Credentials::external().authorize_as(authzid).unwrap();
        talk(Mechanism::External, &credentials, &client_context(), &server_context())
    };
    assert_eq!(as_whom("ann").identity().name(), "ann");
    assert_eq!(as_whom("root"), Outcome::Refused(Failure::Rejected(Rejection::Credentials)));
}

#[test]
fn names_with_commas_and_equals_signs_arrive_whole() {
    let name = "a=b,c=2Cd";
    let credentials = Credentials::password(name, "pencil").unwrap();
    for mechanism in
        [Mechanism::SCRAM_SHA_1, Mechanism::Plain, Mechanism::CramMd5, Mechanism::Login, Mechanism::DigestMd5]
    {
        let mut client = wirestate_sasl::client::Client::start(mechanism, &credentials, &client_context()).unwrap();
        let mut server = wirestate_sasl::server::Server::start(mechanism, &server_context()).unwrap();
        let mut seen = None;
        talk_over(
            &mut client,
            &mut server,
            |ask| {
                use wirestate_sasl::server::Ask;
                if let Ask::Password { user, .. }
                | Ask::Keys { user, .. }
                | Ask::Secret { user, .. }
                | Ask::Digest { user, .. } = &ask
                {
                    seen = Some(user.clone());
                }
                application(ask)
            },
            |_| (),
        );
        assert_eq!(seen.as_deref(), Some(name), "{mechanism}");
    }
}

#[cfg(feature = "std")]
#[test]
fn names_and_passwords_beyond_ascii_are_prepared() {
    use wirestate_sasl::server::{Answer, Ask};
    // The ligature of the user name and the fullwidth letters of the password are prepared away on the client's side;
    // the server's keys were made from the plain form.
    let credentials = Credentials::password("ﬁsh", "ｐｅｎｃｉｌ").unwrap();
    let mechanism = Mechanism::SCRAM_SHA_512;
    let mut client = wirestate_sasl::client::Client::start(mechanism, &credentials, &client_context()).unwrap();
    let mut server = wirestate_sasl::server::Server::start(mechanism, &server_context()).unwrap();
    let outcome = talk_over(
        &mut client,
        &mut server,
        |ask| match ask {
            Ask::Keys { user, hash, .. } if user == "fish" => Answer::Keys(keys_of(hash, "pencil")),
            other => application(other),
        },
        |_| (),
    );
    assert_eq!(outcome.identity().name(), "fish");
}

#[test]
fn an_empty_first_challenge_stands_for_no_initial_response() {
    for mechanism in Mechanism::every().filter(|mechanism| mechanism.client_first()) {
        let client_context = client_context().bindings(both_bindings()).server_offers_plus(true);
        let server_context = server_context().bindings(both_bindings()).success_data(true);
        let start =
            || wirestate_sasl::client::Client::start(mechanism, &credentials_for(mechanism), &client_context).unwrap();
        let mut server = wirestate_sasl::server::Server::start(mechanism, &server_context).unwrap();
        assert_eq!(challenged(server.step(None)), "");
        let (mut early, mut late) = (start(), start());
        let (Ok(Step::Send(message)), Ok(Step::Send(same))) = (late.step(Some(b"")), early.step(None)) else {
            panic!("{mechanism} sent nothing");
        };
        assert_eq!(message, same);
        asked(server.step(Some(&message)));
    }
}
