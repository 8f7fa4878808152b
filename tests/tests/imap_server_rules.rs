//! What an IMAP server session says after login, as transcripts: the rules of the selected mailbox and of the extensions.

use bytes::Bytes;
use imap_proto::codec::Capability;
use imap_proto::server::State;
use imap_proto::view::{End, FlagChange, Flags};
use wirestate_machine::Machine;
use wirestate_tests::imap::{Desk, Talk, open_config};

fn uids(set: &str) -> imap_proto::codec::UidSet {
    set.parse().unwrap()
}

#[test]
fn select_tells_all_that_rfc_3501_section_6_3_1_wants() {
    Talk::logged_in().transcript(
        "C: a SELECT inbox
        S: * 4 EXISTS
        S: * 4 RECENT
        S: * OK [UNSEEN 2] First unseen
        S: * OK [UIDVALIDITY 1000] UIDs valid
        S: * OK [UIDNEXT 5] Predicted next UID
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Limited
        S: * OK [HIGHESTMODSEQ 5] Highest
        S: * OK [MAILBOXID (F1000)] Mailbox identifier
        S: a OK [READ-WRITE] Selected
        C: b EXAMINE INBOX
        S: * 4 EXISTS
        S: * 0 RECENT
        S: * OK [UNSEEN 2] First unseen
        S: * OK [UIDVALIDITY 1000] UIDs valid
        S: * OK [UIDNEXT 5] Predicted next UID
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS ()] No permanent flags permitted
        S: * OK [HIGHESTMODSEQ 5] Highest
        S: * OK [MAILBOXID (F1000)] Mailbox identifier
        S: b OK [READ-ONLY] Selected, to be looked at only
        C: c STORE 1 FLAGS (\\Seen)
        S: c NO The mailbox is read-only
        C: d EXPUNGE
        S: d NO The mailbox is read-only
        C: e SELECT nowhere
        S: e NO [NONEXISTENT] no such mailbox
        C: f NOOP
        S: f OK Nothing done
        C: g CHECK
        S: g BAD Not in this state",
    );
}

#[test]
fn with_rev2_the_words_are_others() {
    Talk::logged_in().transcript(
        "C: a ENABLE IMAP4rev2 X-NONE
        S: * ENABLED IMAP4rev2
        S: a OK Enabled
        C: b SELECT INBOX
        S: * 4 EXISTS
        S: * OK [UIDVALIDITY 1000] UIDs valid
        S: * OK [UIDNEXT 5] Predicted next UID
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Limited
        S: * OK [HIGHESTMODSEQ 5] Highest
        S: * OK [MAILBOXID (F1000)] Mailbox identifier
        S: * LIST () \"/\" INBOX
        S: b OK [READ-WRITE] Selected
        C: c SEARCH UNSEEN
        S: * ESEARCH (TAG \"c\") ALL 2:4
        S: c OK Searched
        C: d EXAMINE INBOX
        S: * OK [CLOSED] The mailbox before is closed
        S: * 4 EXISTS
        S: * OK [UIDVALIDITY 1000] UIDs valid
        S: * OK [UIDNEXT 5] Predicted next UID
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS ()] No permanent flags permitted
        S: * OK [HIGHESTMODSEQ 5] Highest
        S: * OK [MAILBOXID (F1000)] Mailbox identifier
        S: * LIST () \"/\" INBOX
        S: d OK [READ-ONLY] Selected, to be looked at only",
    );
}

