use alloc::string::String;
use alloc::vec::Vec;

use wirestate_sasl::{Advertised, Bindings, Mechanism};

use super::Features;

/// What a server offers for a login, by SASL or by SASL2, as a client hands it to [`wirestate_sasl`].
///
/// ```
/// use wirestate_sasl::client::{Context, Credentials, Policy, choose};
/// use wirestate_sasl::{Bindings, Nonces};
/// use xmpp_proto::stream::Features;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let features = Features { mechanisms: vec!["PLAIN".into(), "SCRAM-SHA-256".into(), "X-NEW".into()], ..Features::default() };
/// let offer = features.sasl_offer().ok_or("the server offers no login")?;
/// let (credentials, session) = (Credentials::password("juliet", "r0m30myr0m30")?, Bindings::none());
/// let mechanism = choose(&offer.mechanisms(), &credentials, &session, &Policy::encrypted()).ok_or("nothing fits")?;
/// assert_eq!(mechanism.name(), "SCRAM-SHA-256");
/// let mut nonces = Nonces::from_seed([7; 32]); // for real: from the system's randomness
/// let context = offer.context(Context::new(nonces.fresh()), &session);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaslOffer<'a> {
    mechanisms: &'a [String],
    channel_bindings: &'a [String],
}

impl Features {
    /// What is offered by SASL (RFC 6120 §6); `None`: nothing.
    pub fn sasl_offer(&self) -> Option<SaslOffer<'_>> {
        self.offer(&self.mechanisms)
    }

    /// What is offered by SASL2 (XEP-0388); `None`: nothing. The mechanisms of FAST are not among it, but in [`Inline::fast`](super::Inline::fast).
    pub fn sasl2_offer(&self) -> Option<SaslOffer<'_>> {
        self.offer(&self.sasl2.as_ref()?.mechanisms)
    }

    fn offer<'a>(&'a self, mechanisms: &'a [String]) -> Option<SaslOffer<'a>> {
        (!mechanisms.is_empty()).then_some(SaslOffer { mechanisms, channel_bindings: &self.channel_bindings })
    }
}

impl SaslOffer<'_> {
    /// The mechanisms that are known here.
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        self.mechanisms.iter().filter_map(|name| Mechanism::from_name(name)).collect()
    }

    /// Whether there is a -PLUS form, known here or not (RFC 5802 §6).
    pub fn offers_plus(&self) -> bool {
        self.mechanisms.iter().any(|name| name.ends_with("-PLUS"))
    }

    /// Those of the session's channel bindings that the server knows: all of them where it names none (XEP-0440 §3).
    pub fn bindings(&self, session: &Bindings) -> Bindings {
        match self.channel_bindings {
            [] => session.clone(),
            types => session.among(types.iter().map(String::as_str)),
        }
    }

    /// What the server advertised, for it to be told by SCRAM that nobody changed it (XEP-0474).
    pub fn advertised(&self) -> Advertised {
        Advertised::new(self.mechanisms.iter().cloned(), self.channel_bindings.iter().cloned())
    }

    /// A client's context with all of this in it. `session` has what the TLS channel gave.
    #[must_use]
    pub fn context(
        &self,
        context: wirestate_sasl::client::Context,
        session: &Bindings,
    ) -> wirestate_sasl::client::Context {
        context.bindings(self.bindings(session)).server_offers_plus(self.offers_plus()).advertised(self.advertised())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use wirestate_sasl::client::{self, Client, Credentials, Error, Policy, Step, choose};
    use wirestate_sasl::server::{self, Answer, Server};
    use wirestate_sasl::{ChannelBinding, Derivation, FakeKeys, Hash, Nonce, ScramKeys};

    use super::*;

    const PLUS: &str = "SCRAM-SHA-1-PLUS";
    const PLAIN_SCRAM: &str = "SCRAM-SHA-1";

    fn features(mechanisms: &[&str], types: &[&str]) -> Features {
        let owned = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect();
        Features { mechanisms: owned(mechanisms), channel_bindings: owned(types), ..Features::default() }
    }

    fn session() -> Bindings {
        [ChannelBinding::TlsExporter([7; 32]), ChannelBinding::TlsServerEndPoint(vec![8; 32])].into_iter().collect()
    }

    fn nonce(text: &str) -> Nonce {
        Nonce::new(text).unwrap()
    }

    /// The client's first message, by the features that it saw.
    fn first(features: &Features) -> Vec<u8> {
        match start(features).step(None) {
            Ok(Step::Send(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    fn start(features: &Features) -> Client {
        let credentials = Credentials::password("ann", "pencil").unwrap();
        let offer = features.sasl_offer().unwrap();
        let bindings = offer.bindings(&session());
        let mechanism = choose(&offer.mechanisms(), &credentials, &bindings, &Policy::encrypted()).unwrap();
        let context = offer.context(client::Context::new(nonce("c")), &session());
        Client::start(mechanism, &credentials, &context).unwrap()
    }

    #[test]
    fn the_servers_list_decides_about_the_binding() {
        let both = [PLUS, PLAIN_SCRAM];
        for (mechanisms, types, flag) in [
            (&both[..], &["tls-server-end-point", "tls-exporter"][..], "p=tls-exporter,,"),
            (&both, &["tls-unique", "tls-server-end-point"], "p=tls-server-end-point,,"),
            (&both, &[], "p=tls-exporter,,"),
            (&both, &["tls-unique"], "n,,"),
            (&both[1..], &["tls-exporter"], "y,,"),
            (&both[1..], &[], "y,,"),
            (&["SCRAM-NEW-PLUS", PLAIN_SCRAM], &[], "n,,"),
        ] {
            let message = first(&features(mechanisms, types));
            assert!(message.starts_with(flag.as_bytes()), "{mechanisms:?} {types:?}");
        }
        assert_eq!(features(&[], &["tls-exporter"]).sasl_offer(), None);
        assert_eq!(features(&[PLUS], &[]).sasl2_offer(), None);
    }

    #[test]
    fn a_list_that_was_changed_on_its_way_is_noticed() {
        let sent = features(&[PLUS, PLAIN_SCRAM], &["tls-exporter"]);
        let came = features(&[PLUS, PLAIN_SCRAM], &["tls-unique"]);
        let offered = sent.sasl_offer().unwrap().advertised();
        let context = server::Context::new(nonce("s")).fake_keys(FakeKeys::new([1; 32])).advertised(offered);
        let mut server = Server::start(Mechanism::SCRAM_SHA_1, &context).unwrap();
        let mut client = start(&came);
        let Ok(Step::Send(message)) = client.step(None) else { panic!("a first message") };
        let Ok(server::Step::Ask(_)) = server.step(Some(&message)) else { panic!("the keys are asked for") };
        let keys = Derivation::new(Hash::Sha1, "pencil", b"salt", 4096).unwrap().run();
        let Ok(server::Step::Challenge(challenge)) = server.answer(Answer::Keys(ScramKeys::from_derived(&keys))) else {
            panic!("a challenge")
        };
        assert_eq!(client.step(Some(&challenge)).unwrap_err(), Error::AdvertisedChanged);
    }
}
