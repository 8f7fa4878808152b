//! IMAP over the program: the same mail as by POP3, on three runtimes.

mod program;

use std::fs;

use program::imap::{Imap, Mail, on_each_runtime};
use program::{Client, Program, tcp};

#[test]
fn two_sessions_see_what_each_other_does() {
    on_each_runtime(|mail| {
        let (mut one, mut two) = (mail.log_in(), mail.log_in_by_tls());
        let count = mail.program.files().len();
        assert!(one.command("SELECT inbox").contains(&format!("* {count} EXISTS")));
        two.command("SELECT INBOX");
        two.send("t IDLE\r\n");
        assert!(two.line().starts_with("+ "));
        let told = one.command("STORE 2 +FLAGS.SILENT (\\Flagged)");
        assert!(told.is_empty(), "{told:?}");
        assert!(two.line().starts_with("* 2 FETCH (FLAGS (\\Flagged"));
        one.command("STORE 1,3 +FLAGS.SILENT (\\Deleted)");
        two.until("* 3 FETCH");
        assert_eq!(one.command("EXPUNGE")[..2], ["* 3 EXPUNGE", "* 1 EXPUNGE"]);
        let heard = two.until("* 1 EXPUNGE");
        assert!(heard.contains(&"* 3 EXPUNGE".to_owned()), "{heard:?}");
        two.send("DONE\r\n");
        two.until("t OK");
        assert_eq!(two.command("UID SEARCH FLAGGED"), ["* SEARCH 2"]);
        assert_eq!(mail.program.files().len(), count - 2);
    });
}

#[test]
fn pop3_and_deliveries_are_heard_in_idle() {
    on_each_runtime(|mail| {
        let mut client = mail.log_in();
        let count = mail.program.files().len();
        client.command("SELECT INBOX");
        client.send("t IDLE\r\n");
        assert!(client.line().starts_with("+ "));
        let mut pop = mail.program.log_in();
        assert!(pop.say("DELE 1").starts_with("+OK"));
        pop.quit();
        assert_eq!(client.line(), "* 1 EXPUNGE");
        mail.program.deliver(b"Subject: new\n\nhello\n");
        client.until(&format!("* {count} EXISTS"));
        client.send("DONE\r\n");
        client.until("t OK");
        let fetched = client.command(&format!("FETCH {count} (ENVELOPE BODY.PEEK[TEXT])"));
        assert!(fetched[0].starts_with(&format!("* {count} FETCH (ENVELOPE (NIL \"new\" ")), "{fetched:?}");
        assert_eq!(fetched[1], "hello");
    });
}

#[test]
fn numbers_and_flags_outlive_the_program() {
    let mut mail = Mail::start("tokio");
    let mut client = mail.log_in();
    client.command("SELECT INBOX");
    client.command("STORE 1 +FLAGS (\\Answered $Forwarded)");
    client.command("COPY 1 Archive");
    let before = client.command("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)").pop();
    // As a crash would end it.
    mail.program.signal("KILL");
    mail.program.ended();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::rename(mail.program.data(), &data).unwrap();
    let again = ["--data", data.to_str().unwrap(), "--imap", "127.0.0.1:0"];
    let program = Program::start_with(&again);
    let imap = program.more.iter().find_map(|line| line.strip_prefix("imap ")).unwrap().parse().unwrap();
    let mut client = Client::new(tcp(imap));
    client.enter();
    assert_eq!(client.command("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)").pop(), before);
    client.command("EXAMINE INBOX");
    let first = client.command("FETCH 1 (UID FLAGS)");
    assert!(first[0].starts_with("* 1 FETCH (UID 1 FLAGS (\\Answered $Forwarded)"), "{first:?}");
    client.command("EXAMINE Archive");
    assert_eq!(client.command("UID SEARCH KEYWORD $forwarded"), ["* SEARCH 1"]);
}
