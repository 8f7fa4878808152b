use super::Credentials;
use crate::binding::Bindings;
use crate::mechanism::Mechanism;

/// What a client may do on the channel it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    encrypted: bool,
    cleartext_allowed: bool,
    binding_required: bool,
}

impl Policy {
    /// For a channel that is encrypted, its server verified.
    pub const fn encrypted() -> Self {
        Policy { encrypted: true, cleartext_allowed: false, binding_required: false }
    }

    /// For any other channel: no password and no token is sent as it is.
    pub const fn unencrypted() -> Self {
        Policy { encrypted: false, ..Policy::encrypted() }
    }

    /// Whether passwords and tokens may be sent as they are although the channel is not encrypted. For a trusted wire
    /// only, such as loopback.
    #[must_use]
    pub const fn allow_cleartext(mut self, allowed: bool) -> Self {
        self.cleartext_allowed = allowed;
        self
    }

    /// Whether only mechanisms that [bind the channel](Mechanism::binds_channel) will do, so that nobody can sit between the ends of the TLS channel.
    #[must_use]
    pub const fn require_binding(mut self, required: bool) -> Self {
        self.binding_required = required;
        self
    }

    /// Whether `mechanism` may be used.
    pub const fn allows(&self, mechanism: Mechanism) -> bool {
        let sends_secret = mechanism.sends_cleartext_password() || mechanism.sends_bearer_token();
        (!sends_secret || self.encrypted || self.cleartext_allowed)
            && (!self.binding_required || mechanism.binds_channel())
    }
}

/// The best mechanism among those `offered`, in the order of [`Mechanism::ALL`]: SCRAM-PLUS, SCRAM, CRAM-MD5, then PLAIN
/// and LOGIN; for a token, OAUTHBEARER and then XOAUTH2; for a token of FAST, that of [`Mechanism::FAST`]. DIGEST-MD5 comes last, and never in place of
/// another, where `offered` names it.
///
/// `None` when nothing fits the credentials, the channel bindings of the session and the policy. In particular, a password
/// never goes out as it is where SCRAM is on offer.
pub fn choose(
    offered: &[Mechanism],
    credentials: &Credentials,
    bindings: &Bindings,
    policy: &Policy,
) -> Option<Mechanism> {
    let bound = |mechanism: Mechanism| match mechanism {
        Mechanism::Ht(binding) => binding.name().is_none_or(|name| bindings.find(name).is_some()),
        _ => !mechanism.is_plus() || !bindings.is_empty(),
    };
    Mechanism::every()
        .filter(|mechanism| offered.contains(mechanism))
        .filter(|mechanism| bound(*mechanism))
        .find(|mechanism| credentials.fit(*mechanism) && policy.allows(*mechanism))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::ChannelBinding;

    fn password() -> Credentials {
        Credentials::password("ann", "pencil").unwrap()
    }

    fn chosen(offered: &[Mechanism], bindings: &Bindings, policy: Policy) -> Option<Mechanism> {
        choose(offered, &password(), bindings, &policy)
    }

    #[test]
    fn the_order_of_passwords() {
        let exporter = Bindings::from(ChannelBinding::TlsExporter([0; 32]));
        let mut offered = Mechanism::ALL.to_vec();
        offered.reverse();
        for best in [
            "SCRAM-SHA-512-PLUS",
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-512",
            "SCRAM-SHA-256",
            "SCRAM-SHA-1",
            "CRAM-MD5",
            "PLAIN",
            "LOGIN",
        ] {
            let mechanism = chosen(&offered, &exporter, Policy::encrypted()).unwrap();
            assert_eq!(mechanism.name(), best);
            offered.retain(|offer| *offer != mechanism);
        }
        assert_eq!(chosen(&offered, &exporter, Policy::encrypted()), None);
    }

    #[test]
    fn without_bindings_no_plus() {
        let none = Bindings::none();
        assert_eq!(chosen(&Mechanism::ALL, &none, Policy::encrypted()), Some(Mechanism::SCRAM_SHA_512));
        assert_eq!(chosen(&[Mechanism::SCRAM_SHA_1_PLUS], &none, Policy::encrypted()), None);
        assert_eq!(chosen(&Mechanism::ALL, &none, Policy::encrypted().require_binding(true)), None);
    }

    #[test]
    fn secrets_stay_off_the_open_wire() {
        let none = Bindings::none();
        let cleartext = [Mechanism::Plain, Mechanism::Login, Mechanism::OAuthBearer, Mechanism::XOAuth2];
        assert_eq!(chosen(&cleartext, &none, Policy::unencrypted()), None);
        assert_eq!(chosen(&cleartext, &none, Policy::unencrypted().allow_cleartext(true)), Some(Mechanism::Plain));
        let token = Credentials::token("ann", "abc").unwrap();
        assert_eq!(choose(&cleartext, &token, &none, &Policy::unencrypted()), None);
        assert_eq!(choose(&cleartext, &token, &none, &Policy::encrypted()), Some(Mechanism::OAuthBearer));
        assert_eq!(choose(&cleartext[3..], &token, &none, &Policy::encrypted()), Some(Mechanism::XOAuth2));
        assert_eq!(chosen(&Mechanism::ALL, &none, Policy::unencrypted()), Some(Mechanism::SCRAM_SHA_512));
    }

    #[test]
    fn an_authzid_needs_a_mechanism_that_carries_it() {
        let credentials = password().authorize_as("tim").unwrap();
        let offered = [Mechanism::CramMd5, Mechanism::Login, Mechanism::Plain];
        let mechanism = choose(&offered, &credentials, &Bindings::none(), &Policy::encrypted());
        assert_eq!(mechanism, Some(Mechanism::Plain));
    }

    #[test]
    fn external_and_anonymous_only_on_request() {
        let choose = |credentials| choose(&Mechanism::ALL, &credentials, &Bindings::none(), &Policy::unencrypted());
        assert_eq!(choose(Credentials::external()), Some(Mechanism::External));
        assert_eq!(choose(Credentials::anonymous("").unwrap()), Some(Mechanism::Anonymous));
    }
}
