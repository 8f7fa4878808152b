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
        Self::start_with(&["--runtime", runtime])
    }

    /// With this in the configuration file.
    fn configured(text: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Self::start_with(&["--config", file.path().to_str().unwrap()])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let listeners = ["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0"];
        let program = Program::start_with(&[arguments, &listeners].concat());
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
    /// The tagged line of a command that must not succeed.
    fn refused(&mut self, line: &str) -> String;
    /// APPENDs this to a mailbox; gives the tagged line.
    fn append(&mut self, mailbox: &str, message: &str) -> String;
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

    fn refused(&mut self, line: &str) -> String {
        self.send(&format!("t {line}\r\n"));
        let end = self.until("t ").pop().unwrap();
        assert!(!end.starts_with("t OK "), "{line}: {end}");
        end
    }

    fn append(&mut self, mailbox: &str, message: &str) -> String {
        self.send(&format!("t APPEND {mailbox} {{{}+}}\r\n{message}\r\n", message.len()));
        self.until("t ").pop().unwrap()
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

#[test]
fn capabilities_name_what_is_served() {
    let mail = Mail::start("tokio");
    let told = mail.log_in().command("CAPABILITY").remove(0);
    for one in [
        "ACL",
        "BINARY",
        "CATENATE",
        "LIST-MYRIGHTS",
        "MULTISEARCH",
        "NOTIFY",
        "PREVIEW",
        "QUOTA",
        "QUOTA=RES-MESSAGE",
        "QUOTA=RES-STORAGE",
        "RIGHTS=kxte",
        "UIDONLY",
        "UTF8=ACCEPT",
    ] {
        assert!(told.split(' ').any(|told| told == one), "{one} is not in {told}");
    }
}

#[test]
fn without_limits_a_quota_root_has_none() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    assert_eq!(client.command("GETQUOTAROOT INBOX"), ["* QUOTAROOT INBOX \"\"", "* QUOTA \"\" ()"]);
    assert_eq!(client.command("GETQUOTA \"\""), ["* QUOTA \"\" ()"]);
    assert!(client.refused("GETQUOTA other").starts_with("t NO [NONEXISTENT]"));
    assert!(client.refused("SETQUOTA \"\" (STORAGE 10)").starts_with("t BAD"));
}

#[test]
fn mail_beyond_the_quota_is_refused() {
    let mail = Mail::configured("[limits]\nmail-messages = 11\nmail-kibibytes = 1000\n");
    let count = mail.program.files().len();
    let mut client = mail.log_in();
    client.command("SELECT INBOX");
    let told = client.command("GETQUOTA \"\"").remove(0);
    assert!(
        told.starts_with("* QUOTA \"\" (STORAGE ") && told.ends_with(&format!(" 1000 MESSAGE {count} 11)")),
        "{told}"
    );
    for _ in count..11 {
        assert!(client.append("Drafts", "Subject: x\r\n\r\n").starts_with("t OK [APPENDUID "));
    }
    assert!(client.append("Drafts", "Subject: x\r\n\r\n").starts_with("t NO [OVERQUOTA]"));
    assert!(client.refused("COPY 1 Archive").starts_with("t NO [OVERQUOTA]"));
    // Moving makes no more of it, and what comes by other ways is not held up.
    client.command("MOVE 1 Archive");
    mail.program.deliver(b"Subject: new\n\nhello\n");
    client.command("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    let status = client.command("STATUS INBOX (DELETED DELETED-STORAGE)").remove(0);
    assert!(status.starts_with("* STATUS INBOX (DELETED 2 DELETED-STORAGE "), "{status}");
    client.command("EXPUNGE");
    assert!(client.append("Drafts", "Subject: x\r\n\r\n").starts_with("t OK [APPENDUID "));
    // Before the octets come.
    client.send("t APPEND Drafts {1024000}\r\n");
    assert!(client.line().starts_with("t NO [OVERQUOTA]"));
}

#[test]
fn rights_are_told_and_cannot_be_changed() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    assert_eq!(client.command("MYRIGHTS INBOX"), ["* MYRIGHTS INBOX lrswikte"]);
    assert_eq!(client.command("MYRIGHTS Archive"), ["* MYRIGHTS Archive lrswikxte"]);
    assert!(client.refused("MYRIGHTS nowhere").starts_with("t NO [NONEXISTENT]"));
    for command in ["GETACL Archive", "SETACL Archive bob lr", "DELETEACL Archive bob", "LISTRIGHTS Archive bob"] {
        assert!(client.refused(command).starts_with("t NO [NOPERM]"), "{command}");
    }
    let listed = client.command("LIST \"\" Archive RETURN (MYRIGHTS)");
    assert_eq!(listed[1], "* MYRIGHTS Archive lrswikxte");
}

#[test]
fn messages_are_put_together_from_others() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    client.command("SELECT INBOX");
    assert!(client.append("Drafts", "Subject: one\r\n\r\nbody\r\n").starts_with("t OK [APPENDUID "));
    client.send("t APPEND Archive CATENATE (URL \"/Drafts/;UID=1/;SECTION=HEADER\" TEXT {7+}\r\nnew\r\n\r\n)\r\n");
    let said = client.line();
    assert!(said.starts_with("t OK [APPENDUID "), "{said}");
    client.command("EXAMINE Archive");
    let told = client.command("FETCH 1 BODY[]");
    assert_eq!(told[..5], ["* 1 FETCH (BODY[] {23}", "Subject: one", "", "new", ""]);
    for odd in ["/Drafts/;UID=9", "/nowhere/;UID=1", "/Drafts;UIDVALIDITY=1/;UID=1", "imap://host/Drafts/;UID=1"] {
        let said = client.refused(&format!("APPEND Archive CATENATE (URL \"{odd}\")"));
        assert!(said.starts_with(&format!("t NO [BADURL {odd}]")), "{said}");
    }
}

