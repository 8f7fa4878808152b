use wirestate_machine::table::{Move, Named, Row, Table};

use super::Keyword;

/// Where a session stands (RFC 2812 §3.1 and IRCv3 capability negotiation), with the waits in between made explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The client negotiates capabilities and says who it is.
    Registering,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// A SASL exchange is under way before registration.
    Authenticating,
    /// The client has said all; the application decides whether it is welcome.
    Welcoming,
    /// The client is a user of the network.
    Registered,
    /// A SASL exchange is under way after registration.
    Reauthenticating,
    /// The session is over.
    Closed,
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            State::Registering => "Registering",
            State::Securing => "Securing",
            State::Authenticating => "Authenticating",
            State::Welcoming => "Welcoming",
            State::Registered => "Registered",
            State::Reauthenticating => "Reauthenticating",
            State::Closed => "Closed",
        }
    }
}

type Moves = &'static [Move<State>];

const fn row(on: Keyword, moves: Moves) -> Row<State, Keyword> {
    Row { on, moves }
}

/// Where the last thing that was missing leads. The application answers in between.
const ON_THE_WAY: &[State] = &[State::Registering, State::Welcoming, State::Registered, State::Closed];

const UNTIL_REGISTERED: Moves = &[
    Move { from: State::Registering, to: &[State::Registering] },
    Move { from: State::Authenticating, to: &[State::Authenticating] },
];
const REGISTERS: Moves = &[
    Move { from: State::Registering, to: ON_THE_WAY },
    Move {
        from: State::Authenticating,
        to: &[State::Authenticating, State::Registering, State::Welcoming, State::Registered, State::Closed],
    },
];
const REGISTERS_OR_STAYS: Moves = &[
    Move { from: State::Registering, to: ON_THE_WAY },
    Move {
        from: State::Authenticating,
        to: &[State::Authenticating, State::Registering, State::Welcoming, State::Registered, State::Closed],
    },
    Move { from: State::Registered, to: &[State::Registered] },
    Move { from: State::Reauthenticating, to: &[State::Reauthenticating] },
];
const EVERYWHERE: Moves = &[
    Move { from: State::Registering, to: &[State::Registering] },
    Move { from: State::Authenticating, to: &[State::Authenticating] },
    Move { from: State::Registered, to: &[State::Registered] },
    Move { from: State::Reauthenticating, to: &[State::Reauthenticating] },
];
const AFTERWARDS: Moves = &[
    Move { from: State::Registered, to: &[State::Registered] },
    Move { from: State::Reauthenticating, to: &[State::Reauthenticating] },
];

/// Which command is allowed in which state: the law that the server consults, and the source of the table and the diagram in
/// the [module's documentation](super).
pub const TABLE: Table<State, Keyword> = Table {
    states: &[
        State::Registering,
        State::Securing,
        State::Authenticating,
        State::Welcoming,
        State::Registered,
        State::Reauthenticating,
        State::Closed,
    ],
    rows: &[
        row(Keyword::Pass, UNTIL_REGISTERED),
        row(Keyword::Nick, REGISTERS_OR_STAYS),
        row(Keyword::User, REGISTERS),
        row(Keyword::Cap, REGISTERS_OR_STAYS),
        row(
            Keyword::Authenticate,
            &[
                Move { from: State::Registering, to: &[State::Authenticating, State::Registering, State::Closed] },
                Move { from: State::Authenticating, to: &[State::Registering, State::Authenticating, State::Closed] },
                Move { from: State::Registered, to: &[State::Reauthenticating, State::Registered, State::Closed] },
                Move {
                    from: State::Reauthenticating,
                    to: &[State::Registered, State::Reauthenticating, State::Closed],
                },
            ],
        ),
        row(
            Keyword::Starttls,
            &[Move { from: State::Registering, to: &[State::Securing, State::Registering, State::Closed] }],
        ),
        row(Keyword::Webirc, &[Move { from: State::Registering, to: &[State::Registering, State::Closed] }]),
        row(Keyword::Ping, EVERYWHERE),
        row(Keyword::Pong, REGISTERS_OR_STAYS),
        row(
            Keyword::Quit,
            &[
                Move { from: State::Registering, to: &[State::Closed] },
                Move { from: State::Authenticating, to: &[State::Closed] },
                Move { from: State::Registered, to: &[State::Closed] },
                Move { from: State::Reauthenticating, to: &[State::Closed] },
            ],
        ),
        row(Keyword::Away, EVERYWHERE),
        row(Keyword::Isupport, EVERYWHERE),
        row(Keyword::Register, EVERYWHERE),
        row(Keyword::Verify, EVERYWHERE),
        row(Keyword::Served, AFTERWARDS),
        row(Keyword::Custom, EVERYWHERE),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_states_stand_in_order() {
        assert!(TABLE.is_in_order());
    }

    #[test]
    fn the_documentation_shows_this_table() {
        let page = include_str!("mod.rs").lines().map(|line| line.trim_start_matches("//! ").trim_start_matches("//!"));
        let page: alloc::string::String = page.flat_map(|line| [line, "\n"]).collect();
        assert!(page.contains(&TABLE.to_markdown()), "put this table into server/mod.rs:\n{}", TABLE.to_markdown());
        assert!(page.contains(&TABLE.to_mermaid()), "put this diagram into server/mod.rs:\n{}", TABLE.to_mermaid());
    }
}
