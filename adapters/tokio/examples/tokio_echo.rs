//! A line echo server on tokio. `cargo run -p wirestate-tokio --example tokio_echo`, then `nc 127.0.0.1 7007`; Enter ends it.

#[path = "../../driver/examples/echo/mod.rs"]
mod echo;

use std::time::Duration;

use echo::Echo;
use wirestate_tokio::{Connection, Listener, Mode, Shutdown, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = Listener::bind("127.0.0.1:7007")?;
    println!("listening on {}; Enter ends it", listener.local_addr());
    let shutdown = Shutdown::new();
    let end = shutdown.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        end.trigger(Mode::Graceful { within: Duration::from_secs(5) });
    });
    let report = serve([listener], |_, now| Echo::new(now), session, &shutdown).await;
    println!("{report:?}");
    Ok(())
}

async fn session(mut conn: Connection<Echo>) {
    let (id, peer) = (conn.info().id(), conn.info().peer().clone());
    println!("{id}: {peer} is here");
    loop {
        match conn.try_next().await {
            Ok(Some(length)) => println!("{id}: a line of {length} bytes"),
            Ok(None) => break println!("{id}: {peer} is gone, {:?}", conn.traffic()),
            Err(error) => break println!("{id}: {error}"),
        }
    }
}
