//! Somebody sits in between, or the peer is not what it says.

use wirestate_sasl::client::{Client, Error, ServerErrorValue};
use wirestate_sasl::server::{Answer, Failure, Rejection, Server};
use wirestate_sasl::{Advertised, Bindings, ChannelBinding, Hash, Mechanism, PrepError, TextError};

use crate::support::*;

const SHA_256: Mechanism = Mechanism::SCRAM_SHA_256;
const SHA_256_PLUS: Mechanism = Mechanism::SCRAM_SHA_256_PLUS;

/// A whole exchange in which the wire replaces `from` by `to` in each message.
fn tampered(from: &str, to: &str) -> Outcome {
    let mut client = Client::start(SHA_256, &ann(), &client_context()).unwrap();
    let mut server = Server::start(SHA_256, &server_context().success_data(true)).unwrap();
    let mut seen = false;
    let outcome = talk_over(&mut client, &mut server, application, |on| {
        let (On::Client(message) | On::Server(message)) = on;
        let text = String::from_utf8(message.clone()).unwrap();
        seen |= text.contains(from);
        *message = text.replace(from, to).into_bytes();
    });
    assert!(seen, "{from} was never on the wire");
    outcome
}

fn credentials_refused() -> Outcome {
    Outcome::Refused(Failure::Rejected(Rejection::Credentials))
}

#[test]
fn plus_is_hidden_from_the_client() {
    // The client sees SCRAM only, says `y`, and the server knows better.
    let client = client_context().bindings(exporter()).server_offers_plus(false);
    let server = server_context().bindings(exporter()).plus_offered(true);
    assert_eq!(talk(SHA_256, &ann(), &client, &server), Outcome::Refused(Failure::Downgrade));
    // A server without -PLUS takes the `y` as it is meant.
    let server = server_context();
    assert_eq!(talk(SHA_256, &ann(), &client, &server).identity().name(), "ann");
}

#[test]
fn the_wire_turns_y_into_n() {
    // The server cannot know yet, but `c=` in the client's second message is under the proof.
    let client_context = client_context().bindings(exporter());
    let server_context = server_context().bindings(exporter()).plus_offered(true);
    let mut client = Client::start(SHA_256, &ann(), &client_context).unwrap();
    let mut server = Server::start(SHA_256, &server_context).unwrap();
    let outcome = talk_over(&mut client, &mut server, application, |on| {
        if let On::Client(message) = on
            && message.starts_with(b"y,,")
        {
            message[0] = b'n';
        }
    });
    assert_eq!(outcome, Outcome::Refused(Failure::BindingMismatch));
}

/// XEP-0474: the lists of both sides, and what the wire makes of them.
#[test]
fn the_advertised_lists_are_changed_on_their_way() {
    let lists =
        |mechanisms: &[&str], types: &[&str]| Advertised::new(mechanisms.iter().copied(), types.iter().copied());
    let sent = lists(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], &["tls-exporter", "tls-server-end-point"]);
    let server = server_context().advertised(sent.clone()).success_data(true);
    let outcome = |came: Option<Advertised>| {
        let client = match came {
            Some(came) => client_context().advertised(came),
            None => client_context(),
        };
        talk(SHA_256, &ann(), &client, &server)
    };
    assert_eq!(outcome(Some(sent.clone())).identity().name(), "ann");
    assert_eq!(outcome(None).identity().name(), "ann");
    for came in [
        lists(&["SCRAM-SHA-256"], &["tls-exporter", "tls-server-end-point"]),
        lists(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], &["tls-server-end-point"]),
        lists(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], &[]),
        lists(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"], &["tls-exporter", "tls-server-end-point"]),
    ] {
        assert_eq!(outcome(Some(came)), Outcome::BrokenOff(Error::AdvertisedChanged));
    }

    // The wire may take `h=` away or write its own: it is under both signatures.
    let few = lists(&["SCRAM-SHA-256"], &[]);
    let taken_away = |message: &str| message.split(",h=").next().unwrap().to_string();
    let forged = |message: &str| {
        let theirs = Server::start(SHA_256, &server_context().advertised(few.clone())).unwrap();
        format!("{},h={}", taken_away(message), advertised_by(theirs))
    };
    for change in [&taken_away as &dyn Fn(&str) -> String, &forged] {
        let mut client = Client::start(SHA_256, &ann(), &client_context().advertised(few.clone())).unwrap();
        let mut server = Server::start(SHA_256, &server).unwrap();
        let outcome = talk_over(&mut client, &mut server, application, |on| {
            if let On::Server(message) = on
                && message.starts_with(b"r=")
            {
                *message = change(core::str::from_utf8(message).unwrap()).into_bytes();
            }
        });
        assert_eq!(outcome, credentials_refused());
    }
}

