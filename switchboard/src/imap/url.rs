//! IMAP URLs (RFC 5092) of messages and their parts, as CATENATE names them:
//! from the path on, for the server and the user are known.

use std::num::NonZeroU32;

use bytes::Bytes;
use imap_proto::codec::command::{Fetch, FetchAttribute, FetchItems, Partial};
use imap_proto::codec::{Command, Section, TaggedCommand};
use imap_proto::message::{Limits, Message, partial};

use super::content;
use crate::mailstore::{MailStore, MailboxName, StoreError, Uid};

/// `/mailbox[;UIDVALIDITY=n]/;UID=n[/;SECTION=section][/;PARTIAL=offset.count]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    mailbox: MailboxName,
    uid_validity: Option<u32>,
    uid: Uid,
    section: Option<Section<Bytes>>,
    stretch: Option<Partial>,
}

impl Url {
    /// `None` for what names no message of this user's.
    pub(super) fn parse(url: &[u8]) -> Option<Self> {
        let path = url.strip_prefix(b"/").filter(|path| !path.starts_with(b"/"))?;
        let mut rest = path;
        let mailbox = part(&mut rest, true);
        let (mailbox, uid_validity) = match parameter(mailbox, b";UIDVALIDITY=") {
            Some((mailbox, number)) => (mailbox, Some(NonZeroU32::new(decimal(number)?)?.get())),
            None => (mailbox, None),
        };
        let mailbox = MailboxName::parse(std::str::from_utf8(&decoded(mailbox)?).ok()?).ok()?;
        let (mut uid, mut section, mut range) = (None, None, None);
        while !rest.is_empty() {
            let piece = part(&mut rest, false);
            if let Some(([], number)) = parameter(piece, b"UID=") {
                uid = Some(Uid::new(decimal(number)?)?);
            } else if let Some(([], text)) = parameter(piece, b"SECTION=") {
                section = Some(decoded(text)?);
            } else if let Some(([], text)) = parameter(piece, b"PARTIAL=") {
                range = Some(decoded(text)?);
            } else {
                return None;
            }
        }
        let (section, stretch) = read_section(section.as_deref(), range.as_deref())?;
        Some(Self { mailbox, uid_validity, uid: uid?, section, stretch })
    }

    /// What it names; `None` where there is no such part. Blocks.
    pub(super) fn read(&self, store: &MailStore) -> Result<Option<Bytes>, StoreError> {
        let mailbox = store.mailbox(&self.mailbox)?;
        if self.uid_validity.is_some_and(|number| mailbox.sync().is_ok_and(|it| it.uid_validity() != number)) {
            return Ok(None);
        }
        let raw = content::read(&mailbox, self.uid)?;
        let message = Message::parse(&raw, &Limits::default());
        let section = self.section.clone().unwrap_or_else(Section::whole);
        let found = message.section(&section).map(|found| partial(found, self.stretch));
        Ok(found.map(|found| Bytes::copy_from_slice(&found)))
    }
}

/// Up to the next `/;`, behind which the rest begins.
fn part<'a>(rest: &mut &'a [u8], is_first: bool) -> &'a [u8] {
    let end = rest.windows(2).position(|pair| pair == b"/;");
    // RFC 4469 has `;` alone in an example, and clients, too.
    let end = end.or_else(|| if is_first { None } else { rest.iter().position(|byte| *byte == b';') });
    let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after.strip_prefix(b"/").unwrap_or(after);
    *rest = rest.strip_prefix(b";").unwrap_or(rest);
    part
}

/// What stands before a parameter, in any case, and its value.
fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name))?;
    Some((text.get(..at)?, text.get(at + name.len()..)?))
}

fn decimal(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// Without percent-encoding.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    Some(out)
}

type Stretch = (Option<Section<Bytes>>, Option<Partial>);

/// A section and a stretch are written as FETCH has them, but for the brackets.
fn read_section(section: Option<&[u8]>, range: Option<&[u8]>) -> Option<Stretch> {
    let text = section.unwrap_or_default();
    let is_plain = |text: &[u8]| {
        !text.iter().any(|byte| matches!(byte, b'[' | b']' | b'<' | b'>' | b'{') || byte.is_ascii_control())
    };
    let range = range.unwrap_or_default();
    if !is_plain(text) || !is_plain(range) {
        return None;
    }
    let range = if range.is_empty() { Vec::new() } else { [b"<", range, b">"].concat() };
    let line = [b"a UID FETCH 1 BODY.PEEK[", text, b"]", &range].concat();
    let Command::Fetch(Fetch { items: FetchItems::Attributes(items), .. }) = TaggedCommand::parse(&line).ok()?.command
    else {
        return None;
    };
    match items.into_iter().next()? {
        FetchAttribute::Section { section, partial, .. } => {
            Some((Some(section.map_text(&mut |text| Bytes::from(text.into_owned()))), partial))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_their_parts_are_named() {
        let url =
            Url::parse(b"/Entw%C3%BCrfe/x;UIDVALIDITY=385759045/;UID=20/;section=1.2.MIME/;PARTIAL=0.100").unwrap();
        assert_eq!((url.mailbox.as_str(), url.uid_validity, url.uid.get()), ("Entw\u{fc}rfe/x", Some(385_759_045), 20));
        let section = url.section.unwrap();
        assert_eq!(section.part.iter().map(|part| part.get()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(url.stretch.map(|stretch| (stretch.offset, stretch.count.get())), Some((0, 100)));
        let whole = Url::parse(b"/INBOX/;UID=3").unwrap();
        assert_eq!((whole.uid_validity, whole.uid.get()), (None, 3));
        assert_eq!(Url::parse(b"/INBOX;UIDVALIDITY=7/;UID=3;SECTION=TEXT").unwrap().uid.get(), 3);
    }

    #[test]
    fn what_names_no_message_is_none() {
        for odd in [
            "",
            "/",
            "INBOX/;UID=3",
            "//bob@host/INBOX/;UID=3",
            "imap://host/INBOX/;UID=3",
            "/INBOX",
            "/INBOX/;UID=0",
            "/INBOX/;UID=x",
            "/INBOX/;UID=3/;SECTION=1]+[",
            "/INBOX/;UID=3/;WHAT=1",
            "/%zz/;UID=3",
            "/%/;UID=3",
            "/INBOX;UIDVALIDITY=0/;UID=3",
            "/../;UID=3",
            "/INBOX/;UID=3/;PARTIAL=x",
        ] {
            assert_eq!(Url::parse(odd.as_bytes()), None, "{odd}");
        }
    }
}
