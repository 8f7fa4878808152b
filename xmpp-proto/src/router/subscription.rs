//! The states of a subscription, and what each presence about it does (RFC 6121 appendix A).

use crate::payload::roster::Subscription;
use crate::stanza::PresenceType;

use super::storage::Contact;

/// What one side knows of a subscription with the other (RFC 6121 §A.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    None,
    NoneOut,
    NoneIn,
    NoneOutIn,
    To,
    ToIn,
    From,
    FromOut,
    Both,
}

/// Which way a presence goes, as seen from the side whose state it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Outbound,
    Inbound,
}

/// What becomes of a presence, and of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether it goes on: to the contact's server, or to the user's clients.
    pub(super) passes: bool,
    pub(super) next: State,
}

const fn go(next: State) -> Step {
    Step { passes: true, next }
}

const fn stop(next: State) -> Step {
    Step { passes: false, next }
}

/// One state's law: `subscribe`, `unsubscribe`, `subscribed`, `unsubscribed`, sent (§A.2) and received (§A.3).
struct Law {
    state: State,
    outbound: [Step; 4],
    inbound: [Step; 4],
}

const LAWS: [Law; 9] = {
    use State::*;
    [
        Law {
            state: None,
            outbound: [go(NoneOut), go(None), stop(None), stop(None)],
            inbound: [go(NoneIn), stop(None), stop(None), stop(None)],
        },
        Law {
            state: NoneOut,
            outbound: [go(NoneOut), go(None), stop(NoneOut), stop(NoneOut)],
            inbound: [go(NoneOutIn), stop(NoneOut), go(To), go(None)],
        },
        Law {
            state: NoneIn,
            outbound: [go(NoneOutIn), go(NoneIn), go(From), go(None)],
            inbound: [stop(NoneIn), go(None), stop(NoneIn), stop(NoneIn)],
        },
        Law {
            state: NoneOutIn,
            outbound: [go(NoneOutIn), go(NoneIn), go(FromOut), go(NoneOut)],
            inbound: [stop(NoneOutIn), go(NoneOut), go(ToIn), go(NoneIn)],
        },
        Law {
            state: To,
            outbound: [go(To), go(None), stop(To), stop(To)],
            inbound: [go(ToIn), stop(To), stop(To), go(None)],
        },
        Law {
            state: ToIn,
            outbound: [go(ToIn), go(NoneIn), go(Both), go(To)],
            inbound: [stop(ToIn), go(To), stop(ToIn), go(NoneIn)],
        },
        Law {
            state: From,
            outbound: [go(FromOut), go(From), stop(From), go(None)],
            inbound: [stop(From), go(None), stop(From), stop(From)],
        },
        Law {
            state: FromOut,
            outbound: [go(FromOut), go(From), stop(FromOut), go(NoneOut)],
            inbound: [stop(FromOut), go(NoneOut), go(Both), go(From)],
        },
        Law {
            state: Both,
            outbound: [go(Both), go(From), stop(Both), go(To)],
            inbound: [stop(Both), go(To), stop(Both), go(From)],
        },
    ]
};

/// What a presence about a subscription does; `None` where it is about something else.
pub(super) fn step(state: State, way: Way, kind: PresenceType) -> Option<Step> {
    let column = match kind {
        PresenceType::Subscribe => 0,
        PresenceType::Unsubscribe => 1,
        PresenceType::Subscribed => 2,
        PresenceType::Unsubscribed => 3,
        _ => return None,
    };
    let law = LAWS.iter().find(|law| law.state == state)?;
    let steps = match way {
        Way::Outbound => &law.outbound,
        Way::Inbound => &law.inbound,
    };
    steps.get(column).copied()
}

impl State {
    pub(super) fn of(contact: Option<&Contact>) -> State {
        let Some(contact) = contact else { return State::None };
        match (contact.item.subscription, contact.item.is_asked, contact.is_pending) {
            (Subscription::None, false, false) => State::None,
            (Subscription::None, true, false) => State::NoneOut,
            (Subscription::None, false, true) => State::NoneIn,
            (Subscription::None, true, true) => State::NoneOutIn,
            (Subscription::To, _, false) => State::To,
            (Subscription::To, _, true) => State::ToIn,
            (Subscription::From, false, _) => State::From,
            (Subscription::From, true, _) => State::FromOut,
            (Subscription::Both, ..) => State::Both,
        }
    }

    pub(super) fn put(self, contact: &mut Contact) {
        let (subscription, is_asked, is_pending) = match self {
            State::None => (Subscription::None, false, false),
            State::NoneOut => (Subscription::None, true, false),
            State::NoneIn => (Subscription::None, false, true),
            State::NoneOutIn => (Subscription::None, true, true),
            State::To => (Subscription::To, false, false),
            State::ToIn => (Subscription::To, false, true),
            State::From => (Subscription::From, false, false),
            State::FromOut => (Subscription::From, true, false),
            State::Both => (Subscription::Both, false, false),
        };
        contact.item.subscription = subscription;
        contact.item.is_asked = is_asked;
        contact.is_pending = is_pending;
    }

    pub(super) fn is_from(self) -> bool {
        matches!(self, State::From | State::FromOut | State::Both)
    }

    pub(super) fn is_to(self) -> bool {
        matches!(self, State::To | State::ToIn | State::Both)
    }

    pub(super) fn is_asked(self) -> bool {
        matches!(self, State::NoneOut | State::NoneOutIn | State::FromOut)
    }

    pub(super) fn is_pending(self) -> bool {
        matches!(self, State::NoneIn | State::NoneOutIn | State::ToIn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PresenceType; 4] =
        [PresenceType::Subscribe, PresenceType::Unsubscribe, PresenceType::Subscribed, PresenceType::Unsubscribed];

    /// What each kind does, told from the four facts a state is made of.
    fn expected(state: State, way: Way, kind: PresenceType) -> (bool, bool, bool, bool) {
        let (mut to, mut from) = (state.is_to(), state.is_from());
        let (mut asked, mut pending) = (state.is_asked(), state.is_pending());
        match (way, kind) {
            (Way::Outbound, PresenceType::Subscribe) => asked = !to,
            (Way::Outbound, PresenceType::Unsubscribe) => (to, asked) = (false, false),
            (Way::Outbound, PresenceType::Subscribed) => (from, pending) = (from || pending, false),
            (Way::Outbound, _) => (from, pending) = (false, false),
            (Way::Inbound, PresenceType::Subscribe) => pending = !from,
            (Way::Inbound, PresenceType::Unsubscribe) => (from, pending) = (false, false),
            (Way::Inbound, PresenceType::Subscribed) => (to, asked) = (to || asked, false),
            (Way::Inbound, _) => (to, asked) = (false, false),
        }
        (to, from, asked, pending)
    }

    #[test]
    fn the_table_does_what_the_words_mean() {
        for law in &LAWS {
            for way in [Way::Outbound, Way::Inbound] {
                for kind in KINDS {
                    let step = step(law.state, way, kind).unwrap();
                    let next = step.next;
                    let found = (next.is_to(), next.is_from(), next.is_asked(), next.is_pending());
                    assert_eq!(found, expected(law.state, way, kind), "{:?} {way:?} {kind:?}", law.state);
                    // What changes nothing passes only where the RFC has it repeated.
                    let is_repeated =
                        way == Way::Outbound && matches!(kind, PresenceType::Subscribe | PresenceType::Unsubscribe);
                    assert_eq!(step.passes, next != law.state || is_repeated, "{:?} {way:?} {kind:?}", law.state);
                }
            }
        }
    }
}
