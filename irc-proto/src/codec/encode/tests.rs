use super::*;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use proptest::prelude::*;

const CLIENT: Encoder = Encoder::new(Sender::Client);

fn word<'a>(word: &'a str, params: &'a [&'a [u8]]) -> Parts<'a> {
    Parts { command: Command::Word(word.as_bytes()), params, ..Parts::default() }
}

fn encoded(encoder: Encoder, parts: &Parts<'_>) -> Result<String, Unwritable> {
    let mut outbox = Outbox::new();
    let written = encoder.encode(parts, &mut outbox);
    let line = outbox.to_vec();
    assert_eq!(encoder.to_bytes(parts).map_err(|_| ()), written.map(|()| line.clone().into()).map_err(|_| ()));
    assert_eq!(line.is_empty(), written.is_err(), "an error writes nothing");
    written.map(|()| String::from_utf8(line).unwrap())
}

#[test]
fn the_last_parameter_has_a_colon_where_it_needs_one_or_always() {
    let always = CLIENT.with_trailing(Trailing::Always);
    for (last, auto) in [("b", " b"), ("", " :"), ("b c", " :b c"), (":b", " ::b"), (" ", " : "), ("b:c", " b:c")] {
        let params = [&b"a"[..], last.as_bytes()];
        assert_eq!(encoded(CLIENT, &word("FOO", &params)), Ok(format!("FOO a{auto}\r\n")));
        assert_eq!(encoded(always, &word("FOO", &params)), Ok(format!("FOO a :{last}\r\n")));
    }
    assert_eq!(encoded(always, &word("AWAY", &[])).as_deref(), Ok("AWAY\r\n"));
}

#[test]
fn numerics_have_three_digits_and_tags_are_escaped() {
    let parts = Parts {
        tags: &[(b"a", b"; \\\r\n"), (b"+v.org/b", b"")],
        source: Some(b"irc.example.org"),
        command: Command::Numeric(super::super::Numeric::new(1).unwrap()),
        params: &[b"ada", b"Welcome"],
    };
    let line = "@a=\\:\\s\\\\\\r\\n;+v.org/b :irc.example.org 001 ada Welcome\r\n";
    assert_eq!(encoded(Encoder::new(Sender::Server), &parts).as_deref(), Ok(line));
}

#[test]
fn no_part_can_be_taken_for_two() {
    for forbidden in [&b"a\rb"[..], b"a\nb", b"a\0b"] {
        let last = [&b"x"[..], forbidden];
        let middle = [forbidden, b"x"];
        let source = Parts { source: Some(forbidden), ..word("FOO", &[]) };
        for parts in [word("FOO", &last), word("FOO", &middle), source] {
            assert_eq!(encoded(CLIENT, &parts), Err(Unwritable::ForbiddenCharacter));
        }
    }
    assert_eq!(encoded(CLIENT, &word("FOO", &[b"a", b"", b"b"])), Err(Unwritable::EmptyMiddle(1)));
    assert_eq!(encoded(CLIENT, &word("FOO", &[b"a b", b"c"])), Err(Unwritable::SpaceInMiddle(0)));
    assert_eq!(encoded(CLIENT, &word("FOO", &[b":a", b"c"])), Err(Unwritable::ColonInMiddle(0)));
    for source in [&b""[..], b"a b"] {
        let parts = Parts { source: Some(source), ..word("FOO", &[]) };
        assert_eq!(encoded(CLIENT, &parts), Err(Unwritable::Source));
    }
    for command in ["", "FOO BAR", "FOO\r\nQUIT", ":FOO", "@a", "001"] {
        assert_eq!(encoded(CLIENT, &word(command, &[])), Err(Unwritable::Command), "{command:?}");
    }
}

#[test]
fn tags_are_checked() {
    let tag = |key: &'static [u8], value: &'static [u8]| {
        let tags = [(key, value)];
        encoded(CLIENT, &Parts { tags: &tags, ..word("FOO", &[]) })
    };
    for key in [&b""[..], b"+", b"a b", b"a=b", b"a;b", b"@a", b"a_b", b"v/", b"/a"] {
        assert_eq!(tag(key, b""), Err(Unwritable::TagKey), "{}", key.escape_ascii());
    }
    assert_eq!(tag(b"a", b"\xff"), Err(Unwritable::TagNotUtf8));
    assert_eq!(tag(b"a", b"x\0y"), Err(Unwritable::ForbiddenCharacter));
}

