use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};
use xmpp_proto::payload::roster;
use xmpp_proto::payload::rsm::Place;
use xmpp_proto::router::storage::{Contact, Document, Entry, Found, Held, Query, Storage, StorageError};
use xmpp_proto::router::{Memory, Parcel};
use xmpp_proto::xml::{Element, Limits, Scope};
use xmpp_proto::{Jid, JidRef};

use super::Token;
use super::write::signed;

/// Reads what there is of the accounts that are in memory already. What cannot
/// be read is left out, and told.
pub(super) fn accounts(connection: &Connection, memory: &mut Memory) -> rusqlite::Result<()> {
    let mut versions = BTreeMap::new();
    each(connection, "SELECT account, version FROM roster", |row| {
        versions.insert(row.get::<_, String>(0)?, unsigned(row.get(1)?));
        Ok(Some(()))
    })?;
    each(connection, "SELECT account, jid, pending, listed, item FROM contact", |row| {
        let version = versions.get(row.get_ref(0)?.as_str()?).copied().unwrap_or_default();
        let Some((account, contact)) = jid(row, 0)?.zip(contact(row)?) else { return Ok(None) };
        memory.put_contact(account.as_ref(), &contact, version);
        Ok(Some(()))
    })?;
    // Also of those whose last contact is gone.
    for (account, version) in &versions {
        if let Ok(account) = Jid::parse(account) {
            memory.remove_contact(account.as_ref(), account.as_ref(), *version);
        }
    }
    let mut blocked: BTreeMap<Jid, BTreeSet<Jid>> = BTreeMap::new();
    each(connection, "SELECT account, jid FROM blocked", |row| {
        let Some((account, other)) = jid(row, 0)?.zip(jid(row, 1)?) else { return Ok(None) };
        blocked.entry(account).or_default().insert(other);
        Ok(Some(()))
    })?;
    for (account, blocked) in &blocked {
        memory.set_blocked(account.as_ref(), blocked);
    }
    each(connection, "SELECT account, name, ns, content FROM document", |row| {
        let Some(account) = jid(row, 0)? else { return Ok(None) };
        let document = Document::of_key(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        // By other bounds there may be no room for it.
        let _ = memory.set_document(account.as_ref(), document, blob(row, 3)?);
        Ok(Some(()))
    })?;
    each(connection, "SELECT account, time, stanza FROM held ORDER BY id", |row| {
        let Some((account, parcel)) = jid(row, 0)?.zip(Parcel::read(blob(row, 2)?).ok()) else { return Ok(None) };
        let _ = memory.hold(account.as_ref(), Held { time: unsigned(row.get(1)?), parcel });
        Ok(Some(()))
    })
}

/// All tokens, the one that is good for the shortest time first.
pub(super) fn tokens(connection: &Connection) -> rusqlite::Result<Vec<Token>> {
    let mut tokens = Vec::new();
    each(connection, "SELECT user, token, agent, until, count FROM token ORDER BY until", |row| {
        tokens.push(Token {
            user: row.get(0)?,
            token: row.get(1)?,
            agent: row.get(2)?,
            until: unsigned(row.get(3)?),
            count: unsigned(row.get(4)?),
        });
        Ok(Some(()))
    })?;
    Ok(tokens)
}

/// What is asked for of an archive; the order, and how many, are yet to be told.
macro_rules! asked {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM message WHERE archive = ?1 AND id > ?2 AND id < ?3 AND time >= ?4 AND time <= ?5",
            " AND (?6 IS NULL OR whose = ?6) AND (?7 IS NULL OR who = ?7)"
        )
    };
}

/// Messages of one archive that are asked for.
struct Asked<'a> {
    connection: &'a Connection,
    archive: i64,
    after: i64,
    before: i64,
    start: i64,
    end: i64,
    whose: Option<&'a str>,
    who: Option<&'a str>,
}