/// The `h=` of a server's first message.
fn advertised_by(mut server: Server) -> String {
    asked(server.step(Some(b"n,,n=ann,r=x")));
    let first = challenged(server.answer(Answer::Keys(keys_of(Hash::Sha256, "pencil"))));
    first.split_once(",h=").unwrap().1.to_string()
}

#[test]
fn two_tls_channels_instead_of_one() {
    for (ours, theirs) in [
        (ChannelBinding::TlsExporter([1; 32]), ChannelBinding::TlsExporter([2; 32])),
        (ChannelBinding::TlsServerEndPoint(vec![1; 32]), ChannelBinding::TlsServerEndPoint(vec![2; 32])),
        (ChannelBinding::TlsServerEndPoint(vec![1; 32]), ChannelBinding::TlsServerEndPoint(vec![])),
    ] {
        let outcome = talk(SHA_256_PLUS, &ann(), &client_context().bindings(ours), &server_context().bindings(theirs));
        assert_eq!(outcome, Outcome::Refused(Failure::BindingMismatch));
    }
}

#[test]
fn a_binding_type_that_the_server_has_not() {
    let outcome =
        talk(SHA_256_PLUS, &ann(), &client_context().bindings(exporter()), &server_context().bindings(end_point()));
    assert_eq!(outcome, Outcome::Refused(Failure::BindingTypeUnsupported));
}

#[test]
fn the_flag_must_fit_the_mechanism() {
    let first = |mechanism, message: &str| {
        let mut server = Server::start(mechanism, &server_context().bindings(exporter())).unwrap();
        failed(server.step(Some(message.as_bytes())))
    };
    assert_eq!(first(SHA_256, "p=tls-exporter,,n=ann,r=abc"), Failure::BindingUnexpected);
    assert_eq!(first(SHA_256_PLUS, "n,,n=ann,r=abc"), Failure::BindingMissing);
    assert_eq!(first(SHA_256_PLUS, "y,,n=ann,r=abc"), Failure::BindingMissing);
    assert_eq!(first(SHA_256_PLUS, "p=tls-unique,,n=ann,r=abc"), Failure::BindingTypeUnsupported);
}

