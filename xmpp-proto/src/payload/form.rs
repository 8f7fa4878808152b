//! Data forms (XEP-0004), as far as questions and answers need them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What is in a form: for each field its name and its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    fields: Vec<(String, Vec<String>)>,
}

impl Fields {
    /// Reads the form in this element, if there is one.
    pub fn within(parent: ElementRef<'_>) -> Option<Self> {
        parent.child("x", ns::DATA_FORMS).map(Fields::read)
    }

    /// Reads an `<x/>`.
    pub fn read(form: ElementRef<'_>) -> Self {
        let fields = form.children().filter(|child| child.is("field", ns::DATA_FORMS));
        let values = |field: ElementRef<'_>| {
            let values = field.children().filter(|child| child.is("value", ns::DATA_FORMS));
            values.map(|value| value.text().into_owned()).collect()
        };
        let named = fields.filter_map(|field| Some((field.attr("var")?.into_owned(), values(field))));
        Fields { fields: named.collect() }
    }

    /// The first value of a field.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().map(String::as_str)
    }

    /// All values of a field.
    pub fn values(&self, name: &str) -> &[String] {
        self.fields.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
    }

    /// The value of a field that is a yes or no; `None` where it is neither.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }

    /// What the form is for.
    pub fn form_type(&self) -> Option<&str> {
        self.value("FORM_TYPE")
    }

    /// The names of its fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }
}

/// Whether the form in this element is a cancellation.
pub fn is_cancelled(parent: ElementRef<'_>) -> bool {
    parent.child("x", ns::DATA_FORMS).is_some_and(|form| form.attr("type").as_deref() == Some("cancel"))
}

/// Writes a form field by field.
#[derive(Debug)]
pub struct FormWriter<'w, S: Sink + ?Sized> {
    form: ElementWriter<'w, S>,
}

impl<'w, S: Sink + ?Sized> FormWriter<'w, S> {
    /// Begins a form: `kind` is `form`, `submit` or `result`.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn new(parent: &'w mut ElementWriter<'_, S>, kind: &str, form_type: &str) -> Result<Self, XmlError> {
        let mut form = parent.child("x", ns::DATA_FORMS)?;
        form.attr("type", kind)?;
        let mut form = FormWriter { form };
        form.field("FORM_TYPE", "hidden", None, &[form_type])?;
        Ok(form)
    }

    /// Writes a field.
    ///
    /// # Errors
    /// As [`new`](FormWriter::new).
    pub fn field(
        &mut self,
        name: &str,
        kind: &str,
        label: Option<&str>,
        values: &[&str],
    ) -> Result<&mut Self, XmlError> {
        self.choice(name, kind, label, values, &[])
    }

    /// Writes a field that has only some values.
    ///
    /// # Errors
    /// As [`new`](FormWriter::new).
    pub fn choice(
        &mut self,
        name: &str,
        kind: &str,
        label: Option<&str>,
        values: &[&str],
        options: &[&str],
    ) -> Result<&mut Self, XmlError> {
        let mut field = self.form.own("field")?;
        field.attr("var", name)?.attr("type", kind)?.attr_if("label", label)?;
        for value in values {
            field.own_text("value", value)?;
        }
        for option in options {
            field.own("option")?.own_text("value", option)?;
        }
        drop(field);
        Ok(self)
    }

    /// Writes a field that is a yes or no.
    ///
    /// # Errors
    /// As [`new`](FormWriter::new).
    pub fn flag(&mut self, name: &str, label: Option<&str>, value: bool) -> Result<&mut Self, XmlError> {
        self.field(name, "boolean", label, &[if value { "1" } else { "0" }])
    }
}