#[test]
fn several_mailboxes_are_searched_at_once() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    for mailbox in ["Drafts", "Archive"] {
        assert!(client.append(mailbox, "Subject: needle\r\n\r\nbody\r\n").starts_with("t OK"));
    }
    let told = client.command("ESEARCH IN (mailboxes (Drafts Archive Sent)) RETURN (COUNT ALL) SUBJECT needle");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("* ESEARCH (TAG \"t\" MAILBOX Archive UIDVALIDITY "), "{told:?}");
    assert!(told[0].ends_with(") UID COUNT 1 ALL 1") && told[2].ends_with(") UID COUNT 0"), "{told:?}");
    let told = client.command("ESEARCH IN (personal) SUBJECT needle");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(client.refused("ESEARCH SUBJECT needle").starts_with("t BAD"));
    client.command("SELECT Drafts");
    assert_eq!(client.command("ESEARCH UID *").len(), 1);
    assert!(client.refused("ESEARCH IN (personal) 1").starts_with("t BAD"));
}

#[test]
fn answers_are_of_one_thread() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    for message in [
        "Message-ID: <a@x>\r\n\r\n",
        "Message-ID: <b@x>\r\nReferences: <a@x>\r\n\r\n",
        "Message-ID: <c@x>\r\nReferences: <a@x> <b@x>\r\n\r\n",
        "Message-ID: <d@x>\r\n\r\n",
        "Subject: none\r\n\r\n",
    ] {
        assert!(client.append("Drafts", message).starts_with("t OK"));
    }
    client.command("SELECT Drafts");
    let told = client.command("FETCH 1:5 THREADID");
    let ids: Vec<_> = told.iter().map(|line| line.split_once("THREADID ").unwrap().1).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3] && ids[3] != ids[4], "{ids:?}");
    let id = ids[0].trim_matches(['(', ')']);
    assert_eq!(client.command(&format!("SEARCH THREADID {id}")), ["* SEARCH 1 2 3"]);
}

#[test]
fn keywords_have_room_for_as_many_as_are_told() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    client.command("SELECT INBOX");
    for number in 0..58 {
        client.command(&format!("STORE 1 +FLAGS.SILENT (k{number})"));
    }
    client.command("STORE 1 +FLAGS.SILENT ($Forwarded)");
    assert!(client.refused("STORE 2 +FLAGS (onemore)").starts_with("t NO [LIMIT]"));
    let told = client.command("EXAMINE INBOX");
    assert!(told.iter().any(|line| line.starts_with("* FLAGS (") && line.contains(" k57")), "{told:?}");
    let told = client.command("SELECT INBOX");
    let permanent = told.iter().find(|line| line.contains("PERMANENTFLAGS")).unwrap();
    assert!(permanent.contains(" k57") && !permanent.contains("\\*"), "{permanent}");
    // One that no message has any more makes room.
    client.command("STORE 1 -FLAGS.SILENT (k0)");
    client.command("STORE 2 +FLAGS (onemore)");
}

#[test]
fn what_is_enabled_changes_the_words() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    assert_eq!(client.command("ENABLE UTF8=ACCEPT UIDONLY"), ["* ENABLED UTF8=ACCEPT UIDONLY"]);
    // Composed or not, it is one name.
    client.command("CREATE \"Entwu\u{308}rfe\"");
    assert_eq!(client.command("LIST \"\" \"Ent*\""), ["* LIST (\\HasNoChildren) \"/\" \"Entw\u{fc}rfe\""]);
    client.command("SELECT INBOX");
    assert!(client.refused("FETCH 1 FLAGS").starts_with("t BAD [UIDREQUIRED]"));
    assert!(client.command("UID FETCH 1 FLAGS")[0].starts_with("* 1 UIDFETCH (FLAGS ("));
}

#[test]
fn parts_are_told_without_their_encoding() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    let message = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ=\r\n";
    assert!(client.append("Drafts", message).starts_with("t OK"));
    assert!(client.append("Drafts", &message.replace("base64", "x-odd")).starts_with("t OK"));
    client.command("SELECT Drafts");
    assert_eq!(
        client.command("FETCH 1 (BINARY.SIZE[1] PREVIEW)"),
        ["* 1 FETCH (BINARY.SIZE[1] 11 PREVIEW \"hello world\")"]
    );
    assert_eq!(client.command("FETCH 1 BINARY.PEEK[1]")[0], "* 1 FETCH (BINARY[1] ~{11}");
    assert!(client.refused("FETCH 2 BINARY[1]").starts_with("t NO [UNKNOWN-CTE]"));
    client.send("t APPEND Drafts ~{3+}\r\na\0b\r\n");
    assert!(client.line().starts_with("t NO [UNKNOWN-CTE]"));
}
