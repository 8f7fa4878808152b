//! Servers that do what they must not, by their rows.

use super::*;
use crate::codec::Budget;
use wirestate_machine::Misuse;

#[test]
fn what_is_no_greeting_is_none() {
    for odd in [
        "+OK POP3 ready\r\n",
        "220 smtp\r\n",
        "\r\n",
        "* 1 EXISTS\r\n",
        "A1 OK hello\r\n",
        "* NO hello\r\n",
        "+ go\r\n",
    ] {
        assert_eq!(breaks(&mut client(open()), odd), Violation::NotImap, "{odd}");
    }
}

#[test]
fn h5_nested_parentheses() {
    let mut client = selected(open(), "", 1);
    let mut line = alloc::format!("* LIST {}\r\n* 1 FETCH (BODYSTRUCTURE ", "(".repeat(50_000));
    line.push_str(&"(".repeat(50_000));
    line.push_str("\r\nA9 OK\r\n");
    client.inbox().push(line.as_bytes());
    assert!(matches!(client.poll(START), Ok(Some(Event::Odd(Oddity::Unreadable { .. })))));
    let Ok(Some(Event::Fetch { data, .. })) = client.poll(START) else { panic!() };
    assert!(data.read().is_err());
    assert_eq!(client.poll(START).unwrap_err(), Violation::UnknownTag);
}

#[test]
fn h7_a_literal_that_is_announced_and_never_sent() {
    let mut client = selected(open(), "", 1);
    assert_eq!(breaks(&mut client, "* LIST () \"/\" {4294967295}\r\n"), Violation::TooBig(Budget::Literal));
    let mut client = selected(open(), "", 1);
    let told = says(&mut client, "* 1 FETCH (BODY[] {18446744073709551615}\r\nhello");
    assert!(matches!(told[..], [Event::FetchBegin { octets: u64::MAX, .. }, Event::FetchChunk { .. }]));
    let mut config = open();
    config.limits.message = Some(1 << 20);
    let mut client = selected(config, "", 1);
    let violation = breaks(&mut client, "* 1 FETCH (BODY[] {1048577}\r\n");
    assert_eq!(violation, Violation::MessageTooLarge { limit: 1 << 20 });
}

#[test]
fn h9_sets_stay_ranges() {
    let mut client = selected(open().track_uids(true), "", 1);
    let told = says(
        &mut client,
        "* VANISHED (EARLIER) 1:4294967295\r\n* VANISHED 1:4294967295\r\n* ESEARCH (TAG \"x\") ALL 1:4294967295\r\n* OK [COPYUID 1 1:4294967295 1:4294967295] x\r\n* 4294967295 EXISTS\r\n",
    );
    assert_eq!(told.len(), 5);
    assert_eq!(client.selected().map(|mailbox| mailbox.exists), Some(u32::MAX));
}

#[test]
fn h10_an_endless_line() {
    let mut config = open();
    config.limits.response.line = 1000;
    let mut client = selected(config, "", 1);
    client.inbox().push(b"* X ");
    for _ in 0..990 {
        client.inbox().push(b"x");
        assert!(client.poll(START).unwrap().is_none());
    }
    assert_eq!(breaks(&mut client, "xxxxxxxxxx"), Violation::TooBig(Budget::Line));
}

#[test]
fn h43_tags_that_were_never_sent() {
    for tag in ["A3", "A0", "A", "A02", "a2", "A-2", "B2", "A99999999999"] {
        let mut client = logged_in(open(), "");
        client.noop().unwrap();
        assert_eq!(breaks(&mut client, alloc::format!("{tag} OK done\r\n")), Violation::UnknownTag, "{tag}");
    }
    // Each is completed once.
    let mut client = logged_in(open(), "");
    client.noop().unwrap();
    assert_eq!(breaks(&mut client, "A2 OK\r\nA2 OK\r\n"), Violation::UnknownTag);
    let mut client = logged_in(open(), "");
    client.noop().unwrap();
    assert_eq!(breaks(&mut client, "A2 MAYBE\r\n"), Violation::UnreadableCompletion);
}

#[test]
fn h43_a_literal_in_a_greeting_is_words() {
    let mut client = client(open());
    says(&mut client, "* OK hello {24}\r\n");
    assert_eq!(wrote(&mut client), "A1 CAPABILITY\r\n");
}

#[test]
fn h43_untagged_data_without_end_are_not_kept() {
    let mut client = selected(open().track_uids(true), "", 9);
    for at in 1..10_000u32 {
        let told = says(&mut client, alloc::format!("* {at} FETCH (UID {at})\r\n* SEARCH {at}\r\n"));
        assert_eq!(told.len(), 2);
    }
    assert!(client.events.capacity() < 16);
    assert_eq!(client.selected().and_then(|mailbox| mailbox.uid(number(10))), None);
}

#[test]
fn h43_nonsense_without_end_has_one() {
    let mut config = open();
    config.limits.oddities = 5;
    let mut client = logged_in(config, "");
    assert_eq!(breaks(&mut client, "* (\r\n".repeat(10)), Violation::TooOdd { limit: 5 });
    let mut config = open();
    config.limits.oddities = 5;
    let mut client = logged_in(config, "");
    assert_eq!(breaks(&mut client, "+\r\n".repeat(10)), Violation::TooOdd { limit: 5 });
}

#[test]
fn h44_numbers_at_their_edges() {
    let mut client = selected(open().track_uids(true), "", 1);
    for odd in ["* 0 FETCH (UID 1)", "* 4294967296 EXISTS", "* 0 EXPUNGE", "* 4294967296 FETCH (UID 1)"] {
        let told = says(&mut client, alloc::format!("{odd}\r\n"));
        assert!(matches!(told[..], [Event::Odd(Oddity::Unreadable { .. })]), "{odd}: {told:?}");
    }
    for odd in ["UID 0", "UID 4294967296", "MODSEQ (9223372036854775808)"] {
        let told = says(&mut client, alloc::format!("* 1 FETCH ({odd})\r\n"));
        assert!(matches!(&told[..], [Event::Fetch { data, .. }] if data.read().is_err()), "{odd}");
    }
    says(&mut client, "* 0 EXISTS\r\n* 1 EXPUNGE\r\n* 4294967295 EXPUNGE\r\n* 4294967295 FETCH (UID 4294967295)\r\n");
    assert_eq!(client.selected().map(|mailbox| mailbox.exists), Some(0));
}

#[test]
fn arguments_cannot_break_out_of_their_place() {
    let mut client = selected(open(), "", 1);
    for name in ["a\0b", "a\r\nA9 LOGOUT\0"] {
        assert_eq!(client.create(name, &[]), Err(Misuse::ForbiddenCharacter));
    }
    assert_eq!(client.set_metadata("", &[("/a\0", None)]), Err(Misuse::NotOffered));
    assert_eq!(client.fetch(set("1"), [FetchAttribute::Other(&b"a\r\nb"[..])]), Err(Misuse::OutOfRange));
    let odd = crate::codec::Command::Other { name: "X\r\nA9", arguments: "" };
    assert!(client.command(odd).is_err());
    assert_eq!(wrote(&mut client), "");
}
