//! The machine of the examples: lines, of which each is answered by the session with itself.

use std::time::Duration;

use wirestate_machine::line::{Line, Lines};

/// Lines of at most 1,000 bytes, by a peer that is not silent for a minute.
pub(crate) fn lines() -> Line {
    let lines = Lines::default().with_limit(1000);
    let line = Line::new(lines.clone()).with_idle(Duration::from_secs(60));
    match wirestate_machine::framed::Framing::encode(&lines, "bye") {
        Ok(farewell) => line.with_farewell(farewell),
        Err(_) => line,
    }
}
