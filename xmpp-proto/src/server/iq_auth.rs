use alloc::boxed::Box;

use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::server::{Answer, Ask as SaslAsk, Failure, Identity, Rejection};

use super::binding::Source;
use super::event::kind;
use super::login::KeptBack;
use super::{Ask, Event, LoggedIn, LoginFailure, Server, State, Tls};
use crate::jid::prepare_resource;
use crate::ns;
use crate::payload::iq_auth::{Fields, IqAuth, Proof};
use crate::stanza::StanzaCondition;
use crate::xml::Element;

/// A login by XEP-0078 under way.
#[derive(Debug)]
pub(super) struct IqLogin {
    iq: Element,
    auth: IqAuth,
}

impl Server {
    /// An IQ of `jabber:iq:auth` (XEP-0078).
    pub(super) fn take_iq_auth(&mut self, iq: Element) {
        let is_tls_due = self.config.tls == Tls::Starttls { required: true } && !self.encrypted;
        if self.state == State::Bound || !self.config.iq_auth || is_tls_due {
            return self.refuse_iq(&iq, StanzaCondition::ServiceUnavailable);
        }
        let Some(query) = iq.child("query", ns::IQ_AUTH) else { return };
        let is_clear = self.encrypted || self.config.cleartext;
        if iq.attr("type").as_deref() == Some("get") {
            let username =
                query.child("username", ns::IQ_AUTH).map(|name| name.text().into_owned()).unwrap_or_default();
            let fields = Fields { password: is_clear, digest: true };
            return self.answer_iq(&iq, |answer| fields.write(answer, &username));
        }
        let auth = match IqAuth::read(query) {
            Ok(auth) if is_clear || matches!(auth.proof, Proof::Digest(_)) => auth,
            _ => return self.refuse_iq(&iq, StanzaCondition::NotAcceptable),
        };
        let user = auth.username.clone();
        let is_sayable = self.address(&user).is_some() && prepare_resource(self.config.rules, &auth.resource).is_ok();
        if !is_sayable {
            return self.refuse_iq(&iq, StanzaCondition::JidMalformed);
        }
        let ask = match &auth.proof {
            Proof::Password(password) => {
                Ask::Sasl(SaslAsk::Password { authzid: None, user, password: password.clone() })
            }
            Proof::Digest(_) => Ask::Digest { user },
        };
        if let Some(login) = &mut self.login {
            login.iq = Some(Box::new(IqLogin { iq, auth }));
        }
        self.ask(ask);
    }

    pub(super) fn answer_iq_auth(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        let stream_id = self.stream_id();
        let pending = self.login.as_ref().and_then(|login| login.iq.as_ref()).ok_or(Misuse::WrongState)?;
        let is_password = matches!(pending.auth.proof, Proof::Password(_));
        let verdict = match answer {
            Answer::Accept if is_password => Ok(Identity::new(pending.auth.username.clone())),
            Answer::AcceptAs(identity) if is_password => Ok(identity),
            Answer::Secret(secret) if pending.auth.proof.fits(&stream_id, &secret) => {
                Ok(Identity::new(pending.auth.username.clone()))
            }
            Answer::Secret(_) | Answer::NoKeys => Err(Rejection::Credentials),
            Answer::Reject(rejection) => Err(rejection),
            _ => return Err(Misuse::OutOfRange),
        };
        self.redeem(ticket)?;
        let Some(pending) = self.login.as_mut().and_then(|login| login.iq.take()) else { return Ok(()) };
        let IqLogin { iq, auth } = *pending;
        let settled = verdict.and_then(|identity| {
            let account = self.address_of(&identity).ok_or(Rejection::NotAuthorized)?;
            Ok((identity, account))
        });
        match settled {
            Ok((identity, account)) => {
                self.jid = Some(account.clone());
                // The resource was found right when it came.
                let resource = prepare_resource(self.config.rules, &auth.resource).ok().map(|text| text.into_owned());
                let logged_in = LoggedIn { identity, account, mechanism: None, user_agent: None };
                self.queue(Event::LoggedIn(Box::new(logged_in)));
                self.binding_later = Some(Box::new((Source::IqAuth(iq), resource)));
            }
            Err(rejection) => {
                self.keep_back(KeptBack::Iq(iq), LoginFailure::Sasl(Failure::Rejected(rejection)));
            }
        }
        Ok(())
    }
}
