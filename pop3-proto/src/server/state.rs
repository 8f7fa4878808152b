use wirestate_machine::table::{Move, Named, Row, Table};

use crate::codec::Keyword;

/// Where a session stands (RFC 1939 §3), with the waits in between made explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The greeting has not been sent yet.
    Greeting,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// AUTHORIZATION: the client has not proved who it is.
    Authorization,
    /// The client's credentials are being exchanged or checked; its next line, if any, is SASL data.
    Authenticating,
    /// TRANSACTION: the maildrop is open.
    Transaction,
    /// UPDATE: QUIT came, and the application removes what was marked as deleted.
    Update,
    /// The session is over.
    Closed,
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            State::Greeting => "Greeting",
            State::Securing => "Securing",
            State::Authorization => "Authorization",
            State::Authenticating => "Authenticating",
            State::Transaction => "Transaction",
            State::Update => "Update",
            State::Closed => "Closed",
        }
    }
}

const LOGIN: &[State] = &[State::Authenticating, State::Transaction, State::Authorization, State::Closed];

const fn in_authorization(on: Keyword, to: &'static [Move<State>]) -> Row<State, Keyword> {
    Row { on, moves: to }
}

const fn in_transaction(on: Keyword) -> Row<State, Keyword> {
    Row { on, moves: &[Move { from: State::Transaction, to: &[State::Transaction] }] }
}

const fn in_both(on: Keyword) -> Row<State, Keyword> {
    Row {
        on,
        moves: &[
            Move { from: State::Authorization, to: &[State::Authorization] },
            Move { from: State::Transaction, to: &[State::Transaction] },
        ],
    }
}

const STAYS: &[Move<State>] = &[Move { from: State::Authorization, to: &[State::Authorization] }];
const LOGS_IN: &[Move<State>] = &[Move { from: State::Authorization, to: LOGIN }];

/// Which command is allowed in which state: the law that the server consults, and the source of the table and the diagram in
/// the [module's documentation](super).
pub const TABLE: Table<State, Keyword> = Table {
    states: &[
        State::Greeting,
        State::Securing,
        State::Authorization,
        State::Authenticating,
        State::Transaction,
        State::Update,
        State::Closed,
    ],
    rows: &[
        in_authorization(Keyword::User, STAYS),
        in_authorization(Keyword::Pass, LOGS_IN),
        in_authorization(Keyword::Apop, LOGS_IN),
        in_authorization(Keyword::Auth, LOGS_IN),
        in_both(Keyword::Capa),
        in_authorization(
            Keyword::Stls,
            &[Move { from: State::Authorization, to: &[State::Securing, State::Authorization, State::Closed] }],
        ),
        in_authorization(Keyword::Utf8, STAYS),
        in_both(Keyword::Lang),
        in_authorization(Keyword::Xclient, STAYS),
        Row {
            on: Keyword::Quit,
            moves: &[
                Move { from: State::Authorization, to: &[State::Closed] },
                Move { from: State::Transaction, to: &[State::Update, State::Closed] },
            ],
        },
        in_transaction(Keyword::Noop),
        in_transaction(Keyword::Stat),
        in_transaction(Keyword::List),
        in_transaction(Keyword::Uidl),
        in_transaction(Keyword::Retr),
        in_transaction(Keyword::Top),
        in_transaction(Keyword::Dele),
        in_transaction(Keyword::Rset),
        in_transaction(Keyword::Last),
        in_both(Keyword::Other),
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
