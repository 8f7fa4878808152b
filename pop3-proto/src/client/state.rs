use wirestate_machine::table::{Move, Named, Row, Table};

use crate::codec::Keyword;

/// Where a client's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Waiting for the server's first line; with implicit TLS, for the handshake before it.
    Greeting,
    /// The machine itself asks for capabilities and starts TLS, as the policy says.
    Negotiation,
    /// Waiting for [`login`](super::Client::login) (RFC 1939 §4).
    Authorization,
    /// A login is under way.
    Authenticating,
    /// Logged in (RFC 1939 §5).
    Transaction,
    /// The end has been asked for; what was asked before it is still answered.
    Leaving,
    /// The session is over.
    Closed,
}

impl State {
    const ALL: [State; 7] = [
        State::Greeting,
        State::Negotiation,
        State::Authorization,
        State::Authenticating,
        State::Transaction,
        State::Leaving,
        State::Closed,
    ];
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            State::Greeting => "Greeting",
            State::Negotiation => "Negotiation",
            State::Authorization => "Authorization",
            State::Authenticating => "Authenticating",
            State::Transaction => "Transaction",
            State::Leaving => "Leaving",
            State::Closed => "Closed",
        }
    }
}

const LOGIN: &[Move<State>] =
    &[Move { from: State::Authorization, to: &[State::Authenticating, State::Transaction, State::Authorization] }];
const IN_TRANSACTION: &[Move<State>] = &[Move { from: State::Transaction, to: &[State::Transaction] }];
const BEFORE_LOGIN: &[Move<State>] = &[Move { from: State::Authorization, to: &[State::Authorization] }];
const BOTH: &[Move<State>] = &[
    Move { from: State::Authorization, to: &[State::Authorization] },
    Move { from: State::Transaction, to: &[State::Transaction] },
];

/// Which command may be asked for in which state, and where it leads. The machine's own CAPA and STLS are in it too.
pub const TABLE: Table<State, Keyword> = Table {
    states: &State::ALL,
    rows: &[
        Row { on: Keyword::User, moves: LOGIN },
        Row {
            on: Keyword::Pass,
            moves: &[Move { from: State::Authenticating, to: &[State::Transaction, State::Authorization] }],
        },
        Row { on: Keyword::Apop, moves: LOGIN },
        Row { on: Keyword::Auth, moves: LOGIN },
        Row {
            on: Keyword::Capa,
            moves: &[
                Move { from: State::Negotiation, to: &[State::Negotiation, State::Authorization] },
                Move { from: State::Authorization, to: &[State::Authorization] },
                Move { from: State::Transaction, to: &[State::Transaction] },
            ],
        },
        Row {
            on: Keyword::Stls,
            moves: &[Move { from: State::Negotiation, to: &[State::Negotiation, State::Authorization] }],
        },
        Row { on: Keyword::Utf8, moves: BEFORE_LOGIN },
        Row { on: Keyword::Lang, moves: BOTH },
        Row { on: Keyword::Xclient, moves: BEFORE_LOGIN },
        Row {
            on: Keyword::Quit,
            moves: &[
                Move { from: State::Authorization, to: &[State::Leaving, State::Closed] },
                Move { from: State::Transaction, to: &[State::Leaving, State::Closed] },
            ],
        },
        Row { on: Keyword::Noop, moves: IN_TRANSACTION },
        Row { on: Keyword::Stat, moves: IN_TRANSACTION },
        Row { on: Keyword::List, moves: IN_TRANSACTION },
        Row { on: Keyword::Uidl, moves: IN_TRANSACTION },
        Row { on: Keyword::Retr, moves: IN_TRANSACTION },
        Row { on: Keyword::Top, moves: IN_TRANSACTION },
        Row { on: Keyword::Dele, moves: IN_TRANSACTION },
        Row { on: Keyword::Rset, moves: IN_TRANSACTION },
        Row { on: Keyword::Last, moves: IN_TRANSACTION },
        Row { on: Keyword::Other, moves: BOTH },
    ],
};
