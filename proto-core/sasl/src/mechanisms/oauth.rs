//! OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner: the same list of keys and values, with other names around it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::gs2::{self, Flag};
use crate::client::{self, ClientSide, Credentials, Error, Step};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::server::{Answer, Ask, Claim, Context, Failure, OAuthHints, Rejection, ServerSide, Turn};
use crate::text::{self, Field, is_host};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bearer,
    XOAuth2,
}

pub(super) struct Client {
    form: Form,
    message: Zeroizing<String>,
    sent: bool,
    refusal: Option<Vec<u8>>,
}

impl Client {
    pub(super) fn bearer(credentials: &Credentials, context: &client::Context) -> Result<Self, Error> {
        let (user, token) = credentials.token_for(Mechanism::OAuthBearer)?;
        let mut message = Zeroizing::new(gs2::encode(Flag::No, Some(user)));
        if let Some(host) = &context.host {
            if !is_host(host) {
                return Err(Error::Host);
            }
            message.push_str(&format!("\u{1}host={host}"));
        }
        if let Some(port) = context.port {
            message.push_str(&format!("\u{1}port={port}"));
        }
        push_token(&mut message, token);
        Ok(Client { form: Form::Bearer, message, sent: false, refusal: None })
    }

    pub(super) fn xoauth2(credentials: &Credentials) -> Result<Self, Error> {
        let (user, token) = credentials.token_for(Mechanism::XOAuth2)?;
        let mut message = Zeroizing::new(format!("user={user}"));
        push_token(&mut message, token);
        Ok(Client { form: Form::XOAuth2, message, sent: false, refusal: None })
    }
}

fn push_token(message: &mut String, token: &Secret) {
    for part in ["\u{1}auth=Bearer ", token.expose(), "\u{1}\u{1}"] {
        message.push_str(part);
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.sent = true;
        Ok(core::mem::take(&mut *self.message).into_bytes())
    }

    /// A challenge is the server's refusal, in JSON. The client must answer before the server may fail the exchange.
    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        if self.refusal.is_some() {
            return Err(Error::UnexpectedChallenge);
        }
        self.refusal = Some(challenge.into());
        Ok(Step::Send(match self.form {
            Form::Bearer => b"\x01".into(),
            Form::XOAuth2 => Vec::new(),
        }))
    }

    fn check_complete(&self) -> Result<(), Error> {
        match &self.refusal {
            Some(_) => Err(Error::SuccessAfterRefusal),
            None if self.sent => Ok(()),
            None => Err(Error::Incomplete),
        }
    }

    fn refusal(&self) -> Option<&[u8]> {
        self.refusal.as_deref()
    }
}

pub(super) struct Server {
    form: Form,
    hints: OAuthHints,
    claim: Claim,
    rejected: Option<Rejection>,
}

impl Server {
    pub(super) fn bearer(context: &Context) -> Self {
        Server { form: Form::Bearer, hints: context.oauth.clone(), claim: Claim::default(), rejected: None }
    }

    pub(super) fn xoauth2(context: &Context) -> Self {
        Server { form: Form::XOAuth2, ..Server::bearer(context) }
    }

    /// The refusal as JSON: RFC 7628 §3.2.2, or as Google writes it.
    fn refusal(&self, rejection: Rejection) -> Vec<u8> {
        let status = match (self.form, rejection) {
            (Form::Bearer, Rejection::NotAuthorized) => "insufficient_scope",
            (Form::Bearer, Rejection::Temporary) => "temporarily_unavailable",
            (Form::Bearer, _) => "invalid_token",
            (Form::XOAuth2, Rejection::NotAuthorized) => "403",
            (Form::XOAuth2, Rejection::Temporary) => "503",
            (Form::XOAuth2, _) => "401",
        };
        let mut json = format!("{{\"status\":\"{status}\"");
        if self.form == Form::XOAuth2 {
            json.push_str(",\"schemes\":\"bearer\"");
        }
        for (key, value) in [("scope", &self.hints.scope), ("openid-configuration", &self.hints.openid_configuration)] {
            if let Some(value) = value {
                json.push_str(&format!(",\"{key}\":\"{}\"", json_escape(value)));
            }
        }
        json.push('}');
        json.into_bytes()
    }
}

impl ServerSide for Server {
    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        if let Some(rejection) = self.rejected {
            return Err(rejection.into());
        }
        let message = text::utf8(Field::Message, response)?;
        let (authzid, list) = match self.form {
            Form::Bearer => {
                let (header, rest) = gs2::parse(message)?;
                if let Flag::Used(_) = header.flag {
                    return Err(Failure::BindingUnexpected);
                }
                (header.authzid, rest.strip_prefix('\u{1}').ok_or(Failure::KeyValueForm)?)
            }
            Form::XOAuth2 => (None, message),
        };
        let keys = Keys::parse(list)?;
        let authzid = match self.form {
            Form::Bearer => authzid,
            Form::XOAuth2 => {
                let user = keys.user.ok_or(Failure::KeyMissing("user"))?;
                Some(text::name(Field::User, user)?.into())
            }
        };
        let (scheme, token) =
            keys.auth.ok_or(Failure::KeyMissing("auth"))?.split_once(' ').ok_or(Failure::NotBearer)?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(Failure::NotBearer);
        }
        let token = Secret::new(text::token(token.trim_start_matches(' '))?);
        let host = match keys.host {
            Some(host) if !is_host(host) => return Err(Failure::HostMalformed),
            host => host.map(String::from),
        };
        let port = keys.port.map(parse_port).transpose()?;
        self.claim = Claim { user: authzid.clone(), authzid: None };
        Ok(Turn::Ask(Ask::Token { authzid, token, host, port }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        match answer {
            Answer::Reject(rejection) => {
                self.rejected = Some(rejection);
                Ok(Turn::Challenge(self.refusal(rejection)))
            }
            other => self.claim.settle(other),
        }
    }
}

/// The list `*(key "=" value kvsep) kvsep`. Keys that are not known are passed over.
#[derive(Default)]
struct Keys<'a> {
    user: Option<&'a str>,
    auth: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<&'a str>,
}

impl<'a> Keys<'a> {
    fn parse(list: &'a str) -> Result<Self, Failure> {
        let list = list.strip_suffix("\u{1}\u{1}").ok_or(Failure::KeyValueForm)?;
        let mut keys = Keys::default();
        for pair in list.split('\u{1}') {
            let (key, value) = pair.split_once('=').ok_or(Failure::KeyValueForm)?;
            if key.is_empty() || !key.bytes().all(|octet| octet.is_ascii_alphabetic()) {
                return Err(Failure::KeyValueForm);
            }
            let (slot, name) = match key {
                "user" => (&mut keys.user, "user"),
                "auth" => (&mut keys.auth, "auth"),
                "host" => (&mut keys.host, "host"),
                "port" => (&mut keys.port, "port"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Failure::KeyTwice(name));
            }
        }
        Ok(keys)
    }
}

fn parse_port(text: &str) -> Result<u16, Failure> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        _ => Err(Failure::PortMalformed),
    }
}

fn json_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped() {
        assert_eq!(json_escape("a\"b\\c\r\u{7f}ü"), "a\\\"b\\\\c\\u000d\\u007fü");
    }

    #[test]
    fn ports_are_numbers() {
        assert_eq!(parse_port("143"), Ok(143));
        for bad in ["", "0", "+1", "65536", "x", "-1"] {
            assert_eq!(parse_port(bad), Err(Failure::PortMalformed), "{bad}");
        }
    }
}
