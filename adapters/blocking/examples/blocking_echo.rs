//! A line echo server on threads. `cargo run -p wirestate-blocking --example blocking_echo`, then `nc 127.0.0.1 7007`; Enter ends it.

#[path = "../../driver/examples/echo/mod.rs"]
mod echo;

use std::time::Duration;

use echo::lines;
use wirestate_blocking::{Connection, Listener, Mode, Shutdown, serve};
use wirestate_machine::line::Line;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let listener = Listener::bind(address.as_deref().unwrap_or("127.0.0.1:7007"))?;
    println!("listening on {}; Enter ends it", listener.local_addr());
    let shutdown = Shutdown::new();
    let end = shutdown.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        end.trigger(Mode::Graceful { within: Duration::from_secs(5) });
    });
    let report = serve([listener], |_, _| lines(), session, &shutdown);
    println!("{report:?}");
    Ok(())
}

fn session(mut conn: Connection<Line>) {
    let (id, peer) = (conn.info().id(), conn.info().peer().clone());
    println!("{id}: {peer} is here");
    loop {
        match conn.try_next() {
            Ok(Some(line)) if line == "quit" => conn.machine().close(),
            // What came in as a line can go out as one; a NUL in it cannot.
            Ok(Some(line)) => conn.machine().send(&line).unwrap_or_else(|error| println!("{id}: {error}")),
            Ok(None) => break println!("{id}: {peer} is gone, {:?}", conn.traffic()),
            Err(error) => break println!("{id}: {error}"),
        }
    }
}
