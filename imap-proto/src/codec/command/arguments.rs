//! The arguments of each command.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::acl::mailbox_and_identifier;
use super::{
    Append, Command, Create, Fetch, GetMetadata, Keyword, List, MultiSearch, Name, Notify, Replace, Search, Select,
    SetAcl, SetMetadata, SetQuota, Sort, Status, Store, Text, Thread, sequence_set,
};
use crate::codec::capability::capability;
use crate::codec::fault::{Expected, Failure, Parsed, fail};
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::number::nz_number;
use crate::codec::sequence::SequenceSet;
use crate::codec::text::{
    Secret, astring, atom, byte, end, list, list_mailbox, nil, nstring, skip_spaces, sp, string, whole,
};

type Read<'a> = Parsed<'a, Command<Text<'a>>>;

/// How many pairs ID may have (RFC 2971 §3.3).
pub(super) const ID_PAIRS: usize = 30;

/// Reads all that follows a command's name.
pub(super) fn read<'a>(input: &'a [u8], name: Name<'a>) -> Result<Command<Text<'a>>, nom::Err<Failure>> {
    let plain = match name.keyword {
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
        Keyword::Other => {
            let arguments = input.strip_prefix(b" ").unwrap_or(input);
            return if input.is_empty() || arguments.len() < input.len() {
                Ok(Command::Other { name: Cow::Borrowed(name.name), arguments: Cow::Borrowed(arguments) })
            } else {
                sp(input).and_then(|_| fail(input, Expected::Space)).map(|(_, command)| command)
            };
        }
        _ => return whole(input, |input| with_arguments(sp(input)?.0, name.keyword)),
    };
    end(input)?;
    Ok(plain)
}

fn with_arguments(input: &[u8], keyword: Keyword) -> Read<'_> {
    let uid = keyword.is_uid();
    match keyword {
        Keyword::Login => login(input),
        Keyword::Authenticate => authenticate(input),
        Keyword::Id => id(input),
        Keyword::Enable => enable(input),
        Keyword::Compress => then(atom(input), |algorithm| Command::Compress(Cow::Borrowed(algorithm))),
        Keyword::Select => then(Select::read(input), Command::Select),
        Keyword::Examine => then(Select::read(input), Command::Examine),
        Keyword::Create => then(Create::read(input), Command::Create),
        Keyword::Delete => then(mailbox(input), Command::Delete),
        Keyword::Rename => {
            let (rest, from) = mailbox(input)?;
            then(mailbox(sp(rest)?.0), |to| Command::Rename { from, to })
        }
        Keyword::Subscribe => then(mailbox(input), Command::Subscribe),
        Keyword::Unsubscribe => then(mailbox(input), Command::Unsubscribe),
        Keyword::List => then(List::read(input), Command::List),
        Keyword::Lsub => {
            let (rest, reference) = astring(input)?;
            then(list_mailbox(sp(rest)?.0), |pattern| Command::Lsub { reference, pattern })
        }
        Keyword::Status => then(Status::read(input), Command::Status),
        Keyword::Append => then(Append::read(input), Command::Append),
        Keyword::UidExpunge => then(sequence_set(input), Command::UidExpunge),
        Keyword::Search | Keyword::UidSearch => then(Search::read(input, uid), Command::Search),
        Keyword::Fetch | Keyword::UidFetch => then(Fetch::read(input, uid), Command::Fetch),
        Keyword::Store | Keyword::UidStore => then(Store::read(input, uid), Command::Store),
        Keyword::Copy | Keyword::UidCopy => {
            then(set_and_mailbox(input), |(set, mailbox)| Command::Copy { uid, set, mailbox })
        }
        Keyword::Move | Keyword::UidMove => {
            then(set_and_mailbox(input), |(set, mailbox)| Command::Move { uid, set, mailbox })
        }
        Keyword::Sort | Keyword::UidSort => then(Sort::read(input, uid), Command::Sort),
        Keyword::Thread | Keyword::UidThread => then(Thread::read(input, uid), Command::Thread),
        Keyword::Replace | Keyword::UidReplace => then(Replace::read(input, uid), Command::Replace),
        Keyword::ESearch => then(MultiSearch::read(input), Command::ESearch),
        Keyword::CancelUpdate => cancel_update(input),
        Keyword::UidBatches => uid_batches(input),
        Keyword::GetAcl => then(mailbox(input), Command::GetAcl),
        Keyword::SetAcl => then(SetAcl::read(input), Command::SetAcl),
        Keyword::DeleteAcl => {
            then(mailbox_and_identifier(input), |(mailbox, identifier)| Command::DeleteAcl { mailbox, identifier })
        }
        Keyword::ListRights => {
            then(mailbox_and_identifier(input), |(mailbox, identifier)| Command::ListRights { mailbox, identifier })
        }
        Keyword::MyRights => then(mailbox(input), Command::MyRights),
        Keyword::GetQuota => then(astring(input), Command::GetQuota),
        Keyword::GetQuotaRoot => then(mailbox(input), Command::GetQuotaRoot),
        Keyword::SetQuota => then(SetQuota::read(input), Command::SetQuota),
        Keyword::GetMetadata => then(GetMetadata::read(input), Command::GetMetadata),
        Keyword::SetMetadata => then(SetMetadata::read(input), Command::SetMetadata),
        Keyword::Notify => then(Notify::read(input), Command::Notify),
        // The others have no arguments.
        _ => fail(input, Expected::End),
    }
}