#[test]
fn messages_are_changed_on_the_way() {
    use Outcome::{BrokenOff, Refused};
    assert_eq!(
        tampered("r=client-nonceserver-nonce,s=", "r=other-nonceserver-nonce,s="),
        BrokenOff(Error::NonceNotExtended)
    );
    assert_eq!(tampered("r=client-nonceserver-nonce,s=", "r=client-nonce,s="), BrokenOff(Error::NonceNotExtended));
    assert_eq!(tampered("r=client-nonceserver-nonce,s=", "r=,s="), BrokenOff(Error::NonceMalformed));
    assert_eq!(tampered("r=client-nonceserver-nonce,s=", "r=client-noncé,s="), BrokenOff(Error::NonceMalformed));
    assert_eq!(tampered("r=client-nonceserver-nonce,s=", "r=client-nonceX,s="), Refused(Failure::NonceMismatch));
    assert_eq!(
        tampered("r=client-nonceserver-nonce,p=", "r=client-nonceserver-noncf,p="),
        Refused(Failure::NonceMismatch)
    );
    assert_eq!(tampered("r=client-nonceserver-nonce,p=", "r=client-nonce,p="), Refused(Failure::NonceMismatch));
    assert_eq!(tampered("n=ann,r=client-nonce", "n=bob,r=client-nonce"), credentials_refused());
    assert_eq!(tampered("c=biws", "c=eSws"), Refused(Failure::BindingMismatch));
    assert_eq!(tampered("c=biws", "c=biw"), Refused(Failure::BindingNotBase64));
    assert_eq!(tampered("i=4096", "i=4097"), credentials_refused());
    assert_eq!(tampered("i=4096", "i=4095"), BrokenOff(Error::TooFewIterations { iterations: 4095, min: 4096 }));
    assert_eq!(tampered("i=4096", "i=1"), BrokenOff(Error::TooFewIterations { iterations: 1, min: 4096 }));
    for bomb in ["i=1000001", "i=2147483647", "i=4294967295", "i=4294967296", "i=99999999999999999999999"] {
        assert_eq!(tampered("i=4096", bomb), BrokenOff(Error::TooManyIterations { max: 1_000_000 }), "{bomb}");
    }
    for malformed in ["i=", "i=0", "i=04096", "i=-1", "i=+4096", "i=4096 ", "i=x"] {
        assert_eq!(tampered("i=4096", malformed), BrokenOff(Error::IterationsMalformed), "{malformed}");
    }
    assert_eq!(tampered(",i=4096", ""), BrokenOff(Error::AttributeMissing('i')));
    assert_eq!(tampered(",s=MDEy", ",s=NDEy"), credentials_refused());
    assert_eq!(tampered(",s=MDEyMzQ1Njc4OWFiY2RlZg==", ",s="), BrokenOff(Error::SaltEmpty));
    assert_eq!(tampered(",s=MDEy", ",s=*DEy"), BrokenOff(Error::SaltNotBase64));
    assert_eq!(tampered(",s=MDEyMzQ1Njc4OWFiY2RlZg==", ""), BrokenOff(Error::AttributeMissing('s')));
    assert_eq!(
        tampered("r=client-nonceserver-nonce,s=", "m=x,r=client-nonceserver-nonce,s="),
        BrokenOff(Error::MandatoryExtension)
    );
    assert_eq!(
        tampered("r=client-nonceserver-nonce,s=", "e=x,r=client-nonceserver-nonce,s="),
        BrokenOff(Error::Server(ServerErrorValue::Unlisted("x".into())))
    );
}

#[test]
fn extensions_that_need_not_be_understood_are_signed_over() {
    // Nobody may add one on the way...
    assert_eq!(tampered("i=4096", "i=4096,x=y"), credentials_refused());
    assert_eq!(tampered(",p=", ",x=y,p="), credentials_refused());
    assert_eq!(tampered("n,,n=ann,r=client-nonce", "n,,n=ann,r=client-nonce,x=y"), credentials_refused());
    // ... but after the server's signature it does no harm.
    let mut client = Client::start(SHA_256, &ann(), &client_context()).unwrap();
    let mut server = Server::start(SHA_256, &server_context().success_data(true)).unwrap();
    let outcome = talk_over(&mut client, &mut server, application, |on| {
        if let On::Server(message) = on
            && message.starts_with(b"v=")
        {
            message.extend_from_slice(b",x=y");
        }
    });
    assert_eq!(outcome.identity().name(), "ann");
}

#[test]
fn a_server_without_the_password_cannot_pass() {
    let final_messages = [
        ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Error::SignatureWrong),
        ("v=AAAA", Error::SignatureMalformed),
        ("v=", Error::SignatureMalformed),
        ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Error::SignatureMalformed),
        ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Error::SignatureMalformed),
        ("x=y", Error::AttributeMissing('v')),
        ("e=invalid-proof", Error::Server(ServerErrorValue::InvalidProof)),
        ("e=unknown-user", Error::Server(ServerErrorValue::UnknownUser)),
        ("e=", Error::Server(ServerErrorValue::Unlisted(String::new()))),
    ];
    for (message, error) in final_messages {
        for as_data in [false, true] {
            let mut client = after_proof();
            let outcome = match as_data {
                true => client.succeed(Some(message.as_bytes())),
                false => client.step(Some(message.as_bytes())).map(drop),
            };
            assert_eq!(outcome, Err(error.clone()), "{message}");
            assert_eq!(client.succeed(None), Err(error.clone()), "sticky: {message}");
        }
    }
    assert_eq!(after_proof().succeed(None), Err(Error::SignatureMissing));
    assert_eq!(after_proof().succeed(Some(b"")), Err(Error::SignatureMissing));
    assert_eq!(after_proof().succeed(Some(b"\xff")), Err(Error::NotUtf8));
    assert!(matches!(after_proof().step(Some(b"")), Err(Error::AttributeMissing('v'))));
}

