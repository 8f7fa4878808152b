//! NAMESPACE (RFC 2342 §5, RFC 9051 §7.3.6).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};

/// Where mailboxes are to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces<T> {
    /// The user's own.
    pub personal: Vec<Namespace<T>>,
    /// Those of other users.
    pub other_users: Vec<Namespace<T>>,
    /// Those that are shared by many.
    pub shared: Vec<Namespace<T>>,
}

/// A part of the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace<T> {
    /// How all names in it begin.
    pub prefix: T,
    /// What stands between the levels of its names; absent where there are no levels.
    pub delimiter: Option<u8>,
    /// What extensions add: names, each with its values.
    pub extensions: Vec<(T, Vec<T>)>,
}

impl<'a> Namespaces<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let mut next = || {
            cursor.space()?;
            if cursor.eat_nil() { Ok(Vec::new()) } else { cursor.list(Namespace::read) }
        };
        Ok(Namespaces { personal: next()?, other_users: next()?, shared: next()? })
    }
}

impl<'a> Namespace<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.open()?;
        let prefix = cursor.string_or_nil()?;
        cursor.space()?;
        let delimiter = cursor.delimiter()?;
        let mut extensions = Vec::new();
        loop {
            cursor.skip_spaces();
            if cursor.eat(b')') {
                return Ok(Namespace { prefix, delimiter, extensions });
            }
            let name = cursor.string()?;
            cursor.space()?;
            extensions.push((name, cursor.list(Cursor::string)?));
        }
    }
}

impl<T> Namespaces<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Namespaces<U> {
        let mut all = |namespaces: Vec<Namespace<T>>| namespaces.into_iter().map(|one| one.map_text(f)).collect();
        Namespaces { personal: all(self.personal), other_users: all(self.other_users), shared: all(self.shared) }
    }
}

impl<T> Namespace<T> {
    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Namespace<U> {
        let prefix = f(self.prefix);
        let mut extension = |(name, values): (T, Vec<T>)| (f(name), values.into_iter().map(&mut *f).collect());
        let extensions = self.extensions.into_iter().map(&mut extension).collect();
        Namespace { prefix, delimiter: self.delimiter, extensions }
    }
}

impl<T: AsRef<[u8]>> Namespaces<T> {
    /// Writes what stands after `NAMESPACE`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        for namespaces in [&self.personal, &self.other_users, &self.shared] {
            writer.space();
            if namespaces.is_empty() {
                writer.put(b"NIL");
                continue;
            }
            writer.put(b"(");
            for namespace in namespaces {
                namespace.write(writer)?;
            }
            writer.put(b")");
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Namespace<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"(");
        writer.string(self.prefix.as_ref())?;
        writer.space();
        writer.delimiter(self.delimiter)?;
        for (name, values) in &self.extensions {
            writer.space();
            writer.string(name.as_ref())?;
            writer.space();
            writer.list1(values, |writer, value| writer.string(value.as_ref()))?;
        }
        writer.put(b")");
        Ok(())
    }
}
