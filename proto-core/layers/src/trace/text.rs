use core::fmt::{self, Write};

use wirestate_machine::{TlsFacts, Upgraded};

use super::{Record, Shown, Transcript, What};

/// The first line of a transcript's text form.
pub(super) const TITLE: &str = "wirestate transcript 1";
/// Bytes without a line end are wrapped at this width.
const WIDTH: usize = 96;

/// One line a record: seconds, a sign, and what it was. `<` is input, `>` output, and `+` goes on with the bytes of the line before.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}")?;
        self.records.iter().try_for_each(|record| writeln!(f, "{record}"))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.since_start();
        write!(f, "{}.{:09} ", at.as_secs(), at.subsec_nanos())?;
        match &self.what {
            What::Input(shown) => bytes(f, '<', shown),
            What::Output(shown) => bytes(f, '>', shown),
            What::End => f.write_str("end"),
            What::Event(event) => write!(f, "event {}", OneLine(event)),
            What::Error(error) => write!(f, "error {}", OneLine(error)),
            What::Upgraded(Upgraded::Tls(facts)) => tls(f, facts),
            What::Upgraded(Upgraded::Deflate) => f.write_str("upgraded deflate"),
            What::Upgraded(_) => f.write_str("upgraded"),
            What::Shutdown => f.write_str("shutdown"),
            What::Closed => f.write_str("closed"),
        }
    }
}

fn bytes(f: &mut fmt::Formatter<'_>, sign: char, shown: &Shown) -> fmt::Result {
    write!(f, "{sign} ")?;
    let mut width = 0;
    for (at, byte) in shown.bytes.iter().enumerate() {
        if shown.hides(at) {
            f.write_str("\\*")?;
        } else {
            let last = at + 1 == shown.bytes.len() || width + 1 >= WIDTH;
            octet(f, *byte, last)?;
        }
        width += 1;
        if (*byte == b'\n' || width >= WIDTH) && at + 1 < shown.bytes.len() {
            f.write_str("\n+ ")?;
            width = 0;
        }
    }
    Ok(())
}

/// One byte as it stands in the text. A space at the end of a line is spelt out, so that no editor takes it away.
fn octet(f: &mut fmt::Formatter<'_>, byte: u8, last: bool) -> fmt::Result {
    match byte {
        b'\\' => f.write_str("\\\\"),
        b'\r' => f.write_str("\\r"),
        b'\n' => f.write_str("\\n"),
        b'\t' => f.write_str("\\t"),
        b' ' if last => f.write_str("\\x20"),
        b' '..=b'~' => f.write_char(char::from(byte)),
        _ => write!(f, "\\x{byte:02x}"),
    }
}

fn tls(f: &mut fmt::Formatter<'_>, facts: &TlsFacts) -> fmt::Result {
    f.write_str("upgraded tls")?;
    if let Some(version) = facts.version {
        write!(f, " version={version}")?;
    }
    if let Some(alpn) = &facts.alpn {
        write!(f, " alpn={}", Hex(alpn))?;
    }
    if let Some(name) = &facts.server_name {
        write!(f, " name={}", Hex(name.as_bytes()))?;
    }
    if let Some(certificate) = &facts.peer_certificate {
        write!(f, " certificate={}", Hex(certificate))?;
    }
    if let Some(end_point) = &facts.server_end_point {
        write!(f, " end-point={}", Hex(end_point))?;
    }
    if let Some(exporter) = &facts.exporter {
        write!(f, " exporter={}", Hex(exporter))?;
    }
    Ok(())
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Text of which the line ends are spelt out.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|sign| match sign {
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            _ => f.write_char(sign),
        })
    }
}
