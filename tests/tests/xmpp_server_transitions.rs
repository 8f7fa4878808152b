//! The XMPP server against a model: random elements, with the const table as the law and a few lines of reference for what they do.

use std::time::Duration;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirestate_tests::xmpp::{Desk, HEADER, PLAIN, Talk, WRONG, auth, bind, open_config};
use xmpp_proto::server::{Keyword, State, TABLE, Tls};

/// What a session ought to be.
#[derive(Clone, Debug)]
struct Model {
    state: State,
    secured: bool,
    compressed: bool,
    failed: u16,
}

#[derive(Clone, Debug)]
enum Step {
    Header,
    Starttls,
    Auth { right: bool },
    Response,
    Abort,
    Authenticate { binds: bool },
    IqAuth { right: bool },
    Compress,
    Bind { free: bool },
    Session,
    Enable,
    Resume,
    Request,
    Answer,
    ClientState,
    Stanza,
    Error,
    End,
    Other,
    HangUp,
}

impl Step {
    fn keyword(&self) -> Keyword {
        match self {
            Step::Header => Keyword::Header,
            Step::Starttls => Keyword::Starttls,
            Step::Auth { .. } => Keyword::Auth,
            Step::Response => Keyword::Response,
            Step::Abort => Keyword::Abort,
            Step::Authenticate { .. } => Keyword::Authenticate,
            Step::IqAuth { .. } => Keyword::IqAuth,
            Step::Compress => Keyword::Compress,
            Step::Bind { .. } => Keyword::Bind,
            Step::Session => Keyword::Session,
            Step::Enable => Keyword::Enable,
            Step::Resume => Keyword::Resume,
            Step::Request => Keyword::Request,
            Step::Answer => Keyword::Answer,
            Step::ClientState => Keyword::ClientState,
            Step::Stanza => Keyword::Stanza,
            Step::Error => Keyword::Error,
            Step::End => Keyword::End,
            Step::Other | Step::HangUp => Keyword::Other,
        }
    }

    /// What is said, if anything is.
    fn text(&self) -> Option<String> {
        let password = |right: &bool| if *right { "pencil" } else { "wrong" };
        Some(match self {
            Step::Header => HEADER.into(),
            Step::Starttls => "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>".into(),
            Step::Auth { right } => auth(if *right { PLAIN } else { WRONG }),
            Step::Response => "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AAAA</response>".into(),
            Step::Abort => "<abort xmlns='urn:xmpp:sasl:2'/>".into(),
            Step::Authenticate { binds } => format!(
                "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{PLAIN}</initial-response>{}</authenticate>",
                if *binds { "<bind xmlns='urn:xmpp:bind:0'/>" } else { "" }
            ),
            Step::IqAuth { right } => format!(
                "<iq type='set' id='2'><query xmlns='jabber:iq:auth'><username>juliet</username><password>{}</password><resource>r</resource></query></iq>",
                password(right)
            ),
            Step::Compress => {
                "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>".into()
            }
            Step::Bind { free } => bind(if *free { "free" } else { "taken" }),
            Step::Session => "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>".into(),
            Step::Enable => "<enable xmlns='urn:xmpp:sm:3' resume='true'/>".into(),
            Step::Resume => "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>".into(),
            Step::Request => "<r xmlns='urn:xmpp:sm:3'/>".into(),
            Step::Answer => "<a xmlns='urn:xmpp:sm:3' h='0'/>".into(),
            Step::ClientState => "<inactive xmlns='urn:xmpp:csi:0'/>".into(),
            Step::Stanza => "<message><body>Hi</body></message>".into(),
            Step::Error => "<stream:error xmlns:stream='http://etherx.jabber.org/streams'/>".into(),
            Step::End => "</stream:stream>".into(),
            Step::Other => "<foo/>".into(),
            Step::HangUp => return None,
        })
    }
}

