//! The extensions of IMAP that the program tells of itself, each tried.

mod program;

use program::imap::{Imap, Mail, on_each_runtime};

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
    client.command("ENABLE IMAP4rev2");
    let told = client.command("SELECT INBOX");
    assert!(told.contains(&"* LIST () \"/\" INBOX".to_owned()), "{told:?}");
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

/// alice with these messages in Drafts, which is selected.
fn with_drafts<const N: usize>(mail: &Mail, messages: [&str; N]) -> program::Client<std::net::TcpStream> {
    let mut client = mail.log_in();
    for message in messages {
        assert!(client.append("Drafts", message).starts_with("t OK [APPENDUID "));
    }
    client.command("SELECT Drafts");
    client
}

const THREE: [&str; 3] = [
    "Subject: pear\r\nFrom: zoe <zoe@x>\r\n\r\none\r\n",
    "Subject: apple\r\nFrom: bob <bob@x>\r\n\r\ntwo and more\r\n",
    "Subject: Re: pear\r\nFrom: ann <ann@x>\r\n\r\nthree\r\n",
];

#[test]
fn searches_are_told_as_they_were_asked_for() {
    let mail = Mail::start("tokio");
    let mut client = with_drafts(&mail, THREE);
    let told = |lines: Vec<String>| lines.join("\n");
    assert_eq!(
        told(client.command("SEARCH RETURN (MIN MAX COUNT ALL) ALL")),
        "* ESEARCH (TAG \"t\") MIN 1 MAX 3 COUNT 3 ALL 1:3"
    );
    assert_eq!(told(client.command("UID SEARCH RETURN (SAVE) SUBJECT pear")), "");
    assert_eq!(told(client.command("SEARCH $")), "* SEARCH 1 3");
    assert_eq!(told(client.command("SEARCH RETURN (PARTIAL 2:3) ALL")), "* ESEARCH (TAG \"t\") PARTIAL (2:3 2:3)");
    let fetched = client.command("UID FETCH 1:* (UID) (PARTIAL -1:-1)");
    assert_eq!(told(fetched), "* 3 FETCH (UID 3)");
    assert_eq!(told(client.command("SORT (SUBJECT) UTF-8 ALL")), "* SORT 2 1 3");
    assert_eq!(told(client.command("SORT (DISPLAYFROM) UTF-8 ALL")), "* SORT 3 2 1");
    let sorted = client.command("SORT RETURN (COUNT ALL) (REVERSE ARRIVAL) UTF-8 SMALLER 10000");
    assert!(sorted[0].starts_with("* ESEARCH (TAG \"t\") COUNT 3 ALL "), "{sorted:?}");
    assert_eq!(told(client.command("THREAD ORDEREDSUBJECT UTF-8 ALL")), "* THREAD (1 3)(2)");
    assert_eq!(told(client.command("THREAD REFERENCES UTF-8 ALL")), "* THREAD (1 3)(2)");
    assert_eq!(told(client.command("THREAD REFS UTF-8 ALL")), "* THREAD (1)(2)(3)");
    assert_eq!(told(client.command("SEARCH YOUNGER 3600")), "* SEARCH 1 2 3");
    assert_eq!(told(client.command("SEARCH OLDER 3600")), "* SEARCH");
    assert_eq!(told(client.command("SEARCH SAVEDSINCE 1-Jan-2020")), "* SEARCH 1 2 3");
    assert!(client.command("FETCH 1 SAVEDATE")[0].starts_with("* 1 FETCH (SAVEDATE \""));
}

