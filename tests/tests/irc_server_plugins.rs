//! Plugins on an IRC session: POE's four codes in both directions, and that what is hidden is still answered.

use bytes::Bytes;
use irc_proto::codec::{Message, Profile};
use irc_proto::server::{Lines, State, place};
use wirestate_machine::Relay;
use wirestate_machine::plugin::{Interest, Plugin, Verdict};
use wirestate_tests::irc::{Desk, Talk, starttls_config};

/// Shows all it is asked about to a closure each way.
struct By<I, O>(I, O);

impl<I, O> Plugin<Message<Bytes>, Lines> for By<I, O>
where
    I: FnMut(&mut Message<Bytes>) -> Verdict<Lines> + Send + 'static,
    O: FnMut(&mut Lines) -> Verdict<Lines> + Send + 'static,
{
    fn incoming(&mut self, message: &mut Message<Bytes>) -> Verdict<Lines> {
        (self.0)(message)
    }

    fn outgoing(&mut self, lines: &mut Lines) -> Verdict<Lines> {
        (self.1)(lines)
    }
}

fn lines(text: &'static str) -> Lines {
    Lines::check(Bytes::from_static(text.as_bytes())).unwrap()
}

fn pass_in(_: &mut Message<Bytes>) -> Verdict<Lines> {
    Verdict::Continue
}

fn pass_out(_: &mut Lines) -> Verdict<Lines> {
    Verdict::Continue
}

#[test]
fn a_command_can_be_answered_in_the_applications_stead() {
    let mut talk = Talk::registered();
    let judge = |message: &mut Message<Bytes>| {
        let command = message.borrow().command();
        if command.is(b"LIST") {
            Verdict::Drop(lines(":s 263 ann LIST :not now\r\n"))
        } else if command.is(b"WHO") {
            Verdict::Hide(Lines::NONE)
        } else {
            Verdict::Continue
        }
    };
    talk.server.plugins().add("quiet", By(judge, pass_out)).unwrap();
    assert_eq!(
        talk.say("LIST\r\nWHO *\r\nPING x\r\n"),
        ":s 263 ann LIST :not now\r\n:irc.localhost PONG irc.localhost :x\r\n"
    );
    talk.say("LIST\r\n");
    assert!(talk.last_event_is("Rejected { keyword: Served, why: Plugin }"));
    assert!(talk.desk.messages.is_empty());
}

#[test]
fn a_plugins_answer_carries_the_label() {
    let mut talk = Talk::new();
    talk.hear("CAP REQ :labeled-response batch message-tags");
    let mut talk = talk.register();
    let judge = |message: &mut Message<Bytes>| {
        let is_list = message.borrow().command().is(b"LIST");
        if is_list { Verdict::Drop(lines(":s 263 ann LIST :not now\r\n")) } else { Verdict::Continue }
    };
    talk.server.plugins().add("quiet", By(judge, pass_out)).unwrap();
    assert_eq!(talk.say("@label=x LIST\r\n"), "@label=x :s 263 ann LIST :not now\r\n");
}

#[test]
fn each_message_of_a_plugins_answer_belongs_to_the_label() {
    let mut talk = Talk::new();
    talk.hear("CAP REQ :labeled-response batch message-tags server-time");
    let mut talk = talk.register();
    let judge = |message: &mut Message<Bytes>| {
        let is_list = message.borrow().command().is(b"LIST");
        let two = "@time=2026-11-21T08:00:00.000Z :s 321 ann Channel :Name\r\n:s 323 ann :End\r\n";
        if is_list { Verdict::Drop(lines(two)) } else { Verdict::Continue }
    };
    talk.server.plugins().add("lister", By(judge, pass_out)).unwrap();
    assert_eq!(
        talk.say("@label=x LIST\r\n"),
        "@label=x :irc.localhost BATCH +session labeled-response\r\n\
         @batch=session;time=2026-11-21T08:00:00.000Z :s 321 ann Channel :Name\r\n\
         @batch=session :s 323 ann :End\r\n\
         :irc.localhost BATCH -session\r\n"
    );
}

