use wirestate_machine::table::{Move, Named, Row, Table};

use crate::ns;
use crate::xml::Element;

/// Where a session of a router's component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No stream header has come yet, or none since TLS.
    Opening,
    /// TLS is being negotiated; nothing is read or written in the clear.
    Securing,
    /// The features are told; the component has not proved who it is.
    Negotiating,
    /// A login is under way.
    Authenticating,
    /// The component is logged in, and a new stream header must come.
    Reopening,
    /// Names are bound, and routes go both ways.
    Connected,
    /// Our direction of the stream has ended; the component's has not yet.
    Closing,
    /// The session is over.
    Closed,
}

/// What a frame of the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// A stream header.
    Header,
    /// `<starttls/>`.
    Starttls,
    /// `<auth/>`.
    Auth,
    /// `<response/>`.
    Response,
    /// `<abort/>`.
    Abort,
    /// `<bind/>`.
    Bind,
    /// `<unbind/>`.
    Unbind,
    /// `<route/>`.
    Route,
    /// `<throttle/>`.
    Throttle,
    /// A stream error of the component's.
    Error,
    /// The end of its stream.
    End,
    /// Anything else.
    Other,
}

impl Keyword {
    pub(super) fn of(element: &Element) -> Self {
        match (element.ns(), element.name()) {
            (ns::JABBERD_ROUTER, "bind") => Keyword::Bind,
            (ns::JABBERD_ROUTER, "unbind") => Keyword::Unbind,
            (ns::JABBERD_ROUTER, "route") => Keyword::Route,
            (ns::JABBERD_ROUTER, "throttle") => Keyword::Throttle,
            (ns::TLS, "starttls") => Keyword::Starttls,
            (ns::SASL, "auth") => Keyword::Auth,
            (ns::SASL, "response") => Keyword::Response,
            (ns::SASL, "abort") => Keyword::Abort,
            (ns::STREAM, "error") => Keyword::Error,
            _ => Keyword::Other,
        }
    }
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ["Opening", "Securing", "Negotiating", "Authenticating", "Reopening", "Connected", "Closing", "Closed"]
            [self as usize]
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
            "response",
            "abort",
            "bind",
            "unbind",
            "route",
            "throttle",
            "stream:error",
            "(end)",
            "(other)",
        ][self as usize]
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
    Move { from: State::Connected, to: &[State::Closed] },
    Move { from: State::Closing, to: &[State::Closed] },
];
const CONNECTED: Moves = &[Move { from: State::Connected, to: &[State::Connected] }];

/// What is allowed in which state: the law that the router consults.
pub const TABLE: Table<State, Keyword> = Table {
    states: &[
        State::Opening,
        State::Securing,
        State::Negotiating,
        State::Authenticating,
        State::Reopening,
        State::Connected,
        State::Closing,
        State::Closed,
    ],
    rows: &[
        row(
            Keyword::Header,
            &[
                Move { from: State::Opening, to: &[State::Negotiating, State::Closed] },
                Move { from: State::Reopening, to: &[State::Connected, State::Closed] },
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
        row(
            Keyword::Response,
            &[
                Move { from: State::Negotiating, to: &[State::Negotiating, State::Closed] },
                Move {
                    from: State::Authenticating,
                    to: &[State::Reopening, State::Authenticating, State::Negotiating, State::Closed],
                },
            ],
        ),
        row(
            Keyword::Abort,
            &[
                Move { from: State::Negotiating, to: &[State::Negotiating, State::Closed] },
                Move { from: State::Authenticating, to: &[State::Negotiating, State::Closed] },
            ],
        ),
        row(Keyword::Bind, CONNECTED),
        row(Keyword::Unbind, CONNECTED),
        row(
            Keyword::Route,
            &[
                Move { from: State::Connected, to: &[State::Connected] },
                Move { from: State::Closing, to: &[State::Closing] },
            ],
        ),
        row(Keyword::Throttle, CONNECTED),
        row(Keyword::Error, ENDS),
        row(Keyword::End, ENDS),
        row(Keyword::Other, &[]),
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
        assert!(page.contains(&TABLE.to_markdown()), "put this table into jabberd/mod.rs:\n{}", TABLE.to_markdown());
        assert!(page.contains(&TABLE.to_mermaid()), "put this diagram into jabberd/mod.rs:\n{}", TABLE.to_mermaid());
    }
}
