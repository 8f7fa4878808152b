use crate::broken::escaped;
use crate::session::{Fault, Manner, Session};
use crate::{Broken, Law, Subject};

/// Which end of a script the machine plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says the lines that begin with `C:`.
    Client,
    /// It says the lines that begin with `S:`.
    Server,
}

/// Plays a session as RFCs print them: the other end's lines are fed to the machine, and what it says must be its own lines.
///
/// A line begins with `C:` or `S:`, after any blanks; what follows one blank is said, with CRLF after it. A line with neither goes on with
/// the one before it, after one blank, for the RFCs break long lines. A line of the machine's own that is a stage direction (`<the server sends
/// message 1>`) stands for any lines, and one of the other end's is not fed. Empty lines are not looked at.
///
/// ```no_run
/// # use wirestate_testing::{Role, Subject, Broken};
/// # fn example(server: &impl Subject) -> Result<(), Broken> {
/// wirestate_testing::play(server, Role::Server, "
///     S: +OK POP3 server ready
///     C: USER mrose
///     S: +OK mrose is a real hoopy frood
///     C: RETR 1
///     S: +OK 120 octets
///     S: <the POP3 server sends message 1>
///     S: .
/// ")
/// # }
/// ```
///
/// # Errors
///
/// With the line of the script and what the machine said instead.
pub fn play<S: Subject>(subject: &S, role: Role, script: &str) -> Result<(), Broken> {
    let lines = read(script, role).map_err(|fault| fault.of(&script))?;
    let run = || -> Result<(), Fault> {
        let mut session = Session::start(subject, Manner::USUAL)?;
        let mut heard = 0;
        let mut any = false;
        for line in &lines {
            match line {
                Line::Feed(text) => {
                    session.flight(&[text, &b"\r\n"[..]].concat(), &mut core::iter::repeat(usize::MAX))?
                }
                Line::Expect(text) => {
                    expect(&session.log.output, &mut heard, text, any)?;
                    any = false;
                }
                Line::Anything => any = true,
            }
        }
        match session.log.output.get(heard..) {
            Some(rest) if !rest.is_empty() && !any => {
                Err(Fault(Law::Script, format!("the script is over, but the machine said {} more", escaped(rest))))
            }
            _ => Ok(()),
        }
    };
    run().map_err(|fault| Broken { input: script.to_owned(), ..fault.of(&"") })
}

enum Line {
    Feed(Vec<u8>),
    Expect(Vec<u8>),
    Anything,
}

fn read(script: &str, role: Role) -> Result<Vec<Line>, Fault> {
    let mut lines = Vec::new();
    // A blank at a line's end is part of it, as in `+ ` of a SASL exchange.
    for line in script.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (speaker, text) = match (line.strip_prefix("C:"), line.strip_prefix("S:")) {
            (Some(text), _) => (Role::Client, text),
            (_, Some(text)) => (Role::Server, text),
            _ => match lines.last_mut() {
                Some(Line::Feed(before) | Line::Expect(before)) => {
                    before.push(b' ');
                    before.extend_from_slice(line.as_bytes());
                    continue;
                }
                Some(Line::Anything) => continue,
                None => {
                    return Err(Fault(Law::Script, format!("the script begins with neither C: nor S: but {line:?}")));
                }
            },
        };
        let text = text.strip_prefix(' ').unwrap_or(text).as_bytes().to_vec();
        let direction = text.first() == Some(&b'<') && text.last() == Some(&b'>') || text == b"...";
        match (speaker == role, direction) {
            (true, true) => lines.push(Line::Anything),
            (true, false) => lines.push(Line::Expect(text)),
            (false, true) => {}
            (false, false) => lines.push(Line::Feed(text)),
        }
    }
    Ok(lines)
}

/// Finds `text` as the next line of the output, or as any later one where `any` lines may come before it.
fn expect(output: &[u8], heard: &mut usize, text: &[u8], any: bool) -> Result<(), Fault> {
    let from = *heard;
    loop {
        let rest = output.get(*heard..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let line = &rest[..length];
        *heard += length;
        if line.strip_suffix(b"\r\n") == Some(text) {
            return Ok(());
        }
        if !any || line.is_empty() {
            let said = output.get(from..).unwrap_or_default();
            let finding = format!("the script goes on with {}, but the machine said {}", escaped(text), escaped(said));
            return Err(Fault(Law::Script, finding));
        }
    }
}
