use crate::named::named;

named! {
    /// What went wrong with a stanza (RFC 6120 §8.3.3).
    #[non_exhaustive]
    pub enum StanzaCondition {
        /// §8.3.3.1: it cannot be processed as it is.
        BadRequest = "bad-request",
        /// §8.3.3.2: something of this name is there.
        Conflict = "conflict",
        /// §8.3.3.3: not known here.
        FeatureNotImplemented = "feature-not-implemented",
        /// §8.3.3.4: not allowed to the sender.
        Forbidden = "forbidden",
        /// §8.3.3.5: no longer at this address; the new one may be given.
        Gone = "gone",
        /// §8.3.3.6: the server has a fault.
        InternalServerError = "internal-server-error",
        /// §8.3.3.7: there is no such thing.
        ItemNotFound = "item-not-found",
        /// §8.3.3.8: an address is none.
        JidMalformed = "jid-malformed",
        /// §8.3.3.9: it does not meet the receiver's criteria.
        NotAcceptable = "not-acceptable",
        /// §8.3.3.10: allowed to nobody.
        NotAllowed = "not-allowed",
        /// §8.3.3.11: first prove who you are.
        NotAuthorized = "not-authorized",
        /// §8.3.3.12: against a policy.
        PolicyViolation = "policy-violation",
        /// §8.3.3.13: not there for now.
        RecipientUnavailable = "recipient-unavailable",
        /// §8.3.3.14: somewhere else for now; the address may be given.
        Redirect = "redirect",
        /// §8.3.3.15: first register.
        RegistrationRequired = "registration-required",
        /// §8.3.3.16: the receiver's server does not exist.
        RemoteServerNotFound = "remote-server-not-found",
        /// §8.3.3.17: the receiver's server does not answer.
        RemoteServerTimeout = "remote-server-timeout",
        /// §8.3.3.18: busy, or short of something.
        ResourceConstraint = "resource-constraint",
        /// §8.3.3.19: not provided here, or not told.
        ServiceUnavailable = "service-unavailable",
        /// §8.3.3.20: first subscribe.
        SubscriptionRequired = "subscription-required",
        /// §8.3.3.21: something else, which a condition of the application's tells.
        UndefinedCondition = "undefined-condition",
        /// §8.3.3.22: not now, or out of order.
        UnexpectedRequest = "unexpected-request",
    }
}

impl StanzaCondition {
    /// The type that the RFC gives with the condition; where it leaves a choice, the first.
    pub const fn usual_type(self) -> ErrorType {
        use StanzaCondition as C;
        match self {
            C::BadRequest | C::JidMalformed | C::NotAcceptable | C::PolicyViolation | C::Redirect => ErrorType::Modify,
            C::Forbidden | C::NotAuthorized | C::RegistrationRequired | C::SubscriptionRequired => ErrorType::Auth,
            C::RecipientUnavailable | C::RemoteServerTimeout | C::ResourceConstraint | C::UnexpectedRequest => {
                ErrorType::Wait
            }
            C::Conflict
            | C::FeatureNotImplemented
            | C::Gone
            | C::InternalServerError
            | C::ItemNotFound
            | C::NotAllowed
            | C::RemoteServerNotFound
            | C::ServiceUnavailable
            | C::UndefinedCondition => ErrorType::Cancel,
        }
    }
}

named! {
    /// What the sender may do about an error (RFC 6120 §8.3.2).
    pub enum ErrorType {
        /// Try again with credentials.
        Auth = "auth",
        /// Do not try again.
        Cancel = "cancel",
        /// Go on: it was a warning.
        Continue = "continue",
        /// Change it and try again.
        Modify = "modify",
        /// Try again later.
        Wait = "wait",
    }
}
