//! Message archives (XEP-0313).

use alloc::borrow::Cow;
use alloc::string::String;

use super::form::{Fields, FormWriter};
use super::forward::Forwarded;
use super::{Malformed, moment, rsm};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// A question to an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What the answers are known by.
    pub id: Option<String>,
    /// Messages from and to this address alone.
    pub with: Option<Jid>,
    /// None from before this moment, in milliseconds since 1970.
    pub start: Option<u64>,
    /// None from after this moment, in milliseconds since 1970.
    pub end: Option<u64>,
    /// None but those after the one of this id.
    pub after: Option<String>,
    /// None but those before the one of this id.
    pub before: Option<String>,
    /// Which page of these.
    pub page: rsm::Request,
    /// Whether a page is told from its end.
    pub is_flipped: bool,
}

impl Query {
    /// Reads a `<query/>`.
    ///
    /// # Errors
    /// An address, a moment or a number is none, or there is a field that nobody knows: then the answer would not be what was asked for.
    pub fn read(query: ElementRef<'_>) -> Result<Self, Malformed> {
        let fields = Fields::within(query).unwrap_or_default();
        let known = ["FORM_TYPE", "with", "start", "end", "after-id", "before-id"];
        if !fields.names().all(|name| known.contains(&name)) {
            return Err(Malformed::Value("var"));
        }
        let moment = |name| {
            let value = fields.value(name);
            value.map(|text| moment::parse(text).ok_or(Malformed::Value(name))).transpose()
        };
        Ok(Query {
            id: query.attr("queryid").map(|id| id.into_owned()),
            with: fields.value("with").map(Jid::parse).transpose().map_err(|_| Malformed::Jid("with"))?,
            start: moment("start")?,
            end: moment("end")?,
            after: fields.value("after-id").map(Into::into),
            before: fields.value("before-id").map(Into::into),
            page: rsm::Request::within(query)?,
            is_flipped: query.child("flip-page", ns::MAM).is_some(),
        })
    }

    /// Writes a `<query/>`.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut query = iq.child("query", ns::MAM)?;
        query.attr_if("queryid", self.id.as_deref())?;
        let mut form = FormWriter::new(&mut query, "submit", ns::MAM)?;
        if let Some(with) = &self.with {
            form.field("with", "jid-single", None, &[with.as_str()])?;
        }
        for (name, stamp) in [("start", self.start), ("end", self.end)] {
            if let Some(stamp) = stamp {
                form.field(name, "text-single", None, &[moment::write(stamp).as_str()])?;
            }
        }
        for (name, id) in [("after-id", &self.after), ("before-id", &self.before)] {
            if let Some(id) = id {
                form.field(name, "text-single", None, &[id])?;
            }
        }
        drop(form);
        if self.page != rsm::Request::default() {
            self.page.write(&mut query)?;
        }
        if self.is_flipped {
            query.own_empty("flip-page")?;
        }
        Ok(())
    }
}

/// Writes the fields that a query may have, as the answer to who asks for them.
///
/// # Errors
/// None that an [`ElementWriter`] can give for it.
pub fn write_fields<S: Sink + ?Sized>(iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    let mut query = iq.child("query", ns::MAM)?;
    let mut form = FormWriter::new(&mut query, "form", ns::MAM)?;
    form.field("with", "jid-single", None, &[])?;
    for name in ["start", "end", "after-id", "before-id"] {
        form.field(name, "text-single", None, &[])?;
    }
    Ok(())
}

/// A message of an archive, as it comes in answer to a query.
#[derive(Clone, Debug)]
pub struct Archived<'a> {
    /// Which query it answers.
    pub query: Option<Cow<'a, str>>,
    /// Its id in the archive.
    pub id: Cow<'a, str>,
    /// The message.
    pub forwarded: Forwarded<'a>,
}

/// The archived message that a message holds, asked of the archive of `archive`; `None` where it holds none, or is not from there (XEP-0313 §10): it must
/// have no `from`, or this one.
///
/// # Errors
/// It is from there, but has no id or no message.
pub fn result<'a>(message: ElementRef<'a>, archive: JidRef<'_>) -> Result<Option<Archived<'a>>, Malformed> {
    let is_theirs =
        message.attr("from").is_none_or(|from| JidRef::parse(&from).is_ok_and(|from| from.as_ref() == archive));
    let Some(result) = message.child("result", ns::MAM).filter(|_| is_theirs) else { return Ok(None) };
    Ok(Some(Archived {
        query: result.attr("queryid"),
        id: result.attr("id").ok_or(Malformed::Missing("id"))?,
        forwarded: Forwarded::within(result)?,
    }))
}

/// What ends the answer to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fin {
    /// Whether there is no further page in this direction.
    pub is_complete: bool,
    /// What the page held.
    pub page: rsm::Page,
}

impl Fin {
    /// Reads a `<fin/>`.
    pub fn read(fin: ElementRef<'_>) -> Self {
        let is_complete = matches!(fin.attr("complete").as_deref(), Some("true" | "1"));
        Fin { is_complete, page: rsm::Page::within(fin) }
    }

    /// Writes a `<fin/>`.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut fin = iq.child("fin", ns::MAM)?;
        fin.attr_if("complete", self.is_complete.then_some("true"))?;
        self.page.write(&mut fin)
    }
}

/// Whether a message is one to archive (XEP-0313 §5.1.1, XEP-0334): it has something to say, and no hint says otherwise.
pub fn is_archivable(message: ElementRef<'_>) -> bool {
    let kind = message.attr("type");
    if matches!(kind.as_deref(), Some("error" | "headline")) {
        return false;
    }
    let hint = |name| message.child(name, ns::HINTS).is_some();
    if hint("no-store") || hint("no-permanent-store") {
        return false;
    }
    let is_content = |child: ElementRef<'_>| {
        matches!(child.name(), "body" | "encrypted" | "openpgp")
            || matches!(child.ns(), ns::RECEIPTS | ns::CHAT_MARKERS | ns::CORRECT)
    };
    hint("store") || message.children().any(is_content)
}
