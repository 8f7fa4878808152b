//! What must hold for every form of every table.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Form, Gap, Kind};
use crate::codec::{Encoder, Message, Parts, Profile, Sender};

/// What a table made of a message.
pub(super) struct Read<T> {
    pub(super) typed: T,
    pub(super) form: Option<&'static Form>,
    pub(super) missing: Option<&'static str>,
}

pub(super) fn message(line: &[u8]) -> Message<&[u8]> {
    Message::parse(line, Profile::Strict).unwrap_or_else(|fault| panic!("{}: {fault}", line.escape_ascii()))
}

/// Which parameter is which can be told: the optional ones stand in a row, at most one takes the rest, and only last ones follow it.
pub(super) fn is_lawful(form: &Form) {
    let kinds: Vec<_> = form.fields.iter().chain(form.fields_after).map(|(_, kind)| *kind).collect();
    let count = |wanted: &[Kind]| kinds.iter().filter(|kind| wanted.contains(kind)).count();
    assert!(count(&[Kind::Rest]) <= 1, "{form}");
    assert!(count(&[Kind::Last, Kind::Words]) <= 1, "{form}");
    let last = kinds.iter().position(|kind| matches!(kind, Kind::Last | Kind::Words));
    assert!(last.is_none_or(|at| at + 1 == kinds.len()), "{form}: the last one is not at the end");
    let rest = kinds.iter().position(|kind| *kind == Kind::Rest);
    assert!(rest.is_none_or(|at| kinds.iter().skip(at + 1).all(|kind| kind.is_required())), "{form}");
    assert!(form.fields.iter().all(|(_, kind)| form.word.is_none() || kind.is_required()), "{form}");
    let names: Vec<_> = form.fields.iter().chain(form.fields_after).map(|(name, _)| name).collect();
    assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)), "{form}");
    assert!(form.required <= Profile::MAX_PARAMS, "{form}");
}

/// Lines of a form: with each number of parameters that it may have and with one less.
pub(super) fn lines(form: &Form) -> Vec<Vec<u8>> {
    (form.required.saturating_sub(1)..=form.most.min(Profile::MAX_PARAMS)).map(|count| line(form, count)).collect()
}

fn line(form: &Form, count: usize) -> Vec<u8> {
    let mut line = format!("{:?}", form.command);
    for at in 0..count {
        let param = match form.word {
            Some((place, word)) if place == at => String::from(word),
            _ if at + 1 == count => format!("p{at} and :more"),
            _ => format!("p{at},x"),
        };
        line += if param.contains(' ') { " :" } else { " " };
        line += &param;
    }
    line.into_bytes()
}

/// The line was read by its form, or by another of the same command and so many parameters.
pub(super) fn is_read_as(form: &Form, line: &[u8], read: Option<&Form>, missing: Option<&str>) {
    let count = message(line).params().count();
    let shown = line.escape_ascii();
    let read = read.unwrap_or_else(|| panic!("{shown}: {form} was not known"));
    assert_eq!(read.command, form.command, "{shown}");
    if count >= form.required {
        assert_eq!(missing, None, "{shown}");
        // With all its parameters, a form is never another's.
        if count == form.required {
            assert_eq!(format!("{read}"), format!("{form}"), "{shown} was read as another form");
        }
    } else if format!("{read}") == format!("{form}") {
        assert!(missing.is_some_and(|name| !name.is_empty()), "{shown}");
    }
}

/// What the encoder makes of parts, without its line end.
pub(super) fn written(parts: Result<Parts<'_>, Gap>) -> Vec<u8> {
    let line = Encoder::new(Sender::Server).to_bytes(&parts.unwrap()).unwrap();
    line.strip_suffix(b"\r\n").unwrap().to_vec()
}
