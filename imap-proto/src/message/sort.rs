//! SORT (RFC 5256 §3, RFC 5957).

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem::discriminant;
use core::num::NonZeroU32;

use bytes::Bytes;

use super::{Summary, casemap, decode};
use crate::codec::command::{SortCriterion, SortKey};
use crate::codec::{Address, AddressField};

/// The numbers of messages, sorted. The messages must come in the order of the mailbox, which they keep where the criteria say nothing.
///
/// RELEVANCY, and what this crate does not know, says nothing: who knows how well messages fit gives them in that order.
pub fn sort<'s, T>(
    criteria: &[SortCriterion<T>],
    messages: impl IntoIterator<Item = (NonZeroU32, &'s Summary)>,
) -> Vec<NonZeroU32> {
    // A key that is named again says nothing new, however often a client names it.
    let mut distinct: Vec<&SortCriterion<T>> = Vec::new();
    for criterion in criteria {
        let kind = discriminant(&criterion.key);
        if distinct.iter().all(|before| discriminant(&before.key) != kind) {
            distinct.push(criterion);
        }
    }
    let criteria = distinct;
    let width = criteria.len();
    let mut numbers = Vec::new();
    // The values of each message, one after another.
    let mut values = Vec::new();
    for (number, summary) in messages {
        numbers.push(number);
        values.extend(criteria.iter().map(|criterion| Value::of(&criterion.key, summary)));
    }
    let of = |place: usize| values.get(place * width..(place + 1) * width).unwrap_or_default();
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|one, other| {
        for ((criterion, one), other) in criteria.iter().zip(of(*one)).zip(of(*other)) {
            match one.cmp(other) {
                Ordering::Equal => {}
                unequal if criterion.reverse => return unequal.reverse(),
                unequal => return unequal,
            }
        }
        Ordering::Equal
    });
    order.into_iter().filter_map(|place| numbers.get(place).copied()).collect()
}

/// What a message has in the place of a criterion.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Nothing,
    Number(i64),
    Text(String),
}

impl Value {
    fn of<T>(key: &SortKey<T>, summary: &Summary) -> Self {
        let mailbox = |field| Value::Text(first(summary, field).map(mailbox).unwrap_or_default());
        let display = |field| Value::Text(first(summary, field).map(display).unwrap_or_default());
        match key {
            SortKey::Arrival => Value::Number(summary.internal_date.unix()),
            SortKey::Date => Value::Number(summary.sent()),
            SortKey::Size => Value::Number(i64::try_from(summary.size).unwrap_or(i64::MAX)),
            SortKey::Subject => Value::Text(casemap(&summary.base_subject().text).into_owned()),
            SortKey::From => mailbox(AddressField::From),
            SortKey::To => mailbox(AddressField::To),
            SortKey::Cc => mailbox(AddressField::Cc),
            SortKey::DisplayFrom => display(AddressField::From),
            SortKey::DisplayTo => display(AddressField::To),
            SortKey::Relevancy | SortKey::Other(_) => Value::Nothing,
        }
    }
}

fn first(summary: &Summary, field: AddressField) -> Option<&Address<Bytes>> {
    summary.envelope.addresses(field).first()
}

fn mailbox(address: &Address<Bytes>) -> String {
    let mailbox = address.mailbox.as_deref().unwrap_or_default();
    casemap(&String::from_utf8_lossy(mailbox)).into_owned()
}

/// The display name, or a group's name, or else the address (RFC 5957 §3).
fn display(address: &Address<Bytes>) -> String {
    let name = address.name.as_deref().map(decode::words).filter(|name| !name.trim().is_empty());
    let lossy = |text: &Option<Bytes>| String::from_utf8_lossy(text.as_deref().unwrap_or_default()).into_owned();
    let text = match (name, &address.host) {
        (Some(name), _) => name.into_owned(),
        (None, None) => decode::words(address.mailbox.as_deref().unwrap_or_default()).into_owned(),
        (None, Some(_)) => lossy(&address.mailbox) + "@" + &lossy(&address.host),
    };
    casemap(text.trim()).into_owned()
}
