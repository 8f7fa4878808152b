//! The IRC server against a model: random commands, with the const table as the law and a few lines of reference for what they do.

use irc_proto::server::{Keyword, State, TABLE};
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirestate_machine::table::Named;
use wirestate_tests::irc::{Desk, PLAIN, Talk, WRONG, starttls_config};

/// What a session ought to be.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    nick: bool,
    user: bool,
    negotiating: bool,
    sasl: bool,
    gateway: bool,
    secured: bool,
    account: bool,
    failed: u16,
    lines: u16,
}

#[derive(Clone, Debug)]
enum Step {
    Nick { free: bool },
    User,
    CapLs,
    CapReqSasl,
    CapEnd,
    Authenticate,
    Response { right: bool },
    Cancel,
    Starttls,
    Webirc { trusted: bool },
    Plain(Keyword),
    Later,
    Unknown,
    HangUp,
}

/// As many lines are taken before registration.
const LINES: u16 = 25;

impl Step {
    fn keyword(&self) -> Keyword {
        match self {
            Step::Nick { .. } => Keyword::Nick,
            Step::User => Keyword::User,
            Step::CapLs | Step::CapReqSasl | Step::CapEnd => Keyword::Cap,
            Step::Authenticate | Step::Response { .. } | Step::Cancel => Keyword::Authenticate,
            Step::Starttls => Keyword::Starttls,
            Step::Webirc { .. } => Keyword::Webirc,
            Step::Plain(keyword) => *keyword,
            Step::Later | Step::Unknown | Step::HangUp => Keyword::Custom,
        }
    }

    /// What is said, if anything is.
    fn line(&self) -> Option<String> {
        let line = match self {
            Step::Nick { free: true } => "NICK ann\r\n".into(),
            Step::Nick { free: false } => "NICK bob\r\n".into(),
            Step::User => "USER ann 0 * :Ann\r\n".into(),
            Step::CapLs => "CAP LS 302\r\n".into(),
            Step::CapReqSasl => "CAP REQ sasl\r\n".into(),
            Step::CapEnd => "CAP END\r\n".into(),
            Step::Authenticate => "AUTHENTICATE PLAIN\r\n".into(),
            Step::Response { right: true } => format!("AUTHENTICATE {PLAIN}\r\n"),
            Step::Response { right: false } => format!("AUTHENTICATE {WRONG}\r\n"),
            Step::Cancel => "AUTHENTICATE *\r\n".into(),
            Step::Starttls => "STARTTLS\r\n".into(),
            Step::Webirc { trusted: true } => "WEBIRC gate g host.example 192.0.2.1\r\n".into(),
            Step::Webirc { trusted: false } => "WEBIRC wrong g host.example 192.0.2.1\r\n".into(),
            Step::Plain(Keyword::Pass) => "PASS x\r\n".into(),
            Step::Plain(Keyword::Served) => "JOIN #a\r\n".into(),
            Step::Plain(Keyword::Custom) => "XECHO a\r\n".into(),
            Step::Plain(keyword) => format!("{} x\r\n", keyword.name()),
            Step::Later => "XLATER\r\n".into(),
            Step::Unknown => "FOO\r\n".into(),
            Step::HangUp => return None,
        };
        Some(line)
    }
}

impl Model {
    fn fresh() -> Model {
        Model {
            state: State::Registering,
            nick: false,
            user: false,
            negotiating: false,
            sasl: false,
            gateway: false,
            secured: false,
            account: false,
            failed: 0,
            lines: 0,
        }
    }

    fn is_registered(&self) -> bool {
        matches!(self.state, State::Registered | State::Reauthenticating)
    }

    fn try_to_register(&mut self) {
        if self.nick && self.user && !self.negotiating {
            self.state = State::Registered;
        }
    }

    fn rest(&mut self) {
        self.state = match self.state {
            State::Authenticating => State::Registering,
            State::Reauthenticating => State::Registered,
            other => other,
        };
    }

