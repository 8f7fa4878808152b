use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use wirestate_machine::Instant;
use wirestate_machine::plugin::{Interest, Plugin, Verdict};

use super::Inbound;
use super::line::Line;
use crate::codec::{Command, Parts};
use crate::ctcp::Ctcp;

/// A plugin that answers CTCP: VERSION, PING, TIME and CLIENTINFO, each as far as it was given, and no more often than its rate allows.
///
/// What it answers, or would if that were not too often, the program does not see. ACTION and whatever else it does not know pass.
///
/// ```
/// # use irc_proto::client::{Client, Config, CtcpAnswers, Identity};
/// # let ada = Identity::new("ada", "ada", "Ada")?;
/// # let mut client = Client::new(Config::default().into(), ada, [0; 32], Default::default());
/// client.plugins().add("ctcp", CtcpAnswers::new().version("example 1.0"))?;
/// # Ok::<(), wirestate_machine::Misuse>(())
/// ```
pub struct CtcpAnswers {
    version: Option<String>,
    time: Option<Box<dyn Fn() -> String + Send>>,
    every: Duration,
    burst: u32,
    /// When all answers may be given again.
    full: Instant,
}

impl Default for CtcpAnswers {
    fn default() -> Self {
        CtcpAnswers::new()
    }
}

impl CtcpAnswers {
    /// Answers PING and CLIENTINFO: three at once, and one in five seconds.
    pub fn new() -> Self {
        let every = Duration::from_secs(5);
        CtcpAnswers { version: None, time: None, every, burst: 3, full: Instant::START }
    }

    /// Answers VERSION too, with this.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Answers TIME too, with what this says.
    #[must_use]
    pub fn time(mut self, time: impl Fn() -> String + Send + 'static) -> Self {
        self.time = Some(Box::new(time));
        self
    }

    /// Sets how many answers are given at once, and how long one more takes.
    #[must_use]
    pub fn rate(mut self, burst: u32, every: Duration) -> Self {
        (self.burst, self.every) = (burst, every);
        self
    }

    fn answer(&self, request: &Ctcp<'_>) -> Option<Vec<u8>> {
        let known = |command: &str| request.is(command);
        if known("PING") {
            return Some(request.parameters.into());
        }
        if known("CLIENTINFO") {
            let mut names = String::from("ACTION CLIENTINFO PING");
            names.push_str(if self.time.is_some() { " TIME" } else { "" });
            names.push_str(if self.version.is_some() { " VERSION" } else { "" });
            return Some(names.into_bytes());
        }
        if known("VERSION") {
            return self.version.clone().map(String::into_bytes);
        }
        let time = self.time.as_ref().filter(|_| known("TIME"))?;
        Some(time().into_bytes())
    }

    fn may(&mut self, now: Instant) -> bool {
        let ahead = self.every.saturating_mul(self.burst.saturating_sub(1));
        let may = self.burst > 0 && self.full - now <= ahead;
        if may {
            self.full = self.full.max(now) + self.every;
        }
        may
    }
}

impl Plugin<Inbound, Line> for CtcpAnswers {
    fn interest(&self) -> Interest {
        // PRIVMSG.
        Interest { incoming: 1, outgoing: 0 }
    }

    fn incoming(&mut self, item: &mut Inbound) -> Verdict<Line> {
        let message = item.message.borrow();
        let (Some(source), Some(text)) = (message.source(), message.param(1)) else { return Verdict::Continue };
        let Some(request) = Ctcp::parse(text) else { return Verdict::Continue };
        let Some(answer) = self.answer(&request) else { return Verdict::Continue };
        if source.is_server() || source.name().is_empty() || !self.may(item.at) {
            return Verdict::Hide(Line::nothing());
        }
        let mut reply = Vec::new();
        let written = Ctcp { command: request.command, parameters: &answer }.write(&mut reply);
        let params = &[source.name(), &reply[..]];
        let line = Line::new(&Parts { command: Command::Word(b"NOTICE"), params, ..Parts::default() });
        Verdict::Hide(line.ok().filter(|_| written.is_ok()).unwrap_or_default())
    }
}

impl fmt::Debug for CtcpAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtcpAnswers").field("version", &self.version).finish_non_exhaustive()
    }
}
