use alloc::string::String;
use core::fmt;

use super::Error;
use crate::mechanism::Mechanism;
use crate::secret::Secret;
use crate::text::{self, Field, TextError};

/// What a client proves itself by. Nothing in it can break a message or a line; Debug shows no secret.
///
/// ```
/// use wirestate_sasl::client::Credentials;
/// let credentials = Credentials::password("admin", "tanstaaf")?.authorize_as("tim")?;
/// # Ok::<(), wirestate_sasl::client::CredentialsError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    kind: Kind,
    authzid: Option<String>,
}

#[derive(Clone)]
enum Kind {
    Password { user: String, password: Secret },
    Token { user: String, token: Secret },
    FastToken { user: String, token: Secret },
    External,
    Anonymous { trace: String },
}

impl Credentials {
    /// A user name and password: PLAIN, LOGIN, CRAM-MD5, SCRAM.
    ///
    /// # Errors
    /// [`CredentialsError`] when either is empty, the name has a control character, or the password NUL, CR or LF.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Result<Self, CredentialsError> {
        let (user, password) = (user.into(), Secret::new(password));
        text::name(Field::User, &user)?;
        text::password(password.expose())?;
        Ok(Kind::Password { user, password }.into())
    }

    /// A user name and bearer token: OAUTHBEARER, XOAUTH2.
    ///
    /// # Errors
    /// [`CredentialsError`] when either is empty, the name has a control character, or the token anything but visible
    /// ASCII.
    pub fn token(user: impl Into<String>, token: impl Into<String>) -> Result<Self, CredentialsError> {
        let (user, token) = (user.into(), Secret::new(token));
        text::name(Field::User, &user)?;
        text::token(token.expose())?;
        Ok(Kind::Token { user, token }.into())
    }

    /// A user name and a token that the server gave at an earlier login (XEP-0484): HT-SHA-256-*.
    ///
    /// # Errors
    /// [`CredentialsError`] when either is empty, the name has a control character, or the token NUL, CR or LF.
    pub fn fast_token(user: impl Into<String>, token: impl Into<String>) -> Result<Self, CredentialsError> {
        let (user, token) = (user.into(), Secret::new(token));
        text::name(Field::User, &user)?;
        text::fast_token(token.expose())?;
        Ok(Kind::FastToken { user, token }.into())
    }

    /// What the channel has proved already: EXTERNAL.
    pub fn external() -> Self {
        Kind::External.into()
    }

    /// Nobody: ANONYMOUS. The trace, which may be empty, tells the server's people whom to write to.
    ///
    /// # Errors
    /// [`CredentialsError`] when the trace has more than 255 characters or a control character.
    pub fn anonymous(trace: impl Into<String>) -> Result<Self, CredentialsError> {
        let trace = trace.into();
        text::trace(&trace)?;
        Ok(Kind::Anonymous { trace }.into())
    }

    /// Asks to act as somebody else than the user. LOGIN, CRAM-MD5, HT and ANONYMOUS cannot.
    ///
    /// # Errors
    /// [`CredentialsError`] when it is empty or has a control character.
    pub fn authorize_as(mut self, authzid: impl Into<String>) -> Result<Self, CredentialsError> {
        let authzid = authzid.into();
        text::name(Field::Authzid, &authzid)?;
        self.authzid = Some(authzid);
        Ok(self)
    }

    /// Whether `mechanism` can carry these credentials, the authorization identity included.
    pub fn fit(&self, mechanism: Mechanism) -> bool {
        let without_authzid = self.authzid.is_none();
        match (&self.kind, mechanism) {
            (Kind::Password { .. }, Mechanism::Plain | Mechanism::Scram { .. }) => true,
            (Kind::Password { .. }, Mechanism::Login | Mechanism::CramMd5) => without_authzid,
            (Kind::Token { .. }, Mechanism::OAuthBearer | Mechanism::XOAuth2) => true,
            (Kind::FastToken { .. }, Mechanism::Ht(_)) => without_authzid,
            #[cfg(feature = "legacy")]
            (Kind::Password { .. }, Mechanism::DigestMd5) => true,
            (Kind::External, Mechanism::External) => true,
            (Kind::Anonymous { .. }, Mechanism::Anonymous) => without_authzid,
            _ => false,
        }
    }

    pub(crate) fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// User and password, if that is what they are and `mechanism` can carry them.
    pub(crate) fn password_for(&self, mechanism: Mechanism) -> Result<(&str, &Secret), Error> {
        match &self.kind {
            Kind::Password { user, password } if self.fit(mechanism) => Ok((user, password)),
            _ => Err(Error::WrongCredentials { mechanism }),
        }
    }

    /// The account to open and the token, if that is what they are.
    pub(crate) fn token_for(&self, mechanism: Mechanism) -> Result<(&str, &Secret), Error> {
        match &self.kind {
            Kind::Token { user, token } if self.fit(mechanism) => Ok((self.authzid().unwrap_or(user), token)),
            _ => Err(Error::WrongCredentials { mechanism }),
        }
    }

    /// The user and the token of FAST, if that is what they are.
    pub(crate) fn fast_token_for(&self, mechanism: Mechanism) -> Result<(&str, &Secret), Error> {
        match &self.kind {
            Kind::FastToken { user, token } if self.fit(mechanism) => Ok((user, token)),
            _ => Err(Error::WrongCredentials { mechanism }),
        }
    }

    pub(crate) fn trace_for(&self, mechanism: Mechanism) -> Result<&str, Error> {
        match &self.kind {
            Kind::Anonymous { trace } if self.fit(mechanism) => Ok(trace),
            _ => Err(Error::WrongCredentials { mechanism }),
        }
    }
}

impl From<Kind> for Credentials {
    fn from(kind: Kind) -> Self {
        Credentials { kind, authzid: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Password { .. } => "Credentials::password(..)",
            Kind::Token { .. } => "Credentials::token(..)",
            Kind::FastToken { .. } => "Credentials::fast_token(..)",
            Kind::External => "Credentials::external()",
            Kind::Anonymous { .. } => "Credentials::anonymous(..)",
        })
    }
}

/// Why credentials cannot be sent by any mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A part of them is empty, too long, or has characters that it may not have.
    #[error(transparent)]
    Text(#[from] TextError),
}
