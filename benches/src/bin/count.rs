//! One scenario, so many times: to be run under callgrind by `benches/instructions.sh`.
//!
//! `count SCENARIO UNITS` runs it and prints how many allocations it took; `count idle` prints what idle sessions hold.

use std::hint::black_box;

use bytes::Bytes;
use irc_proto::codec::{Message, Profile};
use pop3_proto::client::Client;
use pop3_proto::codec::{Command, Response};
use pop3_proto::server::Server;
use wirestate_benches::imap_server;
use wirestate_benches::irc_server::{self, Session};
use wirestate_benches::pop3::{self, Text};
use wirestate_benches::xmpp_server;
use wirestate_machine::{Instant, Machine};
use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["idle"] => idle(),
        [scenario, units] => count(scenario, units.parse().expect("UNITS is a number")),
        _ => panic!("usage: count SCENARIO UNITS | count idle"),
    }
}

fn count(scenario: &str, units: usize) {
    let mut server = pop3::logged_in(pop3::config(), 3);
    let allocations = match scenario {
        "noop" => lines(&mut server, b"NOOP\r\n", 1, units),
        "noop-pipelined" => lines(&mut server, b"NOOP\r\n", 64, units),
        "stat" => lines(&mut server, b"STAT\r\n", 1, units),
        "stat-pipelined" => lines(&mut server, b"STAT\r\n", 64, units),
        "list-1" => lines(&mut server, b"LIST 1\r\n", 1, units),
        "uidl-1" => lines(&mut server, b"UIDL 1\r\n", 1, units),
        "retr-1" => lines(&mut server, b"RETR 1\r\n", 1, units),
        "client-noop" => client_noops(units),
        "codec-command" => parse_commands(units),
        "codec-response" => parse_responses(units),
        "stuff" => stuff(&mut server, Text::Mail, units),
        "stuff-one-line" => stuff(&mut server, Text::OneLine, units),
        "stuff-dots" => stuff(&mut server, Text::Dots, units),
        "stuff-bare-lf" => stuff(&mut server, Text::BareLf, units),
        "unstuff" => unstuff(Text::Mail, units),
        "unstuff-one-line" => unstuff(Text::OneLine, units),
        "unstuff-dots" => unstuff(Text::Dots, units),
        "client-retr" => client_retr(units),
        "irc-ping" => irc_lines(b"PING 12345678\r\n", 1, units),
        "irc-ping-long" => irc_lines(b"PING :1751234567.891011\r\n", 1, units),
        "irc-ping-pipelined" => irc_lines(b"PING 12345678\r\n", 64, units),
        "irc-privmsg" => irc_lines(PRIVMSG, 1, units),
        "irc-privmsg-pipelined" => irc_lines(PRIVMSG, 64, units),
        "irc-relay" => irc_relays(1, units),
        "irc-relay-batch" => irc_relays(64, units),
        "irc-privmsg-parse" => parse_messages(units),
        "imap-noop" => imap_lines(imap_server::Session::logged_in(imap_server::config()), b"a1 NOOP\r\n", 1, units),
        "imap-noop-pipelined" => {
            imap_lines(imap_server::Session::logged_in(imap_server::config()), b"a1 NOOP\r\n", 64, units)
        }
        "imap-noop-selected" => imap_lines(imap_selected(), b"a1 NOOP\r\n", 1, units),
        "imap-noop-selected-pipelined" => imap_lines(imap_selected(), b"a1 NOOP\r\n", 64, units),
        "imap-noop-live" => imap_lines(imap_live(), b"a1 NOOP\r\n", 1, units),
        "imap-noop-live-pipelined" => imap_lines(imap_live(), b"a1 NOOP\r\n", 64, units),
        "imap-fetch-flags" => imap_lines(imap_selected(), b"a1 FETCH 7 FLAGS\r\n", 1, units),
        "imap-fetch-all-flags" => imap_all_flags(units),
        "xmpp-chat" => xmpp_chats(false, 1, units),
        "xmpp-chat-pipelined" => xmpp_chats(false, 64, units),
        "xmpp-chat-archived" => xmpp_chats(true, 1, units),
        "xmpp-login" => xmpp_logins(units),
        "endless-line" => endless_line(units),
        "empty-lines" => empty_lines(units),
        other => panic!("there is no scenario {other}"),
    };
    println!("{allocations}");
}

/// Allocations while `work` runs.
fn measured(work: impl FnOnce()) -> u64 {
    Heap::measure(work).1.allocations
}

