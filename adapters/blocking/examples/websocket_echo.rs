//! A line echo server for browsers, on threads. `cargo run -p wirestate-blocking --example websocket_echo`, then open
//! <http://127.0.0.1:7008/>; Enter ends it.

#[path = "../../driver/examples/echo/mod.rs"]
mod echo;

use std::sync::Arc;
use std::time::Duration;

use echo::lines;
use wirestate_blocking::{Connection, Listener, Mode, Shutdown, serve};
use wirestate_layers::WebSocket;
use wirestate_layers::websocket::{Config, Lines};
use wirestate_machine::line::Line;

const PAGE: &str =
    "<!doctype html><title>echo</title><input id=line placeholder='a line, then Enter'><pre id=said></pre>
<script>
const socket = new WebSocket(location.href.replace('http', 'ws'), ['text.ircv3.net']);
socket.onmessage = event => said.textContent += event.data + '\\n';
socket.onclose = event => said.textContent += `closed: ${event.code} ${event.reason}\\n`;
line.onchange = () => { socket.send(line.value); line.value = ''; };
</script>
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let listener = Listener::bind(address.as_deref().unwrap_or("127.0.0.1:7008"))?;
    println!("listening on http://{}/; Enter ends it", listener.local_addr());
    let config = Arc::new(Config::irc().with_page("text/html; charset=utf-8", PAGE)?);
    let shutdown = Shutdown::new();
    let end = shutdown.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        end.trigger(Mode::Graceful { within: Duration::from_secs(5) });
    });
    let machine = move |_: &_, _| WebSocket::server(lines(), Lines::default(), config.clone());
    let report = serve([listener], machine, session, &shutdown);
    println!("{report:?}");
    Ok(())
}

fn session(mut conn: Connection<WebSocket<Line>>) {
    let id = conn.info().id();
    loop {
        match conn.try_next() {
            Ok(Some(line)) if line == "quit" => conn.machine().close(),
            Ok(Some(line)) => conn.machine().send(&line).unwrap_or_else(|error| println!("{id}: {error}")),
            Ok(None) => break println!("{id}: over, after {:?}", conn.machine().handshake()),
            Err(error) => break println!("{id}: {error}"),
        }
    }
}
