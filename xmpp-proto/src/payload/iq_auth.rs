//! Login before SASL (XEP-0078): what its IQs carry.

use alloc::string::String;

use wirestate_sasl::{Secret, constant_time_eq};

use super::Malformed;
use super::component::hex;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// A login: the IQ of type `set`.
#[derive(Clone, Debug)]
pub struct IqAuth {
    /// Whose account it is to be.
    pub username: String,
    /// The resource to bind.
    pub resource: String,
    /// How the client proves who it is.
    pub proof: Proof,
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By its password.
    Password(Secret),
    /// By SHA-1 of the stream's name and its password, in hexadecimal.
    Digest(String),
}

/// What proves that a client knows its password: SHA-1 of the stream's name and the password, in lower-case hexadecimal (§3.2).
pub fn digest(stream_id: &str, password: &Secret) -> String {
    hex(&[stream_id, password.expose()])
}

impl Proof {
    /// Whether this proves the password on this stream, in a time that does not tell where it differs.
    pub fn fits(&self, stream_id: &str, password: &Secret) -> bool {
        match self {
            Proof::Password(given) => password.matches(given.expose()),
            Proof::Digest(given) => {
                constant_time_eq(given.to_ascii_lowercase().as_bytes(), digest(stream_id, password).as_bytes())
            }
        }
    }
}

impl IqAuth {
    /// Reads a login.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a part is missing: the answer to it is `not-acceptable` (§3.3).
    pub fn read(query: ElementRef<'_>) -> Result<Self, Malformed> {
        let text = |name: &'static str| {
            let text = query.child(name, ns::IQ_AUTH).map(|element| element.text().into_owned());
            text.filter(|text| !text.is_empty()).ok_or(Malformed::Missing(name))
        };
        let proof = match text("digest") {
            Ok(digest) => Proof::Digest(digest),
            Err(_) => Proof::Password(Secret::new(text("password")?)),
        };
        Ok(IqAuth { username: text("username")?, resource: text("resource")?, proof })
    }

    /// Writes a login.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut query = iq.child("query", ns::IQ_AUTH)?;
        query.own_text("username", &self.username)?;
        match &self.proof {
            Proof::Password(password) => query.own_text("password", password.expose())?,
            Proof::Digest(digest) => query.own_text("digest", digest)?,
        };
        query.own_text("resource", &self.resource).map(drop)
    }
}

/// Which fields a server wants: the IQ of type `get`, and its answer (§3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Whether the password may be sent.
    pub password: bool,
    /// Whether the digest may be sent.
    pub digest: bool,
}

impl Fields {
    /// Reads the answer.
    pub fn read(query: ElementRef<'_>) -> Self {
        let has = |name| query.child(name, ns::IQ_AUTH).is_some();
        Fields { password: has("password"), digest: has("digest") }
    }

    /// Writes the answer.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for a name that XML cannot hold.
    pub fn write<S: Sink + ?Sized>(self, iq: &mut ElementWriter<'_, S>, username: &str) -> Result<(), XmlError> {
        let mut query = iq.child("query", ns::IQ_AUTH)?;
        query.own_text("username", username)?;
        let fields = [("password", self.password), ("digest", self.digest), ("resource", true)];
        fields.into_iter().filter(|(_, wanted)| *wanted).try_for_each(|(name, _)| query.own_empty(name).map(drop))
    }
}
