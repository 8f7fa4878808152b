//! Paging through results (XEP-0059).

use alloc::string::String;

use super::Malformed;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// Which page is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// How many items at most; 0 asks for their number alone.
    pub max: Option<u32>,
    /// Where the page lies.
    pub place: Place,
}

/// Where a page lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The first items.
    #[default]
    First,
    /// Those after the item of this id.
    After(String),
    /// The last of those before the item of this id.
    Before(String),
    /// The last items.
    Last,
    /// Those from this number on.
    Index(u32),
}

impl Request {
    /// Reads what stands in a query; without a `<set/>`, all is asked for.
    ///
    /// # Errors
    /// What should be a number is none.
    pub fn within(query: ElementRef<'_>) -> Result<Self, Malformed> {
        let Some(set) = query.child("set", ns::RSM) else { return Ok(Request::default()) };
        let text = |name| set.child(name, ns::RSM).map(|child| child.text().into_owned());
        let max = text("max").map(|max| max.trim_ascii().parse()).transpose().map_err(|_| Malformed::Value("max"))?;
        let place = match (text("after"), text("before"), text("index")) {
            (Some(after), _, _) if !after.is_empty() => Place::After(after),
            (_, Some(before), _) if before.is_empty() => Place::Last,
            (_, Some(before), _) => Place::Before(before),
            (_, _, Some(index)) => Place::Index(index.trim_ascii().parse().map_err(|_| Malformed::Value("index"))?),
            _ => Place::First,
        };
        Ok(Request { max, place })
    }

    /// Writes it into a query.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, query: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut set = query.child("set", ns::RSM)?;
        if let Some(max) = self.max {
            set.own("max")?.decimal(max.into());
        }
        match &self.place {
            Place::First => {}
            Place::After(id) => drop(set.own_text("after", id)?),
            Place::Before(id) => drop(set.own_text("before", id)?),
            Place::Last => drop(set.own_empty("before")?),
            Place::Index(index) => drop(set.own("index")?.decimal((*index).into())),
        }
        Ok(())
    }
}

/// What a page holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The ids of its first and its last item; none where it is empty.
    pub ends: Option<(String, String)>,
    /// The number of the first item among all.
    pub index: Option<u32>,
    /// How many there are in all.
    pub count: Option<u32>,
}

impl Page {
    /// Reads what stands in an answer.
    pub fn within(answer: ElementRef<'_>) -> Self {
        let Some(set) = answer.child("set", ns::RSM) else { return Page::default() };
        let number = |text: &str| text.trim_ascii().parse().ok();
        let first = set.child("first", ns::RSM);
        let last = set.child("last", ns::RSM);
        Page {
            ends: first.zip(last).map(|(first, last)| (first.text().into_owned(), last.text().into_owned())),
            index: first.and_then(|first| first.attr("index")).and_then(|index| number(&index)),
            count: set.child("count", ns::RSM).and_then(|count| number(&count.text())),
        }
    }

    /// Writes it into an answer.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, answer: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut set = answer.child("set", ns::RSM)?;
        if let Some((first, last)) = &self.ends {
            let mut element = set.own("first")?;
            if let Some(index) = self.index {
                element.attr_decimal("index", index.into())?;
            }
            element.text(first)?;
            element.end();
            set.own_text("last", last)?;
        }
        if let Some(count) = self.count {
            set.own("count")?.decimal(count.into());
        }
        Ok(())
    }
}
