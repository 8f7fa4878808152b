use alloc::string::String;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{Asked, Event, Greeting, Reason, Reply, Server, State};
use crate::codec::{Code, Condition};

impl Server {
    /// Greets the client (RFC 9051 §7.1): `* OK [CAPABILITY ...] text`.
    pub fn greet(&mut self, ticket: Ticket<kind::Greet>, text: &str) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.say_greeting(text);
        Ok(())
    }

    /// Greets a client that the application knows already: `* PREAUTH`. It is logged in.
    pub fn greet_known(&mut self, ticket: Ticket<kind::Greet>, text: &str) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.enter(State::Authenticated);
        let code = Code::Capability(self.capabilities());
        self.say(&Reply::new(Condition::Preauth, Some(code), String::from(text)));
        Ok(())
    }

    /// Refuses the client right away, with `* BYE` in the place of the greeting, and ends the session.
    pub fn refuse_client(
        &mut self,
        ticket: Ticket<kind::Greet>,
        code: Option<Code<Bytes>>,
        text: &str,
    ) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.say(&Reply::new(Condition::Bye, code, String::from(text)));
        self.close(Reason::Refused);
        Ok(())
    }

    pub(super) fn begin(&mut self) {
        if let Greeting::Text(text) = &self.config.clone().greeting {
            return self.say_greeting(text);
        }
        let ticket = self.issue(Asked::Greet);
        self.queue(Event::Greet(ticket));
    }

    fn say_greeting(&mut self, text: &str) {
        self.state = State::NotAuthenticated;
        self.timer.rearm();
        let code = Code::Capability(self.capabilities());
        self.say(&Reply::new(Condition::Ok, Some(code), String::from(text)));
    }
}
