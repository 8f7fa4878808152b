//! Whole SCRAM exchanges, octet for octet on both sides.

use wirestate_sasl::client::{self, Client, Credentials, Step};
use wirestate_sasl::server::{self, Answer, Ask, Identity, Server};
use wirestate_sasl::{Bindings, ChannelBinding, Derivation, FakeKeys, Hash, Mechanism, ScramKeys, base64};

use crate::support::*;

struct Vector {
    mechanism: Mechanism,
    hash: Hash,
    client_nonce: &'static str,
    server_nonce: &'static str,
    salt: &'static str,
    authzid: Option<&'static str>,
    bindings: Bindings,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

impl Vector {
    fn check(&self) {
        let mut credentials = Credentials::password("user", "pencil").unwrap();
        if let Some(authzid) = self.authzid {
            credentials = credentials.authorize_as(authzid).unwrap();
        }
        let context = client::Context::new(nonce(self.client_nonce)).bindings(self.bindings.clone());
        let mut client = Client::start(self.mechanism, &credentials, &context).unwrap();

        let context = server::Context::new(nonce(self.server_nonce))
            .fake_keys(FakeKeys::new([0; 32]))
            .bindings(self.bindings.clone());
        let mut server = Server::start(self.mechanism, &context).unwrap();
        let salt = base64::decode(self.salt, 100).unwrap();
        let keys = ScramKeys::from_derived(&Derivation::new(self.hash, "pencil", &salt, 4096).unwrap().run());

        assert_eq!(sent(client.step(None)), self.client_first);
        match asked(server.step(Some(self.client_first.as_bytes()))) {
            Ask::Keys { authzid, user, hash } => {
                assert_eq!((authzid.as_deref(), &*user, hash), (self.authzid, "user", self.hash));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(challenged(server.answer(Answer::Keys(keys))), self.server_first);
        assert_eq!(sent(worked(&mut client, self.server_first)), self.client_final);
        let mut server_step = server.step(Some(self.client_final.as_bytes()));
        if let Some(authzid) = self.authzid {
            assert!(matches!(asked(server_step), Ask::Authorize { authzid: asked, .. } if asked == authzid));
            server_step = server.answer(Answer::Accept);
        }
        assert_eq!(challenged(server_step), self.server_final);
        assert_eq!(sent(client.step(Some(self.server_final.as_bytes()))), "");
        let identity = done(server.step(Some(b"")));
        assert_eq!((identity.user(), identity.authzid()), ("user", self.authzid));
        assert_eq!(identity.name(), self.authzid.unwrap_or("user"));
        client.succeed(None).unwrap();
    }
}

#[test]
fn rfc_5802_section_5() {
    Vector {
        mechanism: Mechanism::SCRAM_SHA_1,
        hash: Hash::Sha1,
        client_nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_nonce: "3rfcNHYJY1ZVvWVs7j",
        salt: "QSXCR+Q6sek8bf92",
        authzid: None,
        bindings: Bindings::none(),
        client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    }
    .check();
}

#[test]
fn rfc_7677_section_3() {
    Vector {
        mechanism: Mechanism::SCRAM_SHA_256,
        hash: Hash::Sha256,
        client_nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        authzid: None,
        bindings: Bindings::none(),
        client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    }
    .check();
}

/// No RFC has an example with SHA-512; this one is by Python's hashlib and hmac.
#[test]
fn sha_512_by_python() {
    Vector {
        mechanism: Mechanism::SCRAM_SHA_512,
        hash: Hash::Sha512,
        client_nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        authzid: None,
        bindings: Bindings::none(),
        client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
        server_final: "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==",
    }
    .check();
}

/// With a channel binding of the octets 0 to 31 and an authorization identity, by Python's hashlib and hmac.
#[test]
fn sha_256_plus_by_python() {
    let mut exporter = [0; 32];
    for (octet, value) in exporter.iter_mut().zip(0..) {
        *octet = value;
    }
    Vector {
        mechanism: Mechanism::SCRAM_SHA_256_PLUS,
        hash: Hash::Sha256,
        client_nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        authzid: Some("admin"),
        bindings: ChannelBinding::TlsExporter(exporter).into(),
        client_first: "p=tls-exporter,a=admin,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=cD10bHMtZXhwb3J0ZXIsYT1hZG1pbiwAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==,\
                       r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=/h1GuHWLaeBiXuB5EfM2iwMZ7Gt8lv0AVLiOJGWllm4=",
        server_final: "v=eNki2Y3w/PiXyxN6wcbMiotOSkiaeW+XsA4UDRWYNhY=",
    }
    .check();
}

#[test]
fn a_kept_derivation_spares_the_work() {
    let context = client::Context::new(nonce("fyko+d2lbbFgONRv9qkxdawL"));
    let credentials = Credentials::password("user", "pencil").unwrap();
    let mut client = Client::start(Mechanism::SCRAM_SHA_1, &credentials, &context).unwrap();
    let _ = sent(client.step(None));
    let challenge = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let kept = match client.step(Some(challenge)).unwrap() {
        Step::Work(work) => {
            let salt = base64::decode("QSXCR+Q6sek8bf92", 100).unwrap();
            assert_eq!((work.hash(), work.salt(), work.iterations()), (Hash::Sha1, &*salt, 4096));
            Derivation::new(Hash::Sha1, "pencil", &salt, 4096).unwrap().run()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        sent(client.resume(kept)),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
}

#[test]
fn the_identity_has_both_names() {
    let identity = Identity::new("user").acting_as("admin");
    assert_eq!((identity.user(), identity.authzid(), identity.name()), ("user", Some("admin"), "admin"));
}
