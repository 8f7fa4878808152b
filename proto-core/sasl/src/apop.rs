//! APOP (RFC 1939 §7): not a SASL mechanism, but kin to CRAM-MD5.
//!
//! MD5 without HMAC lets an attacker in the middle find the first characters of a password by crafted timestamps
//! (CVE-2007-1558), so a client takes only a timestamp in the strict form of a message id, and no other server should
//! offer it anew.

use alloc::string::String;
use core::fmt;

use crate::hash::md5;
use crate::nonces::Nonce;
use crate::secret::constant_time_eq;
use crate::text::{hex, is_host, is_md5_hex};

/// The timestamp in a POP3 greeting: a message id, `<` local part `@` domain `>`, visible ASCII only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp(String);

impl Timestamp {
    /// Reads a timestamp with its angle brackets.
    ///
    /// # Errors
    /// [`TimestampError`] when it is not of the form above; then a client must not use APOP.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).ok_or(TimestampError)?;
        let (local, domain) = inner.rsplit_once('@').ok_or(TimestampError)?;
        let visible = |part: &str| {
            !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>'))
        };
        if visible(local) && visible(domain) { Ok(Timestamp(text.into())) } else { Err(TimestampError) }
    }

    /// Looks for a timestamp in the text of a greeting: the first `<` to the next `>`. `None`: the server offers no APOP.
    ///
    /// # Errors
    /// [`TimestampError`] when there is something in angle brackets that is no message id.
    pub fn find(greeting: &str) -> Result<Option<Self>, TimestampError> {
        let Some((_, after)) = greeting.split_once('<') else { return Ok(None) };
        let (inner, _) = after.split_once('>').ok_or(TimestampError)?;
        Self::parse(&alloc::format!("<{inner}>")).map(Some)
    }

    /// Makes a timestamp for a greeting, `<nonce@host>`.
    ///
    /// # Errors
    /// [`TimestampError`] when the host cannot stand there: it is empty, or has space, `,`, `<`, `>`, `@` or non-ASCII.
    pub fn new(nonce: &Nonce, host: &str) -> Result<Self, TimestampError> {
        if !is_host(host) {
            return Err(TimestampError);
        }
        Self::parse(&alloc::format!("<{}@{host}>", nonce.as_str()))
    }

    /// The text, with its angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an APOP timestamp is a message id of visible ASCII: <local-part@domain>")]
pub struct TimestampError;

/// The digest that a client sends: `MD5(timestamp secret)` in 32 lower-case hexadecimal digits.
pub fn digest(timestamp: &Timestamp, secret: &str) -> String {
    hex(&md5(&[timestamp.0.as_bytes(), secret.as_bytes()]))
}

/// Whether `digest`, as the client sent it, proves the secret. In constant time, but for a digest out of form.
pub fn verify(timestamp: &Timestamp, secret: &str, digest: &str) -> bool {
    is_md5_hex(digest.as_bytes()) && constant_time_eq(self::digest(timestamp, secret).as_bytes(), digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &str = "POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
    const DIGEST: &str = "c4c9334bac560ecc979e58001b3e22fb";

    #[test]
    fn rfc_1939_example() {
        let timestamp = Timestamp::find(GREETING).unwrap().unwrap();
        assert_eq!(timestamp.as_str(), "<1896.697170952@dbc.mtview.ca.us>");
        assert_eq!(digest(&timestamp, "tanstaaf"), DIGEST);
        assert!(verify(&timestamp, "tanstaaf", DIGEST));
    }

    #[test]
    fn a_wrong_digest_proves_nothing() {
        let timestamp = Timestamp::find(GREETING).unwrap().unwrap();
        assert!(!verify(&timestamp, "tanstaafl", DIGEST));
        assert!(!verify(&timestamp, "tanstaaf", &DIGEST.to_uppercase()));
        assert!(!verify(&timestamp, "tanstaaf", &DIGEST[1..]));
        assert!(!verify(&timestamp, "tanstaaf", ""));
    }

    #[test]
    fn only_message_ids_are_timestamps() {
        for good in ["<a@b>", "<1.2@vm>", "<\"a@b\"@c>", "<0000.0.4@[::1]>"] {
            assert!(Timestamp::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a@b", "<>", "<ab>", "<@b>", "<a@>", "<a@b", "<a b@c>", "<ä@b>", "<a\u{1}@b>", "<<a@b>", "<a@b>>"]
        {
            assert_eq!(Timestamp::parse(bad), Err(TimestampError), "{bad}");
        }
        assert_eq!(Timestamp::find("ready"), Ok(None));
        assert_eq!(Timestamp::find("ready <soon>"), Err(TimestampError));
        assert_eq!(Timestamp::find("ready <a@b"), Err(TimestampError));
    }

    #[test]
    fn one_is_made_from_a_nonce() {
        let nonce = Nonce::new("abc").unwrap();
        assert_eq!(Timestamp::new(&nonce, "mail.example").unwrap().as_str(), "<abc@mail.example>");
        assert_eq!(Timestamp::new(&nonce, "a>b"), Err(TimestampError));
        assert_eq!(Timestamp::new(&Nonce::new("a<b").unwrap(), "mail.example"), Err(TimestampError));
    }
}