#[test]
fn no_handshake_is_waited_for_where_a_plugin_says_something_else() {
    for (said, state) in [(":s 691 * :not today\r\n", State::Registering), (":s 670 * :go on\r\n", State::Securing)] {
        let mut talk = Talk::with(Desk::new(starttls_config()));
        let change = move |all: &mut Lines| {
            *all = lines(said);
            Verdict::Continue
        };
        talk.server.plugins().add("changer", By(pass_in, change)).unwrap();
        assert_eq!(talk.say("STARTTLS\r\n"), said);
        assert_eq!(talk.server.state(), state);
        if state == State::Registering {
            assert!(talk.last_event_is("Rejected { keyword: Starttls, why: Plugin }"));
        }
    }
}

#[test]
fn a_command_can_be_changed_but_not_into_what_the_state_forbids() {
    let mut talk = Talk::registered();
    let judge = |message: &mut Message<Bytes>| {
        let other: &[u8] = match message.borrow() {
            message if message.command().is(b"JOIN") => b"JOIN #other",
            message if message.command().is(b"PART") => b"PASS secret",
            _ => return Verdict::Continue,
        };
        *message = Message::parse(other, Profile::Strict).unwrap().to_owned();
        Verdict::Continue
    };
    talk.server.plugins().add("changer", By(judge, pass_out)).unwrap();
    assert_eq!(talk.hear("JOIN #a\r\nPART #a"), ["462 ann :You may not reregister"]);
    assert_eq!(talk.desk.messages, [b"JOIN #other"]);
}

#[test]
fn what_goes_out_can_be_changed_replaced_or_hidden() {
    let mut talk = Talk::registered();
    let out = |all: &mut Lines| {
        let Some(command) = all.messages().next().map(|first| first.command().is(b"PRIVMSG")) else {
            return Verdict::Continue;
        };
        if command { Verdict::Drop(Lines::NONE) } else { Verdict::Continue }
    };
    talk.server.plugins().add("deaf", By(pass_in, out)).unwrap();
    let rename = |all: &mut Lines| {
        if all.messages().any(|message| message.command().is(b"PONG")) {
            *all = lines(":s PONG s :changed\r\n");
        }
        Verdict::Deliver
    };
    talk.server.plugins().add("writer", By(pass_in, rename)).unwrap();
    talk.server.relay(&lines(":a PRIVMSG ann :hi\r\n"));
    talk.server.relay(&lines(":a JOIN #a\r\n"));
    assert_eq!(talk.say("PING x\r\n"), ":a JOIN #a\r\n:s PONG s :changed\r\n");
    talk.server.plugins().remove("writer").unwrap();
    talk.server.plugins().remove("deaf").unwrap();
    talk.server.relay(&lines(":a PRIVMSG ann :hi\r\n"));
    assert_eq!(talk.say(""), ":a PRIVMSG ann :hi\r\n");
}

#[test]
fn an_interest_mask_spares_the_rest() {
    struct Counter(usize);
    impl Plugin<Message<Bytes>, Lines> for Counter {
        fn interest(&self) -> Interest {
            Interest { incoming: 1 << place("PRIVMSG"), outgoing: 0 }
        }
        fn incoming(&mut self, _: &mut Message<Bytes>) -> Verdict<Lines> {
            self.0 += 1;
            Verdict::Continue
        }
    }
    let mut talk = Talk::registered();
    talk.server.plugins().add("counter", Counter(0)).unwrap();
    talk.say("PRIVMSG #a :x\r\nNOTICE #a :x\r\nPING x\r\nprivmsg #a :y\r\n");
    assert_eq!(talk.server.plugins().plugin::<Counter>("counter").map(|counter| counter.0), Some(2));
}