#[inline]
fn then<'a, A>(parsed: Parsed<'a, A>, make: impl FnOnce(A) -> Command<Text<'a>>) -> Read<'a> {
    parsed.map(|(rest, value)| (rest, make(value)))
}

fn login(input: &[u8]) -> Read<'_> {
    let (rest, user) = astring(input)?;
    then(astring(sp(rest)?.0), |password| Command::Login { user, password: Secret(password) })
}

fn authenticate(input: &[u8]) -> Read<'_> {
    let (rest, mechanism) = atom(input)?;
    let mechanism = Cow::Borrowed(mechanism);
    let after = skip_spaces(rest);
    if after.is_empty() {
        return Ok((after, Command::Authenticate { mechanism, initial: None }));
    }
    let (rest, ()) = sp(rest)?;
    // Whether it is base64 is for the exchange to say, which ends with the command.
    then(atom(rest), |initial| Command::Authenticate { mechanism, initial: Some(Secret(Cow::Borrowed(initial))) })
}

fn id(input: &[u8]) -> Read<'_> {
    if let Ok((rest, ())) = nil(input) {
        return Ok((rest, Command::Id(None)));
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
    Ok((rest, Command::Id(Some(pairs))))
}

fn enable(input: &[u8]) -> Read<'_> {
    let (mut rest, first) = capability_text(input)?;
    let mut capabilities = Vec::from([first]);
    while rest.first() == Some(&b' ') && !skip_spaces(rest).is_empty() {
        let (after, one) = capability_text(skip_spaces(rest))?;
        capabilities.push(one);
        rest = after;
    }
    Ok((rest, Command::Enable(capabilities)))
}

fn capability_text(input: &[u8]) -> Parsed<'_, crate::codec::capability::Capability<Text<'_>>> {
    capability(input)
}

fn set_and_mailbox(input: &[u8]) -> Parsed<'_, (SequenceSet, Mailbox<Text<'_>>)> {
    let (rest, set) = sequence_set(input)?;
    let (rest, mailbox) = mailbox(sp(rest)?.0)?;
    Ok((rest, (set, mailbox)))
}

fn cancel_update(input: &[u8]) -> Read<'_> {
    let (mut rest, first) = string(input)?;
    let mut tags = Vec::from([first]);
    while rest.first() == Some(&b' ') && !skip_spaces(rest).is_empty() {
        let (after, one) = string(skip_spaces(rest))?;
        tags.push(one);
        rest = after;
    }
    Ok((rest, Command::CancelUpdate(tags)))
}

fn uid_batches(input: &[u8]) -> Read<'_> {
    let (rest, size) = nz_number(input)?;
    let after = skip_spaces(rest);
    if after.is_empty() {
        return Ok((after, Command::UidBatches { size, range: None }));
    }
    let (rest, ()) = sp(rest)?;
    let (rest, from) = nz_number(rest)?;
    let (rest, ()) = byte(rest, b':', Expected::SequenceSet)?;
    then(nz_number(rest), |to| Command::UidBatches { size, range: Some((from, to)) })
}
