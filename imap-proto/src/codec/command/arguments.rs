//! The arguments of each command.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::acl::mailbox_and_identifier;
use super::{
    Append, BadCommand, Command, Create, Fetch, GetMetadata, Keyword, List, MultiSearch, Name, Notify, Replace, Search,
    Select, SetAcl, SetMetadata, SetQuota, Sort, Status, Store, TaggedCommand, Text, Thread, sequence_set,
};
use crate::codec::capability::{Capability, capability};
use crate::codec::fault::{Expected, Failure, Fault, Parsed, fail};
use crate::codec::mailbox::mailbox;
use crate::codec::number::nz_number;
use crate::codec::text::{Secret, astring, atom, byte, end, list, list_mailbox, nil, nstring, skip_spaces, sp, string};

type Answer<'a> = Result<TaggedCommand<Text<'a>>, BadCommand<&'a [u8]>>;

/// How many pairs ID may have (RFC 2971 §3.3).
pub(super) const ID_PAIRS: usize = 30;

/// What stands before the arguments.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) frame: &'a [u8],
    pub(super) tag: &'a [u8],
    pub(super) name: Name<'a>,
}

impl<'a> Head<'a> {
    #[inline]
    fn good(&self, command: Command<Text<'a>>) -> Answer<'a> {
        Ok(TaggedCommand { tag: Cow::Borrowed(self.tag), command })
    }

    #[cold]
    fn bad(&self, failure: nom::Err<Failure>) -> Answer<'a> {
        Err(BadCommand { tag: Some(self.tag), keyword: self.name.keyword, fault: Fault::of(self.frame, failure) })
    }
}

/// Reads all that follows a command's name.
// A command is large: each is put where it is to be at once, and not handed on from one to the next.
#[inline(always)]
pub(super) fn read<'a>(input: &'a [u8], head: &Head<'a>) -> Answer<'a> {
    let plain = match head.name.keyword {
        Keyword::Capability => Command::Capability,
        Keyword::Noop => Command::Noop,
        Keyword::Logout => Command::Logout,
        Keyword::StartTls => Command::StartTls,
        Keyword::Unauthenticate => Command::Unauthenticate,
        Keyword::Namespace => Command::Namespace,
        Keyword::Idle => Command::Idle,
        Keyword::Check => Command::Check,
        Keyword::Close => Command::Close,
        Keyword::Unselect => Command::Unselect,
        Keyword::Expunge => Command::Expunge,
        Keyword::Other => return other(input, head),
        _ => {
            return match sp(input) {
                Ok((input, ())) => with_arguments(input, head),
                Err(failure) => head.bad(failure),
            };
        }
    };
    match end(input) {
        Ok(_) => head.good(plain),
        Err(failure) => head.bad(failure),
    }
}

fn other<'a>(input: &'a [u8], head: &Head<'a>) -> Answer<'a> {
    let arguments = input.strip_prefix(b" ").unwrap_or(input);
    if input.is_empty() || arguments.len() < input.len() {
        head.good(Command::Other { name: Cow::Borrowed(head.name.name), arguments: Cow::Borrowed(arguments) })
    } else {
        head.bad(nom::Err::Error(Failure::new(input, Expected::Space)))
    }
}

#[inline(always)]
fn with_arguments<'a>(input: &'a [u8], head: &Head<'a>) -> Answer<'a> {
    let uid = head.name.keyword.is_uid();
    match head.name.keyword {
        Keyword::Login => whole(head, two(input, astring, astring), |(user, password)| Command::Login {
            user,
            password: Secret(password),
        }),
        Keyword::Authenticate => whole(head, authenticate(input), |(mechanism, initial)| Command::Authenticate {
            mechanism: Cow::Borrowed(mechanism),
            initial,
        }),
        Keyword::Id => whole(head, id(input), Command::Id),
        Keyword::Enable => whole(head, enable(input), Command::Enable),
        Keyword::Compress => whole(head, atom(input), |algorithm| Command::Compress(Cow::Borrowed(algorithm))),
        Keyword::Select => whole(head, Select::read(input), Command::Select),
        Keyword::Examine => whole(head, Select::read(input), Command::Examine),
        Keyword::Create => whole(head, Create::read(input), Command::Create),
        Keyword::Delete => whole(head, mailbox(input), Command::Delete),
        Keyword::Rename => whole(head, two(input, mailbox, mailbox), |(from, to)| Command::Rename { from, to }),
        Keyword::Subscribe => whole(head, mailbox(input), Command::Subscribe),
        Keyword::Unsubscribe => whole(head, mailbox(input), Command::Unsubscribe),
        Keyword::List => whole(head, List::read(input), Command::List),
        Keyword::Lsub => {
            whole(head, two(input, astring, list_mailbox), |(reference, pattern)| Command::Lsub { reference, pattern })
        }
        Keyword::Status => whole(head, Status::read(input), Command::Status),
        Keyword::Append => whole(head, Append::read(input), Command::Append),
        Keyword::UidExpunge => whole(head, sequence_set(input), Command::UidExpunge),
        Keyword::Search | Keyword::UidSearch => whole(head, Search::read(input, uid), Command::Search),
        Keyword::Fetch | Keyword::UidFetch => whole(head, Fetch::read(input, uid), Command::Fetch),
        Keyword::Store | Keyword::UidStore => whole(head, Store::read(input, uid), Command::Store),
        Keyword::Copy | Keyword::UidCopy => {
            whole(head, two(input, sequence_set, mailbox), |(set, mailbox)| Command::Copy { uid, set, mailbox })
        }
        Keyword::Move | Keyword::UidMove => {
            whole(head, two(input, sequence_set, mailbox), |(set, mailbox)| Command::Move { uid, set, mailbox })
        }
        Keyword::Sort | Keyword::UidSort => whole(head, Sort::read(input, uid), Command::Sort),
        Keyword::Thread | Keyword::UidThread => whole(head, Thread::read(input, uid), Command::Thread),
        Keyword::Replace | Keyword::UidReplace => whole(head, Replace::read(input, uid), Command::Replace),
        Keyword::ESearch => whole(head, MultiSearch::read(input), Command::ESearch),
        Keyword::CancelUpdate => whole(head, cancel_update(input), Command::CancelUpdate),
        Keyword::UidBatches => whole(head, uid_batches(input), |(size, range)| Command::UidBatches { size, range }),
        Keyword::GetAcl => whole(head, mailbox(input), Command::GetAcl),
        Keyword::SetAcl => whole(head, SetAcl::read(input), Command::SetAcl),
        Keyword::DeleteAcl => whole(head, mailbox_and_identifier(input), |(mailbox, identifier)| Command::DeleteAcl {
            mailbox,
            identifier,
        }),
        Keyword::ListRights => whole(head, mailbox_and_identifier(input), |(mailbox, identifier)| {
            Command::ListRights { mailbox, identifier }
        }),
        Keyword::MyRights => whole(head, mailbox(input), Command::MyRights),
        Keyword::GetQuota => whole(head, astring(input), Command::GetQuota),
        Keyword::GetQuotaRoot => whole(head, mailbox(input), Command::GetQuotaRoot),
        Keyword::SetQuota => whole(head, SetQuota::read(input), Command::SetQuota),
        Keyword::GetMetadata => whole(head, GetMetadata::read(input), Command::GetMetadata),
        Keyword::SetMetadata => whole(head, SetMetadata::read(input), Command::SetMetadata),
        Keyword::Notify => whole(head, Notify::read(input), Command::Notify),
        // The others have no arguments.
        _ => head.bad(nom::Err::Error(Failure::new(input, Expected::End))),
    }
}