fn lines(server: &mut Server, line: &[u8], batch: usize, units: usize) -> u64 {
    let lines = line.repeat(batch);
    measured(|| {
        for _ in 0..units / batch {
            black_box(pop3::exchange(server, black_box(&lines)));
        }
    })
}

fn client_noops(units: usize) -> u64 {
    let mut client = pop3::client();
    measured(|| {
        for _ in 0..units {
            client.noop().expect("after login");
            while client.poll(Instant::START).expect("a lawful server").is_some() {}
            pop3::drain(&mut client);
            client.inbox().push(black_box(b"+OK\r\n"));
            while client.poll(Instant::START).expect("a lawful server").is_some() {}
        }
    })
}

fn parse_commands(units: usize) -> u64 {
    measured(|| {
        for _ in 0..units {
            let _ = black_box(Command::parse(black_box(b"RETR 12"), false));
        }
    })
}

fn parse_responses(units: usize) -> u64 {
    measured(|| {
        for _ in 0..units {
            let _ = black_box(Response::parse(black_box(b"-ERR [IN-USE] try later")));
        }
    })
}

/// Half a line of chat, 44 bytes.
const PRIVMSG: &[u8] = b"PRIVMSG #lobby :good morning, how are you?\r\n";

fn irc_lines(line: &[u8], batch: usize, units: usize) -> u64 {
    let lines = line.repeat(batch);
    let mut session = Session::registered(irc_server::config());
    measured(|| {
        for _ in 0..units / batch {
            black_box(session.exchange(black_box(&lines)));
        }
    })
}

fn irc_relays(batch: usize, units: usize) -> u64 {
    let mut session = Session::registered(irc_server::config());
    let lines = irc_server::relayed();
    measured(|| {
        for _ in 0..units / batch {
            black_box(session.relay(black_box(&lines), batch));
        }
    })
}

fn parse_messages(units: usize) -> u64 {
    let line = &PRIVMSG[..PRIVMSG.len() - 2];
    measured(|| {
        for _ in 0..units {
            let _ = black_box(Message::parse(black_box(line), Profile::Lenient));
        }
    })
}

fn imap_selected() -> imap_server::Session {
    imap_server::Session::selected(imap_server::config(), 100)
}

fn imap_live() -> imap_server::Session {
    imap_server::Session::selected_live(imap_server::config(), 100)
}

fn imap_lines(mut session: imap_server::Session, line: &[u8], batch: usize, units: usize) -> u64 {
    let lines = line.repeat(batch);
    // Boxes that are kept grow once.
    session.exchange(&lines);
    measured(|| {
        for _ in 0..units / batch {
            black_box(session.exchange(black_box(&lines)));
        }
    })
}

/// So many messages, in FETCHes of 1,024 each.
fn imap_all_flags(units: usize) -> u64 {
    let mut session = imap_server::Session::selected(imap_server::config(), 1024);
    measured(|| {
        for _ in 0..units / 1024 {
            black_box(session.exchange(black_box(b"a1 FETCH 1:* FLAGS\r\n")));
        }
    })
}

fn xmpp_chats(is_archiving: bool, batch: usize, units: usize) -> u64 {
    let messages = xmpp_server::message("bob@localhost/home", "chat").repeat(batch);
    let mut pair = xmpp_server::Pair::bound(is_archiving);
    // Boxes that are kept grow once.
    pair.chat(&messages);
    measured(|| {
        for _ in 0..units / batch {
            black_box(pair.chat(black_box(&messages)));
        }
    })
}

fn xmpp_logins(units: usize) -> u64 {
    let login = xmpp_server::Login::record(xmpp_server::config());
    measured(|| {
        for _ in 0..units {
            black_box(login.play());
        }
    })
}

/// Bulk goes through in blocks that are made once, so that the making is not counted.
const BLOCK: usize = 100_000;

fn stuff(server: &mut Server, text: Text, bytes: usize) -> u64 {
    let block: Bytes = pop3::message(text, BLOCK);
    let mut body = pop3::begin_retr(server);
    let allocations = measured(|| {
        for _ in 0..bytes / BLOCK {
            black_box(pop3::send(server, &mut body, &block));
        }
    });
    server.end(body).expect("in time");
    allocations
}

fn unstuff(text: Text, bytes: usize) -> u64 {
    let wire = pop3::wire(text, BLOCK);
    measured(|| {
        for _ in 0..bytes / BLOCK {
            black_box(pop3::unstuff(&wire));
        }
    })
}