/// A client that has sent its proof.
fn after_proof() -> Client {
    let mut client = Client::start(SHA_256, &ann(), &client_context()).unwrap();
    let _ = sent(client.step(None));
    let _ = sent(worked(&mut client, "r=client-nonceXYZ,s=QSXCR+Q6sek8bf92,i=4096"));
    client
}

#[test]
fn success_comes_too_early() {
    let start = || Client::start(SHA_256, &ann(), &client_context()).unwrap();
    assert_eq!(start().succeed(None), Err(Error::Incomplete));
    let mut client = start();
    let _ = sent(client.step(None));
    assert_eq!(client.succeed(None), Err(Error::Incomplete));
    let mut client = start();
    let _ = sent(client.step(None));
    assert_eq!(client.succeed(Some(b"v=AAAA")), Err(Error::UnexpectedSuccessData));
    let mut client = start();
    let _ = sent(client.step(None));
    let _work = client.step(Some(b"r=client-nonceXYZ,s=QSXCR+Q6sek8bf92,i=4096")).unwrap();
    assert_eq!(client.succeed(None), Err(Error::Incomplete));
}

#[test]
fn one_exchange_is_not_replayed_into_another() {
    let record = |server_nonce: &str| {
        let mut client = Client::start(SHA_256, &ann(), &client_context()).unwrap();
        let context = wirestate_sasl::server::Context::new(nonce(server_nonce))
            .fake_keys(wirestate_sasl::FakeKeys::new([9; 32]))
            .success_data(true);
        let mut server = Server::start(SHA_256, &context).unwrap();
        let mut messages = Vec::new();
        let outcome = talk_over(&mut client, &mut server, application, |on| {
            if let On::Client(message) = on {
                messages.push(message.clone());
            }
        });
        assert_eq!(outcome.identity().name(), "ann");
        messages
    };
    let messages = record("monday");
    let mut server = Server::start(SHA_256, &server_context()).unwrap();
    asked(server.step(Some(&messages[0])));
    let _ = challenged(server.answer(Answer::Keys(keys_of(Hash::Sha256, "pencil"))));
    assert_eq!(failed(server.step(Some(&messages[1]))), Failure::NonceMismatch);
}

#[test]
fn unknown_users_look_like_known_ones() {
    let first = |user: &str, answer: Answer| {
        let mut server = Server::start(SHA_256, &server_context()).unwrap();
        asked(server.step(Some(format!("n,,n={user},r=abc").as_bytes())));
        let challenge = challenged(server.answer(answer));
        let proof = "A".repeat(43);
        let message = format!("c=biws,r=abcserver-nonce,p={proof}=");
        (challenge, failed(server.step(Some(message.as_bytes()))))
    };
    let wrong = Failure::Rejected(Rejection::Credentials);
    let (known, failure) = first("ann", Answer::Keys(keys_of(Hash::Sha256, "pencil")));
    assert_eq!(failure, wrong);
    let (unknown, failure) = first("bob", Answer::NoKeys);
    assert_eq!(failure, wrong);
    assert_eq!(known.len(), unknown.len());
    assert_eq!(first("bob", Answer::NoKeys).0, unknown, "the same user gets the same salt");
    assert_eq!(first("bob", Answer::Reject(Rejection::Credentials)).0, unknown);
    assert_ne!(first("eve", Answer::NoKeys).0, unknown);
}