#[test]
fn what_has_changed_is_found_by_mod_sequences() {
    let mail = Mail::start("tokio");
    let mut client = with_drafts(&mail, THREE);
    assert_eq!(client.command("ENABLE QRESYNC"), ["* ENABLED QRESYNC"]);
    let status = client.command("STATUS Drafts (HIGHESTMODSEQ UIDVALIDITY)").remove(0);
    let number = |name: &str| -> u64 {
        let rest = status.split_once(name).unwrap().1.trim_start();
        rest.split([' ', ')']).next().unwrap().parse().unwrap()
    };
    let (validity, since) = (number("UIDVALIDITY"), number("HIGHESTMODSEQ"));
    client.command("UID STORE 1 +FLAGS (\\Seen)");
    let conditional = format!("UID STORE 1,2 (UNCHANGEDSINCE {since}) +FLAGS (\\Flagged)");
    client.send(&format!("t {conditional}\r\n"));
    let lines = client.until("t ");
    assert!(lines.last().unwrap().starts_with("t OK [MODIFIED 1]"), "{lines:?}");
    let changed = client.command(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})"));
    assert_eq!(changed.len(), 2, "{changed:?}");
    client.command("UID STORE 3 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(client.command("UID EXPUNGE 1:2"), [""; 0]);
    assert_eq!(client.command("UID EXPUNGE 3")[0], "* VANISHED 3");
    client.command("UNSELECT");
    let told = client.command(&format!("SELECT Drafts (QRESYNC ({validity} {since}))"));
    assert!(told.contains(&"* VANISHED (EARLIER) 3".to_owned()), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains(" FETCH (")).count(), 2, "{told:?}");
}

#[test]
fn mailboxes_are_listed_with_all_that_is_asked_for() {
    let mail = Mail::start("tokio");
    let mut client = mail.log_in();
    assert_eq!(client.command("NAMESPACE"), ["* NAMESPACE ((\"\" \"/\")) NIL NIL"]);
    client.command("CREATE lists/rust");
    assert!(client.refused("CREATE mine (USE (\\Sent))").starts_with("t NO [USEATTR]"));
    client.command("DELETE Junk");
    client.command("CREATE spam (USE (\\Junk))");
    client.command("SUBSCRIBE lists/rust");
    client.command("SETMETADATA lists/rust (/shared/comment \"borrowed\")");
    assert_eq!(client.command("LIST \"\" lists"), ["* LIST (\\HasChildren) \"/\" lists"]);
    let told = client.command("LIST (SPECIAL-USE) \"\" * RETURN (SPECIAL-USE)");
    assert!(told.contains(&"* LIST (\\HasNoChildren \\Junk) \"/\" spam".to_owned()), "{told:?}");
    let told = client.command("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %");
    assert!(
        told.contains(&"* LIST (\\HasChildren) \"/\" lists (\"CHILDINFO\" (\"SUBSCRIBED\"))".to_owned()),
        "{told:?}"
    );
    let told = client.command(
        "LIST \"\" (lists/% INBOX) RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES SIZE) METADATA (/shared/comment))",
    );
    assert!(told[1].starts_with("* STATUS INBOX (MESSAGES ") && told[1].contains(" SIZE "), "{told:?}");
    assert_eq!(
        told[3..],
        [
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" lists/rust",
            "* STATUS lists/rust (MESSAGES 0 SIZE 0)",
            "* METADATA lists/rust (/shared/comment \"borrowed\")"
        ]
    );
    let told = client.command("GETMETADATA lists/rust /shared/comment");
    assert_eq!(told, ["* METADATA lists/rust (/shared/comment \"borrowed\")"]);
}

#[test]
fn several_messages_come_at_once_and_take_anothers_place() {
    let mail = Mail::start("tokio");
    let mut client = with_drafts(&mail, THREE);
    client.send("t APPEND Archive (\\Seen) {12+}\r\nSubject: a\r\n (\\Draft) {12+}\r\nSubject: b\r\n\r\n");
    let end = client.until("t ").pop().unwrap();
    assert!(end.starts_with("t OK [APPENDUID ") && end.contains(" 1:2] "), "{end}");
    client.send("t REPLACE 2 Drafts {12+}\r\nSubject: c\r\n\r\n");
    let lines = client.until("t ");
    assert!(lines[0].starts_with("* OK [APPENDUID ") && lines.contains(&"* 2 EXPUNGE".to_owned()), "{lines:?}");
    assert_eq!(client.command("UID SEARCH ALL"), ["* SEARCH 1 3 4"]);
    let limit = client.command("STATUS Drafts (APPENDLIMIT)").remove(0);
    let limit: u64 = limit.split_once("APPENDLIMIT ").unwrap().1.trim_end_matches(')').parse().unwrap();
    client.send(&format!("t APPEND Drafts {{{}}}\r\n", limit + 1));
    assert!(client.line().starts_with("t NO [TOOBIG]"));
}
