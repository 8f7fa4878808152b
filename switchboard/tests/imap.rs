//! IMAP over the program: the same mail as by POP3, on three runtimes.

mod program;

use std::fs;
use std::net::{SocketAddr, TcpStream};

use program::{Client, PASSWORD, Program, Tls, tcp};

struct Mail {
    program: Program,
    imap: SocketAddr,
    imaps: SocketAddr,
}

impl Mail {
    fn start(runtime: &str) -> Self {
        let program = Program::start_with(&["--runtime", runtime, "--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0"]);
        let at = |protocol: &str| {
            let line = program.more.iter().find_map(|line| line.strip_prefix(&format!("{protocol} ")));
            line.expect(protocol).parse().unwrap()
        };
        let (imap, imaps) = (at("imap"), at("imaps"));
        Self { program, imap, imaps }
    }

    /// alice, logged in.
    fn log_in(&self) -> Client<TcpStream> {
        let mut client = Client::new(tcp(self.imap));
        client.enter();
        client
    }

    fn log_in_by_tls(&self) -> Client<Tls> {
        let mut client = Client::new(self.program.tls(tcp(self.imaps), &[b"imap"]));
        client.enter();
        client
    }
}

/// What is asked by a tag and answered line by line.
trait Imap {
    fn enter(&mut self);
    /// The untagged lines that answer a command, which must succeed.
    fn command(&mut self, line: &str) -> Vec<String>;
    /// All lines up to the one that begins so, with it.
    fn until(&mut self, start: &str) -> Vec<String>;
}

impl<S: std::io::Read + std::io::Write> Imap for Client<S> {
    fn enter(&mut self) {
        let greeting = self.line();
        assert!(
            greeting.starts_with("* OK [CAPABILITY IMAP4rev1 ") && greeting.ends_with(" localhost IMAP server ready"),
            "{greeting}"
        );
        self.command(&format!("LOGIN alice \"{PASSWORD}\""));
    }

    fn command(&mut self, line: &str) -> Vec<String> {
        self.send(&format!("t {line}\r\n"));
        let mut lines = self.until("t ");
        let end = lines.pop().unwrap();
        assert!(end.starts_with("t OK "), "{line}: {end}");
        lines
    }

    fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty() || !lines.last().is_some_and(String::is_empty), "the stream ended: {lines:?}");
            let is_last = line.starts_with(start);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }
}

fn on_each_runtime(check: impl Fn(Mail)) {
    for runtime in ["tokio", "async-std", "blocking"] {
        check(Mail::start(runtime));
    }
}

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

#[test]
fn notify_tells_of_other_mailboxes_whoever_changes_them() {
    on_each_runtime(|mail| {
        let (mut one, mut two) = (mail.log_in(), mail.log_in());
        let count = mail.program.files().len();
        let events = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange";
        let told = one.command(&format!(
            "NOTIFY SET STATUS (SELECTED (MessageNew (UID BODY[HEADER.FIELDS (SUBJECT)]) MessageExpunge)) \
             (PERSONAL ({events} ServerMetadataChange))"
        ));
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.iter().any(|line| line.starts_with(&format!("* STATUS INBOX (MESSAGES {count} "))), "{told:?}");
        one.command("SELECT Archive");
        // By POP3, by another program, by another session; in no command.
        let mut pop = mail.program.log_in();
        assert!(pop.say("DELE 1").starts_with("+OK"));
        pop.quit();
        one.until(&format!("* STATUS INBOX (MESSAGES {} ", count - 1));
        mail.program.deliver(b"Subject: new\n\nhello\n");
        one.until(&format!("* STATUS INBOX (MESSAGES {count} "));
        two.command("SELECT INBOX");
        two.command(&format!("STORE {count} +FLAGS (\\Seen)"));
        one.until("* STATUS INBOX");
        two.command(&format!("COPY {count} Archive"));
        assert_eq!([one.line(), one.line()], ["* 1 EXISTS", "* 1 RECENT"]);
        assert_eq!(one.line(), "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {16}");
        assert_eq!(one.until(")"), ["Subject: new", "", ")"]);
        // The tree of mailboxes.
        two.command("CREATE x");
        assert_eq!(one.line(), "* LIST (\\HasNoChildren) \"/\" x");
        assert!(one.line().starts_with("* STATUS x (MESSAGES 0 "));
        two.command("RENAME x y");
        assert_eq!(one.line(), "* LIST (\\HasNoChildren) \"/\" y (\"OLDNAME\" (x))");
        two.command("SUBSCRIBE y");
        assert_eq!(one.line(), "* LIST (\\Subscribed \\HasNoChildren) \"/\" y");
        two.command("SETMETADATA y (/private/comment \"hello\")");
        assert_eq!(one.line(), "* METADATA y /private/comment");
        two.command("SETMETADATA \"\" (/private/comment \"hello\")");
        assert_eq!(one.line(), "* METADATA \"\" /private/comment");
        two.command("DELETE y");
        assert_eq!(one.line(), "* LIST (\\NonExistent) \"/\" y");
        one.command("NOTIFY NONE");
        two.command("CREATE z");
        mail.program.deliver(b"Subject: again\n\nhello\n");
        assert!(one.command("NOOP").is_empty());
    });
}
