use wirestate_machine::table::{Move, Named, Row, Table};

use State::{Authenticated, Authenticating, Closed, NotAuthenticated, Securing, Selected};

use crate::codec::Keyword;

/// Where a session stands (RFC 9051 §3), with the waits in between made explicit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The greeting has not been sent yet.
    Greeting,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// The client has not proved who it is.
    NotAuthenticated,
    /// The client's credentials are being exchanged or checked; its next line, if any, is SASL data.
    Authenticating,
    /// The client is known, and has no mailbox selected.
    Authenticated,
    /// A mailbox is selected.
    Selected,
    /// The session is over: LOGOUT, or anything else.
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
            State::NotAuthenticated => "NotAuthenticated",
            State::Authenticating => "Authenticating",
            State::Authenticated => "Authenticated",
            State::Selected => "Selected",
            State::Closed => "Closed",
        }
    }
}

const fn row(on: Keyword, moves: &'static [Move<State>]) -> Row<State, Keyword> {
    Row { on, moves }
}

const fn stays(from: State, to: &'static [State]) -> Move<State> {
    Move { from, to }
}

const ANY: &[Move<State>] = &[
    stays(NotAuthenticated, &[NotAuthenticated]),
    stays(Authenticated, &[Authenticated]),
    stays(Selected, &[Selected]),
];
const LOGS_IN: &[Move<State>] =
    &[Move { from: NotAuthenticated, to: &[Authenticating, Authenticated, NotAuthenticated, Closed] }];
const LOGGED_IN: &[Move<State>] = &[stays(Authenticated, &[Authenticated]), stays(Selected, &[Selected])];
const SELECTS: &[Move<State>] = &[
    Move { from: Authenticated, to: &[Selected, Authenticated] },
    Move { from: Selected, to: &[Selected, Authenticated] },
];
const SELECTED: &[Move<State>] = &[stays(Selected, &[Selected])];

/// Which command is allowed in which state: the law that the server consults, and the source of the table and the diagram in
/// the [module's documentation](super).
pub const TABLE: Table<State, Keyword> = Table {
    states: &[State::Greeting, Securing, NotAuthenticated, Authenticating, Authenticated, Selected, Closed],
    rows: &[
        row(Keyword::Capability, ANY),
        row(Keyword::Noop, ANY),
        row(
            Keyword::Logout,
            &[
                Move { from: NotAuthenticated, to: &[Closed] },
                Move { from: Authenticated, to: &[Closed] },
                Move { from: Selected, to: &[Closed] },
            ],
        ),
        row(Keyword::StartTls, &[Move { from: NotAuthenticated, to: &[Securing, NotAuthenticated, Closed] }]),
        row(Keyword::Authenticate, LOGS_IN),
        row(Keyword::Login, LOGS_IN),
        row(Keyword::Id, ANY),
        row(Keyword::Enable, LOGGED_IN),
        row(
            Keyword::Compress,
            &[
                Move { from: Authenticated, to: &[Authenticated, Closed] },
                Move { from: Selected, to: &[Selected, Closed] },
            ],
        ),
        row(
            Keyword::Unauthenticate,
            &[
                Move { from: Authenticated, to: &[NotAuthenticated, Authenticated] },
                Move { from: Selected, to: &[NotAuthenticated, Selected] },
            ],
        ),
        row(Keyword::Select, SELECTS),
        row(Keyword::Examine, SELECTS),
        row(Keyword::Create, LOGGED_IN),
        row(Keyword::Delete, LOGGED_IN),
        row(Keyword::Rename, LOGGED_IN),
        row(Keyword::Subscribe, LOGGED_IN),
        row(Keyword::Unsubscribe, LOGGED_IN),
        row(Keyword::List, LOGGED_IN),
        row(Keyword::Lsub, LOGGED_IN),
        row(Keyword::Namespace, LOGGED_IN),
        row(Keyword::Status, LOGGED_IN),
        row(Keyword::Append, LOGGED_IN),
        row(Keyword::Idle, LOGGED_IN),
        row(Keyword::Check, SELECTED),
        row(Keyword::Close, &[Move { from: Selected, to: &[Authenticated, Selected] }]),
        row(Keyword::Unselect, &[Move { from: Selected, to: &[Authenticated] }]),
        row(Keyword::Expunge, SELECTED),
        row(Keyword::UidExpunge, SELECTED),
        row(Keyword::Search, SELECTED),
        row(Keyword::UidSearch, SELECTED),
        row(Keyword::Fetch, SELECTED),
        row(Keyword::UidFetch, SELECTED),
        row(Keyword::Store, SELECTED),
        row(Keyword::UidStore, SELECTED),
        row(Keyword::Copy, SELECTED),
        row(Keyword::UidCopy, SELECTED),
        row(Keyword::Move, SELECTED),
        row(Keyword::UidMove, SELECTED),
        row(Keyword::Sort, SELECTED),
        row(Keyword::UidSort, SELECTED),
        row(Keyword::Thread, SELECTED),
        row(Keyword::UidThread, SELECTED),
        row(Keyword::Replace, SELECTED),
        row(Keyword::UidReplace, SELECTED),
        row(Keyword::ESearch, LOGGED_IN),
        row(Keyword::CancelUpdate, SELECTED),
        row(Keyword::UidBatches, SELECTED),
        row(Keyword::GetAcl, LOGGED_IN),
        row(Keyword::SetAcl, LOGGED_IN),
        row(Keyword::DeleteAcl, LOGGED_IN),
        row(Keyword::ListRights, LOGGED_IN),
        row(Keyword::MyRights, LOGGED_IN),
        row(Keyword::GetQuota, LOGGED_IN),
        row(Keyword::GetQuotaRoot, LOGGED_IN),
        row(Keyword::SetQuota, LOGGED_IN),
        row(Keyword::GetMetadata, LOGGED_IN),
        row(Keyword::SetMetadata, LOGGED_IN),
        row(Keyword::Notify, LOGGED_IN),
        row(Keyword::Other, ANY),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_states_stand_in_order() {
        assert!(TABLE.is_in_order());
        assert_eq!(TABLE.rows.len(), Keyword::ALL.len());
    }

    #[test]
    fn the_documentation_shows_this_table() {
        let page = include_str!("mod.rs").lines().map(|line| line.trim_start_matches("//! ").trim_start_matches("//!"));
        let page: alloc::string::String = page.flat_map(|line| [line, "\n"]).collect();
        assert!(page.contains(&TABLE.to_markdown()), "put this table into server/mod.rs:\n{}", TABLE.to_markdown());
        assert!(page.contains(&TABLE.to_mermaid()), "put this diagram into server/mod.rs:\n{}", TABLE.to_mermaid());
    }
}
