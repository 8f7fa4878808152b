//! The IMAP server against a model: random commands, with the const table as the law and a few lines of reference for what they do.

use imap_proto::codec::Keyword;
use imap_proto::server::{State, TABLE};
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirestate_machine::table::Named;
use wirestate_tests::imap::{Desk, PASSWORD, Talk, open_config};

/// What a session ought to be.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    secured: bool,
    compressed: bool,
    bad: u16,
    failed: u16,
    commands: u32,
}

#[derive(Clone, Debug)]
enum Step {
    Login { right: bool },
    AuthPlain { right: bool },
    AuthCancelled,
    Select { there: bool },
    Plain(Keyword),
    Unknown,
    HangUp,
}

impl Step {
    fn keyword(&self) -> Keyword {
        match self {
            Step::Login { .. } => Keyword::Login,
            Step::AuthPlain { .. } | Step::AuthCancelled => Keyword::Authenticate,
            Step::Select { .. } => Keyword::Select,
            Step::Plain(keyword) => *keyword,
            Step::Unknown | Step::HangUp => Keyword::Other,
        }
    }

    fn lines(&self) -> Option<String> {
        let command = match self {
            Step::Login { right: true } => format!("LOGIN ann \"{PASSWORD}\""),
            Step::Login { right: false } => "LOGIN ann wrong".into(),
            Step::AuthPlain { right: true } => "AUTHENTICATE PLAIN AGFubgBwYXNzIHdvcmQ=".into(),
            Step::AuthPlain { right: false } => "AUTHENTICATE PLAIN AGFubgB3cm9uZw==".into(),
            Step::AuthCancelled => "AUTHENTICATE PLAIN *".into(),
            Step::Select { there: true } => "SELECT INBOX".into(),
            Step::Select { there: false } => "SELECT Nowhere".into(),
            Step::Plain(Keyword::Compress) => "COMPRESS DEFLATE".into(),
            Step::Plain(Keyword::Idle) => "IDLE\r\nDONE".into(),
            Step::Plain(Keyword::Enable) => "ENABLE CONDSTORE".into(),
            Step::Plain(Keyword::Id) => "ID NIL".into(),
            Step::Plain(Keyword::List) => "LIST \"\" *".into(),
            Step::Plain(Keyword::Status) => "STATUS Saved (MESSAGES)".into(),
            Step::Plain(Keyword::Append) => "APPEND Saved {3+}\r\nabc".into(),
            Step::Plain(keyword @ (Keyword::Fetch | Keyword::UidFetch)) => format!("{keyword} 1:* FLAGS"),
            Step::Plain(keyword @ (Keyword::Store | Keyword::UidStore)) => format!("{keyword} 1:* FLAGS ()"),
            Step::Plain(keyword @ (Keyword::Search | Keyword::UidSearch)) => format!("{keyword} ALL"),
            Step::Plain(keyword @ (Keyword::Copy | Keyword::UidCopy)) => format!("{keyword} 1:* Saved"),
            Step::Plain(keyword) => keyword.name().into(),
            Step::Unknown => "XNONE".into(),
            Step::HangUp => return None,
        };
        Some(format!("a {command}\r\n"))
    }
}

impl Model {
    fn is_logged_in(&self) -> bool {
        matches!(self.state, State::Authenticated | State::Selected)
    }

    fn fail_login(&mut self) {
        self.failed += 1;
        if self.failed == 3 {
            self.state = State::Closed;
        }
    }

    fn bad_command(&mut self) {
        self.bad += 1;
        if self.bad == if self.is_logged_in() { 20 } else { 3 } {
            self.state = State::Closed;
        }
    }