#[test]
fn client_first_messages_out_of_form() {
    let first = |message: &[u8]| {
        let mut server = Server::start(SHA_256, &server_context()).unwrap();
        failed(server.step(Some(message)))
    };
    let text = |error: TextError| Failure::Text(error);
    use wirestate_sasl::Field::{Message, User};
    assert_eq!(first(b""), Failure::Gs2Header);
    assert_eq!(first(b"n=ann,r=abc"), Failure::Gs2Header);
    assert_eq!(first(b"n,,"), Failure::AttributeMissing('n'));
    assert_eq!(first(b"n,,r=abc,n=ann"), Failure::AttributeMissing('n'));
    assert_eq!(first(b"n,,n=ann"), Failure::AttributeMissing('r'));
    assert_eq!(first(b"n,,n=ann,x=y,r=abc"), Failure::AttributeMissing('r'));
    assert_eq!(first(b"n,,m=x,n=ann,r=abc"), Failure::MandatoryExtension);
    assert_eq!(first(b"n,,n=ann,r="), Failure::NonceMalformed);
    assert_eq!(first(b"n,,n=ann,r=a b"), Failure::NonceMalformed);
    assert_eq!(first(b"n,,n=a=b,r=abc"), Failure::SaslName);
    assert_eq!(first(b"n,,n=,r=abc"), text(TextError::Empty(User)));
    assert_eq!(first(b"n,,n=a\0b,r=abc"), text(TextError::Forbidden(User)));
    assert_eq!(first(b"n,,n=a\r\nb,r=abc"), text(TextError::Forbidden(User)));
    assert_eq!(first(b"n,,n=\xff,r=abc"), text(TextError::NotUtf8(Message)));
    let private_use = if cfg!(feature = "std") { PrepError::Prohibited } else { PrepError::TablesMissing };
    assert_eq!(first("n,,n=\u{e000},r=abc".as_bytes()), Failure::UserName(private_use));
}

#[test]
fn client_final_messages_out_of_form() {
    let last = |message: &str| {
        let mut server = Server::start(SHA_256, &server_context()).unwrap();
        asked(server.step(Some(b"n,,n=ann,r=abc")));
        let _ = challenged(server.answer(Answer::Keys(keys_of(Hash::Sha256, "pencil"))));
        failed(server.step(Some(message.as_bytes())))
    };
    let proof = format!("{}=", "A".repeat(43));
    assert_eq!(last(""), Failure::AttributeMissing('p'));
    assert_eq!(last("c=biws,r=abcserver-nonce"), Failure::AttributeMissing('p'));
    assert_eq!(last(&format!("r=abcserver-nonce,c=biws,p={proof}")), Failure::AttributeMissing('c'));
    assert_eq!(last(&format!("c=biws,p={proof}")), Failure::AttributeMissing('r'));
    assert_eq!(last(&format!("c=biws,r=abcserver-nonce,m=x,p={proof}")), Failure::MandatoryExtension);
    assert_eq!(last("c=biws,r=abcserver-nonce,p="), Failure::ProofMalformed);
    assert_eq!(last("c=biws,r=abcserver-nonce,p=AAAA"), Failure::ProofMalformed);
    assert_eq!(last(&format!("c=biws,r=abcserver-nonce,p=AAAA{proof}")), Failure::ProofMalformed);
    assert_eq!(last(&format!("c=biws,r=abcserver-nonce,p={proof},x=y")), Failure::ProofMalformed);
    assert_eq!(last(&format!("c=biws,r=abcserver-nonce,p={proof}")), Failure::Rejected(Rejection::Credentials));
}

#[test]
fn the_confirmation_must_be_empty() {
    let mut client = Client::start(SHA_256, &ann(), &client_context()).unwrap();
    let mut server = Server::start(SHA_256, &server_context()).unwrap();
    let mut last = false;
    let outcome = talk_over(&mut client, &mut server, application, |on| match on {
        On::Server(message) => last = message.starts_with(b"v="),
        On::Client(message) if last => message.push(b'x'),
        On::Client(_) => {}
    });
    assert_eq!(outcome, Outcome::Refused(Failure::ConfirmationNotEmpty));
}

#[test]
fn without_its_needs_it_does_not_start() {
    use wirestate_sasl::client::Credentials;
    use wirestate_sasl::server::{Context, StartError};
    let mechanism = SHA_256_PLUS;
    assert_eq!(Client::start(mechanism, &ann(), &client_context()).unwrap_err(), Error::NoChannelBinding { mechanism });
    let bare = Context::new(nonce("x"));
    assert_eq!(Server::start(mechanism, &bare).unwrap_err(), StartError::NoChannelBinding { mechanism });
    let bound = bare.bindings(exporter());
    assert_eq!(Server::start(mechanism, &bound).unwrap_err(), StartError::NoFakeKeys { mechanism });
    let tab = Credentials::password("ann", "pen\tcil").unwrap();
    let error = Client::start(SHA_256, &tab, &client_context().bindings(Bindings::none())).unwrap_err();
    assert_eq!(error, Error::Password(PrepError::Prohibited));
}