fn client_retr(bytes: usize) -> u64 {
    let mut client = pop3::client();
    let wire = pop3::wire(Text::Mail, BLOCK);
    measured(|| {
        for _ in 0..bytes / BLOCK {
            black_box(pop3::fetch(&mut client, &wire));
        }
    })
}

/// Bytes without an end, one at a time: whoever looks at what came before for each of them is quadratic.
fn endless_line(bytes: usize) -> u64 {
    let mut server = pop3::logged_in(pop3::config(), 3);
    measured(|| {
        for _ in 0..bytes {
            server.inbox().push(black_box(b"x"));
            while let Ok(Some(_)) = server.poll(Instant::START) {}
            pop3::drain(&mut server);
        }
    })
}

/// Lines that are refused, in one flood, until the session ends and all that follows is thrown away.
fn empty_lines(bytes: usize) -> u64 {
    let mut config = (*pop3::config()).clone();
    config.limits.bad_commands_after_login = u16::MAX;
    let mut server = pop3::logged_in(config.into(), 3);
    measured(|| {
        for _ in 0..bytes / 2 {
            let _ = server.inbox().push_some(black_box(b"\r\n"));
            while let Ok(Some(_)) = server.poll(Instant::START) {}
            pop3::drain(&mut server);
        }
    })
}

fn idle() {
    idle_pop3();
    idle_irc();
    idle_imap();
    idle_xmpp();
}

fn idle_xmpp() {
    let login = xmpp_server::Login::record(xmpp_server::config());
    let (server, usage) = Heap::measure(|| Box::new(login.play()));
    drop(server);
    println!("XMPP server, bound: {}", usage.live);
    println!("size of the XMPP server: {}", size_of::<xmpp_proto::server::Server>());
    println!("size of the XMPP server's event: {}", size_of::<xmpp_proto::server::Event>());
}

fn idle_imap() {
    let config = imap_server::config();
    let warm = imap_server::Session::selected(config.clone(), 3);
    let held = |make: &dyn Fn() -> imap_server::Session| {
        let (server, usage) = Heap::measure(|| Box::new(make().into_server()));
        drop(server);
        usage.live
    };
    println!("IMAP server before login: {}", held(&|| imap_server::Session::greeted(config.clone())));
    println!("IMAP server after login: {}", held(&|| imap_server::Session::logged_in(config.clone())));
    println!("IMAP server with a mailbox, empty: {}", held(&|| imap_server::Session::selected(config.clone(), 0)));
    // The UIDs, which all sessions share.
    let shared = |messages| held(&|| imap_server::Session::selected(config.clone(), messages));
    println!("what sessions share of a mailbox's 10,000 messages: {}", shared(10_100) - shared(100));
    println!("size of the IMAP server: {}", size_of::<imap_proto::server::Server>());
    println!("size of the IMAP server's event: {}", size_of::<imap_proto::server::Event>());
    drop(warm);
}

fn idle_irc() {
    let config = irc_server::config();
    let warm = Session::registered(config.clone());
    let held = |make: &dyn Fn() -> Session| {
        let (server, usage) = Heap::measure(|| Box::new(make().into_server()));
        drop(server);
        usage.live
    };
    println!("IRC server before registration: {}", held(&|| Session::new(config.clone())));
    println!("IRC server, registered: {}", held(&|| Session::registered(config.clone())));
    println!("size of the IRC server: {}", size_of::<irc_proto::server::Server>());
    println!("size of the IRC server's event: {}", size_of::<irc_proto::server::Event>());
    drop(warm);
}

fn idle_pop3() {
    let config = pop3::config();
    let warm = pop3::logged_in(config.clone(), 0);
    let held = |make: &dyn Fn() -> Server| {
        let (server, usage) = Heap::measure(|| Box::new(make()));
        drop(server);
        usage.live
    };
    println!("POP3 server before login: {}", held(&|| pop3::greeted(config.clone())));
    println!("POP3 server after login, no message: {}", held(&|| pop3::logged_in(config.clone(), 0)));
    println!("POP3 server after login, 3 messages: {}", held(&|| pop3::logged_in(config.clone(), 3)));
    println!("size of the POP3 server: {}", size_of::<Server>());
    drop(warm);
    let (client, usage) = Heap::measure(|| Box::new(pop3::client()));
    drop(client);
    println!("POP3 client after login, with a configuration of its own: {}", usage.live);
    println!("size of the POP3 client: {}", size_of::<Client>());
    println!("size of the POP3 event: {}", size_of::<pop3_proto::server::Event>());
}