    fn log_in(&mut self) {
        (self.state, self.bad) = (State::Authenticated, 0);
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let state = State::NotAuthenticated;
        Just(Model { state, secured: false, compressed: false, bad: 0, failed: 0, commands: 0 }).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let plain = [
            Keyword::Capability,
            Keyword::Noop,
            Keyword::Logout,
            Keyword::StartTls,
            Keyword::Id,
            Keyword::Enable,
            Keyword::Compress,
            Keyword::Unauthenticate,
            Keyword::List,
            Keyword::Namespace,
            Keyword::Status,
            Keyword::Append,
            Keyword::Idle,
            Keyword::Check,
            Keyword::Close,
            Keyword::Unselect,
            Keyword::Expunge,
            Keyword::Search,
            Keyword::UidSearch,
            Keyword::Fetch,
            Keyword::UidFetch,
            Keyword::Store,
            Keyword::UidStore,
            Keyword::Copy,
            Keyword::UidCopy,
        ];
        prop_oneof![
            4 => prop::bool::weighted(0.8).prop_map(|right| Step::Login { right }),
            1 => any::<bool>().prop_map(|right| Step::AuthPlain { right }),
            1 => Just(Step::AuthCancelled),
            4 => prop::bool::weighted(0.8).prop_map(|there| Step::Select { there }),
            12 => select(plain.to_vec()).prop_map(Step::Plain),
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
        model.commands += 1;
        if let Step::Unknown = step {
            if model.is_logged_in() {
                model.bad_command()
            } else {
                model.state = State::Closed
            }
            return model;
        }
        if !TABLE.allows(model.state, step.keyword()) {
            model.bad_command();
            // Where no IDLE began, the line that would have ended it is a command, though without a tag.
            if let Step::Plain(Keyword::Idle) = step
                && model.state != State::Closed
            {
                model.commands += 1;
                model.bad_command();
            }
            return model;
        }
        match step {
            Step::Login { right: true } | Step::AuthPlain { right: true } => model.log_in(),
            Step::Login { right: false } | Step::AuthPlain { right: false } => model.fail_login(),
            Step::AuthCancelled => model.bad_command(),
            Step::Select { there } => model.state = if *there { State::Selected } else { State::Authenticated },
            Step::Plain(Keyword::Close | Keyword::Unselect) => model.state = State::Authenticated,
            // Who has logged out may log in again, and has as many tries as before.
            Step::Plain(Keyword::Unauthenticate) => (model.state, model.bad) = (State::NotAuthenticated, 0),
            Step::Plain(Keyword::Logout) => model.state = State::Closed,
            Step::Plain(Keyword::StartTls) => model.secured = true,
            // The second time it is refused.
            Step::Plain(Keyword::Compress) if model.compressed => return model,
            Step::Plain(Keyword::Compress) => model.compressed = true,
            _ => {}
        }
        // What goes well forgives what went wrong before.
        if model.is_logged_in() && !matches!(step, Step::Select { there: false }) {
            model.bad = 0;
        }
        model
    }
}

struct Session;

impl StateMachineTest for Session {
    type SystemUnderTest = Talk;
    type Reference = Model;

    fn init_test(_: &Model) -> Talk {
        let mut config = open_config();
        config.tls = imap_proto::server::Tls::Starttls;
        Talk::with(Desk::with(config))
    }

    fn apply(mut talk: Talk, model: &Model, step: Step) -> Talk {
        let before = talk.server.state();
        let said = talk.step(step.lines().as_deref());
        let after = talk.server.state();
        assert_eq!(after, model.state, "{step:?} in {before:?}: {said}");
        assert_eq!(talk.server.is_selected(), model.state == State::Selected);
        assert_eq!(talk.server.command_count(), model.commands);
        if after != before && after != State::Closed {
            assert!(TABLE.leads(before, step.keyword(), after), "{step:?} led from {before:?} to {after:?}");
        }
        let tagged = said.lines().filter(|line| line.starts_with("a ")).count();
        if before != State::Closed && !matches!(step, Step::HangUp) {
            assert_eq!(tagged, 1, "{step:?} in {before:?}: {said}");
        }
        talk
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_is_the_law(sequential 1..40 => Session);
}
