use bytes::Bytes;
use irc_proto::network::history::{Entry, Query, Reference, Selection, Sort};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::queue::Key;
use super::write::{read_lines, signed};

/// A place among the messages of a buffer: the time of one, and its number.
type Place = (i64, i64);

const BEGINNING: Place = (i64::MIN, i64::MIN);
const END: Place = (i64::MAX, i64::MAX);

/// Where a reference lies: what is before it is below the first, what comes
/// after it above the second.
#[derive(Clone, Copy)]
struct Around {
    before: Place,
    after: Place,
}

/// What lies between two places of a buffer; the order is yet to be told.
macro_rules! select {
    () => {
        "SELECT time, msgid, account, client_tags, bot, sort, line, more FROM message
        WHERE buffer = ?1 AND (time, id) > (?2, ?3) AND (time, id) < (?4, ?5) AND sort IN (0, ?6, ?7)"
    };
}

/// From which end messages are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Oldest,
    Newest,
}

/// The messages between two places, neither included.
struct Stretch<'a> {
    connection: &'a Connection,
    buffer: i64,
    query: Query<'a>,
}

pub(super) fn query(
    connection: &Connection,
    key: &Key,
    query: Query<'_>,
    out: &mut Vec<Entry>,
) -> rusqlite::Result<()> {
    let Some(buffer) = buffer(connection, key)? else { return Ok(()) };
    let stretch = Stretch { connection, buffer, query };
    let Query { selection, limit, bytes, .. } = query;
    let place = |reference| place(connection, buffer, reference);
    match selection {
        Selection::Latest(None) => stretch.take(BEGINNING, END, From::Newest, limit, bytes, out),
        Selection::Latest(Some(reference)) => match place(reference)? {
            Some(at) => stretch.take(at.after, END, From::Newest, limit, bytes, out),
            None => Ok(()),
        },
        Selection::Before(reference) => match place(reference)? {
            Some(at) => stretch.take(BEGINNING, at.before, From::Newest, limit, bytes, out),
            None => Ok(()),
        },
        Selection::After(reference) => match place(reference)? {
            Some(at) => stretch.take(at.after, END, From::Oldest, limit, bytes, out),
            None => Ok(()),
        },
        Selection::Around(reference) => {
            let Some(at) = place(reference)? else { return Ok(()) };
            let first = out.len();
            stretch.take(BEGINNING, at.before, From::Newest, limit / 2, bytes / 2, out)?;
            let taken = out.get(first..).unwrap_or_default();
            let count = taken.iter().filter(|entry| entry.sort != Sort::Redaction).count();
            let room = bytes.saturating_sub(taken.iter().map(Entry::size).sum());
            // The one itself is not left out.
            let (time, id) = at.before;
            let from = (time, id.saturating_sub(1));
            stretch.take(from, END, From::Oldest, limit.saturating_sub(count), room, out)
        }
        Selection::Between(from, to) => match (place(from)?, place(to)?) {
            (Some(from), Some(to)) if from.before <= to.before => {
                stretch.take(from.after, to.before, From::Oldest, limit, bytes, out)
            }
            (Some(from), Some(to)) => stretch.take(to.after, from.before, From::Newest, limit, bytes, out),
            _ => Ok(()),
        },
    }
}

pub(super) fn newest(connection: &Connection, key: &Key) -> rusqlite::Result<Option<u64>> {
    let Some(buffer) = buffer(connection, key)? else { return Ok(None) };
    let newest = "SELECT time FROM message WHERE buffer = ?1 AND sort = 0 ORDER BY time DESC LIMIT 1";
    connection.prepare_cached(newest)?.query_row([buffer], |row| row.get(0).map(unsigned)).optional()
}

pub(super) fn peers(connection: &Connection, owner: &[u8], out: &mut Vec<(Box<[u8]>, u64)>) -> rusqlite::Result<()> {
    // Without an owner these would be the channels.
    let peers = "SELECT peer, (SELECT max(time) FROM message WHERE buffer = buffer.id AND sort = 0) AS newest
        FROM buffer WHERE owner = ?1 AND owner != x'' AND newest IS NOT NULL ORDER BY peer";
    let mut peers = connection.prepare_cached(peers)?;
    let found = peers.query_map([owner], |row| Ok((row.get_ref(0)?.as_blob()?.into(), unsigned(row.get(1)?))))?;
    for peer in found {
        out.push(peer?);
    }
    Ok(())
}

