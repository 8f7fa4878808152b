use wirestate_machine::table::{Move, Named, Row, Table};

use super::Keyword;

/// Where a client's session stands (RFC 6120 §4.3, §6, §7), with the waits in between made explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No stream header has come yet, or none since TLS.
    Opening,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// The features are told; the client has not proved who it is.
    Negotiating,
    /// A login is under way.
    Authenticating,
    /// The client is logged in, or the stream compressed, and a new stream header must come.
    Reopening,
    /// Compression is being put in place.
    Compressing,
    /// The client is logged in and has no resource yet.
    Binding,
    /// The client has a resource: stanzas go both ways.
    Bound,
    /// Our direction of the stream has ended; the client's has not yet.
    Closing,
    /// The session is over.
    Closed,
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            State::Opening => "Opening",
            State::Securing => "Securing",
            State::Negotiating => "Negotiating",
            State::Authenticating => "Authenticating",
            State::Reopening => "Reopening",
            State::Compressing => "Compressing",
            State::Binding => "Binding",
            State::Bound => "Bound",
            State::Closing => "Closing",
            State::Closed => "Closed",
        }
    }
}

type Moves = &'static [Move<State>];

const fn row(on: Keyword, moves: Moves) -> Row<State, Keyword> {
    Row { on, moves }
}

const ENDS: Moves = &[
    Move { from: State::Opening, to: &[State::Closed] },
    Move { from: State::Negotiating, to: &[State::Closed] },
    Move { from: State::Authenticating, to: &[State::Closed] },
    Move { from: State::Reopening, to: &[State::Closed] },
    Move { from: State::Binding, to: &[State::Closed] },
    Move { from: State::Bound, to: &[State::Closed] },
    Move { from: State::Closing, to: &[State::Closed] },
];
const STEPS: Moves = &[
    Move { from: State::Negotiating, to: &[State::Negotiating, State::Closed] },
    Move {
        from: State::Authenticating,
        to: &[State::Reopening, State::Binding, State::Bound, State::Authenticating, State::Negotiating, State::Closed],
    },
];
const BREAKS_OFF: Moves = &[
    Move { from: State::Negotiating, to: &[State::Negotiating, State::Closed] },
    Move { from: State::Authenticating, to: &[State::Negotiating, State::Closed] },
];

/// What is allowed in which state: the law that the server consults, and the source of the table and the diagram in the
/// [module's documentation](super).
pub const TABLE: Table<State, Keyword> = Table {
    states: &[
        State::Opening,
        State::Securing,
        State::Negotiating,
        State::Authenticating,
        State::Reopening,
        State::Compressing,
        State::Binding,
        State::Bound,
        State::Closing,
        State::Closed,
    ],
    rows: &[
        row(
            Keyword::Header,
            &[
                Move { from: State::Opening, to: &[State::Negotiating, State::Closed] },
                Move { from: State::Reopening, to: &[State::Binding, State::Closed] },
            ],
        ),
        row(Keyword::Starttls, &[Move { from: State::Negotiating, to: &[State::Securing, State::Closed] }]),
        row(
            Keyword::Auth,
            &[Move {
                from: State::Negotiating,
                to: &[State::Reopening, State::Authenticating, State::Negotiating, State::Closed],
            }],
        ),
        row(Keyword::Response, STEPS),
        row(Keyword::Abort, BREAKS_OFF),
        row(
            Keyword::Authenticate,
            &[Move {
                from: State::Negotiating,
                to: &[State::Binding, State::Bound, State::Authenticating, State::Negotiating, State::Closed],
            }],
        ),
        row(
            Keyword::IqAuth,
            &[
                Move { from: State::Negotiating, to: &[State::Bound, State::Negotiating, State::Closed] },
                Move { from: State::Bound, to: &[State::Bound] },
            ],
        ),
        row(
            Keyword::Compress,
            &[Move { from: State::Binding, to: &[State::Compressing, State::Binding, State::Closed] }],
        ),
        row(
            Keyword::Bind,
            &[
                Move { from: State::Binding, to: &[State::Bound, State::Binding] },
                Move { from: State::Bound, to: &[State::Bound] },
                Move { from: State::Closing, to: &[State::Closing] },
            ],
        ),
        row(
            Keyword::Session,
            &[
                Move { from: State::Binding, to: &[State::Binding] },
                Move { from: State::Bound, to: &[State::Bound] },
                Move { from: State::Closing, to: &[State::Closing] },
            ],
        ),
        row(Keyword::Enable, &[Move { from: State::Bound, to: &[State::Bound] }]),
        row(
            Keyword::Resume,
            &[
                Move { from: State::Binding, to: &[State::Bound, State::Binding, State::Closed] },
                Move { from: State::Bound, to: &[State::Bound] },
            ],
        ),
        row(Keyword::Request, &[Move { from: State::Bound, to: &[State::Bound] }]),
        row(Keyword::Answer, &[Move { from: State::Bound, to: &[State::Bound, State::Closed] }]),
        row(Keyword::ClientState, &[Move { from: State::Bound, to: &[State::Bound] }]),
        row(
            Keyword::Stanza,
            &[
                Move { from: State::Bound, to: &[State::Bound, State::Closed] },
                Move { from: State::Closing, to: &[State::Closing] },
            ],
        ),
        row(Keyword::Error, ENDS),
        row(Keyword::End, ENDS),
        row(Keyword::Other, &[]),
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
