use wirestate_machine::table::{Move, Named, Row, Table};

/// Where a client's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Waiting for TLS, before the first byte or after `<proceed/>`.
    Handshake,
    /// A stream is opened; waiting for the server's header and features.
    Opening,
    /// STARTTLS is asked for.
    Securing,
    /// A login is under way.
    Authenticating,
    /// Logged in: compression, resumption, resource and session are agreed on.
    Binding,
    /// Ready: stanzas go both ways.
    Ready,
    /// Our stream has ended; the server's has not.
    Leaving,
    /// The session is over.
    Closed,
}

impl State {
    const ALL: [State; 8] = [
        State::Handshake,
        State::Opening,
        State::Securing,
        State::Authenticating,
        State::Binding,
        State::Ready,
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
            State::Opening => "Opening",
            State::Securing => "Securing",
            State::Authenticating => "Authenticating",
            State::Binding => "Binding",
            State::Ready => "Ready",
            State::Leaving => "Leaving",
            State::Closed => "Closed",
        }
    }
}

/// What moves a session on: what the server says, and what the program calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// TLS is up.
    Secured,
    /// The server's stream header.
    Header,
    /// The server's features.
    Features,
    /// `<proceed/>` or `<failure/>`, which answer STARTTLS.
    Tls,
    /// What the server says in a login: challenge, success, failure, the answer to a legacy login or a handshake.
    Login,
    /// What answers compression, resumption, resource binding and sessions.
    Bind,
    /// A stanza that belongs to none of these.
    Stanza,
    /// `<r/>`, `<a/>`, `<enabled/>` and their like (XEP-0198).
    Management,
    /// The server's stream error.
    Error,
    /// [`send`](super::Client::send) and [`request`](super::Client::request).
    Send,
    /// [`close`](super::Client::close).
    Close,
    /// The server's end of the stream, or of the connection.
    End,
}

impl On {
    #[cfg(test)]
    pub(super) const ALL: [On; 12] = [
        On::Secured,
        On::Header,
        On::Features,
        On::Tls,
        On::Login,
        On::Bind,
        On::Stanza,
        On::Management,
        On::Error,
        On::Send,
        On::Close,
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
            On::Header => "header",
            On::Features => "features",
            On::Tls => "answer to STARTTLS",
            On::Login => "login",
            On::Bind => "binding",
            On::Stanza => "stanza",
            On::Management => "management",
            On::Error => "stream error",
            On::Send => "`send`, `request`",
            On::Close => "`close`",
            On::End => "end",
        }
    }
}

const fn stays(state: State) -> &'static [State] {
    match state {
        State::Handshake => &[State::Handshake],
        State::Opening => &[State::Opening],
        State::Securing => &[State::Securing],
        State::Authenticating => &[State::Authenticating],
        State::Binding => &[State::Binding],
        State::Ready => &[State::Ready],
        State::Leaving => &[State::Leaving],
        State::Closed => &[State::Closed],
    }
}

const fn to(from: State, to: &'static [State]) -> Move<State> {
    Move { from, to }
}

const fn stay(state: State) -> Move<State> {
    Move { from: state, to: stays(state) }
}

/// What happens in which state, and where it leads. What the server says out of its place is a [`Violation`](super::Violation), and a call out of its
/// place a [`Misuse`](wirestate_machine::Misuse).
pub const TABLE: Table<State, On> = Table {
    states: &State::ALL,
    rows: &[
        Row { on: On::Secured, moves: &[to(State::Handshake, &[State::Opening])] },
        Row {
            on: On::Header,
            // The dialects without features log in at once; a login that was begun with the header goes on.
            moves: &[to(State::Opening, &[State::Opening, State::Authenticating]), stay(State::Leaving)],
        },
        Row {
            on: On::Features,
            moves: &[
                to(
                    State::Opening,
                    &[State::Securing, State::Authenticating, State::Binding, State::Ready, State::Leaving],
                ),
                // What some servers say to clients of old, who do not ask for it.
                stay(State::Authenticating),
                to(State::Binding, &[State::Binding, State::Ready, State::Leaving]),
                stay(State::Ready),
                stay(State::Leaving),
            ],
        },
        Row {
            on: On::Tls,
            moves: &[
                to(State::Securing, &[State::Handshake, State::Opening, State::Authenticating, State::Leaving]),
                stay(State::Leaving),
            ],
        },
        Row {
            on: On::Login,
            moves: &[
                to(
                    State::Authenticating,
                    &[State::Opening, State::Binding, State::Ready, State::Authenticating, State::Leaving],
                ),
                stay(State::Leaving),
            ],
        },
        Row {
            on: On::Bind,
            moves: &[
                to(State::Binding, &[State::Ready, State::Binding, State::Opening, State::Leaving]),
                stay(State::Leaving),
            ],
        },
        Row { on: On::Stanza, moves: &[stay(State::Binding), stay(State::Ready), stay(State::Leaving)] },
        Row { on: On::Management, moves: &[stay(State::Ready), stay(State::Leaving)] },
        Row {
            on: On::Error,
            moves: &[
                to(State::Opening, &[State::Leaving]),
                to(State::Securing, &[State::Leaving]),
                to(State::Authenticating, &[State::Leaving]),
                to(State::Binding, &[State::Leaving]),
                to(State::Ready, &[State::Leaving]),
                stay(State::Leaving),
            ],
        },
        Row {
            on: On::Send,
            moves: &[
                stay(State::Handshake),
                stay(State::Opening),
                stay(State::Securing),
                stay(State::Authenticating),
                stay(State::Binding),
                stay(State::Ready),
            ],
        },
        Row {
            on: On::Close,
            moves: &[
                to(State::Handshake, &[State::Closed]),
                to(State::Opening, &[State::Leaving]),
                to(State::Securing, &[State::Leaving]),
                to(State::Authenticating, &[State::Leaving]),
                to(State::Binding, &[State::Leaving]),
                to(State::Ready, &[State::Leaving]),
            ],
        },
        Row {
            on: On::End,
            moves: &[
                to(State::Handshake, &[State::Closed]),
                to(State::Opening, &[State::Closed]),
                to(State::Securing, &[State::Closed]),
                to(State::Authenticating, &[State::Closed]),
                to(State::Binding, &[State::Closed]),
                to(State::Ready, &[State::Closed]),
                to(State::Leaving, &[State::Closed]),
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
        let kept = include_str!("diagram.md");
        let drawn = alloc::format!("```mermaid\n{}```", TABLE.to_mermaid());
        assert_eq!(kept.trim_end(), drawn, "put this into diagram.md:\n{drawn}");
    }
}
