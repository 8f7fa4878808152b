//! Arbitrary octets and arbitrary calls, at every step of both sides: no panic, and nobody gets in.

use proptest::prelude::*;
use wirestate_sasl::client::{Client, Credentials, Step};
use wirestate_sasl::server::{self, Answer, Server};
use wirestate_sasl::{Mechanism, ScramKeys, apop, base64};

use crate::support::*;

/// Octets that look like SCRAM or key lists now and then.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        "[nyp,=ares\u{1}\u{0}0-9 ]{0,40}".prop_map(String::into_bytes),
        "(n|y|p=tls-exporter),(a=[a-z=]{0,5})?,n=[a-zé=,]{0,6},r=[!-~]{0,8}".prop_map(String::into_bytes),
        "r=client-nonce[!-~]{0,8},s=[A-Za-z0-9+/=]{0,12},i=[0-9]{0,11}".prop_map(String::into_bytes),
        "c=[A-Za-z0-9+/=]{0,12},r=[!-~]{0,24},p=[A-Za-z0-9+/=]{0,90}".prop_map(String::into_bytes),
        "[ve]=[A-Za-z0-9+/=]{0,90}".prop_map(String::into_bytes),
        "n,,\u{1}(host=[ -~]{0,5}\u{1})?(port=[0-9]{0,6}\u{1})?auth=Bearer [ -~]{0,9}\u{1}{0,3}"
            .prop_map(String::into_bytes),
        ".{0,8}\u{0}.{0,8}\u{0}.{0,8}".prop_map(String::into_bytes),
        ".{0,8} [0-9a-f]{31,33}".prop_map(String::into_bytes),
        "((realm|nonce|qop|algorithm|charset|username|nc|cnonce|digest-uri|response)=(\"[ -~]{0,6}\"|auth|utf-8|md5-sess|00000001|server-nonce|[0-9a-f]{32}),){0,9}"
            .prop_map(String::into_bytes),
        (".{1,4}", proptest::collection::vec(any::<u8>(), 32)).prop_map(|(user, hash)| [user.as_bytes(), b"\0", &hash].concat()),
        "rspauth=[0-9a-f]{32}".prop_map(String::into_bytes),
    ]
}

fn mechanisms() -> impl Strategy<Value = Mechanism> {
    proptest::sample::select(Mechanism::every().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn the_server_withstands_any_responses(
        mechanism in mechanisms(),
        responses in proptest::collection::vec(proptest::option::weighted(0.9, octets()), 1..6),
    ) {
        let context = server_context().bindings(both_bindings()).plus_offered(true);
        let mut server = Server::start(mechanism, &context).unwrap();
        for response in responses {
            let mut step = server.step(response.as_deref());
            while let Ok(server::Step::Ask(ask)) = step {
                prop_assert!(server.step(Some(b"")).is_err(), "a question is open");
                // Nothing is accepted here but what the mechanisms check themselves.
                let answer = match ask {
                    server::Ask::Keys { hash, .. } => Answer::Keys(keys_of_nobody(hash)),
                    server::Ask::Secret { .. } | server::Ask::Digest { .. } | server::Ask::HashedToken { .. } => Answer::Secret(wirestate_sasl::Secret::new("pencil")),
                    _ => Answer::Reject(server::Rejection::Credentials),
                };
                step = server.answer(answer);
            }
            let logged_in = matches!(step, Ok(server::Step::Done { .. }));
            prop_assert!(!logged_in);
        }
    }

    #[test]
    fn the_client_withstands_any_challenges(
        mechanism in mechanisms(),
        challenges in proptest::collection::vec(octets(), 1..6),
        data in proptest::option::of(octets()),
    ) {
        let credentials = match mechanism {
            Mechanism::External => Credentials::external(),
            Mechanism::Anonymous => Credentials::anonymous("").unwrap(),
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token("ann", "x").unwrap(),
            Mechanism::Ht(_) => Credentials::fast_token("ann", FAST_TOKEN).unwrap(),
            _ => ann(),
        };
        let context = client_context().bindings(both_bindings()).iterations(1..=50);
        let mut client = Client::start(mechanism, &credentials, &context).unwrap();
        let _ = client.step(None);
        for challenge in challenges {
            if let Ok(Step::Work(work)) = client.step(Some(&challenge)) {
                let _ = client.resume(work.run());
            }
        }
        let believed = client.succeed(data.as_deref()).is_ok();
        let proves = matches!(mechanism, Mechanism::Scram { .. } | Mechanism::Ht(_) | Mechanism::DigestMd5);
        prop_assert!(!(believed && proves), "no server proved itself");
    }

    #[test]
    fn a_flipped_bit_never_logs_in(
        mechanism in proptest::sample::select(vec![Mechanism::SCRAM_SHA_1, Mechanism::SCRAM_SHA_256_PLUS, Mechanism::FAST[0]]),
        at_message in 0usize..4,
        at_octet in any::<proptest::sample::Index>(),
        bit in 0u8..8,
        success_data in any::<bool>(),
    ) {
        let credentials = match mechanism {
            Mechanism::Ht(_) => Credentials::fast_token("ann", FAST_TOKEN).unwrap(),
            _ => ann(),
        };
        let mut client = Client::start(mechanism, &credentials, &client_context().bindings(exporter())).unwrap();
        let context = server_context().bindings(exporter()).success_data(success_data);
        let mut server = Server::start(mechanism, &context).unwrap();
        let (mut count, mut flipped) = (0, false);
        let outcome = talk_over(&mut client, &mut server, application, |on| {
            let (On::Client(message) | On::Server(message)) = on;
            if count == at_message && !message.is_empty() {
                let at = at_octet.index(message.len());
                message[at] ^= 1 << bit;
                flipped = true;
            }
            count += 1;
        });
        // HT has but two messages.
        prop_assert_eq!(flipped, !matches!(outcome, Outcome::LoggedIn(_)), "{:?}", outcome);
    }

    #[test]
    fn readers_withstand_any_text(text in ".{0,60}") {
        let _ = ScramKeys::from_text(&text);
        let _ = apop::Timestamp::find(&text);
        let _ = base64::decode(&text, 100);
        let _ = Mechanism::from_name(&text);
        let _ = wirestate_sasl::saslprep(&text);
        let _ = wirestate_sasl::Nonce::new(&text);
    }

    #[test]
    fn what_the_client_takes_the_server_takes_unchanged(
        authzid in proptest::option::of(".{1,12}"),
        user in ".{1,12}",
        password in ".{1,12}",
    ) {
        let Ok(mut credentials) = Credentials::password(user.as_str(), password.as_str()) else { return Ok(()) };
        if let Some(authzid) = &authzid {
            let Ok(with_authzid) = credentials.authorize_as(authzid.as_str()) else { return Ok(()) };
            credentials = with_authzid;
        }
        let mut client = Client::start(Mechanism::Plain, &credentials, &client_context()).unwrap();
        let mut server = Server::start(Mechanism::Plain, &server_context()).unwrap();
        match asked(server.step(Some(sent(client.step(None)).as_bytes()))) {
            server::Ask::Password { authzid: seen_authzid, user: seen_user, password: seen } => {
                prop_assert_eq!((seen_authzid, &seen_user, seen.expose()), (authzid, &user, password.as_str()));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

fn keys_of_nobody(hash: wirestate_sasl::Hash) -> ScramKeys {
    let key = vec![1; hash.output_len()];
    ScramKeys::from_parts(hash, b"salt", 4096, &key, &key).unwrap()
}
