//! The examples of the RFCs, both sides, octet for octet; SCRAM has its own file.

use wirestate_sasl::client::{Client, Credentials};
use wirestate_sasl::server::{Answer, Ask, Context, Identity, Rejection, Server};
use wirestate_sasl::{Mechanism, Secret, base64};

use crate::support::*;

fn client(mechanism: Mechanism, credentials: &Credentials) -> Client {
    Client::start(mechanism, credentials, &client_context()).unwrap()
}

fn server(mechanism: Mechanism) -> Server {
    Server::start(mechanism, &server_context()).unwrap()
}

#[test]
fn rfc_4616_section_4_plain() {
    let tim = Credentials::password("tim", "tanstaaftanstaaf").unwrap();
    let message = sent(client(Mechanism::Plain, &tim).step(None));
    assert_eq!(message, "\0tim\0tanstaaftanstaaf");
    let kurt = Credentials::password("Kurt", "xipj3plmq").unwrap().authorize_as("Ursel").unwrap();
    let message = sent(client(Mechanism::Plain, &kurt).step(None));
    assert_eq!(message, "Ursel\0Kurt\0xipj3plmq");

    let mut server = server(Mechanism::Plain);
    match asked(server.step(Some(message.as_bytes()))) {
        Ask::Password { authzid, user, password } => {
            assert_eq!((authzid.as_deref(), &*user, password.expose()), (Some("Ursel"), "Kurt", "xipj3plmq"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(asked(server.answer(Answer::Accept)), Ask::Authorize { .. }));
    assert_eq!(done(server.answer(Answer::Accept)), Identity::new("Kurt").acting_as("Ursel"));
}

#[test]
fn rfc_2195_section_2_cram_md5() {
    const CHALLENGE: &str = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
    const RESPONSE: &str = "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw";
    let tim = Credentials::password("tim", "tanstaaftanstaaf").unwrap();
    let mut client = client(Mechanism::CramMd5, &tim);
    assert!(matches!(client.step(None), Ok(wirestate_sasl::client::Step::Wait)));
    let response = sent(client.step(Some(&base64::decode(CHALLENGE, 100).unwrap())));
    assert_eq!(base64::encode(response.as_bytes()), RESPONSE);
    client.succeed(None).unwrap();

    let context = Context::new(nonce("1896.697170952")).host("postoffice.reston.mci.net");
    let mut server = Server::start(Mechanism::CramMd5, &context).unwrap();
    assert_eq!(base64::encode(challenged(server.step(None)).as_bytes()), CHALLENGE);
    match asked(server.step(Some(response.as_bytes()))) {
        Ask::Secret { user, proof } => {
            assert_eq!(user, "tim");
            assert_eq!(proof.challenge(), "<1896.697170952@postoffice.reston.mci.net>");
            assert_eq!(proof.digest(), "b913a602c7eda7a495b4e6e7334d3890");
            assert!(proof.fits(&Secret::new("tanstaaftanstaaf")));
            assert!(!proof.fits(&Secret::new("tanstaaf")));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(done(server.answer(Answer::Secret(Secret::new("tanstaaftanstaaf")))).name(), "tim");
}

/// RFC 7628 §4.1.
const BEARER: &str = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
                      auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
const BEARER_BASE64: &str = "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1\
                             dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

#[test]
fn rfc_7628_section_4_1_success() {
    let user = Credentials::token("user@example.com", TOKEN).unwrap();
    let mut client = client(Mechanism::OAuthBearer, &user);
    let message = sent(client.step(None));
    assert_eq!(message, BEARER);
    assert_eq!(base64::encode(message.as_bytes()), BEARER_BASE64);
    client.succeed(None).unwrap();

    let mut server = server(Mechanism::OAuthBearer);
    match asked(server.step(Some(BEARER.as_bytes()))) {
        Ask::Token { authzid, token, host, port } => {
            assert_eq!(authzid.as_deref(), Some("user@example.com"));
            assert_eq!(token.expose(), TOKEN);
            assert_eq!((host.as_deref(), port), (Some("server.example.com"), Some(143)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(done(server.answer(Answer::Accept)).name(), "user@example.com");
}

#[test]
fn rfc_7628_section_4_3_failure() {
    use wirestate_sasl::server::{Failure, OAuthHints};
    let context = server_context().oauth(OAuthHints {
        scope: Some("example_scope".into()),
        openid_configuration: Some("https://example.com/.well-known/openid-configuration".into()),
    });
    let mut server = Server::start(Mechanism::OAuthBearer, &context).unwrap();
    let user = Credentials::token("user@example.com", TOKEN).unwrap();
    let mut client = client(Mechanism::OAuthBearer, &user);
    asked(server.step(Some(sent(client.step(None)).as_bytes())));
    let json = challenged(server.answer(Answer::Reject(Rejection::Credentials)));
    assert_eq!(
        json,
        "{\"status\":\"invalid_token\",\"scope\":\"example_scope\",\
         \"openid-configuration\":\"https://example.com/.well-known/openid-configuration\"}"
    );
    let dummy = sent(client.step(Some(json.as_bytes())));
    assert_eq!(dummy, "\x01");
    assert_eq!(client.refusal(), Some(json.as_bytes()));
    assert_eq!(failed(server.step(Some(dummy.as_bytes()))), Failure::Rejected(Rejection::Credentials));
}

#[test]
fn xoauth2_as_google_documents_it() {
    const MESSAGE: &str = "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52\
                           YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
    let user = Credentials::token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg").unwrap();
    let mut client = client(Mechanism::XOAuth2, &user);
    let message = sent(client.step(None));
    assert_eq!(base64::encode(message.as_bytes()), MESSAGE);

    let mut server = server(Mechanism::XOAuth2);
    assert!(
        matches!(asked(server.step(Some(message.as_bytes()))), Ask::Token { authzid: Some(user), .. } if user == "someuser@example.com")
    );
    let json = challenged(server.answer(Answer::Reject(Rejection::Credentials)));
    assert_eq!(json, "{\"status\":\"401\",\"schemes\":\"bearer\"}");
    assert_eq!(sent(client.step(Some(json.as_bytes()))), "");
    assert_eq!(failed(server.step(Some(b""))).rejection(), Some(Rejection::Credentials));
}

#[test]
fn rfc_4422_appendix_a_external() {
    assert_eq!(sent(client(Mechanism::External, &Credentials::external()).step(None)), "");
    let fred = Credentials::external().authorize_as("fred@example.com").unwrap();
    assert_eq!(sent(client(Mechanism::External, &fred).step(None)), "fred@example.com");
}

#[test]
fn rfc_4505_section_3_anonymous() {
    let trace = Credentials::anonymous("sirhc").unwrap();
    let message = sent(client(Mechanism::Anonymous, &trace).step(None));
    assert_eq!(base64::encode(message.as_bytes()), "c2lyaGM=");
    let mut server = server(Mechanism::Anonymous);
    assert!(matches!(asked(server.step(Some(message.as_bytes()))), Ask::Anonymous { trace } if trace == "sirhc"));
}

#[test]
fn login_as_everybody_speaks_it() {
    let mut client = client(Mechanism::Login, &ann());
    let mut server = server(Mechanism::Login);
    let prompt = challenged(server.step(None));
    assert_eq!(prompt, "Username:");
    let user = sent(client.step(Some(prompt.as_bytes())));
    assert_eq!(user, "ann");
    let prompt = challenged(server.step(Some(user.as_bytes())));
    assert_eq!(prompt, "Password:");
    let password = sent(client.step(Some(prompt.as_bytes())));
    assert_eq!(password, "pencil");
    asked(server.step(Some(password.as_bytes())));
}
