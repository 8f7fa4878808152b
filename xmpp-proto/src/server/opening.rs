use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wirestate_sasl::Mechanism;

use super::{Event, Opened, Server, State, Tls, Violation};
use crate::ns;
use crate::stream::{
    Content, Fast, Features, Framing, Header, Inline, Opening, Sasl2, Session, Starttls, StreamLimits, Version,
};
use crate::xml::Element;

impl Server {
    /// A stream header (RFC 6120 §4.7): first and after TLS, after the login, after compression.
    pub(super) fn take_header(&mut self, element: &Element) -> Result<(), Violation> {
        let header = Header::read(element, self.config.rules)?;
        if self.wire.framing() == Framing::Tcp {
            Header::check_scope(self.wire.peer_scope(), Content::Client.ns())?;
        }
        let to = header.to.as_ref().ok_or(Violation::NoHost)?;
        let at = self.config.hosts.iter().position(|host| host == to.as_str()).ok_or(Violation::HostUnknown)? as u16;
        let is_legacy = header.version.is_none_or(|version| version < Version::ONE);
        if self.state == State::Reopening {
            if at != self.host {
                return Err(Violation::HostUnknown);
            }
            if is_legacy {
                return Err(Violation::Version);
            }
        }
        if is_legacy && !self.config.iq_auth {
            return Err(Violation::Version);
        }
        self.host = at;
        self.open(header.from.as_ref().map(|from| from.as_str()), !is_legacy);
        if self.state == State::Reopening {
            self.state = State::Binding;
            self.tell_features();
            return Ok(());
        }
        self.state = State::Negotiating;
        if !is_legacy {
            self.tell_features();
        }
        let host = self.host_name().to_owned();
        self.queue(Event::Opened(Box::new(Opened { host, from: header.from, lang: header.lang })));
        Ok(())
    }

    /// Says our header, where it is not out yet, with a new name for the stream.
    pub(super) fn open(&mut self, to: Option<&str>, has_version: bool) {
        if self.wire.is_opened() {
            return;
        }
        let id = self.nonces.fresh();
        if let Some(login) = &mut self.login {
            login.stream_id = id.as_str().into();
        }
        let config = self.config.clone();
        self.wire.open(&Opening {
            from: Some(config.host(self.host)),
            to,
            id: Some(id.as_str()),
            version: has_version.then_some("1.0"),
            lang: Some(&config.lang),
        });
    }

    /// Tells what is offered at this point (RFC 6120 §4.3.2).
    pub(super) fn tell_features(&mut self) {
        let features = match self.state {
            State::Negotiating => self.features_before_login(),
            _ => self.features_after_login(),
        };
        self.write(|writer| features.write(writer));
    }

    fn limits_told(&self) -> Option<StreamLimits> {
        let limits = &self.config.limits;
        let idle = limits.ping_after.saturating_add(limits.ping_timeout).as_secs();
        // Before the login the silence that is allowed is another one.
        let idle_seconds = (self.state != State::Negotiating).then_some(idle);
        Some(StreamLimits { max_bytes: Some(self.wire.limits().bytes as u64), idle_seconds })
    }

    fn features_before_login(&self) -> Features {
        let limits = self.limits_told();
        let starttls = match self.config.tls {
            Tls::Starttls { required } if !self.encrypted && self.wire.framing() == Framing::Tcp => {
                Some(Starttls { required })
            }
            _ => None,
        };
        if starttls == Some(Starttls { required: true }) {
            return Features { starttls, limits, ..Features::default() };
        }
        let mechanisms = names(self.offered_mechanisms());
        let sasl2 = (self.config.sasl2 && !mechanisms.is_empty()).then(|| {
            Box::new(Sasl2 { mechanisms: mechanisms.clone(), inline: self.inline_features(), upgrades: Vec::new() })
        });
        Features {
            starttls,
            channel_bindings: if mechanisms.is_empty() { Vec::new() } else { self.binding_types() },
            mechanisms,
            sasl2,
            iq_auth: self.config.iq_auth,
            limits,
            ..Features::default()
        }
    }

    fn inline_features(&self) -> Inline {
        let is_managed = self.config.resumable_for.is_some();
        let bind2 = [(ns::CARBONS, true), (ns::CSI, self.config.client_state), (ns::SM, is_managed)];
        let fast = names(self.offered_tokens());
        Inline {
            bind2: Some(bind2.into_iter().filter(|(_, offered)| *offered).map(|(ns, _)| ns.to_string()).collect()),
            sm: is_managed,
            fast: (!fast.is_empty()).then_some(Fast { mechanisms: fast, tls_0rtt: false }),
            others: Vec::new(),
        }
    }

    fn features_after_login(&self) -> Features {
        let config = &self.config;
        let is_binding = self.state == State::Binding;
        let compression = config.compression && is_binding && !self.compressed && self.wire.framing() == Framing::Tcp;
        Features {
            bind: is_binding,
            session: (is_binding && config.session).then_some(Session { optional: true }),
            sm: config.resumable_for.is_some() && self.managed.is_none(),
            csi: config.client_state,
            compression: if compression { [String::from("zlib")].into() } else { Vec::new() },
            roster_versioning: config.roster_versioning,
            pre_approval: config.pre_approval,
            limits: self.limits_told(),
            others: config.other_features.clone(),
            ..Features::default()
        }
    }
}

fn names(mechanisms: impl Iterator<Item = Mechanism>) -> Vec<String> {
    mechanisms.map(|mechanism| mechanism.name().to_string()).collect()
}
