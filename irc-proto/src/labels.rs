//! The answer to a command with a label ([labeled-response](https://ircv3.net/specs/extensions/labeled-response)).

use alloc::vec::Vec;

use crate::codec::{Message, Profile};

/// Labels are at most so long.
pub(crate) const MOST: usize = 64;

/// Hands out the lines of an answer, each with the tag to put before its others ([`tagged`]): an ACK where there is none, the label at the only
/// line, a batch of several.
pub(crate) fn wrap(server: &[u8], label: &[u8], reference: &[u8], lines: &[&[u8]], mut put: impl FnMut(&[u8], &[u8])) {
    let label = [b"label=", label].concat();
    let line = |parts: &[&[u8]]| [&[b":", server, b" "], parts, &[b"\r\n"]].concat().concat();
    match lines {
        [] => put(&label, &line(&[b"ACK"])),
        [only] => put(&label, only),
        [first, rest @ ..] if is_batch(first, rest) => {
            put(&label, first);
            rest.iter().for_each(|own| put(b"", own));
        }
        _ => {
            put(&label, &line(&[b"BATCH +", reference, b" labeled-response"]));
            let member = [b"batch=", reference].concat();
            for own in lines {
                // What is in a batch of its own is in this one by that.
                let tag: &[u8] = if batch_of(own).is_some() || is_end(own) { b"" } else { &member };
                put(tag, own);
            }
            put(b"", &line(&[b"BATCH -", reference]));
        }
    }
}

/// A line with one more tag before its others.
pub(crate) fn tagged(own: &[u8], tag: &[u8]) -> Vec<u8> {
    match own.strip_prefix(b"@") {
        _ if tag.is_empty() => own.into(),
        Some(rest) => [b"@", tag, b";", rest].concat(),
        None => [b"@", tag, b" ", own].concat(),
    }
}

/// Whether all lines are one batch already, which then carries the label.
fn is_batch(first: &[u8], rest: &[&[u8]]) -> bool {
    let (Some(reference), Some((last, inner))) = (batch_mark(first, b'+'), rest.split_last()) else { return false };
    batch_mark(last, b'-') == Some(reference) && inner.iter().all(|line| batch_of(line).is_some() || is_end(line))
}

fn parse(line: &[u8]) -> Option<Message<&[u8]>> {
    Message::parse(line.strip_suffix(b"\r\n")?, Profile::Lenient).ok()
}

fn batch_of(line: &[u8]) -> Option<&[u8]> {
    parse(line)?.tags().value(b"batch").map(|value| value.escaped())
}

/// The reference of a BATCH that begins (`+`) or ends (`-`).
fn batch_mark(line: &[u8], sign: u8) -> Option<&[u8]> {
    let message = parse(line)?;
    let reference = message.param(0).filter(|_| message.command().is(b"BATCH"))?;
    reference.strip_prefix(&[sign])
}

fn is_end(line: &[u8]) -> bool {
    batch_mark(line, b'-').is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn wrapped(lines: &[&str]) -> Vec<String> {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let mut all = Vec::new();
        wrap(b"s", b"1", b"r", &lines, |tag, line| {
            let line = String::from_utf8(tagged(line, tag)).unwrap();
            all.push(line.strip_suffix("\r\n").expect("a whole line").into());
        });
        all
    }

    #[test]
    fn an_answer_is_told_by_its_label() {
        assert_eq!(wrapped(&[]), ["@label=1 :s ACK"]);
        assert_eq!(wrapped(&["@time=x PING\r\n"]), ["@label=1;time=x PING"]);
        assert_eq!(
            wrapped(&["A\r\n", "@time=x B\r\n"]),
            ["@label=1 :s BATCH +r labeled-response", "@batch=r A", "@batch=r;time=x B", ":s BATCH -r"]
        );
    }

    #[test]
    fn a_batch_within_is_the_answer_or_a_part_of_it() {
        let batch = ["BATCH +b x\r\n", "@batch=b A\r\n", "BATCH -b\r\n"];
        assert_eq!(wrapped(&batch), ["@label=1 BATCH +b x", "@batch=b A", "BATCH -b"]);
        assert_eq!(
            wrapped(&["Z\r\n", batch[0], batch[1], batch[2]]),
            [
                "@label=1 :s BATCH +r labeled-response",
                "@batch=r Z",
                "@batch=r BATCH +b x",
                "@batch=b A",
                "BATCH -b",
                ":s BATCH -r"
            ]
        );
    }
}
