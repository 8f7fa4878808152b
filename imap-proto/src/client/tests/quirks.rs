//! Faults of real servers, each by its name.

use super::*;
use wirestate_sasl::Mechanism;

#[test]
fn no_initial_response() {
    let mut config = open();
    config.quirks.no_initial_response = true;
    let mut client = ready(config, "AUTH=PLAIN SASL-IR");
    client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "A1 AUTHENTICATE PLAIN\r\n");
}

#[test]
fn wordy_prompts() {
    let mut config = open();
    let prompt = "+ word\r\n";
    let mut client = ready(config.clone(), "AUTH=PLAIN");
    client.login(password().only(Method::Sasl(Mechanism::Plain))).unwrap();
    says(&mut client, prompt);
    assert!(wrote(&mut client).ends_with("*\r\n"));
    config.quirks.wordy_prompts = true;
    let mut client = ready(config, "AUTH=PLAIN");
    client.login(password()).unwrap();
    says(&mut client, prompt);
    assert!(wrote(&mut client).ends_with("AGFubgBwZW5jaWw=\r\n"));
}

#[test]
fn no_charset() {
    let keys = || SearchKeys::new([SearchKey::Subject("für".as_bytes())]).unwrap();
    let mut client = selected(open(), "LITERAL+", 1);
    client.uid_search(keys()).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID SEARCH CHARSET UTF-8 SUBJECT {4+}\r\nfür\r\n");
    let mut config = open();
    config.quirks.no_charset = true;
    let mut client = selected(config, "LITERAL+", 1);
    client.uid_search(keys()).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID SEARCH SUBJECT {4+}\r\nfür\r\n");
}

#[test]
fn ascending_sets() {
    let mut client = selected(open(), "", 9);
    client.uid_fetch(set("9:3,*:5,7"), [FetchAttribute::Flags]).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID FETCH 3:9,5:*,7 FLAGS\r\n");
    let mut config = open();
    config.quirks.ascending_sets = false;
    let mut client = selected(config, "", 9);
    client.uid_fetch(set("9:3"), [FetchAttribute::Flags]).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID FETCH 9:3 FLAGS\r\n");
}

#[test]
fn no_non_sync_literals() {
    let mut config = open();
    config.quirks.no_non_sync_literals = true;
    let mut client = logged_in(config, "LITERAL+");
    client.append("a", NewText::new(3)).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {3}\r\n");
}

#[test]
fn no_pipelining() {
    let mut config = open();
    config.quirks.no_pipelining = true;
    let mut client = logged_in(config, "");
    client.noop().unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 NOOP\r\n");
}

#[test]
fn unlisted_commands() {
    let mut config = open();
    config.quirks.unlisted_commands = true;
    assert!(logged_in(config, "").namespace().is_ok());
    assert!(logged_in(open(), "").namespace().is_err());
}

#[test]
fn partial_capabilities() {
    let mut config = open().capability_after_login(true);
    config.quirks.partial_capabilities = true;
    let mut client = logged_in(config, "IDLE");
    assert_eq!(wrote(&mut client), "A2 CAPABILITY\r\n");
    assert!(client.offers(&Capability::Idle));
}

#[test]
fn what_needs_no_quirk() {
    let mut client = selected(open(), "", 9);
    client.uid_search(SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap()).unwrap();
    // Spaces at the end, a missing text, UTF-8 in words for people, a bare LF.
    let told = says(
        &mut client,
        "* SEARCH 1 2 \r\n* OK\r\n* NO Läuft – gleich\r\n* CAPABILITY IMAP4rev1 \n* STATUS a (MESSAGES 1 ) \r\nA3 OK\r\n",
    );
    assert!(!told.iter().any(|event| matches!(event, Event::Odd(_))), "{told:?}");
    assert_eq!(told.len(), 6);
}

#[test]
fn what_cannot_be_read_is_told_and_skipped() {
    let mut client = selected(open(), "", 9);
    let noop = client.noop().unwrap();
    let told = says(&mut client, "\r\n* \r\n* 0 EXPUNGE\r\n* LIST (\r\n+ why?\r\n* PREAUTH again\r\nA3 OK done\r\n");
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Odd(_))).count(), 6, "{told:?}");
    assert!(outcome(&told, noop).is_ok());
}