impl Model {
    fn fail(&mut self) {
        self.failed += 1;
        self.state = if self.failed == 3 { State::Closed } else { State::Negotiating };
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model { state: State::Opening, secured: false, compressed: false, failed: 0 }).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let any = prop_oneof![
            3 => Just(Step::Starttls),
            4 => prop::bool::weighted(0.6).prop_map(|right| Step::Auth { right }),
            1 => Just(Step::Response),
            1 => Just(Step::Abort),
            3 => any::<bool>().prop_map(|binds| Step::Authenticate { binds }),
            2 => any::<bool>().prop_map(|right| Step::IqAuth { right }),
            2 => Just(Step::Compress),
            5 => prop::bool::weighted(0.7).prop_map(|free| Step::Bind { free }),
            2 => Just(Step::Session),
            2 => Just(Step::Enable),
            2 => Just(Step::Resume),
            2 => Just(Step::Request),
            2 => Just(Step::Answer),
            2 => Just(Step::ClientState),
            4 => Just(Step::Stanza),
            1 => prop_oneof![Just(Step::Error), Just(Step::End), Just(Step::Other), Just(Step::HangUp)],
        ];
        match model.state {
            // Anywhere else it would be the beginning of an element that does not end.
            State::Opening | State::Reopening => prop_oneof![15 => Just(Step::Header), 1 => any].boxed(),
            _ => any.boxed(),
        }
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        let before = model.state;
        if before == State::Closed {
            return model;
        }
        let is_awaited = !matches!(before, State::Opening | State::Reopening) || matches!(step, Step::Header);
        if !is_awaited || !TABLE.allows(before, step.keyword()) {
            model.state = State::Closed;
            return model;
        }
        match step {
            Step::Header if before == State::Opening => model.state = State::Negotiating,
            Step::Header => model.state = State::Binding,
            Step::Starttls if model.secured => model.state = State::Closed,
            Step::Starttls => (model.secured, model.state) = (true, State::Opening),
            Step::Auth { right: true } => model.state = State::Reopening,
            Step::Auth { right: false } | Step::Response | Step::Abort => model.fail(),
            Step::Authenticate { binds } => model.state = if *binds { State::Bound } else { State::Binding },
            Step::IqAuth { right: true } => model.state = State::Bound,
            Step::IqAuth { right: false } if before == State::Negotiating => model.fail(),
            Step::Compress if !model.compressed => (model.compressed, model.state) = (true, State::Reopening),
            Step::Bind { free: true } => model.state = State::Bound,
            Step::Error | Step::End => model.state = State::Closed,
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
        let mut config = open_config();
        config.tls = Tls::Starttls { required: false };
        config.compression = true;
        config.limits.elements_before_binding = u16::MAX;
        config.limits.login_time = Duration::from_secs(86_400);
        config.limits.ping_after = Duration::from_secs(86_400);
        Talk::with(Desk::new(config))
    }

    fn apply(mut talk: Talk, model: &Model, step: Step) -> Talk {
        let before = talk.server.state();
        let said = talk.step(step.text().as_deref());
        let after = talk.server.state();
        assert_eq!(after, model.state, "{step:?} in {before:?} said {said}");
        let is_upgrade = matches!(step, Step::Starttls | Step::Compress);
        if before == State::Closed {
            assert_eq!(said, "");
        } else if after == State::Closed {
            let is_ended = said.ends_with("</stream:stream>") || matches!(step, Step::HangUp);
            assert!(is_ended, "{step:?} in {before:?} said {said}");
        } else if !is_upgrade {
            assert!(TABLE.leads(before, step.keyword(), after), "{step:?}: {before:?} to {after:?}");
        }
        talk
    }

    fn check_invariants(talk: &Talk, model: &Model) {
        assert_eq!(talk.server.is_encrypted(), model.secured);
        let is_full = talk.server.jid().is_some_and(|jid| jid.is_full());
        match model.state {
            State::Bound => assert!(is_full),
            State::Closed => {}
            _ => assert!(!is_full && talk.desk.stanzas.is_empty()),
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_is_the_law(sequential 1..30 => Session);
}
