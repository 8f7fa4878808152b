use crate::binding::Bindings;
use crate::mechanism::Mechanism;

/// What decides which of a server's mechanisms a client is offered, at this point of its session.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The channel bindings of the session, if it has any.
    pub bindings: Option<&'a Bindings>,
    /// Whether the client has proved by TLS who it is.
    pub has_certificate: bool,
    /// Whether passwords and bearer tokens may be sent as they are: on an encrypted channel, or where the server does not mind.
    pub is_private: bool,
    /// Whether the server has [`FakeKeys`](crate::FakeKeys), so that SCRAM tells nobody which users there are.
    pub has_fake_keys: bool,
}

impl Offer<'_> {
    /// Whether `mechanism` can be offered. One that is not must not be started either.
    pub fn has(&self, mechanism: Mechanism) -> bool {
        let is_secret = mechanism.sends_cleartext_password() || mechanism.sends_bearer_token();
        let bindings = self.bindings.filter(|bindings| !bindings.is_empty());
        let is_bound = match mechanism {
            Mechanism::Ht(binding) => {
                binding.name().is_none_or(|name| bindings.is_some_and(|bindings| bindings.find(name).is_some()))
            }
            mechanism => !mechanism.is_plus() || bindings.is_some(),
        };
        (!is_secret || self.is_private)
            && is_bound
            && (mechanism != Mechanism::External || self.has_certificate)
            && (!matches!(mechanism, Mechanism::Scram { .. }) || self.has_fake_keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::ChannelBinding;

    const NOTHING: Offer<'_> =
        Offer { bindings: None, has_certificate: false, is_private: false, has_fake_keys: false };

    fn named(name: &str) -> Mechanism {
        Mechanism::from_name(name).unwrap()
    }

    #[test]
    fn each_mechanism_has_its_condition() {
        let (none, bound) = (Bindings::none(), Bindings::from(ChannelBinding::TlsExporter([1; 32])));
        let private = Offer { is_private: true, ..NOTHING };
        let keyed = Offer { has_fake_keys: true, ..NOTHING };
        for (name, without, with) in [
            ("PLAIN", NOTHING, private),
            ("OAUTHBEARER", NOTHING, private),
            ("HT-SHA-256-NONE", NOTHING, private),
            ("EXTERNAL", NOTHING, Offer { has_certificate: true, ..NOTHING }),
            ("SCRAM-SHA-256", private, keyed),
            ("SCRAM-SHA-256-PLUS", Offer { bindings: Some(&none), ..keyed }, Offer { bindings: Some(&bound), ..keyed }),
            ("HT-SHA-256-EXPR", NOTHING, Offer { bindings: Some(&bound), ..NOTHING }),
        ] {
            assert!(!without.has(named(name)), "{name}");
            assert!(with.has(named(name)), "{name}");
        }
        assert!(!Offer { bindings: Some(&bound), ..NOTHING }.has(named("HT-SHA-256-ENDP")));
        assert!(NOTHING.has(named("CRAM-MD5")));
    }
}
