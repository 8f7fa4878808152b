//! Wall-clock times of the POP3 machines alone, without a socket: `cargo bench`.

#![allow(missing_docs)]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use pop3_proto::codec::{Command, Response};
use wirestate_benches::pop3::{self, Text};

const BULK: usize = 1 << 20;
const BATCH: usize = 64;

fn main() {
    divan::main();
}

#[divan::bench(args = ["NOOP", "STAT", "LIST 1", "UIDL 1", "RETR 1"])]
fn one_command(bencher: Bencher, command: &str) {
    let mut server = pop3::logged_in(pop3::config(), 3);
    let line = format!("{command}\r\n");
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| pop3::exchange(&mut server, black_box(line.as_bytes())));
}

#[divan::bench(args = ["NOOP", "STAT", "LIST 1", "UIDL 1", "RETR 1"])]
fn a_batch_of_64_commands(bencher: Bencher, command: &str) {
    let mut server = pop3::logged_in(pop3::config(), 3);
    let lines = format!("{command}\r\n").repeat(BATCH);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| pop3::exchange(&mut server, black_box(lines.as_bytes())));
}

#[divan::bench(args = [Text::Mail, Text::OneLine, Text::Dots, Text::BareLf])]
fn stuff_through_the_server(bencher: Bencher, text: Text) {
    let mut server = pop3::logged_in(pop3::config(), 3);
    let message = pop3::message(text, BULK);
    let mut body = pop3::begin_retr(&mut server);
    bencher
        .counter(BytesCount::new(message.len()))
        .bench_local(|| pop3::send(&mut server, &mut body, black_box(&message)));
}

#[divan::bench(args = [Text::Mail, Text::OneLine, Text::Dots])]
fn unstuff(bencher: Bencher, text: Text) {
    let wire = pop3::wire(text, BULK);
    bencher.counter(BytesCount::new(wire.len())).bench_local(|| pop3::unstuff(black_box(&wire)));
}

#[divan::bench]
fn fetch_through_the_client(bencher: Bencher) {
    let mut client = pop3::client();
    let wire = pop3::wire(Text::Mail, BULK);
    bencher.counter(BytesCount::new(wire.len())).bench_local(|| pop3::fetch(&mut client, black_box(&wire)));
}

#[divan::bench]
fn log_in(bencher: Bencher) {
    let config = pop3::config();
    bencher.bench_local(|| pop3::logged_in(config.clone(), 3));
}

#[divan::bench]
fn parse_a_command() -> bool {
    Command::parse(black_box(b"TOP 12 100"), false).is_ok()
}

#[divan::bench]
fn parse_a_response() -> bool {
    Response::parse(black_box(b"-ERR [IN-USE] try later")).is_some()
}
