use alloc::string::String;
use alloc::vec::Vec;

/// A query of a channel's or a user's history ([chathistory](https://ircv3.net/specs/extensions/chathistory)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum History<'a> {
    /// The newest messages, or the newest after a point.
    Latest {
        /// Channel or nickname.
        target: &'a str,
        /// Nothing from here on back.
        after: Option<Point<'a>>,
        /// The most messages.
        limit: u32,
    },
    /// The messages before a point.
    Before {
        /// Channel or nickname.
        target: &'a str,
        /// The point.
        point: Point<'a>,
        /// The most messages.
        limit: u32,
    },
    /// The messages after a point.
    After {
        /// Channel or nickname.
        target: &'a str,
        /// The point.
        point: Point<'a>,
        /// The most messages.
        limit: u32,
    },
    /// The messages around a point.
    Around {
        /// Channel or nickname.
        target: &'a str,
        /// The point.
        point: Point<'a>,
        /// The most messages.
        limit: u32,
    },
    /// The messages between two points, from the first one on.
    Between {
        /// Channel or nickname.
        target: &'a str,
        /// Where to begin.
        from: Point<'a>,
        /// Where to stop.
        to: Point<'a>,
        /// The most messages.
        limit: u32,
    },
    /// The channels and users that something was said to or by between two moments.
    Targets {
        /// As in `2019-01-04T14:33:26.123Z`.
        from: &'a str,
        /// The same.
        to: &'a str,
        /// The most targets.
        limit: u32,
    },
}

/// A point in history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Point<'a> {
    /// A message, by its `msgid` tag.
    Message(&'a str),
    /// A moment, as in the `time` tag: `2019-01-04T14:33:26.123Z`.
    Time(&'a str),
}

impl Point<'_> {
    fn text(self) -> String {
        match self {
            Point::Message(id) => alloc::format!("msgid={id}"),
            Point::Time(time) => alloc::format!("timestamp={time}"),
        }
    }
}

impl History<'_> {
    /// The parameters of CHATHISTORY.
    pub(super) fn params(&self) -> Vec<String> {
        use alloc::string::ToString as _;
        let (name, middle, limit) = match *self {
            History::Latest { target, after, limit } => {
                ("LATEST", alloc::vec![target.into(), after.map_or("*".into(), Point::text)], limit)
            }
            History::Before { target, point, limit } => ("BEFORE", alloc::vec![target.into(), point.text()], limit),
            History::After { target, point, limit } => ("AFTER", alloc::vec![target.into(), point.text()], limit),
            History::Around { target, point, limit } => ("AROUND", alloc::vec![target.into(), point.text()], limit),
            History::Between { target, from, to, limit } => {
                ("BETWEEN", alloc::vec![target.into(), from.text(), to.text()], limit)
            }
            History::Targets { from, to, limit } => {
                ("TARGETS", alloc::vec![Point::Time(from).text(), Point::Time(to).text()], limit)
            }
        };
        core::iter::once(name.into()).chain(middle).chain([limit.to_string()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_written_as_the_specification_has_them() {
        let shown = |query: History<'_>| query.params().join(" ");
        assert_eq!(shown(History::Latest { target: "#x", after: None, limit: 50 }), "LATEST #x * 50");
        assert_eq!(
            shown(History::Between { target: "#x", from: Point::Message("a"), to: Point::Time("t"), limit: 9 }),
            "BETWEEN #x msgid=a timestamp=t 9"
        );
        assert_eq!(shown(History::Targets { from: "a", to: "b", limit: 1 }), "TARGETS timestamp=a timestamp=b 1");
    }
}
