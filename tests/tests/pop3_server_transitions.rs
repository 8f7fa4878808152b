//! The POP3 server against a model: random commands, with the const table as the law and a few lines of reference for what they do.

use std::collections::BTreeSet;

use pop3_proto::codec::Keyword;
use pop3_proto::server::{State, TABLE};
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirestate_machine::table::Named;
use wirestate_tests::pop3::{Desk, PASSWORD, Talk, open_config};

/// What a session ought to be.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    user: bool,
    secured: bool,
    bad: u16,
    failed: u16,
    marked: BTreeSet<u32>,
    removed: BTreeSet<u32>,
}

#[derive(Clone, Debug)]
enum Step {
    User,
    Pass { right: bool },
    AuthPlain { right: bool },
    AuthCancelled,
    Stls,
    Dele(u32),
    Plain(Keyword),
    Unknown,
    HangUp,
}

const MESSAGES: u32 = 5;

impl Step {
    fn keyword(&self) -> Keyword {
        match self {
            Step::User => Keyword::User,
            Step::Pass { .. } => Keyword::Pass,
            Step::AuthPlain { .. } | Step::AuthCancelled => Keyword::Auth,
            Step::Stls => Keyword::Stls,
            Step::Dele(_) => Keyword::Dele,
            Step::Plain(keyword) => *keyword,
            Step::Unknown | Step::HangUp => Keyword::Other,
        }
    }

    /// What is said, if anything is.
    fn line(&self) -> Option<String> {
        let line = match self {
            Step::User => "USER ann\r\n".into(),
            Step::Pass { right: true } => format!("PASS {PASSWORD}\r\n"),
            Step::Pass { right: false } => "PASS wrong\r\n".into(),
            Step::AuthPlain { right: true } => "AUTH PLAIN AGFubgBwYXNzIHdvcmQ=\r\n".into(),
            Step::AuthPlain { right: false } => "AUTH PLAIN AGFubgB3cm9uZw==\r\n".into(),
            Step::AuthCancelled => "AUTH PLAIN\r\n*\r\n".into(),
            Step::Stls => "STLS\r\n".into(),
            Step::Dele(message) => format!("DELE {message}\r\n"),
            Step::Plain(Keyword::Retr) => "RETR 3\r\n".into(),
            Step::Plain(Keyword::Top) => "TOP 3 0\r\n".into(),
            Step::Plain(keyword) => format!("{}\r\n", keyword.name()),
            Step::Unknown => "FOO\r\n".into(),
            Step::HangUp => return None,
        };
        Some(line)
    }
}

impl Model {
    fn fail_login(&mut self) {
        self.user = false;
        self.failed += 1;
        if self.failed == 3 {
            self.state = State::Closed;
        }
    }

    fn bad_command(&mut self) {
        self.bad += 1;
        if self.bad == if self.state == State::Authorization { 5 } else { 20 } {
            self.state = State::Closed;
        }
    }

    fn log_in(&mut self) {
        (self.state, self.bad) = (State::Transaction, 0);
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let start = Model {
            state: State::Authorization,
            user: false,
            secured: false,
            bad: 0,
            failed: 0,
            marked: BTreeSet::new(),
            removed: BTreeSet::new(),
        };
        Just(start).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let plain = [
            Keyword::Capa,
            Keyword::Utf8,
            Keyword::Lang,
            Keyword::Noop,
            Keyword::Stat,
            Keyword::List,
            Keyword::Uidl,
            Keyword::Retr,
            Keyword::Top,
            Keyword::Rset,
            Keyword::Last,
            Keyword::Quit,
        ];
        prop_oneof![
            3 => Just(Step::User),
            3 => prop::bool::weighted(0.7).prop_map(|right| Step::Pass { right }),
            1 => any::<bool>().prop_map(|right| Step::AuthPlain { right }),
            1 => Just(Step::AuthCancelled),
            1 => Just(Step::Stls),
            4 => (1..=MESSAGES + 1).prop_map(Step::Dele),
            8 => select(plain.to_vec()).prop_map(Step::Plain),
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
        if let Step::Unknown = step {
            model.bad_command();
            return model;
        }
        if !TABLE.allows(model.state, step.keyword()) {
            model.bad_command();
            // In the wrong state no exchange begins, so that the cancelling line is a command, and an unknown one.
            if let Step::AuthCancelled = step
                && model.state != State::Closed
            {
                model.bad_command();
            }
            return model;
        }
        match step {
            Step::User => model.user = true,
            Step::Pass { .. } if !model.user => model.bad_command(),
            Step::Pass { right: true } | Step::AuthPlain { right: true } => model.log_in(),
            Step::Pass { right: false } | Step::AuthPlain { right: false } => model.fail_login(),
            Step::AuthCancelled => {
                model.user = false;
                model.bad_command();
            }
            // The second time it is refused, and nothing is forgotten.
            Step::Stls if !model.secured => (model.user, model.secured) = (false, true),
            Step::Dele(message) if *message <= MESSAGES => {
                model.marked.insert(*message);
            }
            Step::Plain(Keyword::Rset) => model.marked.clear(),
            Step::Plain(Keyword::Quit) => {
                model.removed = std::mem::take(&mut model.marked);
                model.state = State::Closed;
            }
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
        Talk::with(Desk::new(open_config()))
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
        } else if step.keyword() != Keyword::Other {
            assert!(said.starts_with("-ERR command not allowed in this state\r\n"), "{said}");
        }
        talk
    }

    fn check_invariants(talk: &Talk, model: &Model) {
        assert!(talk.desk.removed.iter().copied().eq(model.removed.iter().copied()), "UPDATE happens on QUIT only");
        assert_eq!(talk.server.is_encrypted(), model.secured);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_server_is_what_the_model_says(sequential 1..40 => Session);
}
