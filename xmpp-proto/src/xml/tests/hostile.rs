use alloc::format;
use alloc::string::String;

use super::super::{Limit, Limits, XmlError};
use super::{HEADER, element, frames};

fn refusal(stanza: &str, chunk: usize) -> (usize, Option<XmlError>) {
    let stream = format!("{HEADER}{stanza}");
    let (all, fault) = frames(stream.as_bytes().chunks(chunk), Limits::AFTER_LOGIN);
    (all.len(), fault)
}

#[test]
fn each_budget_is_held_before_the_stanza_ends() {
    let attributes: String = (0..70).map(|at| format!(" a{at}=''")).collect();
    let declarations: String = (0..66).map(|at| format!(" xmlns:a{at}='u'")).collect();
    let nested: String =
        (0..9).map(|at| (0..8).fold(format!("<a{at}"), |tag, to| tag + &format!(" xmlns:a{to}='u'")) + ">").collect();
    let limits = Limits { attributes: 100, ..Limits::AFTER_LOGIN };
    for (stanza, limit) in [
        ("<a>".repeat(65), Limit::Depth),
        (format!("<a{attributes}"), Limit::Attributes),
        (format!("<{}", "n".repeat(257)), Limit::Name),
        (format!("<a {}", "n".repeat(257)), Limit::Name),
        (format!("<a></{}", "n".repeat(257)), Limit::Name),
        (nested, Limit::Bindings),
        (format!("<a>{}", "<b/>".repeat(10_000)), Limit::Elements),
        (format!("<a>{}", "x".repeat(300_000)), Limit::Bytes),
        (format!("<a b='{}", "x".repeat(300_000)), Limit::Bytes),
        (format!("<a{}", " ".repeat(300_000)), Limit::Bytes),
        (format!("<a><![CDATA[{}", "]".repeat(300_000)), Limit::Bytes),
    ] {
        for chunk in [4096, 7] {
            assert_eq!(refusal(&stanza, chunk), (1, Some(XmlError::Limit(limit))), "{limit:?}");
        }
    }
    let stream = format!("{HEADER}<a{declarations}");
    let (_, fault) = frames([stream.as_bytes()], limits);
    assert_eq!(fault, Some(XmlError::Limit(Limit::Bindings)));
}

#[test]
fn what_is_within_the_budgets_is_read() {
    let deep = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
    assert!(element(&deep).is_ok());
    assert!(element(&format!("<a>{}</a>", "<b/>".repeat(9_999))).is_ok());
    assert!(element(&format!("<{}/>", "n".repeat(256))).is_ok());
    // Declarations that are out of scope do not count.
    assert!(element(&format!("<a>{}</a>", "<b xmlns:p='u' xmlns:q='v'/>".repeat(1000))).is_ok());
    assert!(element(&format!("<a>{}</a>", "<b xmlns:p='u' xmlns:q='v'></b>".repeat(1000))).is_ok());
}

#[test]
fn a_header_has_budgets_too() {
    let header = format!("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' a='{}", "x".repeat(20_000));
    assert_eq!(frames([header.as_bytes()], Limits::BEFORE_LOGIN).1, Some(XmlError::Limit(Limit::Bytes)));
}

#[test]
fn no_prefix_of_a_stanza_is_taken_for_a_stanza() {
    // What a parser that loses count would take for stanzas of their own.
    for stanza in [
        "<a><b></a><iq type='set'/></b>",
        "<a b='>'><c d=\"/>\"/></a></a><iq/>",
        "<a><![CDATA[</a><iq/>]]></b><iq/>",
        "<a>\u{1}</a><iq/>",
        "<a><p:b/></a><iq/>",
        "<a/ ><iq/>",
        "<a></a/><iq/>",
    ] {
        let stream = format!("{HEADER}{stanza}");
        let (all, fault) = frames([stream.as_bytes()], Limits::AFTER_LOGIN);
        assert!(fault.is_some(), "{stanza}");
        assert!(!format!("{all:?}").contains("<iq"), "{stanza}: {all:?}");
    }
}
