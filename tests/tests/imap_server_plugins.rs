//! Plugins on an IMAP session: POE's four codes in both directions, and that what is hidden is still answered.

use bytes::Bytes;
use imap_proto::codec::{Code, Command, Keyword};
use imap_proto::server::Reply;
use wirestate_machine::plugin::{Plugin, Verdict};
use wirestate_tests::imap::Talk;

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
    Reply::no(Code::NoPerm, "not here")
}

fn pass(_: &mut Reply) -> Verdict<Reply> {
    Verdict::Continue
}

#[test]
fn a_command_can_be_answered_in_the_applications_stead() {
    let mut talk = Talk::selected();
    let judge = |command: &mut Command<Bytes>| match command {
        Command::Store(_) => Verdict::Drop(refused()),
        Command::Append(_) => Verdict::Hide(refused()),
        _ => Verdict::Continue,
    };
    talk.server.plugins().add("read-only", By(judge, pass)).unwrap();
    let said = talk.say("a STORE 1 FLAGS ()\r\nb NOOP\r\n");
    assert_eq!(said, "a NO [NOPERM] not here\r\nb OK Nothing done\r\n");
    assert!(talk.events.iter().any(|event| event == "Rejected { keyword: Store, why: Plugin }"));
    // The message that was announced is skipped, or not sent.
    let said = talk.say("c APPEND INBOX {10+}\r\nx LOGOUT\r\n\r\nd APPEND INBOX {3}\r\ne NOOP\r\n");
    assert_eq!(said, "c NO [NOPERM] not here\r\nd NO [NOPERM] not here\r\ne OK Nothing done\r\n");
}

#[test]
fn a_command_can_be_changed_but_not_into_what_the_state_forbids() {
    let mut talk = Talk::logged_in();
    let judge = |command: &mut Command<Bytes>| {
        match command {
            Command::Noop | Command::Append(_) => *command = Command::Capability,
            Command::Namespace => *command = Command::StartTls,
            _ => {}
        }
        Verdict::Continue
    };
    talk.server.plugins().add("changer", By(judge, pass)).unwrap();
    assert!(talk.say("a NOOP\r\n").starts_with("* CAPABILITY IMAP4rev1 "));
    assert_eq!(talk.say("b NAMESPACE\r\n"), "b BAD Not in this state\r\n");
    let said = talk.say("c APPEND INBOX {10+}\r\nx LOGOUT\r\n\r\nd CAPABILITY\r\n");
    assert_eq!(said.matches("* CAPABILITY").count(), 2, "{said}");
}

#[test]
fn a_reply_can_be_changed_or_replaced() {
    let mut talk = Talk::selected();
    let out = |reply: &mut Reply| match reply.keyword {
        Keyword::Noop => {
            reply.text = "changed".into();
            Verdict::Deliver
        }
        Keyword::Check => Verdict::Drop(refused()),
        _ => Verdict::Continue,
    };
    talk.server.plugins().add("writer", By(|_: &mut Command<Bytes>| Verdict::Continue, out)).unwrap();
    assert_eq!(talk.say("a NOOP\r\nb CHECK\r\n"), "a OK changed\r\nb NO [NOPERM] not here\r\n");
}
