use alloc::boxed::Box;
use core::fmt;

/// A broken link between two servers.
#[derive(Clone, PartialEq, Eq)]
pub struct Netsplit {
    /// The server that is still there.
    pub near: Box<[u8]>,
    /// The server that is gone with its users.
    pub far: Box<[u8]>,
}

impl Netsplit {
    /// Reads the text of a QUIT: two names of servers with one blank between them, each with a dot, and nothing else. Users can say the same, but
    /// servers put `Quit:` before what users say.
    pub fn read(text: &[u8]) -> Option<Netsplit> {
        let mut words = text.splitn(2, |byte| *byte == b' ');
        let (near, far) = (words.next()?, words.next()?);
        let apart = !near.eq_ignore_ascii_case(far) || near.starts_with(b"*");
        (is_server(near) && is_server(far) && apart).then(|| Netsplit { near: near.into(), far: far.into() })
    }
}

/// A host name as servers have it, or one with a star for its first label (`*.net *.split`).
fn is_server(name: &[u8]) -> bool {
    let mut labels = name.split(|byte| *byte == b'.');
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let word = |label: &[u8]| {
        !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let first = labels.next().is_some_and(|label| label == b"*" || word(label));
    let rest = labels.fold(0, |count, label| if word(label) { count + 1 } else { usize::MAX / 2 });
    first && (1..64).contains(&rest) && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic)
}

impl fmt::Debug for Netsplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.near.escape_ascii(), self.far.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_are_a_split() {
        for text in ["hub.example.org leaf.example.net", "*.net *.split", "a.bc d_1-x.ef"] {
            assert!(Netsplit::read(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn what_users_say_is_none() {
        for text in [
            "",
            "bye bye",
            "Quit: a.example b.example",
            "a.example.org",
            "a.example.org a.example.org",
            "a.b c.d",
            "a.example  b.example",
            "a.example b.example c.example",
            "see http://a.example",
            "1.2.3.4 5.6.7.8",
            "a..example b.example",
        ] {
            assert!(Netsplit::read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