#[test]
fn an_expunge_waits_for_a_command_that_uses_no_numbers() {
    let mut talk = Talk::selected();
    talk.desk.inbox(|inbox| {
        inbox.remove(&uids("2,4"));
        inbox.add(Flags::NONE, "new\r\n");
    });
    // The numbers are the client's until it is told; what is gone is passed over, and said so.
    talk.transcript(
        "C: a FETCH 1:4 (UID)
        S: * 1 FETCH (UID 1)
        S: * 3 FETCH (UID 3)
        S: * 5 EXISTS
        S: * 5 RECENT
        S: a NO [EXPUNGEISSUED] Some of the messages are no longer there
        C: b UID FETCH 1:4 (UID)
        S: * 1 FETCH (UID 1)
        S: * 3 FETCH (UID 3)
        S: * 4 EXPUNGE
        S: * 2 EXPUNGE
        S: * 3 RECENT
        S: b OK Fetched
        C: c STORE 1 +FLAGS.SILENT (\\Deleted)
        S: c OK Stored
        C: d STORE 2 +FLAGS (Work)
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work)
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work \\*)] Limited
        S: * 2 FETCH (FLAGS (Work \\Recent))
        S: d OK Stored
        C: e FETCH 9 FLAGS
        S: e BAD There is no message of this number",
    );
    assert_eq!(talk.server.previous_exists(), 3);
}

#[test]
fn two_sessions_see_each_other() {
    let mut one = Talk::selected();
    let mut two = one.beside();
    one.say("a STORE 1:2 +FLAGS (\\Deleted)\r\n");
    one.transcript(
        "C: b EXPUNGE
        S: * 2 EXPUNGE
        S: * 1 EXPUNGE
        S: * 2 RECENT
        S: b OK Expunged",
    );
    two.transcript(
        "C: a FETCH 3 (UID)
        S: * 3 FETCH (UID 3)
        S: a OK Fetched
        C: b NOOP
        S: * 2 EXPUNGE
        S: * 1 EXPUNGE
        S: b OK Nothing done
        C: c FETCH 1 (UID)
        S: * 1 FETCH (UID 3)
        S: c OK Fetched",
    );
}

#[test]
fn idle_tells_at_once_and_ends_with_done_in_the_same_segment() {
    let mut talk = Talk::selected();
    assert_eq!(talk.say("a IDLE\r\nDONE\r\nb NOOP\r\n"), "+ idling\r\na OK IDLE is over\r\nb OK Nothing done\r\n");
    assert_eq!(talk.say("c IDLE\r\n"), "+ idling\r\n");
    assert!(talk.server.is_idling());
    talk.desk.inbox(|inbox| inbox.remove(&uids("3")));
    assert_eq!(talk.wake(), "* 3 EXPUNGE\r\n* 3 RECENT\r\n");
    talk.desk.inbox(|inbox| inbox.add(Flags::SEEN, ""));
    assert_eq!(talk.wake(), "* 4 EXISTS\r\n* 4 RECENT\r\n");
    // Outside of IDLE nobody is told without having asked.
    assert_eq!(talk.say("done\r\n"), "c OK IDLE is over\r\n");
    talk.desk.inbox(|inbox| inbox.add(Flags::SEEN, ""));
    assert_eq!(talk.wake(), "");
    assert_eq!(talk.say("d NOOP\r\n"), "* 5 EXISTS\r\n* 5 RECENT\r\nd OK Nothing done\r\n");
    assert_eq!(talk.say("e IDLE\r\nf NOOP\r\n"), "+ idling\r\ne BAD IDLE ends with DONE\r\n");
}

#[test]
fn a_store_that_wakes_nobody_is_asked_in_intervals() {
    let mut config = open_config();
    config.limits.poll_every = Some(std::time::Duration::from_secs(60));
    let mut talk = Talk::with(Desk::with(config)).log_in().select();
    talk.say("a IDLE\r\n");
    talk.desk.inbox(|inbox| inbox.add(Flags::SEEN, ""));
    assert_eq!(talk.wait(59), "");
    assert_eq!(talk.wait(1), "* 5 EXISTS\r\n* 5 RECENT\r\n");
    // It does not keep the session alive.
    for _ in 0..28 {
        assert_eq!(talk.wait(60), "");
    }
    assert_eq!(talk.wait(60), "* BYE Idle for too long\r\n");
    assert!(talk.server.is_closed());
}