/// The command whose arguments these are, if nothing follows them.
#[inline(always)]
fn whole<'a, A>(head: &Head<'a>, parsed: Parsed<'a, A>, make: impl FnOnce(A) -> Command<Text<'a>>) -> Answer<'a> {
    let (rest, arguments) = match parsed {
        Ok(parsed) => parsed,
        Err(failure) => return head.bad(failure),
    };
    match end(rest) {
        Ok(_) => head.good(make(arguments)),
        Err(failure) => head.bad(failure),
    }
}

/// Two arguments with a space between them.
#[inline]
fn two<'a, A, B>(
    input: &'a [u8],
    first: impl FnOnce(&'a [u8]) -> Parsed<'a, A>,
    second: impl FnOnce(&'a [u8]) -> Parsed<'a, B>,
) -> Parsed<'a, (A, B)> {
    let (rest, first) = first(input)?;
    let (rest, second) = second(sp(rest)?.0)?;
    Ok((rest, (first, second)))
}

fn authenticate(input: &[u8]) -> Parsed<'_, (&[u8], Option<Secret<Text<'_>>>)> {
    let (rest, mechanism) = atom(input)?;
    let after = skip_spaces(rest);
    if after.is_empty() {
        return Ok((after, (mechanism, None)));
    }
    let (rest, ()) = sp(rest)?;
    // Whether it is base64 is for the exchange to say, which ends with the command.
    let (rest, initial) = atom(rest)?;
    Ok((rest, (mechanism, Some(Secret(Cow::Borrowed(initial))))))
}

type Fields<'a> = Vec<(Text<'a>, Option<Text<'a>>)>;

fn id(input: &[u8]) -> Parsed<'_, Option<Fields<'_>>> {
    if let Ok((rest, ())) = nil(input) {
        return Ok((rest, None));
    }
    let mut count = 0;
    let (rest, pairs) = list(input, |input| {
        count += 1;
        if count > ID_PAIRS {
            return fail(input, Expected::Fewer);
        }
        let (rest, field) = string(input)?;
        let (rest, value) = nstring(sp(rest)?.0)?;
        Ok((rest, (field, value)))
    })?;
    Ok((rest, Some(pairs)))
}

fn enable(input: &[u8]) -> Parsed<'_, Vec<Capability<Text<'_>>>> {
    let (mut rest, first) = capability(input)?;
    let mut capabilities = Vec::from([first]);
    while rest.first() == Some(&b' ') && !skip_spaces(rest).is_empty() {
        let (after, one) = capability(skip_spaces(rest))?;
        capabilities.push(one);
        rest = after;
    }
    Ok((rest, capabilities))
}

fn cancel_update(input: &[u8]) -> Parsed<'_, Vec<Text<'_>>> {
    let (mut rest, first) = string(input)?;
    let mut tags = Vec::from([first]);
    while rest.first() == Some(&b' ') && !skip_spaces(rest).is_empty() {
        let (after, one) = string(skip_spaces(rest))?;
        tags.push(one);
        rest = after;
    }
    Ok((rest, tags))
}

type Batches = (NonZeroU32, Option<(NonZeroU32, NonZeroU32)>);

fn uid_batches(input: &[u8]) -> Parsed<'_, Batches> {
    let (rest, size) = nz_number(input)?;
    let after = skip_spaces(rest);
    if after.is_empty() {
        return Ok((after, (size, None)));
    }
    let (rest, ()) = sp(rest)?;
    let (rest, from) = nz_number(rest)?;
    let (rest, ()) = byte(rest, b':', Expected::SequenceSet)?;
    let (rest, to) = nz_number(rest)?;
    Ok((rest, (size, Some((from, to)))))
}
