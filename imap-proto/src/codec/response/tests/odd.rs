//! What servers get wrong and mean well: each has been seen in the wild.

use super::*;
use crate::codec::{AddressField, Mailbox, MessageAttribute};

fn same(odd: &str, proper: &str) {
    assert_eq!(parse(odd), parse(proper), "{odd}");
}

#[test]
fn spaces_at_the_end_and_in_between() {
    same("* STATUS INBOX (MESSAGES 1 ) ", "* STATUS INBOX (MESSAGES 1)");
    same("* STATUS  INBOX  ( MESSAGES  1)", "* STATUS INBOX (MESSAGES 1)");
    same("* CAPABILITY IMAP4rev1  IDLE \r\n", "* CAPABILITY IMAP4rev1 IDLE");
    same("* OK [CAPABILITY IMAP4rev1 IDLE ] x", "* OK [CAPABILITY IMAP4rev1 IDLE] x");
    same("* SEARCH 1 2 \r\n", "* SEARCH 1 2");
    same("* SEARCH  1   23456789  \r\n", "* SEARCH 1 23456789");
    same("* SEARCH \r\n", "* SEARCH");
    same("* ID (\"name\" \"x\") ", "* ID (\"name\" \"x\")");
    same("* 1 FETCH (UID 1 ) ", "* 1 FETCH (UID 1)");
    same("*  1  FETCH  ( UID  1  FLAGS  () )", "* 1 FETCH (UID 1 FLAGS ())");
    same("* LIST ( \\Noselect ) \"/\" a ", "* LIST (\\Noselect) \"/\" a");
    same("* QUOTA \"\" (STORAGE 1 2 )", "* QUOTA \"\" (STORAGE 1 2)");
    same("* QUOTAROOT INBOX \"\" ", "* QUOTAROOT INBOX \"\"");
    same("* FLAGS (\\Seen) ", "* FLAGS (\\Seen)");
}

#[test]
fn spaces_between_addresses() {
    let odd =
        "* 1 FETCH (ENVELOPE (NIL NIL ( (NIL NIL \"a\" \"b\") (NIL NIL \"c\" \"d\") ) NIL NIL NIL NIL NIL NIL NIL ))";
    let items = items(odd);
    let [MessageAttribute::Envelope(envelope)] = &items[..] else { panic!() };
    assert_eq!(envelope.addresses(AddressField::From).len(), 2);
}

