//! NOTIFY (RFC 5465), and the sets of mailboxes that it shares with ESEARCH (RFC 7377).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::{Expected, Parsed, fail};
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::text::{atom, byte, keyword, list1, skip_spaces, sp};

use super::fetch::FetchAttribute;
use super::{Text, is_next};

/// `NOTIFY SET [STATUS] groups` or `NOTIFY NONE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify<T> {
    /// `NONE`: nothing that is not asked for is told any more, of no mailbox.
    None,
    /// `SET`: this is told from now on, and nothing else.
    Set {
        /// `STATUS`: where all these mailboxes stand is told at once.
        status: bool,
        /// What is told of which mailboxes; at least one. Of a mailbox that is in several groups, the first counts.
        groups: Vec<EventGroup<T>>,
    },
}

/// What is told of some mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventGroup<T> {
    /// Which.
    pub mailboxes: MailboxFilter<T>,
    /// What; empty for `NONE`.
    pub events: Vec<NotifyEvent<T>>,
}

/// A set of mailboxes (RFC 5465 §6, RFC 7377 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailboxFilter<T> {
    /// `selected`: whichever is selected, told at once.
    Selected,
    /// `selected-delayed`: whichever is selected, with EXPUNGE where the rules of RFC 9051 §7.5.1 allow it.
    SelectedDelayed,
    /// `inboxes`: where mail may be delivered to.
    Inboxes,
    /// `personal`: the user's own.
    Personal,
    /// `subscribed`: those that the user has subscribed to.
    Subscribed,
    /// `subtree`: these and all beneath them; at least one.
    Subtree(Vec<Mailbox<T>>),
    /// `subtree-one`: these and those directly beneath them; at least one (RFC 7377 §2.2).
    SubtreeOne(Vec<Mailbox<T>>),
    /// `mailboxes`: these; at least one.
    Mailboxes(Vec<Mailbox<T>>),
}

/// What may happen to a mailbox (RFC 5465 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyEvent<T> {
    /// `MessageNew`: a message comes; of one in the selected mailbox these attributes are told.
    MessageNew(Vec<FetchAttribute<T>>),
    /// `MessageExpunge`
    MessageExpunge,
    /// `FlagChange`
    FlagChange,
    /// `AnnotationChange`
    AnnotationChange,
    /// `MailboxName`: a mailbox is made, goes, or gets another name.
    MailboxName,
    /// `SubscriptionChange`
    SubscriptionChange,
    /// `MailboxMetadataChange`
    MailboxMetadataChange,
    /// `ServerMetadataChange`
    ServerMetadataChange,
    /// Any other.
    Other(T),
}

impl<'a> Notify<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        if let Ok((rest, ())) = keyword(input, b"NONE") {
            return Ok((rest, Notify::None));
        }
        let (rest, ()) = keyword(input, b"SET")?;
        let (rest, ()) = sp(rest)?;
        let (mut rest, status) = match keyword(rest, b"STATUS") {
            Ok((rest, ())) => (sp(rest)?.0, true),
            Err(_) => (rest, false),
        };
        let mut groups = Vec::new();
        loop {
            let (after, group) = EventGroup::read(rest)?;
            groups.push(group);
            if !is_next(after, b'(') {
                return Ok((after, Notify::Set { status, groups }));
            }
            rest = skip_spaces(after);
        }
    }
}

impl<'a> EventGroup<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, ()) = byte(input, b'(', Expected::Open)?;
        let (rest, mailboxes) = MailboxFilter::read(skip_spaces(rest))?;
        let (rest, ()) = sp(rest)?;
        let (rest, events) = match keyword(rest, b"NONE") {
            Ok((rest, ())) => (rest, Vec::new()),
            Err(_) => list1(rest, NotifyEvent::read)?,
        };
        let (rest, ()) = byte(skip_spaces(rest), b')', Expected::Close)?;
        Ok((rest, EventGroup { mailboxes, events }))
    }
}

impl<'a> MailboxFilter<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let plain = [
            (&b"selected"[..], MailboxFilter::Selected),
            (b"selected-delayed", MailboxFilter::SelectedDelayed),
            (b"inboxes", MailboxFilter::Inboxes),
            (b"personal", MailboxFilter::Personal),
            (b"subscribed", MailboxFilter::Subscribed),
        ];
        for (word, filter) in plain {
            if let Ok((rest, ())) = keyword(input, word) {
                return Ok((rest, filter));
            }
        }
        let (rest, name) = atom(input).or_else(|_| fail(input, Expected::Keyword))?;
        let make: fn(Vec<Mailbox<Text<'a>>>) -> MailboxFilter<Text<'a>> = match () {
            () if name.eq_ignore_ascii_case(b"subtree") => MailboxFilter::Subtree,
            () if name.eq_ignore_ascii_case(b"subtree-one") => MailboxFilter::SubtreeOne,
            () if name.eq_ignore_ascii_case(b"mailboxes") => MailboxFilter::Mailboxes,
            () => return fail(input, Expected::Keyword),
        };
        let (rest, ()) = sp(rest)?;
        if rest.first() == Some(&b'(') {
            return list1(rest, mailbox).map(|(rest, some)| (rest, make(some)));
        }
        let (rest, one) = mailbox(rest)?;
        Ok((rest, make(Vec::from([one]))))
    }
}