#[test]
fn what_is_too_long_is_an_error_to_the_byte() {
    let most = vec![b'x'; 510 - 4];
    assert_eq!(encoded(CLIENT, &word("FOO", &[&most])).map(|line| line.len()), Ok(512));
    let more = vec![b'x'; 511 - 4];
    assert_eq!(encoded(CLIENT, &word("FOO", &[&more])), Err(Budget::Body.into()));
    assert!(encoded(CLIENT.with_body(513), &word("FOO", &[&more])).is_ok());
    assert_eq!(encoded(CLIENT, &word("FOO", &[&b"x"[..]; 16])), Err(Unwritable::TooManyParams));
    assert!(encoded(CLIENT, &word("FOO", &[&b"x"[..]; 15])).is_ok());
    // Each space is two bytes when escaped.
    let spaces = vec![b' '; 2046];
    let tags = [(&b"a"[..], &spaces[..])];
    assert!(encoded(CLIENT, &Parts { tags: &tags, ..word("FOO", &[]) }).is_ok());
    let tags = [(&b"abc"[..], &spaces[..])];
    assert_eq!(encoded(CLIENT, &Parts { tags: &tags, ..word("FOO", &[]) }), Err(Budget::ClientTags.into()));
    let tags = [(&b"abc"[..], &spaces[..]), (&b"+a"[..], &b"1"[..])];
    let server = encoded(Encoder::new(Sender::Server), &Parts { tags: &tags, ..word("FOO", &[]) });
    assert_eq!(server, Err(Budget::ServerTags.into()));
}

#[test]
fn relayed_lines_are_as_they_came() {
    let relay = |line: &[u8]| {
        let mut outbox = Outbox::new();
        let message = Message::parse(line, Profile::Lenient).unwrap();
        Encoder::new(Sender::Server).relay(message, &mut outbox).map(|()| outbox.to_vec())
    };
    for line in ["@a=\\1;;b=  :s  FOO  a :b ", " FOO :a", "@ FOO"] {
        assert_eq!(relay(line.as_bytes()), Ok(format!("{line}\r\n").into_bytes()));
    }
    assert_eq!(relay(&[b'x'; 511]), Err(Budget::Body.into()));
    assert_eq!(relay(format!("@a={} FOO", "x".repeat(4093)).as_bytes()), Err(Budget::ServerTags.into()));
    assert_eq!(relay(format!("@a{} FOO", ";".repeat(9000)).as_bytes()), Err(Budget::Tags.into()));
}

#[test]
fn debug_shows_no_parameters() {
    assert_eq!(format!("{:?}", word("PASS", &[b"hunter2"])), "Parts { command: PASS, params: 1 }");
}

/// Bytes, among them often those that matter.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![8 => b'a'..=b'z', 2 => prop::sample::select(&b" :;@=\\"[..]), 1 => any::<u8>()],
        0..8,
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was_meant(
        tags in prop::collection::vec(("[+]?([a-z.]{1,4}/)?[a-z-]{1,4}", "[a-z; \\\\\r\n\u{e9}]{0,6}"), 0..4),
        source in prop::option::of(text()),
        command in "[A-Za-z]{1,5}|[a-z0-9:]{0,3}",
        params in prop::collection::vec(text(), 0..5),
        always: bool,
    ) {
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        let params: Vec<_> = params.iter().map(|param| &param[..]).collect();
        let parts = Parts { tags: &tags, source: source.as_deref(), ..word(&command, &params) };
        let encoder = CLIENT.with_trailing(if always { Trailing::Always } else { Trailing::Auto });
        if let Ok(line) = encoder.to_bytes(&parts) {
            let line = Profile::Strict.trim_line(&line).unwrap();
            let message = Message::parse(line, Profile::Strict).unwrap();
            prop_assert!(message.command().is(command.as_bytes()));
            prop_assert_eq!(message.source().map(|source| source.as_bytes()), source.as_deref());
            prop_assert_eq!(message.params().collect::<Vec<_>>(), params);
            let read: Vec<_> = message.tags().iter().map(|tag| (tag.key(), tag.value().unescaped().into_owned())).collect();
            prop_assert_eq!(read, tags.iter().map(|(key, value)| (*key, value.to_vec())).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_strict_message_comes_back_from_its_parts(words in prop::collection::vec("[a-z:#]{1,4}", 1..6), trailing in "[a-z :]{0,8}") {
        let line = format!(":s FOO {} :{trailing}", words.join(" "));
        if let Ok(message) = Message::parse(line.as_bytes(), Profile::Strict) {
            let params: Vec<_> = message.params().collect();
            let parts = Parts { source: Some(b"s"), ..word("FOO", &params) };
            let again = CLIENT.with_trailing(Trailing::Always).to_bytes(&parts).unwrap();
            let relayed = Message::parse(Profile::Strict.trim_line(&again).unwrap(), Profile::Strict).unwrap();
            prop_assert_eq!(relayed.line(), line.as_bytes());
        }
    }
}