#[test]
fn a_poll_can_be_forced_and_comes_when_it_may() {
    let mut talk = Talk::selected();
    let new = |talk: &mut Talk| talk.desk.inbox(|inbox| inbox.add(Flags::SEEN, ""));
    talk.say("a IDLE\r\n");
    new(&mut talk);
    assert_eq!(talk.say(""), "");
    talk.server.force_poll();
    assert_eq!(talk.say(""), "* 5 EXISTS\r\n* 5 RECENT\r\n");
    talk.say("DONE\r\n");
    // Between commands nobody is told.
    new(&mut talk);
    talk.server.force_poll();
    assert_eq!(talk.say(""), "");
    assert_eq!(talk.say("b NOOP\r\n"), "* 6 EXISTS\r\n* 6 RECENT\r\nb OK Nothing done\r\n");
}

#[test]
fn the_mailbox_may_end_under_a_session() {
    let mut talk = Talk::selected();
    talk.desk.inbox(|inbox| inbox.mailbox.end(End::Renamed));
    assert_eq!(
        talk.say("a NOOP\r\n"),
        "a OK Nothing done\r\n* BYE The mailbox is not what it was: select it again\r\n"
    );
    assert!(talk.last_event_is("Closed(MailboxEnded)"));
}

#[test]
fn close_expunges_without_a_word_and_unselect_not_at_all() {
    let mut talk = Talk::selected();
    talk.say("a STORE 1 +FLAGS (\\Deleted)\r\n");
    assert_eq!(talk.say("b UNSELECT\r\n"), "b OK Unselected\r\n");
    assert_eq!(talk.server.state(), State::Authenticated);
    assert_eq!(talk.desk.inbox(|inbox| inbox.mailbox.len()), 4);
    // SELECT of another mailbox expunges nothing either (RFC 3501 §6.4.2).
    let mut talk = talk.select();
    talk.say("c SELECT Saved\r\n");
    assert_eq!(talk.desk.inbox(|inbox| inbox.mailbox.len()), 4);
    let mut talk = talk.select();
    assert_eq!(talk.say("d CLOSE\r\n"), "d OK Expunged\r\n");
    assert_eq!(talk.desk.inbox(|inbox| inbox.mailbox.len()), 3);
    assert_eq!(talk.desk.inbox(|inbox| inbox.mailbox.sessions().len()), 0);
}

#[test]
fn condstore_and_qresync() {
    let mut talk = Talk::selected();
    talk.transcript(
        "C: a FETCH 1 (FLAGS MODSEQ)
        S: * OK [HIGHESTMODSEQ 5] CONDSTORE is on
        S: * 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (2))
        S: a OK Fetched
        C: b STORE 1 (UNCHANGEDSINCE 2) +FLAGS.SILENT (\\Flagged)
        S: * 1 FETCH (UID 1 MODSEQ (6))
        S: b OK Stored
        C: c STORE 1,2 (UNCHANGEDSINCE 5) +FLAGS (\\Answered)
        S: * 2 FETCH (UID 2 MODSEQ (7) FLAGS (\\Answered \\Recent))
        S: c OK [MODIFIED 1] Some had been changed in between
        C: d SEARCH MODSEQ 6
        S: * SEARCH 1 2 (MODSEQ 7)
        S: d OK Searched
        C: e UID STORE 3 +FLAGS.SILENT (\\Deleted)
        S: * 3 FETCH (UID 3 MODSEQ (8))
        S: e OK Stored
        C: f EXPUNGE
        S: * 3 EXPUNGE
        S: * 3 RECENT
        S: f OK [HIGHESTMODSEQ 9] Expunged
        C: g SELECT INBOX (QRESYNC (1000 5))
        S: g BAD Enable it first, and name all that it needs
        C: h ENABLE QRESYNC
        S: * ENABLED QRESYNC
        S: h OK Enabled
        C: i SELECT INBOX (QRESYNC (1000 6 1:4))
        S: * OK [CLOSED] The mailbox before is closed
        S: * 3 EXISTS
        S: * 0 RECENT
        S: * OK [UNSEEN 2] First unseen
        S: * OK [UIDVALIDITY 1000] UIDs valid
        S: * OK [UIDNEXT 5] Predicted next UID
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Limited
        S: * OK [HIGHESTMODSEQ 9] Highest
        S: * OK [MAILBOXID (F1000)] Mailbox identifier
        S: * VANISHED (EARLIER) 3
        S: * 2 FETCH (UID 2 MODSEQ (7) FLAGS (\\Answered))
        S: i OK [READ-WRITE] Selected
        C: j UID FETCH 1:4 (FLAGS) (CHANGEDSINCE 8 VANISHED)
        S: * VANISHED (EARLIER) 3
        S: j OK Fetched
        C: k UID STORE 1 +FLAGS.SILENT (\\Deleted)
        S: * 1 FETCH (UID 1 MODSEQ (10))
        S: k OK Stored
        C: l UID EXPUNGE 1:*
        S: * VANISHED 1
        S: l OK [HIGHESTMODSEQ 11] Expunged
        C: m FETCH 1:* (FLAGS) (CHANGEDSINCE 8 VANISHED)
        S: m BAD Enable it first, and name all that it needs",
    );
}

