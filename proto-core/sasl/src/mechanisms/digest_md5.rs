//! DIGEST-MD5 (RFC 2831), with `qop=auth` only and without the short cut of a second login. RFC 6331 says why nothing new should use it.

mod directives;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use self::directives::{Directives, quoted};
use crate::client::{self, ClientSide, Credentials, Error, Step};
use crate::hash::{Output, md5};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::secret::{Secret, constant_time_eq};
use crate::server::{Answer, Ask, Claim, Context, Failure, Rejection, ServerSide, StartError, Turn};
use crate::text::{self, Field, hex, is_host, is_md5_hex};

/// What both digests are made of (RFC 2831 §2.1.2.1), as it stands behind the quotes.
struct Session {
    nonce: String,
    cnonce: String,
    digest_uri: String,
    authzid: Option<String>,
    /// `H({ user, ":", realm, ":", password })`
    secret: Output,
}

impl Session {
    /// The client's digest.
    fn response(&self) -> String {
        self.digest("AUTHENTICATE:")
    }

    /// The server's digest, `rspauth`.
    fn answer(&self) -> String {
        self.digest(":")
    }

    fn digest(&self, before_uri: &str) -> String {
        let authzid = self.authzid.as_ref().map(|authzid| format!(":{authzid}")).unwrap_or_default();
        let a1 = hex(&md5(&[&self.secret, format!(":{}:{}{authzid}", self.nonce, self.cnonce).as_bytes()]));
        let a2 = hex(&md5(&[before_uri.as_bytes(), self.digest_uri.as_bytes()]));
        hex(&md5(&[format!("{a1}:{}:{COUNT}:{}:auth:{a2}", self.nonce, self.cnonce).as_bytes()]))
    }
}

const COUNT: &str = "00000001";

/// `H({ user, ":", realm, ":", password })`: what ISO 8859-1 can write is hashed in it, even where UTF-8 was agreed on.
fn secret(user: &str, realm: &str, password: &str) -> Output {
    let octets = |text: &str| Zeroizing::new(latin1(text).unwrap_or_else(|| text.as_bytes().into()));
    md5(&[&octets(user), b":", &octets(realm), b":", &octets(password)])
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

pub(in crate::mechanisms) struct Client {
    user: String,
    password: Secret,
    authzid: Option<String>,
    digest_uri: String,
    cnonce: String,
    state: ClientState,
}

enum ClientState {
    Start,
    Sent { expected: String },
    Verified,
}

impl Client {
    pub(in crate::mechanisms) fn new(credentials: &Credentials, context: &client::Context) -> Result<Self, Error> {
        let (user, password) = credentials.password_for(Mechanism::DigestMd5)?;
        let host = context.host.as_deref().filter(|host| is_host(host)).ok_or(Error::Host)?;
        if !is_host(&context.service) {
            return Err(Error::Host);
        }
        Ok(Client {
            user: user.into(),
            password: password.clone(),
            authzid: credentials.authzid().map(String::from),
            digest_uri: format!("{}/{host}", context.service),
            cnonce: context.nonce.as_str().into(),
            state: ClientState::Start,
        })
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        let challenge = read_text(challenge);
        let directives = Directives::parse(&challenge).ok_or(Error::DigestForm)?;
        let once = |name| directives.once(name).map_err(|_| Error::DigestDirective(name));
        let nonce = once("nonce")?.filter(|nonce| !nonce.is_empty()).ok_or(Error::DigestDirective("nonce"))?;
        if once("algorithm")? != Some("md5-sess") {
            return Err(Error::DigestDirective("algorithm"));
        }
        if once("qop")?.is_some_and(|list| !list.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"))) {
            return Err(Error::DigestDirective("qop"));
        }
        let utf8 = match once("charset")? {
            None => false,
            Some(charset) if charset.eq_ignore_ascii_case("utf-8") => true,
            Some(_) => return Err(Error::DigestDirective("charset")),
        };
        let texts = [Some(&*self.user), Some(self.password.expose()), self.authzid.as_deref()];
        if !utf8 && texts.into_iter().flatten().any(|text| latin1(text).is_none()) {
            return Err(Error::Latin1);
        }
        let realm = directives.all("realm").next();
        let session = Session {
            nonce: nonce.into(),
            cnonce: self.cnonce.clone(),
            digest_uri: self.digest_uri.clone(),
            authzid: self.authzid.clone(),
            secret: secret(&self.user, realm.unwrap_or_default(), self.password.expose()),
        };
        let mut response = String::from(if utf8 { "charset=utf-8," } else { "" });
        response.push_str(&format!("username={}", quoted(&self.user)));
        if let Some(realm) = realm {
            response.push_str(&format!(",realm={}", quoted(realm)));
        }
        response.push_str(&format!(
            ",nonce={},nc={COUNT},cnonce={},digest-uri={},response={},qop=auth",
            quoted(nonce),
            quoted(&self.cnonce),
            quoted(&self.digest_uri),
            session.response(),
        ));
        if let Some(authzid) = &self.authzid {
            response.push_str(&format!(",authzid={}", quoted(authzid)));
        }
        let response = if utf8 { response.into_bytes() } else { latin1(&response).ok_or(Error::Latin1)? };
        self.state = ClientState::Sent { expected: session.answer() };
        Ok(Step::Send(response))
    }

    fn verify(&mut self, data: &[u8]) -> Result<(), Error> {
        let ClientState::Sent { expected } = &self.state else { return Err(Error::UnexpectedSuccessData) };
        let data = read_text(data);
        let directives = Directives::parse(&data).ok_or(Error::DigestForm)?;
        let answer = directives.once("rspauth").map_err(|_| Error::DigestDirective("rspauth"))?;
        let answer = answer.ok_or(Error::SignatureMissing)?;
        if !is_md5_hex(answer.as_bytes()) {
            return Err(Error::SignatureMalformed);
        }
        if !constant_time_eq(answer.as_bytes(), expected.as_bytes()) {
            return Err(Error::SignatureWrong);
        }
        self.state = ClientState::Verified;
        Ok(())
    }
}

impl ClientSide for Client {
    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        match self.state {
            ClientState::Start if challenge.is_empty() => Err(Error::EmptyChallenge),
            ClientState::Start => self.respond(challenge),
            ClientState::Sent { .. } => self.verify(challenge).map(|()| Step::Send(Vec::new())),
            ClientState::Verified => Err(Error::UnexpectedChallenge),
        }
    }

    fn success_data(&mut self, data: &[u8]) -> Result<(), Error> {
        self.verify(data)
    }

    fn check_complete(&self) -> Result<(), Error> {
        match self.state {
            ClientState::Start => Err(Error::Incomplete),
            ClientState::Sent { .. } => Err(Error::SignatureMissing),
            ClientState::Verified => Ok(()),
        }
    }
}

