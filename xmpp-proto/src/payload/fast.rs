//! Tokens for fast authentication (XEP-0484), which stand in the elements of SASL2.

use alloc::borrow::Cow;
use alloc::string::String;

use wirestate_sasl::Secret;

use super::Malformed;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// `<fast/>`: the login is by a token (§3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByToken {
    /// How often the token was used, so that nobody can repeat a login.
    pub count: Option<u64>,
    /// Whether the token is of no more use after this login.
    pub invalidate: bool,
}

impl ByToken {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where the count is no number.
    pub fn read(fast: ElementRef<'_>) -> Result<Self, Malformed> {
        let count = fast.attr("count").map(|count| count.parse().map_err(|_| Malformed::Value("count"))).transpose()?;
        let invalidate = fast.attr("invalidate").is_some_and(|value| matches!(&*value, "true" | "1"));
        Ok(ByToken { count, invalidate })
    }

    /// Writes it into `<authenticate/>`.
    ///
    /// # Errors
    ///
    /// None that an [`ElementWriter`] can give for it.
    pub fn write<S: Sink + ?Sized>(&self, authenticate: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut fast = authenticate.child("fast", ns::FAST)?;
        if let Some(count) = self.count {
            fast.attr_decimal("count", count)?;
        }
        fast.attr_if("invalidate", self.invalidate.then_some("true")).map(drop)
    }
}

/// The mechanism for which `<request-token/>` asks for a token (§3.3).
pub fn requested(request: ElementRef<'_>) -> Option<Cow<'_, str>> {
    request.attr("mechanism")
}

/// Asks for a token, in `<authenticate/>`.
///
/// # Errors
///
/// [`XmlError::Character`] for the name of a mechanism that XML cannot hold.
pub fn write_request<S: Sink + ?Sized>(
    authenticate: &mut ElementWriter<'_, S>,
    mechanism: &str,
) -> Result<(), XmlError> {
    authenticate.child("request-token", ns::FAST)?.attr("mechanism", mechanism).map(drop)
}

/// A token that a server gives (§3.3).
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub token: Secret,
    /// Until when it is good, as XEP-0082 writes a moment.
    pub expiry: String,
}

impl Token {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a part is missing.
    pub fn read(token: ElementRef<'_>) -> Result<Self, Malformed> {
        let part = |name: &'static str| token.attr(name).map(Cow::into_owned).ok_or(Malformed::Missing(name));
        Ok(Token { token: Secret::new(part("token")?), expiry: part("expiry")? })
    }

    /// Writes it into `<success/>`.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, success: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut token = success.child("token", ns::FAST)?;
        token.attr("expiry", &self.expiry)?.attr("token", self.token.expose()).map(drop)
    }
}
