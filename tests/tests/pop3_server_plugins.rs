//! Plugins on a POP3 session: POE's four codes in both directions, and that what is hidden is still answered.

use bytes::Bytes;
use pop3_proto::codec::{Code, Command, Keyword, Status, Text};
use pop3_proto::server::Reply;
use wirestate_machine::plugin::{Interest, Plugin, Verdict};
use wirestate_tests::pop3::Talk;

/// Shows all it is asked about to a closure each way.
struct By<I, O>(I, O);

impl<I, O> Plugin<Command<Bytes>, Reply> for By<I, O>
where
    I: FnMut(&mut Command<Bytes>) -> Verdict<Reply> + Send + 'static,
    O: FnMut(&mut Reply) -> Verdict<Reply> + Send + 'static,
{
    fn incoming(&mut self, command: &mut Command<Bytes>) -> Verdict<Reply> {
        (self.0)(command)
    }

    fn outgoing(&mut self, reply: &mut Reply) -> Verdict<Reply> {
        (self.1)(reply)
    }
}

fn refused() -> Reply {
    Reply::err(Some(Code::SysPerm), Text::literal("this maildrop is read-only"))
}

fn pass(_: &mut Reply) -> Verdict<Reply> {
    Verdict::Continue
}

#[test]
fn a_command_can_be_answered_in_the_applications_stead() {
    let mut talk = Talk::logged_in();
    let judge = |command: &mut Command<Bytes>| match command {
        Command::Dele(_) => Verdict::Drop(refused()),
        Command::Retr(_) => Verdict::Hide(refused()),
        _ => Verdict::Continue,
    };
    talk.server.plugins().add("read-only", By(judge, pass)).unwrap();
    assert_eq!(talk.say("DELE 1\r\nNOOP\r\n"), "-ERR [SYS/PERM] this maildrop is read-only\r\n+OK\r\n");
    assert_eq!(talk.say("RETR 1\r\n"), "-ERR [SYS/PERM] this maildrop is read-only\r\n");
    assert!(talk.last_event_is("Rejected { keyword: Retr, why: Plugin }"));
    talk.say("QUIT\r\n");
    assert!(talk.desk.removed.is_empty());
}

#[test]
fn a_command_can_be_changed_but_not_into_what_the_state_forbids() {
    let mut talk = Talk::logged_in();
    let judge = |command: &mut Command<Bytes>| {
        match command {
            Command::Noop => *command = Command::Stat,
            Command::Rset => *command = Command::Stls,
            _ => {}
        }
        Verdict::Continue
    };
    talk.server.plugins().add("changer", By(judge, pass)).unwrap();
    assert_eq!(talk.say("NOOP\r\n"), "+OK 5 5125\r\n");
    assert_eq!(talk.say("RSET\r\n"), "-ERR command not allowed in this state\r\n");
}

#[test]
fn a_reply_can_be_changed_or_replaced() {
    let mut talk = Talk::logged_in();
    let out = |reply: &mut Reply| match reply.keyword {
        Keyword::Noop => {
            reply.text = Text::literal("changed");
            Verdict::Deliver
        }
        Keyword::Stat => Verdict::Drop(refused()),
        _ => Verdict::Continue,
    };
    talk.server.plugins().add("writer", By(|_: &mut Command<Bytes>| Verdict::Continue, out)).unwrap();
    assert_eq!(talk.say("NOOP\r\n"), "+OK changed\r\n");
    assert_eq!(talk.say("STAT\r\n"), "-ERR [SYS/PERM] this maildrop is read-only\r\n");
}

#[test]
fn a_refused_first_line_takes_its_body_and_its_effect_with_it() {
    let mut talk = Talk::logged_in();
    let out = |reply: &mut Reply| if reply.status == Status::Ok { Verdict::Drop(refused()) } else { Verdict::Continue };
    talk.server.plugins().add("no", By(|_: &mut Command<Bytes>| Verdict::Continue, out)).unwrap();
    for line in ["RETR 1", "TOP 1 0", "LIST", "UIDL", "CAPA", "LANG", "XSHOW lines", "DELE 1"] {
        assert_eq!(talk.say(format!("{line}\r\n")), "-ERR [SYS/PERM] this maildrop is read-only\r\n", "{line}");
    }
    talk.server.plugins().remove("no").unwrap();
    assert_eq!(talk.say("STAT\r\n"), "+OK 5 5125\r\n");
}

#[test]
fn an_interest_mask_spares_the_rest() {
    struct Counter(usize);
    impl Plugin<Command<Bytes>, Reply> for Counter {
        fn interest(&self) -> Interest {
            Interest { incoming: 1 << Keyword::Noop as u32, outgoing: 0 }
        }
        fn incoming(&mut self, _: &mut Command<Bytes>) -> Verdict<Reply> {
            self.0 += 1;
            Verdict::Continue
        }
    }
    let mut talk = Talk::logged_in();
    talk.server.plugins().add("counter", Counter(0)).unwrap();
    talk.say("NOOP\r\nSTAT\r\nNOOP\r\n");
    assert_eq!(talk.server.plugins().plugin::<Counter>("counter").map(|counter| counter.0), Some(2));
}