pub(in crate::mechanisms) struct Server {
    nonce: String,
    realm: String,
    host: String,
    asked: Option<Claimed>,
}

/// What the client sent, but for the password.
struct Claimed {
    user: String,
    realm: String,
    response: String,
    cnonce: String,
    digest_uri: String,
    authzid: Option<String>,
}

impl Server {
    pub(in crate::mechanisms) fn new(context: &Context) -> Result<Self, StartError> {
        if !is_host(&context.host) {
            return Err(StartError::Host);
        }
        let realm = context.realm.clone().unwrap_or_else(|| context.host.clone());
        Ok(Server { nonce: context.nonce.as_str().into(), realm, host: context.host.clone(), asked: None })
    }

    fn read(&self, response: &[u8]) -> Result<Claimed, Failure> {
        let response = read_text(response);
        let directives = Directives::parse(&response).ok_or(Failure::DigestForm)?;
        let optional = |name| directives.once(name).map_err(|_| Failure::DigestDirective(name));
        let required = |name| optional(name)?.ok_or(Failure::DigestDirective(name));
        let must = |name, good: bool| if good { Ok(()) } else { Err(Failure::DigestDirective(name)) };
        if !constant_time_eq(required("nonce")?.as_bytes(), self.nonce.as_bytes()) {
            return Err(Failure::NonceMismatch);
        }
        must("nc", required("nc")? == COUNT)?;
        must("qop", optional("qop")?.is_none_or(|qop| qop.eq_ignore_ascii_case("auth")))?;
        must("charset", optional("charset")?.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8")))?;
        let realm = optional("realm")?.unwrap_or_default();
        must("realm", realm.is_empty() || realm == self.realm)?;
        let cnonce = required("cnonce")?;
        must("cnonce", !cnonce.is_empty())?;
        let digest_uri = required("digest-uri")?;
        // The service, the host, and at times the name that many hosts serve: a proof for another host may have been passed on by that one.
        let is_ours = |name: &str| name.eq_ignore_ascii_case(&self.host) || name.eq_ignore_ascii_case(&self.realm);
        must("digest-uri", digest_uri.split('/').skip(1).any(is_ours))?;
        let response = required("response")?;
        must("response", is_md5_hex(response.as_bytes()))?;
        let authzid = optional("authzid")?.filter(|authzid| !authzid.is_empty());
        Ok(Claimed {
            user: text::name(Field::User, required("username")?)?.into(),
            realm: realm.into(),
            response: response.into(),
            cnonce: cnonce.into(),
            digest_uri: digest_uri.into(),
            authzid: authzid.map(|authzid| text::name(Field::Authzid, authzid)).transpose()?.map(String::from),
        })
    }
}

impl ServerSide for Server {
    fn first(&mut self) -> Vec<u8> {
        let (realm, nonce) = (quoted(&self.realm), quoted(&self.nonce));
        format!("realm={realm},nonce={nonce},qop=\"auth\",charset=utf-8,algorithm=md5-sess").into_bytes()
    }

    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let claimed = self.read(response)?;
        let (authzid, user, realm) = (claimed.authzid.clone(), claimed.user.clone(), claimed.realm.clone());
        self.asked = Some(claimed);
        Ok(Turn::Ask(Ask::Digest { authzid, user, realm }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        let claimed = self.asked.as_ref().ok_or(Misuse::NothingAsked)?;
        let refused = Claim::default();
        let password = match answer {
            Answer::Secret(password) => password,
            Answer::NoKeys => return refused.settle(Answer::Reject(Rejection::Credentials)),
            // Without the password there is no proof for the client.
            Answer::Accept | Answer::AcceptAs(_) => return Err(Misuse::WrongAnswer),
            other => return refused.settle(other),
        };
        let session = Session {
            nonce: self.nonce.clone(),
            cnonce: claimed.cnonce.clone(),
            digest_uri: claimed.digest_uri.clone(),
            authzid: claimed.authzid.clone(),
            secret: secret(&claimed.user, &claimed.realm, password.expose()),
        };
        if !constant_time_eq(session.response().as_bytes(), claimed.response.as_bytes()) {
            return refused.settle(Answer::Reject(Rejection::Credentials));
        }
        let data = format!("rspauth={}", session.answer()).into_bytes();
        Ok(Turn::Proved { user: claimed.user.clone(), authzid: claimed.authzid.clone(), data: Some(data) })
    }
}

/// The text of a message: UTF-8, or else what ISO 8859-1 makes of it.
fn read_text(message: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(message) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => message.iter().map(|octet| char::from(*octet)).collect(),
    }
}