pub(super) fn find(connection: &Connection, key: &Key, msgid: &[u8]) -> rusqlite::Result<Option<Entry>> {
    let Some(buffer) = buffer(connection, key)? else { return Ok(None) };
    let find = "SELECT time, msgid, account, client_tags, bot, sort, line, more FROM message
        WHERE buffer = ?1 AND msgid = ?2 AND sort != 2 ORDER BY id DESC LIMIT 1";
    connection.prepare_cached(find)?.query_row(params![buffer, msgid], entry).optional()
}

impl Stretch<'_> {
    /// Takes so many messages, redactions not counted, and so many bytes, from
    /// one end, and hands them out the oldest first.
    fn take(
        &self,
        after: Place,
        before: Place,
        from: From,
        limit: usize,
        bytes: usize,
        out: &mut Vec<Entry>,
    ) -> rusqlite::Result<()> {
        let select = match from {
            From::Oldest => concat!(select!(), " ORDER BY time, id"),
            From::Newest => concat!(select!(), " ORDER BY time DESC, id DESC"),
        };
        let mut select = self.connection.prepare_cached(select)?;
        // Another number than any sort has stands for what is not wanted.
        let wanted = |sort, is_wanted| if is_wanted { number(sort) } else { number(Sort::Message) };
        let mut rows = select.query(params![
            self.buffer,
            after.0,
            after.1,
            before.0,
            before.1,
            wanted(Sort::Event, self.query.events),
            wanted(Sort::Redaction, self.query.redactions),
        ])?;
        let first = out.len();
        let (mut left, mut room) = (limit, bytes);
        while let Some(row) = rows.next()? {
            let entry = entry(row)?;
            let Some(rest) = room.checked_sub(entry.size()).filter(|_| left > 0) else { break };
            room = rest;
            left -= usize::from(entry.sort != Sort::Redaction);
            out.push(entry);
        }
        if let Some(taken) = out.get_mut(first..).filter(|_| from == From::Newest) {
            taken.reverse();
        }
        Ok(())
    }
}

fn buffer(connection: &Connection, key: &Key) -> rusqlite::Result<Option<i64>> {
    let mut found = connection.prepare_cached("SELECT id FROM buffer WHERE owner = ?1 AND peer = ?2")?;
    found.query_row([&key.owner, &key.peer], |row| row.get(0)).optional()
}

/// A message that was taken back is still a place.
fn place(connection: &Connection, buffer: i64, reference: Reference<'_>) -> rusqlite::Result<Option<Around>> {
    match reference {
        Reference::Time(time) => {
            let time = signed(time);
            Ok(Some(Around { before: (time, i64::MIN), after: (time, i64::MAX) }))
        }
        Reference::Msgid(msgid) => {
            let find = "SELECT time, id FROM message
                WHERE buffer = ?1 AND (msgid = ?2 OR redacts = ?2) ORDER BY id DESC LIMIT 1";
            let found = connection
                .prepare_cached(find)?
                .query_row(params![buffer, msgid], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(found.map(|at| Around { before: at, after: at }))
        }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let bytes = |at: usize| row.get_ref(at)?.as_blob().map(Bytes::copy_from_slice).map_err(rusqlite::Error::from);
    let account = row.get_ref(2)?.as_blob_or_null()?.map(Bytes::copy_from_slice);
    Ok(Entry {
        time: unsigned(row.get(0)?),
        msgid: bytes(1)?,
        account,
        client_tags: bytes(3)?,
        bot: row.get(4)?,
        sort: match row.get(5)? {
            1 => Sort::Event,
            2 => Sort::Redaction,
            _ => Sort::Message,
        },
        line: bytes(6)?,
        more: read_lines(row.get_ref(7)?.as_blob()?),
    })
}

pub(super) fn number(sort: Sort) -> i64 {
    match sort {
        Sort::Message => 0,
        Sort::Event => 1,
        Sort::Redaction => 2,
    }
}

fn unsigned(time: i64) -> u64 {
    u64::try_from(time).unwrap_or_default()
}
