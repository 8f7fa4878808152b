//! DIGEST-MD5 (RFC 2831).

use wirestate_sasl::client::{self, Client, Credentials, Error, Policy, Step, choose};
use wirestate_sasl::server::{self, Answer, Ask, Failure, Rejection, Server};
use wirestate_sasl::{Bindings, Mechanism, Misuse, Secret};

use crate::support::*;

const CHALLENGE: &str =
    r#"realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8"#;
const RSPAUTH: &str = "rspauth=ea40f60335c427b5527b84dbabcdfffd";

fn chris() -> Client {
    let context = client::Context::new(nonce("OA6MHXh6VqTrRk")).service("imap").host("elwood.innosoft.com");
    Client::start(Mechanism::DigestMd5, &Credentials::password("chris", "secret").unwrap(), &context).unwrap()
}

fn elwood() -> Server {
    let context = server::Context::new(nonce("OA6MG9tEQGm2hh")).host("elwood.innosoft.com").success_data(true);
    Server::start(Mechanism::DigestMd5, &context).unwrap()
}

/// The response of a client whose wire changes `from` to `to`.
fn response(from: &str, to: &str) -> String {
    let response = sent(chris().step(Some(CHALLENGE.as_bytes())));
    assert!(response.contains(from), "{response}");
    response.replace(from, to)
}

