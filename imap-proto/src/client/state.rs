use wirestate_machine::table::{Move, Named, Row, Table};

use crate::codec::Keyword;

/// Where a client's session stands (RFC 9051 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Waiting for the server's first line; with implicit TLS, for the handshake before it.
    Greeting,
    /// The machine itself asks for capabilities and starts TLS, as the policy says.
    Negotiation,
    /// Waiting for [`login`](super::Client::login).
    NotAuthenticated,
    /// A login is under way.
    Authenticating,
    /// Logged in, with no mailbox selected.
    Authenticated,
    /// A mailbox is selected.
    Selected,
    /// The end has been asked for; what was asked before it is still answered.
    Leaving,
    /// The session is over.
    Closed,
}

impl State {
    const ALL: [State; 8] = [
        State::Greeting,
        State::Negotiation,
        State::NotAuthenticated,
        State::Authenticating,
        State::Authenticated,
        State::Selected,
        State::Leaving,
        State::Closed,
    ];

    pub(super) fn is_logged_in(self) -> bool {
        matches!(self, State::Authenticated | State::Selected)
    }
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            State::Greeting => "Greeting",
            State::Negotiation => "Negotiation",
            State::NotAuthenticated => "NotAuthenticated",
            State::Authenticating => "Authenticating",
            State::Authenticated => "Authenticated",
            State::Selected => "Selected",
            State::Leaving => "Leaving",
            State::Closed => "Closed",
        }
    }
}

type Moves = &'static [Move<State>];

const LOGIN: Moves = &[Move {
    from: State::NotAuthenticated,
    to: &[State::Authenticating, State::Authenticated, State::NotAuthenticated],
}];
const ANY: Moves = &[
    Move { from: State::NotAuthenticated, to: &[State::NotAuthenticated] },
    Move { from: State::Authenticated, to: &[State::Authenticated] },
    Move { from: State::Selected, to: &[State::Selected] },
];
const LOGGED_IN: Moves = &[
    Move { from: State::Authenticated, to: &[State::Authenticated] },
    Move { from: State::Selected, to: &[State::Selected] },
];
const SELECTED: Moves = &[Move { from: State::Selected, to: &[State::Selected] }];
const SELECT: Moves = &[
    Move { from: State::Authenticated, to: &[State::Selected, State::Authenticated] },
    Move { from: State::Selected, to: &[State::Selected, State::Authenticated] },
];
const DESELECT: Moves = &[Move { from: State::Selected, to: &[State::Authenticated, State::Selected] }];
const LOGOUT: Moves = &[
    Move { from: State::NotAuthenticated, to: &[State::Leaving, State::Closed] },
    Move { from: State::Authenticated, to: &[State::Leaving, State::Closed] },
    Move { from: State::Selected, to: &[State::Leaving, State::Closed] },
];

const fn row(on: Keyword) -> Row<State, Keyword> {
    let moves = match on {
        Keyword::Capability => &[
            Move { from: State::Negotiation, to: &[State::Negotiation, State::NotAuthenticated] },
            Move { from: State::NotAuthenticated, to: &[State::NotAuthenticated] },
            Move { from: State::Authenticated, to: &[State::Authenticated] },
            Move { from: State::Selected, to: &[State::Selected] },
        ],
        Keyword::Noop | Keyword::Id | Keyword::Other => ANY,
        // RFC 9051 §6.3.1: not once a mailbox is selected.
        Keyword::Enable => &[Move { from: State::Authenticated, to: &[State::Authenticated] }],
        Keyword::Logout => LOGOUT,
        Keyword::StartTls => {
            &[Move { from: State::Negotiation, to: &[State::Negotiation, State::NotAuthenticated] }] as Moves
        }
        Keyword::Authenticate | Keyword::Login => LOGIN,
        Keyword::Unauthenticate => &[
            Move { from: State::Authenticated, to: &[State::NotAuthenticated, State::Authenticated] },
            Move { from: State::Selected, to: &[State::NotAuthenticated, State::Selected] },
        ],
        Keyword::Select | Keyword::Examine => SELECT,
        Keyword::Close | Keyword::Unselect => DESELECT,
        Keyword::Check
        | Keyword::Expunge
        | Keyword::UidExpunge
        | Keyword::Search
        | Keyword::UidSearch
        | Keyword::Fetch
        | Keyword::UidFetch
        | Keyword::Store
        | Keyword::UidStore
        | Keyword::Copy
        | Keyword::UidCopy
        | Keyword::Move
        | Keyword::UidMove
        | Keyword::Sort
        | Keyword::UidSort
        | Keyword::Thread
        | Keyword::UidThread
        | Keyword::Replace
        | Keyword::UidReplace
        | Keyword::CancelUpdate
        | Keyword::UidBatches => SELECTED,
        _ => LOGGED_IN,
    };
    Row { on, moves }
}

/// Which command may be sent in which state, and where it leads. The machine's own CAPABILITY, STARTTLS and NOOP are in it too.
pub const TABLE: Table<State, Keyword> = Table { states: &State::ALL, rows: &ROWS };

const ROWS: [Row<State, Keyword>; Keyword::ALL.len()] = {
    let mut rows = [const { row(Keyword::Other) }; Keyword::ALL.len()];
    let mut place = 0;
    while place < rows.len() {
        rows[place] = row(Keyword::ALL[place]);
        place += 1;
    }
    rows
};
