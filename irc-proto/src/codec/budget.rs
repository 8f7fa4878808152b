use thiserror::Error;

use super::tags::Tags;

/// The bytes of tag data that one side may send: what stands between `@` and the space (message-tags, "Size limit").
const DATA: usize = 4094;

/// Who wrote a message, on which its budget for tags depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A client: all its tags together have at most 4094 bytes.
    Client,
    /// A server: the client-only tags that it passes on have at most 4094 bytes, those of its own as many again, and the whole section,
    /// with `@` and space, 8191.
    Server,
}

/// Which budget a message breaks (message-tags, "Size limit"; RFC 2812 §2.3). To a client, a server answers 417 ERR_INPUTTOOLONG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Budget {
    /// All that is not tags: source, command and parameters.
    #[error(
        "the message without its tags is too long: it may have 512 bytes with its CRLF unless the server allows more"
    )]
    Body,
    /// The whole section of tags.
    #[error("the tags are too long: a section may have 4096 bytes from a client and 8191 from a server")]
    Tags,
    /// The tags of a client.
    #[error("the client's tags are too long: they may have {DATA} bytes")]
    ClientTags,
    /// The tags of a server.
    #[error("the server's tags are too long: they may have {DATA} bytes")]
    ServerTags,
}

/// Counts the bytes of tags against the budgets of their sender.
#[derive(Default)]
pub(super) struct TagCount {
    client: Option<usize>,
    server: Option<usize>,
}

impl Sender {
    /// The most bytes that a section of tags from this sender has, with its `@` and space: 4096 or 8191.
    pub const fn section(self) -> usize {
        match self {
            Sender::Client => DATA + 2,
            Sender::Server => 2 * DATA + 3,
        }
    }

    /// Checks tags against the budgets of their sender. From a client, a section within [`Limits`](super::Limits) is within its only budget, so
    /// servers need not ask; a server's section may break one of its two, which does no harm: [`Client`](crate::client::Client) takes it as long as the
    /// whole section is within its 8191 bytes, and proxies, loggers and tests of servers ask here. Where all of them together are within one budget, it looks at none of them.
    ///
    /// # Errors
    ///
    /// [`Budget::ClientTags`] or [`Budget::ServerTags`].
    pub fn check(self, tags: Tags<'_>) -> Result<(), Budget> {
        // What fits whole fits in parts: nearly all do, and none is looked at.
        if tags.as_bytes().len() <= DATA {
            return Ok(());
        }
        let mut count = TagCount::default();
        tags.iter().for_each(|tag| count.add(self, tag.is_client_only(), tag.len()));
        count.check()
    }
}

impl TagCount {
    /// Counts a tag of `len` bytes, and the `;` between it and the one before.
    pub(super) fn add(&mut self, sender: Sender, client_only: bool, len: usize) {
        let group = if client_only || sender == Sender::Client { &mut self.client } else { &mut self.server };
        *group = Some(group.map_or(len, |before| before.saturating_add(1).saturating_add(len)));
    }

    pub(super) fn check(&self) -> Result<(), Budget> {
        let over = |group: Option<usize>| group.is_some_and(|bytes| bytes > DATA);
        match (over(self.client), over(self.server)) {
            (true, _) => Err(Budget::ClientTags),
            (_, true) => Err(Budget::ServerTags),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn both_budgets_together_fill_the_section() {
        let client = format!("+a={}", "x".repeat(DATA - 3));
        let server = format!("b={}", "x".repeat(DATA - 2));
        let both = format!("{client};{server}");
        assert_eq!(format!("@{both} ").len(), Sender::Server.section());
        assert_eq!(Sender::Server.check(Tags::parse(both.as_bytes())), Ok(()));
        assert_eq!(Sender::Client.check(Tags::parse(both.as_bytes())), Err(Budget::ClientTags));
        assert_eq!(Sender::Client.check(Tags::parse(server.as_bytes())), Ok(()));
    }

    #[test]
    fn one_byte_more_is_too_long_and_a_separator_counts() {
        let client = format!("+a={}", "x".repeat(DATA - 2));
        assert_eq!(Sender::Server.check(Tags::parse(client.as_bytes())), Err(Budget::ClientTags));
        let server = format!("b={};c", "x".repeat(DATA - 3));
        assert_eq!(Sender::Server.check(Tags::parse(server.as_bytes())), Err(Budget::ServerTags));
    }
}