#[test]
fn nil_for_an_encoding_and_for_values() {
    let odd = "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" NIL (\"CHARSET\" NIL) NIL NIL NIL 5 1 NIL (\"inline\" (\"filename\" NIL)) NIL))";
    let proper = "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"\" (\"CHARSET\" \"\") NIL NIL \"\" 5 1 NIL (\"inline\" (\"filename\" \"\")) NIL))";
    same(odd, proper);
    same("* ID (\"name\" NIL)", "* ID (\"name\" nil)");
}

#[test]
fn structures_that_are_not_quite_so() {
    let read = |value: &str| {
        let line = alloc::format!("* 1 FETCH (BODYSTRUCTURE {value})");
        let items: Vec<_> = items(&line).into_iter().map(|item| item.map_text(&mut |text| text.into_owned())).collect();
        match &items[..] {
            [MessageAttribute::BodyStructure(structure)] => structure.clone(),
            other => panic!("{value}: {other:?}"),
        }
    };
    let text_part = read("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 0)");
    assert_eq!(read("(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5)"), text_part);
    assert_eq!(read("(\"TEXT\" \"PLAIN\" () NIL NIL \"7BIT\" 5 -1)"), text_part);
    assert_eq!(read("(TEXT PLAIN NIL NIL NIL 7BIT 5 0 NIL NIL NIL NIL (\"future\" (1 2)) 3)"), text_part);
    assert_eq!(read("(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" -1)").root().unwrap().size, 0);
    let with_disposition = read("(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1 NIL (\"attachment\"))");
    assert_eq!(read("(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1 NIL \"attachment\" NIL)"), with_disposition);
    let spaced =
        read("( (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 0) (\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1) \"MIXED\" )");
    assert_eq!(spaced.root().unwrap().children().count(), 2);
    // A message of which the server does not show what is inside.
    assert!(read("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 5)").root().unwrap().envelope.is_none());
    assert_eq!(read("(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 5 7)").root().unwrap().lines, None);
}

#[test]
fn missing_text() {
    assert_eq!(parse("a OK"), Response::Tagged { tag: text("a"), status: Status::new(Condition::Ok, text("")) });
    assert_eq!(parse("* BYE\r\n"), Response::Status(Status::new(Condition::Bye, text(""))));
    assert_eq!(
        parse("a NO [ALERT]"),
        Response::Tagged { tag: text("a"), status: Status::with_code(Condition::No, Code::Alert, text("")) }
    );
    for odd in ["+", "+ ", "+\r\n", "+ \r\n"] {
        assert_eq!(parse(odd), Response::Continuation { code: None, text: text("") });
    }
    assert_eq!(parse("+idling"), Response::Continuation { code: None, text: text("idling") });
}

#[test]
fn negative_numbers() {
    same("* STATUS INBOX (MESSAGES -1 UNSEEN -5)", "* STATUS INBOX (MESSAGES 0 UNSEEN 0)");
    same("* 1 FETCH (RFC822.SIZE -1)", "* 1 FETCH (RFC822.SIZE 0)");
    same("* QUOTA \"\" (STORAGE -1 5)", "* QUOTA \"\" (STORAGE 0 5)");
}

#[test]
fn characters_outside_ascii() {
    let greeting = "* OK Dovecot – ready é\r\n";
    assert_eq!(parse(greeting), Response::Status(Status::new(Condition::Ok, text("Dovecot – ready é"))));
    assert_eq!(written(&parse(greeting)), greeting);
    assert!(matches!(parse(b"* NO caf\xe9"), Response::Status(Status { text, .. }) if &text[..] == b"caf\xe9"));
    assert!(
        matches!(data("* LIST () \"/\" \"Entwürfe\""), Data::List(ListEntry { mailbox: Mailbox::Name(name), .. }) if name == text("Entwürfe"))
    );
    assert!(
        matches!(data("* LIST () \"/\" Entwürfe"), Data::List(ListEntry { mailbox: Mailbox::Name(name), .. }) if name == text("Entwürfe"))
    );
}

#[test]
fn nul_in_a_message() {
    for odd in [&b"* 1 FETCH (BODY[] {3}\r\na\0b)"[..], b"* 1 FETCH (BODY[] ~{3}\r\na\0b)"] {
        let items = items(odd);
        assert!(matches!(&items[..], [MessageAttribute::Section { data: Some(data), .. }] if &data[..] == b"a\0b"));
    }
}

#[test]
fn backslashes_that_escape_nothing() {
    same(r#"* LIST () "\" "a\b""#, r#"* LIST () "\\" "a\\b""#);
}

#[test]
fn codes_that_make_no_sense() {
    let other = |name: &'static str, rest: &'static str| Code::Other { name: text(name), text: Some(text(rest)) };
    assert_eq!(code("* OK [UNSEEN 0] none"), other("UNSEEN", "0"));
    assert_eq!(code("* OK [COPYUID 1 * 2] x"), other("COPYUID", "1 * 2"));
    assert_eq!(code("* OK [UIDNEXT 4294967296] x"), other("UIDNEXT", "4294967296"));
    assert_eq!(code("* OK [INPROGRESS (NIL45]4 NIL)]x"), other("INPROGRESS", "(NIL45]4 NIL)"));
    assert_eq!(code("* OK [X-A \"a]b\\\"]\" c] d"), other("X-A", "\"a]b\\\"]\" c"));
    assert_eq!(code("* OK [X-A (] d"), other("X-A", "("));
    assert!(
        matches!(code("* OK [PERMANENTFLAGS ([odd] \\*)] d"), Code::PermanentFlags(flags) if flags.iter().count() == 2)
    );
    for odd in ["* OK [no end", "* OK [] x", "* OK [(] x", "* OK ["] {
        assert!(matches!(parse(odd), Response::Status(Status { code: None, .. })), "{odd}");
    }
}

#[test]
fn dates_and_envelopes_that_make_no_sense_leave_the_rest() {
    let items = items("* 1 FETCH (INTERNALDATE \"yesterday\" UID 5 ENVELOPE (1 2) SAVEDATE 7)");
    assert_eq!(items.len(), 4);
    assert_eq!(items[0], MessageAttribute::Other { name: text("INTERNALDATE"), value: text("\"yesterday\"") });
    assert!(matches!(items[1], MessageAttribute::Uid(_)));
    assert_eq!(items[2], MessageAttribute::Other { name: text("ENVELOPE"), value: text("(1 2)") });
}
