use thiserror::Error;

/// Why a line is not a line of POP3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The line ends with LF alone, where CRLF is demanded.
    #[error("lines must end with CRLF")]
    BareLf,
    /// There is a CR that no LF follows.
    #[error("a CR must be followed by LF")]
    BareCr,
    /// There is a NUL octet.
    #[error("NUL is not allowed")]
    Nul,
}

/// Takes the line end off a line and checks what is left (RFC 1939 §3: lines end with a CRLF pair).
///
/// `line` reaches up to and including its LF. With `bare_lf` a lone LF ends a line too. CR and NUL inside are faults always:
/// whoever relays such a line would make two of it.
pub fn trim_line(line: &[u8], bare_lf: bool) -> Result<&[u8], LineFault> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = match line.strip_suffix(b"\r") {
        Some(line) => line,
        None if bare_lf => line,
        None => return Err(LineFault::BareLf),
    };
    // Most lines are a keyword and little more, for which a vector search does not pay.
    let fault = if line.len() < 16 {
        line.iter().position(|byte| matches!(byte, b'\r' | 0))
    } else {
        memchr::memchr2(b'\r', 0, line)
    };
    match fault {
        None => Ok(line),
        Some(at) if line[at] == 0 => Err(LineFault::Nul),
        Some(_) => Err(LineFault::BareCr),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crlf_ends_a_line_and_a_bare_lf_only_where_allowed() {
        assert_eq!(trim_line(b"NOOP\r\n", false), Ok(&b"NOOP"[..]));
        assert_eq!(trim_line(b"NOOP\n", true), Ok(&b"NOOP"[..]));
        assert_eq!(trim_line(b"NOOP\n", false), Err(LineFault::BareLf));
        assert_eq!(trim_line(b"\r\n", false), Ok(&b""[..]));
    }

    #[test]
    fn cr_and_nul_inside_are_faults() {
        assert_eq!(trim_line(b"NO\rOP\r\n", true), Err(LineFault::BareCr));
        assert_eq!(trim_line(b"NOOP\r\r\n", true), Err(LineFault::BareCr));
        assert_eq!(trim_line(b"NO\0OP\r\n", true), Err(LineFault::Nul));
    }
}
