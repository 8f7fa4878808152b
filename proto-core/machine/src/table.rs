//! State tables: one `const` that the code consults, the documentation shows, and the tests take for their model.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A state or a command that has a place and a name in a table.
pub trait Named: Copy + PartialEq + 'static {
    /// The place of this value among its kind, counted from 0.
    fn index(self) -> usize;
    /// The name in tables and diagrams: `Authorization`, `STAT`.
    fn name(self) -> &'static str;
}

/// The law of one machine: which command is allowed in which state, and where it leads.
#[derive(Debug)]
pub struct Table<S: 'static, C: 'static> {
    /// All states, in the order in which a session meets them; the first is where it starts.
    pub states: &'static [S],
    /// One row a command, in the order of [`Named::index`].
    pub rows: &'static [Row<S, C>],
}

/// Where one command is allowed.
#[derive(Debug)]
pub struct Row<S: 'static, C> {
    /// The command, or the happening, such as a timeout.
    pub on: C,
    /// The states that allow it; in all others it is refused and changes nothing.
    pub moves: &'static [Move<S>],
}

/// Where a command leads from one state.
#[derive(Debug)]
pub struct Move<S: 'static> {
    /// The state in which the command comes.
    pub from: S,
    /// The states that its outcomes lead to: success first, refusal (the state itself, most often) after it.
    pub to: &'static [S],
}

impl<S: Named, C: Named> Table<S, C> {
    /// The states that `on` may lead to from `from`; `None` where the command is not allowed there.
    #[inline]
    pub fn next(&self, from: S, on: C) -> Option<&'static [S]> {
        self.rows.get(on.index())?.moves.iter().find(|one| one.from == from).map(|one| one.to)
    }

    /// Whether `on` is allowed in `from`.
    #[inline]
    pub fn allows(&self, from: S, on: C) -> bool {
        self.next(from, on).is_some()
    }

    /// Whether `on` may lead from `from` to `to`.
    pub fn leads(&self, from: S, on: C, to: S) -> bool {
        self.next(from, on).is_some_and(|next| next.contains(&to))
    }

    /// Whether each row and state stands where its index says, so that lookups may trust it. For a test beside the table.
    pub fn is_in_order(&self) -> bool {
        self.rows.iter().enumerate().all(|(place, row)| row.on.index() == place)
            && self.states.iter().enumerate().all(|(place, state)| state.index() == place)
    }

    /// The table in Markdown: a row a command, a column a state.
    pub fn to_markdown(&self) -> String {
        let head: Vec<_> = self.states.iter().map(|state| state.name()).collect();
        let mut text = format!("| | {} |\n|---|{}\n", head.join(" | "), "---|".repeat(head.len()));
        for row in self.rows {
            text.push_str(&format!("| {} |", row.on.name()));
            for state in self.states {
                let cell = match self.next(*state, row.on) {
                    Some(next) => next.iter().map(|to| to.name()).collect::<Vec<_>>().join(", "),
                    None => String::new(),
                };
                text.push_str(&format!(" {cell} |"));
            }
            text.push('\n');
        }
        text
    }

    /// The table as a Mermaid state diagram: an arrow a pair of states, with the commands that lead along it.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("stateDiagram-v2\n");
        if let Some(start) = self.states.first() {
            text.push_str(&format!("    [*] --> {}\n", start.name()));
        }
        for from in self.states {
            for to in self.states {
                let along = self.rows.iter().filter(|row| self.leads(*from, row.on, *to));
                let names: Vec<_> = along.map(|row| row.on.name()).collect();
                if !names.is_empty() {
                    text.push_str(&format!("    {} --> {}: {}\n", from.name(), to.name(), names.join(", ")));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Door {
        Shut,
        Open,
    }
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Hand {
        Push,
        Lock,
    }

    impl Named for Door {
        fn index(self) -> usize {
            self as usize
        }
        fn name(self) -> &'static str {
            ["Shut", "Open"][self as usize]
        }
    }
    impl Named for Hand {
        fn index(self) -> usize {
            self as usize
        }
        fn name(self) -> &'static str {
            ["PUSH", "LOCK"][self as usize]
        }
    }

    const TABLE: Table<Door, Hand> = Table {
        states: &[Door::Shut, Door::Open],
        rows: &[
            Row {
                on: Hand::Push,
                moves: &[
                    Move { from: Door::Shut, to: &[Door::Open, Door::Shut] },
                    Move { from: Door::Open, to: &[Door::Shut] },
                ],
            },
            Row { on: Hand::Lock, moves: &[Move { from: Door::Shut, to: &[Door::Shut] }] },
        ],
    };

    #[test]
    fn the_table_is_the_law() {
        assert!(TABLE.is_in_order());
        assert!(TABLE.allows(Door::Open, Hand::Push));
        assert!(!TABLE.allows(Door::Open, Hand::Lock));
        assert!(TABLE.leads(Door::Shut, Hand::Push, Door::Open));
        assert!(!TABLE.leads(Door::Shut, Hand::Lock, Door::Open));
    }

    #[test]
    fn it_draws_itself() {
        assert_eq!(
            TABLE.to_markdown(),
            "| | Shut | Open |\n|---|---|---|\n| PUSH | Open, Shut | Shut |\n| LOCK | Shut |  |\n"
        );
        assert_eq!(
            TABLE.to_mermaid(),
            "stateDiagram-v2\n    [*] --> Shut\n    Shut --> Shut: PUSH, LOCK\n    Shut --> Open: PUSH\n    Open --> Shut: PUSH\n"
        );
    }
}
