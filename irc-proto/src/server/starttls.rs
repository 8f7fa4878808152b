use alloc::boxed::Box;

use wirestate_machine::TlsFacts;

use super::reply::{encoder, target};
use super::{Event, Lines, Rejected, Server, State, Tls, Violation};
use crate::codec::{Command, Parts};
use crate::{Capabilities, labels, numerics};

impl Server {
    /// STARTTLS (IRCv3 tls-3.1).
    pub(super) fn starttls(&mut self) -> Result<(), Rejected> {
        if self.config.tls != Tls::Starttls || self.encrypted {
            return Err(Rejected::NotOffered);
        }
        if !self.inbox.is_empty() {
            self.numeric(numerics::ERR_STARTTLS, &[], "STARTTLS failed: data came before the TLS negotiation");
            self.violate(Violation::DataBeforeTls);
            return Ok(());
        }
        if !self.say_proceed() {
            return Err(Rejected::Plugin);
        }
        self.inbox.hold(true);
        self.state = State::Securing;
        Ok(())
    }

    /// Tells the client to begin the handshake, as the last that is said in the clear. `false`: a plugin has made something else of it, so that no
    /// handshake will come.
    fn say_proceed(&mut self) -> bool {
        let config = self.config.clone();
        let nick = self.nick.clone();
        let label = self.labelled.take().map(|labelled| labelled.tag()).unwrap_or_default();
        let parts = Parts {
            source: Some(config.name.as_bytes()),
            command: Command::Numeric(numerics::RPL_STARTTLS),
            params: &[target(&nick), b"STARTTLS successful, proceed with TLS handshake"],
            ..Parts::default()
        };
        let Ok(lines) = Lines::encode(&encoder(&config), &parts) else { return false };
        let said = self.put(Lines::written(labels::tagged(lines.as_bytes(), &label).into()));
        said.messages().any(|message| message.command() == Command::Numeric(numerics::RPL_STARTTLS))
    }

    /// TLS is up: what was said in the clear is forgotten, capabilities, names and logins.
    pub(super) fn secured(&mut self, facts: Box<TlsFacts>) {
        if let Some(login) = &mut self.login {
            login.secured(&facts);
        }
        if let Some(registering) = &mut self.registering {
            registering.secured();
        }
        self.nick = Box::default();
        (self.agreed, self.agreed_others, self.cap_302) = (Capabilities::NONE, 0, false);
        self.encrypted = true;
        self.inbox.hold(false);
        self.framing.reset();
        self.state = State::Registering;
        self.queued = Some(Box::new(Event::Secured(facts)));
    }
}
