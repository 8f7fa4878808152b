//! The exchange of SASL (RFC 6120 §6).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use wirestate_sasl::server::{Failure as Cause, Rejection};

use super::data::{self, DataError};
use crate::named::named;
use crate::ns;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

/// What either end says in the exchange. Debug shows lengths, not what is said.
#[derive(Clone, PartialEq, Eq)]
pub enum Sasl {
    /// `<auth/>`: the initiating end chooses a mechanism (§6.4.2).
    Auth {
        /// The mechanism's registered name.
        mechanism: String,
        /// The initial response; an empty one is another thing than none.
        initial: Option<Vec<u8>>,
    },
    /// `<challenge/>` (§6.4.3).
    Challenge(Vec<u8>),
    /// `<response/>` (§6.4.3).
    Response(Vec<u8>),
    /// `<abort/>` (§6.4.4).
    Abort,
    /// `<failure/>` (§6.4.5).
    Failure(Failure),
    /// `<success/>`, with additional data where the mechanism has some (§6.4.6).
    Success(Option<Vec<u8>>),
}

/// Why a login failed, and what a person may be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The condition (§6.5).
    pub condition: SaslCondition,
    /// The words for a person.
    pub text: Option<String>,
}

named! {
    /// Why a login fails (RFC 6120 §6.5).
    #[non_exhaustive]
    pub enum SaslCondition {
        /// §6.5.1: the initiating end broke it off.
        Aborted = "aborted",
        /// §6.5.2: the account is disabled.
        AccountDisabled = "account-disabled",
        /// §6.5.3: the credentials have expired.
        CredentialsExpired = "credentials-expired",
        /// §6.5.4: the mechanism needs encryption.
        EncryptionRequired = "encryption-required",
        /// §6.5.5: the data is not base64.
        IncorrectEncoding = "incorrect-encoding",
        /// §6.5.6: the user may not act as the authorization identity.
        InvalidAuthzid = "invalid-authzid",
        /// §6.5.7: the mechanism is not offered.
        InvalidMechanism = "invalid-mechanism",
        /// §6.5.8: the request is not as it must be.
        MalformedRequest = "malformed-request",
        /// §6.5.9: something stronger is asked of this user.
        MechanismTooWeak = "mechanism-too-weak",
        /// §6.5.10: the credentials are wrong.
        NotAuthorized = "not-authorized",
        /// §6.5.11: not now.
        TemporaryAuthFailure = "temporary-auth-failure",
    }
}

impl From<&Cause> for SaslCondition {
    /// What a client is told of a failure that the server's side of a mechanism found.
    fn from(cause: &Cause) -> Self {
        match cause.rejection() {
            Some(Rejection::NotAuthorized) => SaslCondition::InvalidAuthzid,
            Some(Rejection::AccountDisabled) => SaslCondition::AccountDisabled,
            Some(Rejection::CredentialsExpired) => SaslCondition::CredentialsExpired,
            Some(Rejection::MechanismTooWeak) => SaslCondition::MechanismTooWeak,
            Some(Rejection::EncryptionRequired) => SaslCondition::EncryptionRequired,
            Some(Rejection::Temporary) => SaslCondition::TemporaryAuthFailure,
            Some(_) => SaslCondition::NotAuthorized,
            // Somebody in between: nothing of the client's message is at fault.
            None if matches!(cause, Cause::Downgrade | Cause::BindingMismatch) => SaslCondition::NotAuthorized,
            None => SaslCondition::MalformedRequest,
        }
    }
}

impl From<DataError> for SaslCondition {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Encoding => SaslCondition::IncorrectEncoding,
            DataError::TooLong { .. } => SaslCondition::MalformedRequest,
        }
    }
}

impl From<SaslCondition> for Failure {
    fn from(condition: SaslCondition) -> Self {
        Failure { condition, text: None }
    }
}

impl Failure {
    /// Reads the children of a `<failure/>`. A condition that is missing or not known is `not-authorized`, as §6.5 has it.
    pub fn read(failure: ElementRef<'_>) -> Self {
        let conditions = failure.children().filter(|child| child.ns() == ns::SASL);
        let condition = conditions.filter_map(|child| SaslCondition::read(child.name())).next();
        let text = failure.children().find(|child| child.name() == "text" && child.ns() == failure.ns());
        Failure {
            condition: condition.unwrap_or(SaslCondition::NotAuthorized),
            text: text.map(|text| text.text().into_owned()),
        }
    }

    pub(super) fn write<S: Sink + ?Sized>(
        &self,
        failure: &mut crate::xml::ElementWriter<'_, S>,
    ) -> Result<(), XmlError> {
        failure.child(self.condition.as_str(), ns::SASL)?;
        if let Some(words) = &self.text {
            failure.own("text")?.text_lossy(words);
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.condition),
            None => self.condition.fmt(f),
        }
    }
}

impl core::error::Error for Failure {}

impl Sasl {
    /// Reads a step, of which data may have at most `limit` octets. `None`: the element is none of SASL's.
    ///
    /// # Errors
    ///
    /// [`DataError`]: the answer to it is [`SaslCondition::from`] it.
    pub fn read(element: ElementRef<'_>, limit: usize) -> Result<Option<Sasl>, DataError> {
        if element.ns() != ns::SASL {
            return Ok(None);
        }
        let data = || data::read(element, limit);
        Ok(Some(match element.name() {
            "auth" => Sasl::Auth {
                mechanism: element.attr("mechanism").map(Cow::into_owned).unwrap_or_default(),
                initial: data()?,
            },
            "challenge" => Sasl::Challenge(data()?.unwrap_or_default()),
            "response" => Sasl::Response(data()?.unwrap_or_default()),
            "success" => Sasl::Success(data()?),
            "abort" => Sasl::Abort,
            "failure" => Sasl::Failure(Failure::read(element)),
            _ => return Ok(None),
        }))
    }

    /// Writes the step.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for the name of a mechanism that XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        match self {
            Sasl::Auth { mechanism, initial } => {
                let mut auth = writer.element("auth", ns::SASL)?;
                data::write_optional(auth.attr("mechanism", mechanism)?, initial.as_deref())
            }
            Sasl::Challenge(data) => data::write(&mut writer.element("challenge", ns::SASL)?, data),
            Sasl::Response(data) => data::write(&mut writer.element("response", ns::SASL)?, data),
            Sasl::Abort => writer.element("abort", ns::SASL).map(drop),
            Sasl::Failure(failure) => failure.write(&mut writer.element("failure", ns::SASL)?),
            Sasl::Success(data) => data::write_optional(&mut writer.element("success", ns::SASL)?, data.as_deref()),
        }
    }
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sasl::Auth { mechanism, initial } => {
                write!(f, "Auth({mechanism}, {:?} octets)", initial.as_ref().map(Vec::len))
            }
            Sasl::Challenge(data) => write!(f, "Challenge({} octets)", data.len()),
            Sasl::Response(data) => write!(f, "Response({} octets)", data.len()),
            Sasl::Abort => f.write_str("Abort"),
            Sasl::Failure(failure) => f.debug_tuple("Failure").field(failure).finish(),
            Sasl::Success(data) => write!(f, "Success({:?} octets)", data.as_ref().map(Vec::len)),
        }
    }
}