    fn is_exchanging(&self) -> bool {
        matches!(self.state, State::Authenticating | State::Reauthenticating)
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::fresh()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let plain = [Keyword::Pass, Keyword::Ping, Keyword::Pong, Keyword::Served, Keyword::Custom];
        let early = [Keyword::Away, Keyword::Isupport, Keyword::Register, Keyword::Verify];
        prop_oneof![
            4 => prop::bool::weighted(0.7).prop_map(|free| Step::Nick { free }),
            4 => Just(Step::User),
            2 => Just(Step::CapLs),
            4 => Just(Step::CapReqSasl),
            3 => Just(Step::CapEnd),
            5 => Just(Step::Authenticate),
            5 => prop::bool::weighted(0.6).prop_map(|right| Step::Response { right }),
            1 => Just(Step::Cancel),
            1 => Just(Step::Starttls),
            1 => prop::bool::weighted(0.8).prop_map(|trusted| Step::Webirc { trusted }),
            8 => select(plain.to_vec()).prop_map(Step::Plain),
            3 => select(early.to_vec()).prop_map(Step::Plain),
            1 => Just(Step::Plain(Keyword::Quit)),
            1 => Just(Step::Later),
            1 => Just(Step::Unknown),
            1 => Just(Step::HangUp),
        ]
        .boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        if model.state == State::Closed {
            return model;
        }
        if let Step::HangUp = step {
            model.state = State::Closed;
            return model;
        }
        if !model.is_registered() {
            model.lines += 1;
            if model.lines > LINES {
                model.state = State::Closed;
                return model;
            }
        }
        if !TABLE.allows(model.state, step.keyword()) {
            return model;
        }
        match step {
            Step::Nick { free: true } if !model.is_registered() => {
                model.nick = true;
                model.try_to_register();
            }
            Step::User if !model.user => {
                model.user = true;
                model.try_to_register();
            }
            Step::CapLs => model.negotiating = true,
            Step::CapReqSasl => (model.negotiating, model.sasl) = (true, true),
            Step::CapEnd => {
                model.negotiating = false;
                if !model.is_registered() {
                    model.try_to_register();
                }
            }
            Step::Authenticate if model.is_exchanging() => model.rest(),
            Step::Authenticate if model.sasl => {
                model.state = if model.is_registered() { State::Reauthenticating } else { State::Authenticating };
            }
            Step::Response { right } if model.is_exchanging() => {
                model.rest();
                if *right {
                    model.account = true;
                } else {
                    model.failed += 1;
                    if model.failed == 3 {
                        model.state = State::Closed;
                    }
                }
            }
            Step::Cancel => model.rest(),
            Step::Starttls if !model.secured => {
                let before = model.clone();
                model = Model { secured: true, lines: before.lines, failed: before.failed, ..Model::fresh() };
            }
            Step::Webirc { .. } if model.gateway => {}
            Step::Webirc { trusted: true } => model.gateway = true,
            Step::Webirc { trusted: false } | Step::Plain(Keyword::Quit) => model.state = State::Closed,
            _ => {}
        }
        model
    }
}

struct Session;

impl StateMachineTest for Session {
    type SystemUnderTest = Talk;
    type Reference = Model;

    fn init_test(_: &Model) -> Talk {
        let mut config = starttls_config();
        config.cleartext = true;
        config.reauthentication = true;
        config.limits.lines_before_registration = LINES;
        Talk::with(Desk::new(config))
    }

    fn apply(mut talk: Talk, model: &Model, step: Step) -> Talk {
        let before = talk.server.state();
        let said = talk.step(step.line().as_deref());
        let after = talk.server.state();
        assert_eq!(after, model.state, "{step:?} in {before:?} said {said}");
        if before == State::Closed {
            assert_eq!(said, "");
        } else if TABLE.allows(before, step.keyword()) && !matches!(step, Step::HangUp | Step::Unknown) {
            let ended = after == State::Closed && talk.violation.is_some();
            assert!(ended || TABLE.leads(before, step.keyword(), after), "{step:?}: {before:?} to {after:?}");
        } else if !matches!(step, Step::HangUp) && talk.violation.is_none() {
            let refused = ["451", "462", "691", "421"].iter().any(|numeric| said.contains(&format!(" {numeric} ")));
            assert!(refused, "{step:?} in {before:?} said {said}");
        }
        talk
    }

    fn check_invariants(talk: &Talk, model: &Model) {
        assert_eq!(talk.server.is_encrypted(), model.secured);
        assert_eq!(talk.desk.registration.is_some(), talk.events.iter().any(|event| event.starts_with("Register ")));
        if model.state != State::Closed {
            assert_eq!(talk.desk.registration.is_some(), model.is_registered());
        }
        let joined = talk.desk.messages.iter().any(|message| message.starts_with(b"JOIN"));
        assert!(!joined || talk.desk.registration.is_some(), "a command of users before registration");
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_server_is_what_the_model_says(sequential 1..60 => Session);
}
