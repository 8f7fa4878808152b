//! What servers say, as the RFCs show it, as odd servers write it, and as hostile ones do.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::codec::encode::Encoder;

mod examples;
mod hostile;
mod odd;
mod round_trip;

type Borrowed<'a> = Response<Cow<'a, [u8]>>;

fn parse(frame: &(impl AsRef<[u8]> + ?Sized)) -> Borrowed<'_> {
    let frame = frame.as_ref();
    Response::parse(frame).unwrap_or_else(|fault| panic!("{}: {fault}", frame.escape_ascii()))
}

fn data(frame: &(impl AsRef<[u8]> + ?Sized)) -> Data<Cow<'_, [u8]>> {
    match parse(frame) {
        Response::Data(data) => data,
        other => panic!("{other:?}"),
    }
}

fn code(frame: &(impl AsRef<[u8]> + ?Sized)) -> Code<Cow<'_, [u8]>> {
    match parse(frame) {
        Response::Status(status) | Response::Tagged { status, .. } => status.code.expect("a code"),
        other => panic!("{other:?}"),
    }
}

fn items(frame: &(impl AsRef<[u8]> + ?Sized)) -> Vec<crate::codec::MessageAttribute<Cow<'_, [u8]>>> {
    match data(frame) {
        Data::Fetch { items, .. } | Data::UidFetch { items, .. } => items,
        other => panic!("{other:?}"),
    }
}

fn written<T: AsRef<[u8]>>(response: &Response<T>) -> String {
    let mut out = Vec::new();
    Encoder::server().encode(response, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(text: &str) -> Cow<'_, [u8]> {
    Cow::Borrowed(text.as_bytes())
}
