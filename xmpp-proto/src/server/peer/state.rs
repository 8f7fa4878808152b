use wirestate_machine::table::{Move, Named, Row, Table};

/// Where a server's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No stream header has come yet, or none since TLS.
    Opening,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// The features are told; no domain is proved.
    Negotiating,
    /// A domain is proved by SASL, and a new stream header must come.
    Reopening,
    /// At least one pair of domains is proved, whose stanzas are taken.
    Established,
    /// Our direction of the stream has ended; the other one has not yet.
    Closing,
    /// The session is over.
    Closed,
}

/// What a frame of a server's stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// A stream header.
    Header,
    /// `<starttls/>`.
    Starttls,
    /// `<auth/>`.
    Auth,
    /// `<bidi/>` (XEP-0288).
    Bidi,
    /// `<db:result/>` (XEP-0220).
    Result,
    /// `<db:verify/>` (XEP-0220).
    Verify,
    /// A message, a presence or an IQ.
    Stanza,
    /// A stream error of the other server's.
    Error,
    /// The end of its stream.
    End,
    /// Anything else.
    Other,
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ["Opening", "Securing", "Negotiating", "Reopening", "Established", "Closing", "Closed"][self as usize]
    }
}

impl Named for Keyword {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        [
            "(header)",
            "starttls",
            "auth",
            "bidi",
            "db:result",
            "db:verify",
            "(stanza)",
            "stream:error",
            "(end)",
            "(other)",
        ][self as usize]
    }
}

const ENDS: &[Move<State>] = &[
    Move { from: State::Opening, to: &[State::Closed] },
    Move { from: State::Negotiating, to: &[State::Closed] },
    Move { from: State::Reopening, to: &[State::Closed] },
    Move { from: State::Established, to: &[State::Closed] },
    Move { from: State::Closing, to: &[State::Closed] },
];
const DIALBACK: &[Move<State>] = &[
    Move { from: State::Negotiating, to: &[State::Negotiating, State::Established, State::Closed] },
    Move { from: State::Established, to: &[State::Established, State::Closed] },
];

/// What is allowed in which state: the law that the server consults. A key of dialback leads to `Established` when its verdict is told.
pub const TABLE: Table<State, Keyword> = Table {
    states: &[
        State::Opening,
        State::Securing,
        State::Negotiating,
        State::Reopening,
        State::Established,
        State::Closing,
        State::Closed,
    ],
    rows: &[
        Row {
            on: Keyword::Header,
            moves: &[
                Move { from: State::Opening, to: &[State::Negotiating, State::Closed] },
                Move { from: State::Reopening, to: &[State::Established, State::Closed] },
            ],
        },
        Row {
            on: Keyword::Starttls,
            moves: &[Move { from: State::Negotiating, to: &[State::Securing, State::Closed] }],
        },
        Row {
            on: Keyword::Auth,
            moves: &[Move { from: State::Negotiating, to: &[State::Reopening, State::Negotiating, State::Closed] }],
        },
        Row { on: Keyword::Bidi, moves: &[Move { from: State::Negotiating, to: &[State::Negotiating] }] },
        Row { on: Keyword::Result, moves: DIALBACK },
        Row { on: Keyword::Verify, moves: DIALBACK },
        Row {
            on: Keyword::Stanza,
            moves: &[
                Move { from: State::Established, to: &[State::Established, State::Closed] },
                Move { from: State::Closing, to: &[State::Closing, State::Closed] },
            ],
        },
        Row { on: Keyword::Error, moves: ENDS },
        Row { on: Keyword::End, moves: ENDS },
        Row { on: Keyword::Other, moves: &[] },
    ],
};

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn the_documentation_shows_this_table() {
        assert!(TABLE.is_in_order());
        let page = include_str!("mod.rs").lines().map(|line| line.trim_start_matches("//! ").trim_start_matches("//!"));
        let page: String = page.flat_map(|line| [line, "\n"]).collect();
        assert!(page.contains(&TABLE.to_markdown()), "put this table into peer/mod.rs:\n{}", TABLE.to_markdown());
        assert!(page.contains(&TABLE.to_mermaid()), "put this diagram into peer/mod.rs:\n{}", TABLE.to_mermaid());
    }
}