#[test]
fn rfc_2831_section_4() {
    let mut client = chris();
    assert!(matches!(client.step(None), Ok(Step::Wait)));
    let response = sent(client.step(Some(CHALLENGE.as_bytes())));
    assert_eq!(
        response,
        r#"charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth"#
    );

    let mut server = elwood();
    let challenge = challenged(server.step(None));
    assert!(challenge.starts_with(r#"realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth","#));
    match asked(server.step(Some(response.as_bytes()))) {
        Ask::Digest { authzid, user, realm } => {
            assert_eq!((authzid, &*user, &*realm), (None, "chris", "elwood.innosoft.com"));
        }
        other => panic!("{other:?}"),
    }
    match server.answer(Answer::Secret(Secret::new("secret"))).unwrap() {
        server::Step::Done { identity, data } => {
            assert_eq!((identity.name(), data.as_deref()), ("chris", Some(RSPAUTH.as_bytes())));
        }
        other => panic!("{other:?}"),
    }
    client.succeed(Some(RSPAUTH.as_bytes())).unwrap();
}

/// The second example of RFC 2831 §4.
#[test]
fn rfc_2831_section_4_acap() {
    let context = client::Context::new(nonce("OA9BSuZWMSpW8m")).service("acap").host("elwood.innosoft.com");
    let credentials = Credentials::password("chris", "secret").unwrap();
    let mut client = Client::start(Mechanism::DigestMd5, &credentials, &context).unwrap();
    let challenge = r#"realm="elwood.innosoft.com",nonce="OA9BSXrbuRhWay",qop="auth",algorithm=md5-sess,charset=utf-8"#;
    let response = sent(client.step(Some(challenge.as_bytes())));
    assert!(response.contains("response=6084c6db3fede7352c551284490fd0fc"), "{response}");
    client.succeed(Some(b"rspauth=2f0b3d7c3c2e486600ef710726aa2eae")).unwrap();
}

#[test]
fn a_server_without_the_password_is_not_believed() {
    let responded = || {
        let mut client = chris();
        sent(client.step(Some(CHALLENGE.as_bytes())));
        client
    };
    assert_eq!(chris().succeed(None), Err(Error::Incomplete));
    assert_eq!(responded().succeed(None), Err(Error::SignatureMissing));
    assert_eq!(responded().succeed(Some(b"x=y")), Err(Error::SignatureMissing));
    assert_eq!(responded().succeed(Some(b"rspauth=abc")), Err(Error::SignatureMalformed));
    assert_eq!(responded().succeed(Some(RSPAUTH.replace("ea", "eb").as_bytes())), Err(Error::SignatureWrong));
    assert_eq!(responded().succeed(Some(b"\"")), Err(Error::DigestForm));
    let twice = format!("{RSPAUTH},{RSPAUTH}");
    assert_eq!(responded().succeed(Some(twice.as_bytes())), Err(Error::DigestDirective("rspauth")));
    let mut client = responded();
    assert_eq!(sent(client.step(Some(RSPAUTH.as_bytes()))), "");
    assert_eq!(client.succeed(None), Ok(()));
}

#[test]
fn challenges_that_ask_for_what_is_not_known() {
    for (from, to, directive) in [
        (r#"nonce="OA6MG9tEQGm2hh","#, "", "nonce"),
        ("nonce=", r#"nonce="x",nonce="#, "nonce"),
        ("md5-sess", "md5", "algorithm"),
        (",algorithm=md5-sess", "", "algorithm"),
        (r#""auth""#, r#""auth-int,auth-conf""#, "qop"),
        ("utf-8", "utf-16", "charset"),
    ] {
        let error = chris().step(Some(CHALLENGE.replace(from, to).as_bytes())).unwrap_err();
        assert_eq!(error, Error::DigestDirective(directive));
    }
    assert_eq!(chris().step(Some(b"")).unwrap_err(), Error::EmptyChallenge);
    assert_eq!(chris().step(Some(b"<123@host>")).unwrap_err(), Error::DigestForm);
    let several = CHALLENGE.replace(r#""auth""#, r#""auth-int, auth""#).replace("realm=", r#"realm="first",realm="#);
    assert!(sent(chris().step(Some(several.as_bytes()))).contains(r#"realm="first""#));
}

#[test]
fn responses_that_are_not_what_was_offered() {
    let failure = |response: String| {
        let mut server = elwood();
        challenged(server.step(None));
        failed(server.step(Some(response.as_bytes())))
    };
    assert_eq!(failure(response("OA6MG9tEQGm2hh", "another")), Failure::NonceMismatch);
    for (from, to, directive) in [
        ("nc=00000001", "nc=00000002", "nc"),
        ("nc=00000001,", "", "nc"),
        ("qop=auth", "qop=auth-conf", "qop"),
        (r#"realm="elwood.innosoft.com""#, r#"realm="elsewhere""#, "realm"),
        (r#"cnonce="OA6MHXh6VqTrRk""#, r#"cnonce="""#, "cnonce"),
        ("imap/elwood", "imap-elwood", "digest-uri"),
        ("imap/elwood", "imap/elsewhere", "digest-uri"),
        ("response=d3", "response=D3", "response"),
        ("username=", r#"username="eve",username="#, "username"),
        ("utf-8", "latin-1", "charset"),
    ] {
        assert_eq!(failure(response(from, to)), Failure::DigestDirective(directive));
    }
    assert_eq!(failure("garbage".into()), Failure::DigestForm);
    assert!(matches!(failure(response("chris", "")), Failure::Text(_)));
    assert_eq!(failed(elwood().step(Some(b"x=y"))), Failure::UnexpectedInitialResponse);
}

#[test]
fn what_is_under_the_digest_cannot_be_changed() {
    for (from, to) in [("chris", "christa"), ("imap/elwood", "pop/elwood"), ("OA6MHXh6VqTrRk", "x"), ("=d388", "=0388")]
    {
        let mut server = elwood();
        challenged(server.step(None));
        asked(server.step(Some(response(from, to).as_bytes())));
        let failure = failed(server.answer(Answer::Secret(Secret::new("secret"))));
        assert_eq!(failure, Failure::Rejected(Rejection::Credentials), "{from}");
    }
    let mut server = elwood();
    challenged(server.step(None));
    asked(server.step(Some(format!("{},authzid=\"root\"", response("qop=auth", "qop=auth")).as_bytes())));
    assert_eq!(server.answer(Answer::Accept).unwrap_err(), Misuse::WrongAnswer);
    let failure = failed(server.answer(Answer::Secret(Secret::new("secret"))));
    assert_eq!(failure, Failure::Rejected(Rejection::Credentials));
}

#[test]
fn latin_1_is_what_is_hashed() {
    let credentials = Credentials::password("jürgen", "grün").unwrap();
    let context = || client::Context::new(nonce("c")).service("imap").host("h");
    let respond = |challenge: &str| {
        let mut client = Client::start(Mechanism::DigestMd5, &credentials, &context()).unwrap();
        match client.step(Some(challenge.as_bytes())) {
            Ok(Step::Send(message)) => message,
            other => panic!("{other:?}"),
        }
    };
    let utf8 = String::from_utf8(respond("nonce=n,algorithm=md5-sess,charset=utf-8")).unwrap();
    let latin = respond("nonce=n,algorithm=md5-sess");
    assert!(utf8.contains(r#"username="jürgen""#) && latin.windows(3).any(|octets| octets == b"j\xfcr"));
    let digest = utf8.split("response=").nth(1).unwrap();
    let latin: String = latin.into_iter().map(char::from).collect();
    assert!(latin.contains(digest), "the same digest both ways");

    let far = Credentials::password("ольга", "x").unwrap();
    let mut client = Client::start(Mechanism::DigestMd5, &far, &context()).unwrap();
    assert_eq!(client.step(Some(b"nonce=n,algorithm=md5-sess")).unwrap_err(), Error::Latin1);
}

#[test]
fn it_is_the_last_to_be_chosen() {
    let choose = |offered: &[Mechanism], policy| choose(offered, &ann(), &Bindings::none(), &policy);
    let digest = Mechanism::DigestMd5;
    assert_eq!(choose(&[digest, Mechanism::SCRAM_SHA_1], Policy::unencrypted()), Some(Mechanism::SCRAM_SHA_1));
    assert_eq!(choose(&[digest, Mechanism::Plain], Policy::unencrypted()), Some(digest));
    assert_eq!(choose(&[digest], Policy::encrypted()), Some(digest));
    assert!(!Mechanism::ALL.contains(&digest), "no server offers it unless it is named");
    let without_host = client::Context::new(nonce("c")).service("imap");
    assert_eq!(Client::start(digest, &ann(), &without_host).unwrap_err(), Error::Host);
    assert_eq!(Client::start(digest, &ann(), &client::Context::new(nonce("c")).host("h")).unwrap_err(), Error::Host);
}
