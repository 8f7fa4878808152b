use wirestate_machine::table::{Move, Named, Row, Table};

/// Where a client's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Waiting for TLS before the first byte.
    Handshake,
    /// Capabilities are asked for, and TLS is started, as the policy says.
    Negotiation,
    /// A login is under way (SASL).
    Authenticating,
    /// All is said; waiting for the server's welcome.
    Registration,
    /// Registered: everything may be sent.
    Registered,
    /// QUIT has been sent, or the server has said ERROR.
    Leaving,
    /// The session is over.
    Closed,
}

impl State {
    const ALL: [State; 7] = [
        State::Handshake,
        State::Negotiation,
        State::Authenticating,
        State::Registration,
        State::Registered,
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
            State::Handshake => "Handshake",
            State::Negotiation => "Negotiation",
            State::Authenticating => "Authenticating",
            State::Registration => "Registration",
            State::Registered => "Registered",
            State::Leaving => "Leaving",
            State::Closed => "Closed",
        }
    }
}

/// What moves a session on: what the server says, and what the program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// TLS is up, before the first byte or after STARTTLS.
    Secured,
    /// The server tells its capabilities, agrees to some, refuses some, or has none.
    Cap,
    /// A login succeeded or failed.
    LoggedIn,
    /// 001 RPL_WELCOME.
    Welcome,
    /// ERROR.
    Error,
    /// [`send`](super::Client::send) and the calls that are made of it.
    Send,
    /// [`request`](super::Client::request) and the calls that are made of it.
    Request,
    /// [`login`](super::Client::login).
    Login,
    /// [`quit`](super::Client::quit).
    Quit,
    /// The connection is closed.
    End,
}

impl On {
    #[cfg(test)]
    pub(super) const ALL: [On; 10] = [
        On::Secured,
        On::Cap,
        On::LoggedIn,
        On::Welcome,
        On::Error,
        On::Send,
        On::Request,
        On::Login,
        On::Quit,
        On::End,
    ];
}

impl Named for On {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            On::Secured => "TLS is up",
            On::Cap => "CAP",
            On::LoggedIn => "login ends",
            On::Welcome => "001",
            On::Error => "ERROR",
            On::Send => "`send`",
            On::Request => "`request`",
            On::Login => "`login`",
            On::Quit => "`quit`",
            On::End => "end of stream",
        }
    }
}

const REGISTERED: &[Move<State>] = &[Move { from: State::Registered, to: &[State::Registered] }];
const NEXT: &[State] = &[State::Negotiation, State::Authenticating, State::Registration, State::Leaving, State::Closed];

/// What happens in which state, and where it leads. A call that is not allowed is [`Misuse::WrongState`](wirestate_machine::Misuse::WrongState).
pub const TABLE: Table<State, On> = Table {
    states: &State::ALL,
    rows: &[
        Row {
            on: On::Secured,
            moves: &[
                Move { from: State::Handshake, to: &[State::Negotiation] },
                Move { from: State::Negotiation, to: &[State::Negotiation] },
            ],
        },
        Row {
            on: On::Cap,
            moves: &[
                Move { from: State::Negotiation, to: NEXT },
                Move { from: State::Authenticating, to: &[State::Authenticating] },
                Move { from: State::Registration, to: NEXT },
                Move { from: State::Registered, to: &[State::Registered] },
            ],
        },
        Row {
            on: On::LoggedIn,
            moves: &[
                Move { from: State::Authenticating, to: &[State::Registration, State::Authenticating, State::Leaving] },
                Move { from: State::Registered, to: &[State::Registered] },
            ],
        },
        Row {
            on: On::Welcome,
            moves: &[
                Move { from: State::Negotiation, to: &[State::Registered, State::Leaving] },
                Move { from: State::Authenticating, to: &[State::Registered, State::Leaving] },
                Move { from: State::Registration, to: &[State::Registered, State::Leaving] },
            ],
        },
        Row {
            on: On::Error,
            moves: &[
                Move { from: State::Negotiation, to: &[State::Leaving] },
                Move { from: State::Authenticating, to: &[State::Leaving] },
                Move { from: State::Registration, to: &[State::Leaving] },
                Move { from: State::Registered, to: &[State::Leaving] },
                Move { from: State::Leaving, to: &[State::Leaving] },
            ],
        },
        Row { on: On::Send, moves: REGISTERED },
        Row { on: On::Request, moves: REGISTERED },
        Row { on: On::Login, moves: REGISTERED },
        Row {
            on: On::Quit,
            moves: &[
                Move { from: State::Negotiation, to: &[State::Leaving] },
                Move { from: State::Authenticating, to: &[State::Leaving] },
                Move { from: State::Registration, to: &[State::Leaving] },
                Move { from: State::Registered, to: &[State::Leaving] },
            ],
        },
        Row {
            on: On::End,
            moves: &[
                Move { from: State::Handshake, to: &[State::Closed] },
                Move { from: State::Negotiation, to: &[State::Closed] },
                Move { from: State::Authenticating, to: &[State::Closed] },
                Move { from: State::Registration, to: &[State::Closed] },
                Move { from: State::Registered, to: &[State::Closed] },
                Move { from: State::Leaving, to: &[State::Closed] },
            ],
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_in_the_guide() {
        assert!(TABLE.is_in_order());
        assert_eq!(TABLE.rows.len(), On::ALL.len());
        let kept = include_str!("table.md");
        assert_eq!(kept.trim_end(), TABLE.to_markdown().trim_end(), "put this into table.md:\n{}", TABLE.to_markdown());
    }
}
