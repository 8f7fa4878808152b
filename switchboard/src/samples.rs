//! Sample mail for a new mailbox: each message is awkward in one way that real
//! mail is, so that a first try shows whether client and server get it right.

/// The samples, in order of delivery.
pub const SAMPLES: [&[u8]; 9] = [
    include_bytes!("../samples/01-welcome.eml"),
    include_bytes!("../samples/02-attachment.eml"),
    include_bytes!("../samples/03-utf-8.eml"),
    include_bytes!("../samples/04-dots.eml"),
    include_bytes!("../samples/05-long-lines.eml"),
    include_bytes!("../samples/06-empty-body.eml"),
    include_bytes!("../samples/07-no-final-newline.eml"),
    include_bytes!("../samples/08-dot-first.eml"),
    include_bytes!("../samples/09-crlf.eml"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> &'static [u8] {
        let subject = format!("Subject: {name}");
        let found = SAMPLES.into_iter().find(|message| message.windows(subject.len()).any(|w| w == subject.as_bytes()));
        found.unwrap_or_else(|| panic!("no sample {name:?}"))
    }

    fn lines(message: &[u8]) -> Vec<&[u8]> {
        message.split(|&byte| byte == b'\n').collect()
    }

    /// A tool that "repairs" the files would leave nothing to try.
    #[test]
    fn each_sample_is_still_as_awkward_as_it_says() {
        assert!(sample("The plan").windows(21).any(|w| w == b"multipart/alternative"));
        assert!(sample("The plan").windows(10).any(|w| w == b"attachment"));
        assert!(sample("=?utf-8?Q?Gr").windows(4).any(|w| w == "ß".as_bytes() || w == "📮".as_bytes()));
        for line in [&b"."[..], b"..", b".hidden"] {
            assert!(lines(sample("Lines that begin with dots")).contains(&line));
        }
        for length in [999, 5000, 20_000] {
            assert!(lines(sample("Very long lines")).iter().any(|line| line.len() == length));
        }
        assert!(sample("(this message has no body)").ends_with(b"\n\n"));
        assert_ne!(sample("The last line does not end").last(), Some(&b'\n'));
        assert!(sample("The body begins with a dot").windows(4).any(|w| w == b"\n\n.\n"));
        let crlf = sample("Line ends of CR and LF");
        assert_eq!(lines(crlf).len() - 1, crlf.windows(2).filter(|w| w == b"\r\n").count());
    }

    #[test]
    fn the_other_samples_have_unix_line_ends() {
        assert_eq!(SAMPLES.into_iter().filter(|message| message.contains(&b'\r')).count(), 1);
    }
}
