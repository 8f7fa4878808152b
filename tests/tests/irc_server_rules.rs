//! The IRC server, rule by rule, once a user is registered: labels, PING and silence, flood control, line lengths, encodings, what goes out.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use irc_proto::codec::{Command, Encoding, Message, Parts, Profile};
use irc_proto::server::{Config, Event, Flood, Lines, Server, Tls};
use wirestate_machine::plugin::Plugin;
use wirestate_machine::{Instant, Machine, Marks, Relay};
use wirestate_testing::{Heap, pass_on};
use wirestate_tests::irc::{Desk, Talk};

#[global_allocator]
static HEAP: Heap = Heap;

fn lines(text: &str) -> Lines {
    Lines::check(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

/// A registered session with what labels need.
fn labelled() -> Talk {
    let mut talk = Talk::new();
    talk.hear("CAP LS 302\r\nCAP REQ :message-tags batch labeled-response");
    talk.register()
}

// --- labels ---

#[test]
fn the_sessions_own_answers_carry_the_label() {
    let mut talk = labelled();
    assert_eq!(talk.say("@label=a PING x\r\n"), "@label=a :irc.localhost PONG irc.localhost :x\r\n");
    assert_eq!(talk.say("@label=b FOO\r\n"), "@label=b :irc.localhost 421 ann FOO :Unknown command\r\n");
    assert_eq!(talk.say("@label=c JOIN\r\n"), "@label=c :irc.localhost 461 ann JOIN :Not enough parameters\r\n");
    assert_eq!(talk.say("@label=d\\s PASS x\r\n"), "@label=d\\s :irc.localhost 462 ann :You may not reregister\r\n");
    assert_eq!(talk.say("@label=e CAP REQ :\r\n"), "@label=e :irc.localhost CAP ann ACK :\r\n");
    assert_eq!(talk.say("@label=q QUIT\r\n"), "@label=q ERROR :Closing Link: ann (Quit: )\r\n");
}

#[test]
fn no_answer_is_an_ack_and_several_are_a_batch() {
    let mut talk = labelled();
    assert_eq!(talk.say("@label=a PONG x\r\n"), "@label=a :irc.localhost ACK\r\n");
    assert_eq!(talk.say("@label=b CAP END\r\n"), "@label=b :irc.localhost ACK\r\n");
    let mut many = Talk::with(Desk::with(|config| {
        config.capabilities = irc_proto::Capability::ALL.iter().copied().collect();
    }));
    many.hear("CAP LS 302\r\nCAP REQ :message-tags batch labeled-response");
    let mut many = many.register();
    let said: Vec<_> = many.say("@label=c CAP LS 302\r\n").lines().map(str::to_owned).collect();
    assert_eq!(said[0], "@label=c :irc.localhost BATCH +session labeled-response");
    assert!(
        said.len() > 3
            && said[1..said.len() - 1].iter().all(|line| line.starts_with("@batch=session :irc.localhost CAP ann LS "))
    );
    assert_eq!(said[said.len() - 1], ":irc.localhost BATCH -session");
}

#[test]
fn what_the_application_answers_keeps_its_label_for_it() {
    let mut talk = labelled();
    assert_eq!(talk.say("@label=a PRIVMSG #x :hi\r\n"), "");
    assert_eq!(talk.desk.messages, [b"@label=a PRIVMSG #x :hi"]);
}

#[test]
fn labels_that_were_not_agreed_on_or_are_none_are_ignored() {
    assert_eq!(Talk::registered().hear("@label=a PING x"), ["PONG irc.localhost :x"]);
    let mut talk = labelled();
    let long = format!("@label={} PING x", "l".repeat(65));
    for line in ["@label PING x", "@label= PING x", "@other=a PING x", &long] {
        assert_eq!(talk.hear(line), ["PONG irc.localhost :x"], "{line}");
    }
}

// --- PING and silence ---

#[test]
fn a_silent_user_is_asked_and_then_dropped() {
    let mut talk = Talk::registered();
    assert_eq!(talk.wait(89), "");
    assert_eq!(talk.wait(1), "PING :irc.localhost\r\n");
    assert_eq!(talk.wait(89), "");
    talk.hear("PONG :irc.localhost");
    assert_eq!(talk.wait(89), "");
    assert_eq!(talk.wait(1), "PING :irc.localhost\r\n");
    assert_eq!(talk.wait(90), "ERROR :Closing Link: ann (Ping timeout: 180 seconds)\r\n");
    assert_eq!(talk.desk.closed.as_deref(), Some("Ping timeout: 180 seconds"));
}

#[test]
fn a_line_that_does_not_end_is_no_sign_of_life() {
    let mut talk = Talk::registered();
    for _ in 0..18 {
        talk.wait(10);
        talk.say("x");
    }
    assert!(talk.server.is_closed());
}

#[test]
fn registration_has_its_time_and_the_applications_is_not_counted() {
    let mut talk = Talk::new();
    talk.wait(59);
    assert_eq!(talk.wait(1), "ERROR :Closing Link: * (Registration timeout)\r\n");
    let desk = Desk::default();
    let mut server = Server::new(desk.config.clone(), [7; 32], Instant::START);
    server.inbox().push(b"NICK ann\r\n");
    let Ok(Some(Event::Nick { ticket, .. })) = server.poll(Instant::START) else { panic!() };
    let later = Instant::START + Duration::from_secs(40);
    assert!(matches!(server.poll(later), Ok(None)));
    server.accept_nick(ticket).unwrap();
    assert!(matches!(server.poll(later), Ok(None)));
    assert_eq!(server.deadline(), Some(Instant::START + Duration::from_secs(100)));
}

#[test]
fn an_application_that_does_not_answer_ends_the_session() {
    let desk = Desk { mute: true, ..Desk::default() };
    let mut talk = Talk::with(desk);
    talk.hear("NICK ann");
    assert_eq!(talk.wait(60), "ERROR :Closing Link: * (The server did not answer in time)\r\n");
}

#[test]
fn ping_needs_a_token_and_a_long_one_is_too_long_to_come_back() {
    let mut talk = Talk::registered();
    assert_eq!(talk.hear("PING"), ["461 ann PING :Not enough parameters"]);
    assert_eq!(talk.hear("PING :a b"), ["PONG irc.localhost :a b"]);
    assert_eq!(talk.hear(&format!("PING {}", "x".repeat(500))), ["417 ann :Input line was too long"]);
}

// --- flood control ---

fn flooding(flood: Flood) -> Talk {
    let mut talk = Talk::with(Desk::with(|config| config.flood = flood));
    talk.hear("NICK ann\r\nUSER ann 0 * :Ann");
    talk
}

#[test]
fn what_comes_too_fast_waits_and_is_not_lost() {
    let mut talk = flooding(Flood::RFC1459);
    talk.say("PRIVMSG #a :x\r\n".repeat(10));
    assert_eq!(talk.desk.messages.len(), 6);
    assert_eq!(talk.server.deadline(), Some(Instant::START + Duration::from_secs(2)));
    for expected in 7..=10 {
        talk.wait(2);
        assert_eq!(talk.desk.messages.len(), expected);
    }
    talk.wait(12);
    talk.say("PRIVMSG #a :x\r\n".repeat(5));
    assert_eq!(talk.desk.messages.len(), 15);
}

#[test]
fn pong_costs_nothing_and_the_application_may_charge_more() {
    let mut talk = flooding(Flood::RFC1459);
    talk.say("PONG x\r\n".repeat(50));
    talk.server.penalize(Duration::from_secs(9));
    talk.say("WHO *\r\nWHO *\r\n");
    assert_eq!(talk.desk.messages.len(), 1);
    talk.server.exempt_from_flood_control(true);
    talk.say("");
    assert_eq!(talk.desk.messages.len(), 2);
}

#[test]
fn a_full_inbox_is_back_pressure() {
    let mut talk = flooding(Flood::Bucket { burst: 2, refill: Duration::from_secs(1) });
    let flood = b"PRIVMSG #a :x\r\n".repeat(1000);
    let mut rest = &flood[..];
    loop {
        let taken = talk.server.inbox().push_some(rest);
        rest = &rest[taken..];
        talk.say("");
        if taken == 0 {
            break;
        }
    }
    assert_eq!((talk.server.inbox().room(), talk.desk.messages.len()), (0, 2));
}

#[test]
fn who_is_held_back_and_hangs_up_is_gone() {
    let mut talk = flooding(Flood::RFC1459);
    talk.say("PRIVMSG #a :x\r\n".repeat(10));
    talk.hang_up();
    assert_eq!(talk.desk.closed.as_deref(), Some("Connection closed"));
    assert_eq!(talk.desk.messages.len(), 6);
}

// --- lines ---

#[test]
fn long_lines_are_told_and_the_stream_goes_on() {
    let mut talk = Talk::registered();
    let text = |length: usize| format!("PRIVMSG #a :{}", "x".repeat(length - 12));
    assert_eq!(talk.hear(&text(510)), [""; 0]);
    assert_eq!(talk.hear(&text(511)), ["417 ann :Input line was too long"]);
    assert_eq!(talk.hear(&format!("@{} {}", "t".repeat(4094), text(510))), [""; 0]);
    assert_eq!(talk.hear(&format!("@{} {}", "t".repeat(4095), text(510))), ["417 ann :Input line was too long"]);
    assert_eq!(talk.hear("PING x"), ["PONG irc.localhost :x"]);
    assert_eq!(talk.desk.messages.len(), 2);
    let mut wide = Talk::with(Desk::with(|config| config.limits.line = 2048)).register();
    assert_eq!(wide.hear(&text(2046)), [""; 0]);
}

#[test]
fn empty_and_odd_lines_do_no_harm() {
    let mut talk = Talk::registered();
    assert_eq!(talk.hear("\r\n   \r\n\n"), [""; 0]);
    assert_eq!(talk.hear("A\rB"), ["400 ann * :This line is no message"]);
    assert_eq!(talk.hear(":only.a.source"), ["400 ann * :This line is no message"]);
    assert_eq!(talk.hear("  PING   x  "), ["PONG irc.localhost :x"]);
    assert_eq!(talk.hear(":anybody!at@all JOIN #a"), [""; 0]);
    let mut strict = Talk::with(Desk::with(|config| config.profile = Profile::Strict)).register();
    assert_eq!(strict.say("PING a\nPING b\r\n").lines().count(), 2);
    assert!(strict.last_event_is("Rejected { keyword: Custom, why: Line(BareLf) }"));
}

#[test]
fn each_encoding_policy_has_its_answer() {
    let line = b"PRIVMSG #a :caf\xe9\r\n";
    for (encoding, expected) in [
        (Encoding::Bytes, &b"PRIVMSG #a :caf\xe9"[..]),
        (Encoding::Latin1, "PRIVMSG #a :café".as_bytes()),
        (Encoding::Lossy, "PRIVMSG #a :caf\u{fffd}".as_bytes()),
    ] {
        let mut talk = Talk::with(Desk::with(|config| config.encoding = encoding)).register();
        assert_eq!(talk.say(line), "");
        assert_eq!(talk.desk.messages, [expected], "{encoding:?}");
    }
    let mut talk = Talk::with(Desk::with(|config| config.encoding = Encoding::Utf8Only)).register();
    assert_eq!(
        talk.say(line),
        ":irc.localhost FAIL PRIVMSG INVALID_UTF8 :Message rejected: this server takes UTF-8 only\r\n"
    );
    assert_eq!(talk.say("PRIVMSG #a :café\r\n"), "");
    assert_eq!(talk.desk.messages.len(), 1);
}

// --- what goes out ---

#[test]
fn relayed_lines_and_own_ones_go_out_in_order_and_shared() {
    let mut talk = Talk::registered();
    let long = lines(&format!(":a PRIVMSG #x :{}\r\n", "y".repeat(2000)));
    talk.server.relay(&lines(":a JOIN #x\r\n"));
    talk.server.relay(&long);
    let parts = Parts { command: Command::Word(b"NOTICE"), params: &[b"ann", b"hello you"], ..Parts::default() };
    talk.server.send(&parts).unwrap();
    let bad = Parts { command: Command::Word(b"NOTICE"), params: &[b"a\r\nQUIT", b"x"], ..Parts::default() };
    assert!(talk.server.send(&bad).is_err());
    talk.server.outbox().advance(b":a JOIN #x\r\n".len());
    assert_eq!(talk.server.outbox().chunk().as_ptr(), long.as_bytes().as_ptr());
    assert!(talk.say("").ends_with("y\r\nNOTICE ann :hello you\r\n"));
    talk.server.set_nick(b"anna").unwrap();
    assert_eq!(talk.hear("FOO"), ["421 anna FOO :Unknown command"]);
    for bad in [&b""[..], b"a b", b":a", b"a\n", &[b'x'; 200]] {
        assert!(talk.server.set_nick(bad).is_err());
    }
}

#[test]
fn who_only_relays_is_settled() {
    assert!(!Talk::new().server.is_settled(), "it waits for a registration");
    let mut talk = Talk::registered();
    assert!(talk.server.is_settled());
    talk.server.relay(&lines(":a JOIN #x\r\n"));
    assert!(talk.server.is_settled());
    talk.server.inbox().push(b"PI");
    assert!(!talk.server.is_settled(), "there may be something to understand");
    talk = Talk::registered();
    talk.server.shutdown();
    assert!(!talk.server.is_settled(), "there is a farewell to be said");
}

#[test]
fn what_is_passed_on_as_it_is_need_not_go_through_the_session() {
    let hello = lines(":a PRIVMSG #x :hello\r\n");
    assert!(!pass_on(&mut Talk::with(Desk::with(|config| config.tls = Tls::Implicit)).server, &hello), "before TLS");
    let limits = |config: &mut Config| {
        config.limits.send_queue = 1000;
        config.limits.output = Marks { high: 800, low: 100 };
    };
    let mut talk = Talk::with(Desk::with(limits)).register();
    for size in [1, 400, 700] {
        assert!(pass_on(&mut talk.server, &lines(&format!(":a PRIVMSG #x :{}\r\n", "y".repeat(size)))), "{size}");
    }
    for count in [2, 3] {
        let mut talk = Talk::with(Desk::with(limits)).register();
        let many = lines(&format!(":a PRIVMSG #x :{}\r\n", "y".repeat(400)).repeat(count));
        assert!(!pass_on(&mut talk.server, &many), "it fills the outbox, or is more than may wait");
        assert!(!pass_on(&mut talk.server, &hello), "something waits");
        assert_eq!(talk.server.is_settled(), count == 2);
    }
    talk.server.close_with(b"Killed");
    talk.server.outbox().clear();
    assert!(!pass_on(&mut talk.server, &hello), "the session is over");
    let mut talk = Talk::registered();
    talk.server.plugins().add("none", Idle).unwrap();
    assert!(!pass_on(&mut talk.server, &hello), "a plugin may change it");
}

/// A plugin that does nothing.
struct Idle;

impl Plugin<Message<Bytes>, Lines> for Idle {}

#[test]
fn who_reads_too_slowly_is_dropped_alone() {
    let mut talk = Talk::with(Desk::with(|config| config.limits.send_queue = 10_000)).register();
    let line = lines(&format!(":a PRIVMSG #x :{}\r\n", "y".repeat(485)));
    for _ in 0..100 {
        talk.server.relay(&line);
    }
    assert!((10_000..10_600).contains(&talk.server.outbox().len()));
    assert!(!talk.server.is_settled());
    let said = talk.say("");
    assert!(said.ends_with("\r\nERROR :Closing Link: ann (SendQ exceeded)\r\n"));
    assert_eq!(talk.desk.closed.as_deref(), Some("SendQ exceeded"));
    talk.server.relay(&line);
    assert!(talk.server.outbox().is_empty());
}

#[test]
fn full_output_is_back_pressure_for_commands() {
    let desk = Desk::with(|config| config.limits.output = Marks { high: 1000, low: 100 });
    let mut server = Talk::with(desk).register().server;
    let _ = server.inbox().push_some(&b"PING x\r\n".repeat(500));
    while server.poll(Instant::START).unwrap().is_some() {}
    assert!((1000..1100).contains(&server.outbox().len()) && !server.inbox().is_empty());
    server.outbox().clear();
    while server.poll(Instant::START).unwrap().is_some() {}
    assert!(server.outbox().len() >= 1000);
}

#[test]
fn the_application_may_close_with_a_text_of_which_one_line_is_told() {
    let mut talk = Talk::registered();
    talk.server.close_with(b"Killed (oper (spam))\r\nQUIT");
    assert_eq!(talk.say("PING x\r\n"), "ERROR :Closing Link: ann (Killed (oper (spam)))\r\n");
    assert_eq!(talk.desk.closed.as_deref(), Some("Killed (oper (spam))"));
    talk.server.close_with(b"again");
    assert_eq!(talk.say(""), "");
}

#[test]
fn quit_says_why() {
    let mut talk = Talk::registered();
    assert_eq!(talk.say("QUIT :so long\r\nPING x\r\n"), "ERROR :Closing Link: ann (Quit: so long)\r\n");
    assert_eq!(talk.desk.closed.as_deref(), Some("so long"));
    let mut early = Talk::new();
    assert_eq!(early.hear("QUIT"), ["ERROR :Closing Link: * (Quit: )"]);
    let mut long = Talk::registered();
    let said = long.say(format!("QUIT :{}\r\n", "é".repeat(250)));
    assert!(said.len() <= 512 && said.ends_with("é)\r\n") && !said.contains('\u{fffd}'));
}

// --- cost ---

/// What is live on the heap and in the struct for one idle user.
fn idle(desk: &Desk) -> usize {
    let config = desk.config.clone();
    let (server, usage) = Heap::measure(|| {
        let mut server = Box::new(Server::new(Arc::clone(&config), [7; 32], Instant::START));
        server.inbox().push(b"NICK ann\r\nUSER ann 0 * :Ann\r\n");
        while let Some(event) = server.poll(Instant::START).unwrap() {
            match event {
                Event::Nick { ticket, .. } => server.accept_nick(ticket).unwrap(),
                Event::Register { ticket, .. } => server.welcome(ticket).unwrap(),
                _ => {}
            }
        }
        server
    });
    drop(server);
    usize::try_from(usage.live).unwrap()
}

#[test]
fn an_idle_user_costs_at_most_512_bytes() {
    let reauthentication = Desk::with(|config| config.reauthentication = true);
    for desk in [Desk::default(), reauthentication] {
        let bytes = idle(&desk);
        assert!(bytes <= 512, "{bytes} bytes, of which the struct is {}", size_of::<Server>());
    }
}

#[test]
fn a_message_costs_one_allocation_and_ping_none() {
    let mut server = Talk::registered().server;
    let mut count = |line: &[u8]| {
        server.inbox().push(line);
        let (events, usage) = Heap::measure(|| {
            let mut events = 0;
            while let Some(event) = server.poll(Instant::START).unwrap() {
                events += 1;
                drop(event);
            }
            events
        });
        server.outbox().clear();
        (events, usage.allocations)
    };
    assert_eq!(count(b"PRIVMSG #lobby :good morning\r\n"), (1, 1));
    assert_eq!(count(b"PING 1\r\n"), (0, 0));
    assert_eq!(count(b"PONG :irc.localhost\r\n").0, 0);
}