impl<'a> NotifyEvent<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        if is(b"MessageNew") {
            if !is_next(rest, b'(') {
                return Ok((rest, NotifyEvent::MessageNew(Vec::new())));
            }
            return list1(skip_spaces(rest), FetchAttribute::read)
                .map(|(rest, items)| (rest, NotifyEvent::MessageNew(items)));
        }
        let known = [
            (&b"MessageExpunge"[..], NotifyEvent::MessageExpunge),
            (b"FlagChange", NotifyEvent::FlagChange),
            (b"AnnotationChange", NotifyEvent::AnnotationChange),
            (b"MailboxName", NotifyEvent::MailboxName),
            (b"SubscriptionChange", NotifyEvent::SubscriptionChange),
            (b"MailboxMetadataChange", NotifyEvent::MailboxMetadataChange),
            (b"ServerMetadataChange", NotifyEvent::ServerMetadataChange),
        ];
        let known = known.into_iter().find(|(word, _)| is(word)).map(|(_, event)| event);
        Ok((rest, known.unwrap_or(NotifyEvent::Other(Cow::Borrowed(name)))))
    }
}

impl<T: AsRef<[u8]>> Notify<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let Notify::Set { status, groups } = self else {
            writer.put(b"NONE");
            return Ok(());
        };
        if groups.is_empty() {
            return Err(Unwritable::Empty);
        }
        writer.put(if *status { b"SET STATUS " } else { b"SET " });
        writer.spaced(groups, |writer, group| {
            writer.put(b"(");
            group.mailboxes.write(writer)?;
            writer.space();
            if group.events.is_empty() {
                writer.put(b"NONE");
            } else {
                writer.list(&group.events, |writer, event| event.write(writer))?;
            }
            writer.put(b")");
            Ok(())
        })
    }
}

impl<T: AsRef<[u8]>> MailboxFilter<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let (word, mailboxes): (&[u8], _) = match self {
            MailboxFilter::Selected => (b"selected", None),
            MailboxFilter::SelectedDelayed => (b"selected-delayed", None),
            MailboxFilter::Inboxes => (b"inboxes", None),
            MailboxFilter::Personal => (b"personal", None),
            MailboxFilter::Subscribed => (b"subscribed", None),
            MailboxFilter::Subtree(some) => (b"subtree ", Some(some)),
            MailboxFilter::SubtreeOne(some) => (b"subtree-one ", Some(some)),
            MailboxFilter::Mailboxes(some) => (b"mailboxes ", Some(some)),
        };
        writer.put(word);
        match mailboxes {
            Some(mailboxes) => writer.list1(mailboxes, |writer, mailbox| mailbox.write(writer)),
            None => Ok(()),
        }
    }
}

impl<T: AsRef<[u8]>> NotifyEvent<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let plain: &[u8] = match self {
            NotifyEvent::MessageNew(items) => {
                writer.put(b"MessageNew");
                if items.is_empty() {
                    return Ok(());
                }
                writer.space();
                return writer.list(items, |writer, item| item.write(writer));
            }
            NotifyEvent::MessageExpunge => b"MessageExpunge",
            NotifyEvent::FlagChange => b"FlagChange",
            NotifyEvent::AnnotationChange => b"AnnotationChange",
            NotifyEvent::MailboxName => b"MailboxName",
            NotifyEvent::SubscriptionChange => b"SubscriptionChange",
            NotifyEvent::MailboxMetadataChange => b"MailboxMetadataChange",
            NotifyEvent::ServerMetadataChange => b"ServerMetadataChange",
            NotifyEvent::Other(name) => return writer.atom(name.as_ref()),
        };
        writer.put(plain);
        Ok(())
    }
}

impl<T> Notify<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Notify<U> {
        let Notify::Set { status, groups } = self else { return Notify::None };
        let group = |group: EventGroup<T>| EventGroup {
            mailboxes: group.mailboxes.map_text(text),
            events: group.events.into_iter().map(|event| event.map_text(text)).collect(),
        };
        Notify::Set { status, groups: groups.into_iter().map(group).collect() }
    }
}

impl<T> MailboxFilter<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> MailboxFilter<U> {
        let mut all = |some: Vec<Mailbox<T>>| some.into_iter().map(|mailbox| mailbox.map_text(text)).collect();
        match self {
            MailboxFilter::Selected => MailboxFilter::Selected,
            MailboxFilter::SelectedDelayed => MailboxFilter::SelectedDelayed,
            MailboxFilter::Inboxes => MailboxFilter::Inboxes,
            MailboxFilter::Personal => MailboxFilter::Personal,
            MailboxFilter::Subscribed => MailboxFilter::Subscribed,
            MailboxFilter::Subtree(some) => MailboxFilter::Subtree(all(some)),
            MailboxFilter::SubtreeOne(some) => MailboxFilter::SubtreeOne(all(some)),
            MailboxFilter::Mailboxes(some) => MailboxFilter::Mailboxes(all(some)),
        }
    }
}

impl<T> NotifyEvent<T> {
    fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> NotifyEvent<U> {
        match self {
            NotifyEvent::MessageNew(items) => {
                NotifyEvent::MessageNew(items.into_iter().map(|item| item.map_text(text)).collect())
            }
            NotifyEvent::MessageExpunge => NotifyEvent::MessageExpunge,
            NotifyEvent::FlagChange => NotifyEvent::FlagChange,
            NotifyEvent::AnnotationChange => NotifyEvent::AnnotationChange,
            NotifyEvent::MailboxName => NotifyEvent::MailboxName,
            NotifyEvent::SubscriptionChange => NotifyEvent::SubscriptionChange,
            NotifyEvent::MailboxMetadataChange => NotifyEvent::MailboxMetadataChange,
            NotifyEvent::ServerMetadataChange => NotifyEvent::ServerMetadataChange,
            NotifyEvent::Other(name) => NotifyEvent::Other(text(name)),
        }
    }
}