pub(super) fn query(
    connection: &Connection,
    archive: JidRef<'_>,
    query: &Query<'_>,
) -> rusqlite::Result<Result<Found, StorageError>> {
    let find = "SELECT id FROM archive WHERE name = ?1";
    let id: Option<i64> =
        connection.prepare_cached(find)?.query_row([archive.as_str()], |row| row.get(0)).optional()?;
    // No archive has this number, so nothing is found in it.
    let archive = id.unwrap_or(0);
    let place = |name: &str| -> rusqlite::Result<Option<i64>> {
        let find = "SELECT id FROM message WHERE archive = ?1 AND name = ?2";
        connection.prepare_cached(find)?.query_row(params![archive, name], |row| row.get(0)).optional()
    };
    let mut asked = Asked {
        connection,
        archive,
        after: i64::MIN,
        before: i64::MAX,
        start: query.start.map_or(i64::MIN, signed),
        end: query.end.map_or(i64::MAX, signed),
        whose: query.with.filter(|with| with.is_bare()).map(JidRef::as_str),
        who: query.with.filter(|with| !with.is_bare()).map(JidRef::as_str),
    };
    if let Some(name) = query.after {
        let Some(id) = place(name)? else { return Ok(Err(StorageError::NoSuchId)) };
        asked.after = id;
    }
    if let Some(name) = query.before {
        let Some(id) = place(name)? else { return Ok(Err(StorageError::NoSuchId)) };
        asked.before = id;
    }
    let count = asked.count(asked.after, asked.before)?;
    let max = query.max.min(count);
    let (entries, index) = match query.place {
        Place::Last => {
            let entries = asked.last(asked.before, max)?;
            let index = count - entries.len().min(count);
            (entries, index)
        }
        Place::Index(index) => {
            let index = usize::try_from(*index).unwrap_or(usize::MAX).min(count);
            (asked.first(max, index)?, index)
        }
        Place::After(name) => {
            let Some(at) = place(name)? else { return Ok(Err(StorageError::NoSuchId)) };
            // The one itself is not among those before it, nor are these.
            let index = asked.count(asked.after, at.saturating_add(1).min(asked.before))?;
            (asked.first(max, index)?, index)
        }
        Place::Before(name) => {
            let Some(at) = place(name)? else { return Ok(Err(StorageError::NoSuchId)) };
            let end = at.min(asked.before);
            let entries = asked.last(end, max)?;
            let index = asked.count(asked.after, end)?;
            let index = index - entries.len().min(index);
            (entries, index)
        }
        _ => (asked.first(max, 0)?, 0),
    };
    Ok(Ok(Found { entries, index, count }))
}

impl Asked<'_> {
    /// How many lie between two places, neither included.
    fn count(&self, after: i64, before: i64) -> rusqlite::Result<usize> {
        let mut count = self.connection.prepare_cached(asked!("count(*)"))?;
        let with = params![self.archive, after, before, self.start, self.end, self.whose, self.who];
        count.query_row(with, |row| row.get(0))
    }

    fn first(&self, max: usize, index: usize) -> rusqlite::Result<Vec<Entry>> {
        let select = concat!(asked!("name, time, who, stanza"), " ORDER BY id LIMIT ?8 OFFSET ?9");
        self.take(select, self.before, max, index)
    }

    /// The last ones before a place.
    fn last(&self, before: i64, max: usize) -> rusqlite::Result<Vec<Entry>> {
        let select = concat!(asked!("name, time, who, stanza"), " ORDER BY id DESC LIMIT ?8 OFFSET ?9");
        let mut entries = self.take(select, before, max, 0)?;
        entries.reverse();
        Ok(entries)
    }

    fn take(&self, select: &str, before: i64, max: usize, index: usize) -> rusqlite::Result<Vec<Entry>> {
        let mut select = self.connection.prepare_cached(select)?;
        let with = params![
            self.archive,
            self.after,
            before,
            self.start,
            self.end,
            self.whose,
            self.who,
            i64::try_from(max).unwrap_or(i64::MAX),
            i64::try_from(index).unwrap_or(i64::MAX),
        ];
        let mut rows = select.query(with)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            match entry(row)? {
                Some(entry) => entries.push(entry),
                None => tracing::error!("a message of an archive cannot be read, and is left out"),
            }
        }
        Ok(entries)
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let (with, parcel) = (jid(row, 2)?, Parcel::read(blob(row, 3)?).ok());
    let (id, time) = (row.get_ref(0)?.as_str()?.into(), unsigned(row.get(1)?));
    Ok(with.zip(parcel).map(|(with, parcel)| Entry { id, time, with: Arc::new(with), parcel }))
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Option<Contact>> {
    let query = Element::parse(blob(row, 4)?, &Scope::EMPTY, &Limits::PEER).ok();
    let query = query.and_then(|query| roster::Query::read(query.view()).ok());
    let Some(roster::Change::Put(item)) = query.and_then(|query| query.changes.into_iter().next()) else {
        return Ok(None);
    };
    Ok(Some(Contact { item, is_pending: row.get(2)?, is_listed: row.get(3)? }))
}

/// Gives each row to `take`, which tells which it can read.
fn each(
    connection: &Connection,
    select: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<()>>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(select)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if take(row)?.is_none() {
            tracing::error!("something that is kept of XMPP cannot be read, and is left out");
        }
    }
    Ok(())
}

fn jid(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Jid>> {
    Ok(Jid::parse(row.get_ref(at)?.as_str()?).ok())
}

fn blob(row: &Row<'_>, at: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(at)?.as_blob()?))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