#[test]
fn uidonly_has_no_numbers() {
    let mut talk = Talk::selected();
    talk.desk.inbox(|inbox| inbox.remove(&uids("2")));
    talk.transcript(
        "C: a ENABLE UIDONLY
        S: * ENABLED UIDONLY
        S: * VANISHED 2
        S: * 3 RECENT
        S: a OK Enabled
        C: b FETCH 1 FLAGS
        S: b BAD [UIDREQUIRED] Only UIDs, after UIDONLY
        C: c UID FETCH 1,3 (FLAGS UID)
        S: * 1 UIDFETCH (FLAGS (\\Seen \\Recent))
        S: * 3 UIDFETCH (FLAGS (\\Recent))
        S: c OK Fetched
        C: d UID STORE 3 +FLAGS (\\Deleted)
        S: * 3 UIDFETCH (FLAGS (\\Deleted \\Recent))
        S: d OK Stored
        C: e UID SEARCH 1:2
        S: e BAD [UIDREQUIRED] Only UIDs, after UIDONLY
        C: f UID SEARCH RETURN (ALL) UID 1:3
        S: * ESEARCH (TAG \"f\") UID ALL 1,3
        S: f OK Searched",
    );
}

#[test]
fn searches_are_answered_in_the_form_that_was_asked_for() {
    Talk::selected().transcript(
        "C: a SEARCH UNSEEN
        S: * SEARCH 2 3 4
        S: a OK Searched
        C: b UID SEARCH 2:* NOT FLAGGED
        S: * SEARCH 2 3
        S: b OK Searched
        C: c SEARCH RETURN (MIN MAX COUNT) UNSEEN
        S: * ESEARCH (TAG \"c\") MIN 2 MAX 4 COUNT 3
        S: c OK Searched
        C: d SEARCH RETURN () UNSEEN
        S: * ESEARCH (TAG \"d\") ALL 2:4
        S: d OK Searched
        C: e SEARCH RETURN (COUNT) DELETED
        S: * ESEARCH (TAG \"e\") COUNT 0
        S: e OK Searched
        C: f SEARCH RETURN (SAVE) UNSEEN
        S: f OK Searched
        C: g FETCH $ (UID)
        S: * 2 FETCH (UID 2)
        S: * 3 FETCH (UID 3)
        S: * 4 FETCH (UID 4)
        S: g OK Fetched
        C: h UID SEARCH RETURN (SAVE MIN) $
        S: * ESEARCH (TAG \"h\") UID MIN 2
        S: h OK Searched
        C: i UID STORE $ +FLAGS.SILENT (\\Answered)
        S: i OK Stored
        C: j SEARCH RETURN (PARTIAL 2:5) ALL
        S: * ESEARCH (TAG \"j\") PARTIAL (2:5 2:4)
        S: j OK Searched
        C: k SEARCH RETURN (PARTIAL -1:-2) ALL
        S: * ESEARCH (TAG \"k\") PARTIAL (-1:-2 3:4)
        S: k OK Searched
        C: l SEARCH RETURN (PARTIAL 9:10 COUNT) ALL
        S: * ESEARCH (TAG \"l\") PARTIAL (9:10 NIL) COUNT 4
        S: l OK Searched
        C: m SORT (SIZE) UTF-8 ALL
        S: * SORT 3 1 2 4
        S: m OK Sorted
        C: n UID THREAD ORDEREDSUBJECT UTF-8 ALL
        S: * THREAD (1 2)(3 4)
        S: n OK Threaded
        C: o SEARCH CHARSET KLINGON ALL
        S: o NO [BADCHARSET (UTF-8)] unknown charset
        C: p SEARCH RETURN (SAVE) CHARSET KLINGON ALL
        S: p NO [BADCHARSET (UTF-8)] unknown charset
        C: q SEARCH $
        S: * SEARCH
        S: q OK Searched
        C: r SEARCH 5
        S: r BAD There is no message of this number
        C: s SEARCH RETURN (ALL XCOLOUR 5) ALL
        S: s BAD Not offered",
    );
}

#[test]
fn copies_and_moves() {
    let mut talk = Talk::selected();
    talk.transcript(
        "C: a COPY 2:3 Saved
        S: a OK [COPYUID 2000 2:3 1:2] Copied
        C: b MOVE 1 Saved
        S: * OK [COPYUID 2000 1 3] Moved
        S: * 1 EXPUNGE
        S: * 3 RECENT
        S: b OK Moved
        C: c UID COPY 77 Saved
        S: c OK Copied
        C: d COPY 1 Nowhere
        S: d NO [TRYCREATE] no such mailbox
        C: e UID MOVE 3:4 Saved
        S: * OK [COPYUID 2000 3:4 4:5] Moved
        S: * 3 EXPUNGE
        S: * 2 EXPUNGE
        S: * 1 RECENT
        S: e OK Moved",
    );
    talk.desk.inbox(|inbox| inbox.remove(&uids("2")));
    // Whether all could be copied the application knows, and not the session.
    assert_eq!(talk.say("f COPY 1 Saved\r\n"), "* 1 EXPUNGE\r\n* 0 RECENT\r\nf OK Copied\r\n");
}

#[test]
fn appends() {
    let mut talk = Talk::selected();
    talk.transcript(
        "C: a APPEND INBOX (\\Seen) {5}
        S: + Ready for the message
        C: hello
        S: * 5 EXISTS
        S: * 5 RECENT
        S: a OK [APPENDUID 1000 5] Appended
        C: b APPEND Nowhere {5}
        S: b NO [TRYCREATE] no such mailbox",
    );
}

#[test]
fn appends_of_several_messages_and_those_that_come_to_nothing() {
    let mut talk = Talk::selected();
    // MULTIAPPEND (RFC 3502), without waiting.
    let said = talk.say("a APPEND Saved {3+}\r\nabc (\\Flagged) {4+}\r\ndefg\r\nb NOOP\r\n");
    assert_eq!(said, "a OK [APPENDUID 2000 1:2] Appended\r\nb OK Nothing done\r\n");
    // A refused one is skipped with its octets, which look like commands, and all its other messages.
    let said = talk.say("c APPEND Nowhere {11+}\r\nx LOGOUT\r\n {11+}\r\ny LOGOUT\r\n\r\nd NOOP\r\n");
    assert_eq!(said, "c NO [TRYCREATE] no such mailbox\r\nd OK Nothing done\r\n");
    // What follows makes no sense: none of the messages is kept.
    let said = talk.say("e APPEND Saved {3+}\r\nabc rubbish\r\nf NOOP\r\n");
    assert!(said.starts_with("e BAD ") && said.ends_with("f OK Nothing done\r\n"), "{said}");
    assert!(talk.events.iter().any(|event| event == "AppendCancelled"));
    // CATENATE (RFC 4469): text, and what a URL names.
    let said = talk.say("g APPEND Saved CATENATE (TEXT {3+}\r\nabc TEXT {3+}\r\ndef)\r\n");
    assert_eq!(said, "g OK [APPENDUID 2000 3] Appended\r\n");
    let said = talk.say("h APPEND Saved CATENATE (TEXT {3+}\r\nabc URL \"/INBOX;UID=1\")\r\n");
    assert_eq!(said, "h NO [BADURL \"?\"] no URLs here\r\n".replace("\"?\"", "?"));
    // REPLACE (RFC 8508).
    let said = talk.say("i REPLACE 2 INBOX (\\Seen) {3+}\r\nnew\r\n");
    assert_eq!(
        said,
        "* OK [APPENDUID 1000 5] The new message is there\r\n* 2 EXPUNGE\r\n* 4 EXISTS\r\ni OK Replaced\r\n"
    );
    let texts: Vec<_> = talk.desk.world().folders["Saved"].texts.values().cloned().collect();
    assert_eq!(texts, ["abc", "defg", "abcdef"]);
}

#[test]
fn a_message_over_the_limit_is_refused_before_it_comes() {
    let mut config = open_config();
    config.limits.message = 10;
    let mut talk = Talk::with(Desk::with(config)).log_in();
    assert_eq!(talk.say("a APPEND INBOX {11}\r\n"), "a NO [TOOBIG] The message is too long\r\n");
    let said = talk.say("b APPEND INBOX {11+}\r\nhello world\r\nc NOOP\r\n");
    assert_eq!(said, "b NO [TOOBIG] The message is too long\r\nc OK Nothing done\r\n");
    let said = talk.say("d APPEND INBOX CATENATE (TEXT {6+}\r\nabcdef TEXT {5+}\r\nghijk)\r\n");
    assert_eq!(said, "d NO [TOOBIG] The message is too long\r\n");
}

#[test]
fn long_texts_go_out_in_pieces() {
    let mut talk = Talk::selected();
    talk.desk.inbox(|inbox| inbox.add(Flags::NONE, vec![b'x'; 300_000]));
    talk.say("a NOOP\r\n");
    let said = talk.say("b FETCH 5 (BODY.PEEK[] UID)\r\nc NOOP\r\n");
    assert!(said.starts_with("* 5 FETCH (BODY[] {300000}\r\nxxx"));
    assert!(said.ends_with("xxx UID 5)\r\nb OK Fetched\r\nc OK Nothing done\r\n"));
    assert!(talk.events.iter().any(|event| event == "Writable"));
    let said = talk.say("d FETCH 5 BODY.PEEK[]<299990.100>\r\n");
    assert_eq!(said, "* 5 FETCH (BODY[]<299990> {10}\r\nxxxxxxxxxx)\r\nd OK Fetched\r\n");
}

#[test]
fn notify_tells_between_commands() {
    let mut talk = Talk::selected();
    talk.say("a NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))\r\n");
    talk.desk.inbox(|inbox| {
        inbox.remove(&uids("1"));
        inbox.add(Flags::NONE, "");
    });
    assert_eq!(talk.wake(), "* 5 EXISTS\r\n* 5 RECENT\r\n");
    let said = talk.say("b NOTIFY SET (SELECTED (MessageNew MessageExpunge))\r\n");
    assert_eq!(said, "* 1 EXPUNGE\r\n* 4 RECENT\r\nb OK Done\r\n");
    talk.desk.inbox(|inbox| inbox.remove(&uids("2")));
    assert_eq!(talk.wake(), "* 1 EXPUNGE\r\n* 3 RECENT\r\n");
    talk.say("c NOTIFY NONE\r\n");
    talk.desk.inbox(|inbox| inbox.remove(&uids("3")));
    assert_eq!(talk.wake(), "");
}

#[test]
fn notify_tells_the_kinds_of_events_that_were_asked_for() {
    let mut talk = Talk::selected();
    talk.say("a NOTIFY SET (SELECTED (MessageNew (UID BODY[TEXT]) MessageExpunge))\r\n");
    talk.desk.inbox(|inbox| {
        inbox.add(Flags::NONE, "Subject: x\r\n\r\nhello\r\n");
        inbox.mailbox.store(&uids("1"), FlagChange::Add(Flags::FLAGGED), None);
    });
    // Nothing of the flags, and of the new message what was asked for; it is not seen by that.
    assert_eq!(talk.wake(), "* 5 EXISTS\r\n* 5 RECENT\r\n* 5 FETCH (UID 5 BODY[TEXT] {7}\r\nhello\r\n)\r\n");
    assert_eq!(talk.say("b STORE 2 +FLAGS (\\Draft)\r\n"), "* 2 FETCH (FLAGS (\\Draft \\Recent))\r\nb OK Stored\r\n");
    talk.desk.inbox(|inbox| inbox.add(Flags::NONE, "Subject: y\r\n\r\nagain\r\n"));
    let said = talk.say("c NOOP\r\n");
    assert_eq!(
        said,
        "* 6 EXISTS\r\n* 6 RECENT\r\n* 6 FETCH (UID 6 BODY[TEXT] {7}\r\nagain\r\n)\r\nc OK Nothing done\r\n"
    );
    // In IDLE the same is told, and with NONE nothing.
    talk.say("d IDLE\r\n");
    talk.desk.inbox(|inbox| {
        inbox.mailbox.store(&uids("1"), FlagChange::Add(Flags::DRAFT), None);
    });
    assert_eq!(talk.wake(), "");
    talk.desk.inbox(|inbox| inbox.remove(&uids("1")));
    assert_eq!(talk.wake(), "* 1 EXPUNGE\r\n* 5 RECENT\r\n");
    talk.say("DONE\r\n");
    talk.say("e NOTIFY NONE\r\n");
    talk.say("f IDLE\r\n");
    talk.desk.inbox(|inbox| inbox.remove(&uids("2")));
    assert_eq!(talk.wake(), "");
    assert_eq!(talk.say("DONE\r\n"), "* 1 EXPUNGE\r\n* 4 RECENT\r\nf OK IDLE is over\r\n");
}

#[test]
fn notify_refuses_events_that_do_not_go_together() {
    let known = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange";
    let mut talk = Talk::selected();
    for odd in [
        "(SELECTED (MessageNew))",
        "(SELECTED (MessageExpunge))",
        "(PERSONAL (FlagChange))",
        "(SELECTED (MessageNew MessageExpunge MailboxName))",
        "(INBOXES (MessageNew (UID) MessageExpunge))",
        "(SELECTED (MessageNew MessageExpunge)) (SELECTED-DELAYED (MessageNew MessageExpunge))",
    ] {
        let said = talk.say(format!("a NOTIFY SET {odd}\r\n"));
        assert_eq!(said, "a BAD These events do not go together\r\n", "{odd}");
    }
    for unknown in ["(PERSONAL (AnnotationChange))", "(PERSONAL (MailboxName Weather))"] {
        let said = talk.say(format!("b NOTIFY SET {unknown}\r\n"));
        assert_eq!(said, format!("b NO [BADEVENT ({known})] Not all of these events are known\r\n"));
    }
}

#[test]
fn other_mailboxes_are_told_of_in_the_clients_words() {
    let mut talk = Talk::selected();
    assert_eq!(talk.wake_elsewhere(), "* STATUS Entw&APw-rfe (MESSAGES 1)\r\n");
    talk.say("a ENABLE IMAP4rev2\r\n");
    assert_eq!(talk.wake_elsewhere(), "* STATUS \"Entw\u{fc}rfe\" (MESSAGES 1)\r\n");
    // Before login nobody is told anything.
    assert_eq!(Talk::new().wake_elsewhere(), "");
}

#[test]
fn commands_of_the_applications_own() {
    Talk::logged_in().transcript(
        "C: a XECHO some {3}
        S: + Go ahead
        C: abc
        S: a OK some {3}  abc
        C: b XOTHER
        S: b BAD Unknown command
        C: c STATUS INBOX (MESSAGES UNSEEN HIGHESTMODSEQ)
        S: * STATUS INBOX (MESSAGES 4 UNSEEN 3 HIGHESTMODSEQ 5)
        S: c OK That is how it stands
        C: d CREATE &-x
        S: d OK Created
        C: e CREATE &bad
        S: e NO [CANNOT] No well-formed mailbox name",
    );
}

#[test]
fn a_long_command_tells_how_far_it_is() {
    Talk::logged_in().transcript(
        "C: a XECHO for long
        S: * OK [INPROGRESS (\"a\" NIL NIL)] Still at work
        S: * OK [INPROGRESS (\"a\" 454 1000)] Still at work
        S: a OK for long",
    );
}

/// What the session itself has no part in: it is read, checked against the state, and the application's to answer; without the extension it is unknown.
#[test]
fn commands_of_extensions_go_to_the_application() {
    use Capability as Is;
    let rows: [(Capability<Bytes>, &[&str]); 7] = [
        (Is::Namespace, &["NAMESPACE"]),
        (Is::Acl, &["GETACL x", "SETACL x bob +lr", "DELETEACL x bob", "LISTRIGHTS x bob", "MYRIGHTS x"]),
        (Is::Quota, &["GETQUOTA \"\"", "GETQUOTAROOT x"]),
        (Is::QuotaSet, &["SETQUOTA \"\" (STORAGE 512)"]),
        (Is::Metadata, &["GETMETADATA (DEPTH 1) x (/shared/a)", "SETMETADATA x (/private/a NIL)"]),
        (Is::MultiSearch, &["ESEARCH IN (mailboxes x) RETURN (ALL) UNSEEN"]),
        (Is::UidBatches, &["UIDBATCHES 2000"]),
    ];
    for (capability, lines) in rows {
        for line in lines {
            let with = |extensions| {
                let mut config = open_config();
                config.extensions = extensions;
                Talk::with(Desk::with(config)).log_in().select()
            };
            let mut talk = with(vec![capability.clone()]);
            assert_eq!(talk.say(format!("a {line}\r\n")), "a OK Done\r\n", "{line}");
            assert!(talk.events.iter().any(|event| event.starts_with("Command {")), "{:?}", talk.events);
            assert_eq!(with(Vec::new()).say(format!("a {line}\r\n")), "a BAD Unknown command\r\n", "{line}");
        }
    }
    // What they tell comes as data, and LIST with all its options is one command.
    let mut talk = Talk::logged_in();
    for line in [
        "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% x) RETURN (CHILDREN SPECIAL-USE)",
        "LIST \"\" * RETURN (STATUS (MESSAGES SIZE) MYRIGHTS METADATA (/shared/a))",
    ] {
        let said = talk.say(format!("a {line}\r\n"));
        assert_eq!(said, "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Saved\r\na OK Listed\r\n");
    }
    assert_eq!(talk.say("b CREATE Sent2 (USE (\\Sent))\r\n"), "b OK Created\r\n");
    assert!(talk.events.iter().any(|event| event.contains("Use(")), "{:?}", talk.events);
}
