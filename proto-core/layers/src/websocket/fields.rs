use super::failure::Failure;

/// The most header fields of a request or response; browsers send about fifteen, proxies add some.
pub(super) const FIELDS: usize = 64;

/// What ends a head (RFC 9112 §2.1).
const END: &[u8] = b"\r\n\r\n";

/// How far the end of a head was looked for without finding it, so that no byte is scanned twice.
#[derive(Debug, Default)]
pub(super) struct Scan {
    scanned: usize,
    begun: bool,
}

impl Scan {
    /// The length of the head, once it is here in whole. What cannot become one is told as early as it can be.
    pub(super) fn head(&mut self, waiting: &[u8], limit: usize) -> Result<Option<usize>, Failure> {
        if waiting.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
            return Err(Failure::NotHttp);
        }
        let waiting = &waiting[..waiting.len().min(limit)];
        let fresh = waiting.get(self.scanned..).unwrap_or_default();
        if !self.begun
            && let Some(end) = memchr::memchr(b'\n', fresh)
        {
            check_first_line(&waiting[..waiting.len() - fresh.len() + end])?;
            self.begun = true;
        }
        let from = (waiting.len() - fresh.len()).saturating_sub(END.len() - 1);
        let found = memchr::memmem::find(&waiting[from..], END).map(|place| from + place + END.len());
        self.scanned = waiting.len();
        match found {
            Some(length) => Ok(Some(length)),
            None if waiting.len() < limit => Ok(None),
            None => Err(Failure::HeadTooLong { limit }),
        }
    }
}

/// A request line ends with the version, and a status line begins with it.
fn check_first_line(line: &[u8]) -> Result<(), Failure> {
    let is_http = line.strip_suffix(b"\r").is_some_and(|line| {
        let version = line.len().checked_sub(b" HTTP/1.x".len()).map(|at| &line[at..]);
        line.starts_with(b"HTTP/1.") || version.is_some_and(|version| version.starts_with(b" HTTP/1."))
    });
    if is_http { Ok(()) } else { Err(Failure::NotHttp) }
}

/// Whether all lines end with CRLF. A lone LF or CR may be an end to one reader and none to the next, and so hide a field (RFC 9112 §2.2).
pub(super) fn has_whole_lines(head: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', head).all(|at| at > 0 && head[at - 1] == b'\r')
}

/// The header fields of a request or response.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [httparse::Header<'a>]);

/// A field stands there more than once, or is no text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unclear;

impl<'a> Fields<'a> {
    fn all(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    pub(super) fn has(self, name: &'static str) -> bool {
        self.all(name).next().is_some()
    }

    /// A field that may stand there once.
    pub(super) fn one(self, name: &'static str) -> Result<Option<&'a str>, Unclear> {
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Ok(None) };
        let text = str::from_utf8(value).ok().filter(|text| text.is_ascii());
        if values.next().is_some() { Err(Unclear) } else { text.map(|text| Some(text.trim())).ok_or(Unclear) }
    }

    /// The elements of a field that is a list, which may go over several fields (RFC 9110 §5.6.1).
    pub(super) fn list(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let texts = self.all(name).filter_map(|value| str::from_utf8(value).ok());
        texts.flat_map(|text| text.split(',')).map(str::trim).filter(|element| !element.is_empty())
    }

    /// Whether a list has this element, in capitals or not.
    pub(super) fn lists(self, name: &'static str, wanted: &str) -> bool {
        self.list(name).any(|element| element.eq_ignore_ascii_case(wanted))
    }
}
