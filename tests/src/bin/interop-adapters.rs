//! The adapters against other people's programs, on each runtime: to be run by `tests/interop/run.sh`.
//!
//! - `interop-adapters RUNTIME tls-server CHAIN KEY` echoes lines under TLS. It prints `listening ADDRESS`, and ends with its standard input.
//! - `interop-adapters RUNTIME tls-client ADDRESS AUTHORITIES LINE...` says the lines, one by one, to a server called localhost, prints what
//!   comes back for each, and then the protocol's version.
//! - `interop-adapters RUNTIME irc-link ADDRESS PASSWORD` links to an IRC server as `leaf.test`, with compression, and lets its user `ann` say
//!   in `#test` all that others say there, until that is `enough`. It prints what it made of the link.
//!
//! RUNTIME is tokio, async-std, smol or blocking.

#![forbid(unsafe_code)]

#[path = "../../tests/worlds/mod.rs"]
#[allow(dead_code)]
mod worlds;

use std::error::Error;
use std::io::Read;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use wirestate_driver::{Connection, Connector, Control, How, Listener, Mode, Shutdown, Stream};
use wirestate_layers::deflate::{At, Format};
use wirestate_layers::tls::{self, Identity};
use wirestate_layers::{Deflate, Tls};
use wirestate_machine::Machine;
use wirestate_machine::line::{Line, Lines};
use worlds::{AsyncStd, PATIENCE, Running, Smol, Threads, Tokio, World};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (runtime, job) = arguments.split_first().ok_or("usage: interop-adapters RUNTIME JOB ...")?;
    let job: Vec<&str> = job.iter().map(String::as_str).collect();
    match runtime.as_str() {
        "tokio" => run::<Tokio>(&job),
        "async-std" => run::<AsyncStd>(&job),
        "smol" => run::<Smol>(&job),
        "blocking" => run::<Threads>(&job),
        other => Err(format!("there is no runtime {other}").into()),
    }
}

fn run<W: World>(job: &[&str]) -> Outcome {
    match *job {
        ["tls-server", chain, key] => {
            tls_server::<W>(tls::server(Identity::from_files(chain, key)?).alpn(&[b"echo"]).config()?)
        }
        ["tls-client", address, authorities, ref lines @ ..] => {
            let roots = tls::roots_from_file(authorities)?;
            W::block_on(tls_client::<W>(address, tls::client(roots).alpn(&[b"echo"]).config()?, lines))
        }
        ["irc-link", address, password] => W::block_on(irc_link::<W>(address, password)),
        _ => Err("there is no such job".into()),
    }
}

fn secret_lines() -> Line {
    Line::new(Lines::default()).with_tls()
}

fn tls_server<W: World>(config: Arc<ServerConfig>) -> Outcome {
    let factory = move |_: &_, _| Tls::server(secret_lines(), config.clone());
    let control = Control::new(&Shutdown::new());
    let running = Running::start::<W, _>(Listener::bind("127.0.0.1:0")?, control, factory, |mut conn| async move {
        while let Ok(Some(line)) = conn.try_next().await {
            // It refuses only what is no line, which this one was.
            let _ = conn.machine().send(line);
        }
    });
    println!("listening {}", running.address);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let report = running.stop(Mode::Graceful { within: PATIENCE });
    println!("served {} aborted {}", report.accepted, report.aborted);
    Ok(())
}

async fn tls_client<W: World>(address: &str, config: Arc<ClientConfig>, lines: &[&str]) -> Outcome {
    let name = ServerName::try_from("localhost")?;
    let mut conn = W::connect(address, |_, _| Tls::client(secret_lines(), config, name)).await?;
    for line in lines {
        conn.machine().send(line)?;
        println!("said {}", String::from_utf8_lossy(&next(&mut conn).await?));
    }
    let facts = conn.handle().stats().tls.ok_or("there are no facts of TLS")?;
    println!(
        "version {} alpn {}",
        facts.version.unwrap_or("?"),
        String::from_utf8_lossy(facts.alpn.as_deref().unwrap_or(b"-"))
    );
    Ok(conn.close(How::Flush).await?)
}

async fn next<M, S: Stream>(conn: &mut Connection<M, S>) -> Outcome<M::Event>
where
    M: Machine<Error: Error + 'static>,
{
    Ok(conn.try_next().await?.ok_or("the peer has closed")?)
}

/// A server's link of IRC+ (RFC 2813 with ngIRCd's own): the one who is linked to compresses right behind its `SERVER`.
async fn irc_link<W: World>(address: &str, password: &str) -> Outcome {
    let machine = |_: &_, _| Deflate::new(Line::new(Lines::default())).with_format(Format::Zlib);
    let mut conn = W::connect(Connector::to(address), machine).await?;
    let link = conn.machine();
    link.send(format!("PASS {password} 0210-IRC+ wirestate|1:CHLMSXZ PZ"))?;
    link.send("SERVER leaf.test 1 :a leaf")?;
    link.compress_output(At::NextFlush);
    let mut echoed = 0;
    loop {
        let line = String::from_utf8_lossy(&next(&mut conn).await?).into_owned();
        let link = conn.machine();
        let (source, command) = match line.strip_prefix(':').and_then(|rest| rest.split_once(' ')) {
            Some((source, rest)) => (source, rest),
            None => ("", &*line),
        };
        let words: Vec<&str> = command.split(' ').collect();
        match *words {
            ["PASS", _, version, ..] => println!("version {version}"),
            ["SERVER", name, ..] if !link.is_compressed() => {
                println!("linked to {name} with {} bytes behind", link.inbox().len());
                link.compress_input();
            }
            ["376", ..] => {
                link.send(":leaf.test 376 hub.test :that is all")?;
                link.send(":leaf.test NICK ann 1 ann leaf.test 1 + :Ann")?;
                link.send(":leaf.test NJOIN #test :ann")?;
            }
            ["PING", ..] => link.send(":leaf.test PONG leaf.test :hub.test")?,
            ["PRIVMSG", "#test", ":enough"] => break,
            ["PRIVMSG", "#test", ..] => {
                let (_, text) = command.split_once(" :").ok_or("a message without text")?;
                link.send(format!(":ann PRIVMSG #test :{source} said {text}"))?;
                echoed += 1;
            }
            ["ERROR", ..] => return Err(line.into()),
            _ => {}
        }
    }
    let deflation = conn.handle().stats().channel.deflate.ok_or("the link is not compressed")?;
    println!("echoed {echoed} of {} bytes in {}", deflation.plain_in, deflation.wire_in);
    conn.machine().send(":leaf.test SQUIT leaf.test :enough")?;
    Ok(conn.close(How::Flush).await?)
}
