//! XML as a stream has it: the same frames however the input is cut; what rxml reads we read, and what we read it reads as the same; what was read is
//! written so that it reads as it did, whoever writes it and wherever; bounded heap, and work that grows with the input.
//!
//! The input is a stream from its first byte on, and then what follows a header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rxml::Parse as _;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_fuzz::xmpp::{HEADER, Lines, Told, attribute, parts, read, rewrite};
use xmpp_proto::ns;
use xmpp_proto::xml::{Element, ElementBuf, ElementRef, Limit, Limits, Scope, Stamp, Writer, XmlError};

/// So small that inputs of the fuzzer pass all of them.
const SMALL: Limits = Limits { bytes: 400, depth: 5, attributes: 4, name: 12, bindings: 4, elements: 12 };

fuzz_target!(|input: &[u8]| {
    let seed = seed_of(input);
    let begun = [HEADER, input].concat();
    for stream in [input, &begun] {
        for limits in [SMALL, Limits::BEFORE_LOGIN, Limits::AFTER_LOGIN] {
            let whole = read(stream, limits, Cuts::Whole);
            for cuts in [Cuts::Single, Cuts::Random(seed)] {
                let cut = read(stream, limits, cuts);
                assert_eq!(whole, cut, "{cuts:?}");
                let raw = |told: &Told| told.elements().map(Element::to_bytes).collect::<Vec<_>>();
                assert_eq!(raw(&whole), raw(&cut), "{cuts:?}");
            }
            whole.elements().for_each(|element| within(element, &limits));
        }
    }
    let told = read(&begun, Limits::AFTER_LOGIN, Cuts::Whole);
    // It knows no names with characters from U+FDF0 to U+FFFD, either (XML 1.0, §2.3).
    if !has_lone_return(input) && !input.contains(&0xef) {
        agrees(&begun, &told);
        if let Ok(text) = str::from_utf8(input) {
            alone(text);
        }
    }
    for element in told.elements().take(8) {
        comes_back(element);
    }
    if seed % 16 < 4 {
        let cost = |times: usize| {
            let (stream, mut meter) = ([HEADER, &input.repeat(times)].concat(), Meter::default());
            let told = meter.run(|| read(&stream, Limits::AFTER_LOGIN, Cuts::Random(seed)));
            drop(meter.run(|| told));
            // An index is eleven times its bytes at most, and the inbox may just have doubled.
            assert!(meter.peak() <= 16 * stream.len() as isize + 16 * 1024, "{} bytes of heap", meter.peak());
            meter
        };
        cost(4).check_linear(&cost(8));
    }
});

/// No element passes a limit.
fn within(element: &Element, limits: &Limits) {
    let raw = element.view().raw();
    assert!(raw.len() <= limits.bytes && raw.starts_with('<') && raw.ends_with('>'));
    let all = parts(element);
    assert!(all.len() <= limits.elements as usize);
    for part in all {
        let depth = std::iter::successors(Some(part), |part| part.parent()).count();
        assert!(depth <= usize::from(limits.depth));
        assert!(part.attrs().count() + part.declarations().count() <= usize::from(limits.attributes));
        assert!(part.name().len() <= usize::from(limits.name));
    }
}

/// rxml over a whole stream: a stanza at a time, and whether it refused what followed.
fn theirs(stream: &[u8]) -> (Vec<Lines>, bool) {
    let mut parser = rxml::Parser::new();
    let (mut rest, mut depth) = (stream, 0);
    let (mut stanzas, mut lines) = (Vec::new(), Lines::default());
    loop {
        match parser.parse(&mut rest, false) {
            Ok(Some(rxml::Event::StartElement(_, (ns, name), attributes))) => {
                depth += 1;
                if depth > 1 {
                    let attributes =
                        attributes.iter().map(|((ns, name), value)| attribute(ns.as_str(), name.as_str(), value));
                    lines.start(ns.as_str(), name.as_str(), attributes.collect());
                }
            }
            Ok(Some(rxml::Event::EndElement(_))) => {
                depth -= 1;
                match depth {
                    0 => return (stanzas, false),
                    1 => {
                        lines.end();
                        stanzas.push(std::mem::take(&mut lines));
                    }
                    _ => lines.end(),
                }
            }
            Ok(Some(rxml::Event::Text(_, text))) if depth > 1 => lines.text(&text),
            Ok(Some(_)) => {}
            Ok(None) | Err(rxml::error::EndOrError::NeedMoreData) => return (stanzas, false),
            Err(_) => return (stanzas, true),
        }
    }
}

fn agrees(stream: &[u8], told: &Told) {
    let (theirs, refused) = theirs(stream);
    let ours: Vec<Lines> = told.elements().map(|element| Lines::of(element.view())).collect();
    let common = ours.len().min(theirs.len());
    assert_eq!(ours[..common], theirs[..common], "{}", stream.escape_ascii());
    assert!(ours.len() <= theirs.len(), "we took what rxml refused: {}", stream.escape_ascii());
    match told.fault {
        None => {
            assert_eq!(ours.len(), theirs.len());
            // It looks at what is unfinished, which we judge when it is whole.
        }
        // What XML allows, and streams do not.
        Some(XmlError::Limit(_) | XmlError::TextBetweenStanzas) => {}
        // rxml takes two declarations of one prefix.
        Some(XmlError::DuplicateAttribute) if stream.windows(5).filter(|words| *words == b"xmlns").count() > 3 => {}
        // rxml takes references of any length, by zeros at the front.
        Some(XmlError::Entity | XmlError::CharacterReference) if has_long_reference(stream) => {}
        Some(fault) => {
            assert!(ours.len() == theirs.len(), "we refused what rxml took: {fault:?}, {}", stream.escape_ascii());
            assert!(
                refused || is_unfinished(fault),
                "we refused and rxml did not: {fault:?}, {}",
                stream.escape_ascii()
            );
        }
    }
}

/// rxml loses a CR that stands alone at the end of a value or text, which is a line end as others (XML 1.0, §2.11).
fn has_lone_return(input: &[u8]) -> bool {
    input.iter().enumerate().any(|(at, byte)| *byte == b'\r' && input.get(at + 1) != Some(&b'\n'))
}

fn has_long_reference(stream: &[u8]) -> bool {
    stream.windows(2).any(|two| two == b"#0" || two == b"x0")
}

/// Faults that we may see before rxml does.
fn is_unfinished(fault: XmlError) -> bool {
    matches!(
        fault,
        XmlError::Tag
            | XmlError::MismatchedTag
            | XmlError::Comment
            | XmlError::DocumentType
            | XmlError::Name
            | XmlError::ProcessingInstruction
    )
}

/// As a WebSocket message has it: one element, with whitespace around it at most.
fn alone(text: &str) {
    let ours = Element::parse(text.as_bytes().to_vec().into(), &Scope::EMPTY, &Limits::AFTER_LOGIN);
    let stream = [&b"<r>"[..], text.as_bytes()].concat();
    let (theirs, _) = theirs(&stream);
    match ours {
        Ok(element) => {
            assert_eq!(Some(&Lines::of(element.view())), theirs.first());
            comes_back(&element);
        }
        Err(XmlError::Limit(Limit::Bytes)) => assert!(text.len() > Limits::AFTER_LOGIN.bytes),
        Err(_) => {}
    }
}

/// What was read is written, and read as the same.
fn comes_back(element: &Element) {
    let mut bytes = Vec::new();
    for scope in [Scope::EMPTY, Scope::CLIENT, Scope::SERVER] {
        let scope = &scope;
        bytes.clear();
        rewrite(element.view(), &mut Writer::new(&mut bytes, scope).element(element.name(), element.ns()).unwrap())
            .unwrap();
        if let Some(again) = parsed(&bytes, scope) {
            assert_eq!(again, *element, "{element} became {}", bytes.escape_ascii());
        }
        for part in parts(element).into_iter().take(16) {
            bytes.clear();
            Writer::new(&mut bytes, scope).embed(part);
            if let Some(again) = parsed(&bytes, scope) {
                assert_eq!(again, part, "{part} became {}", bytes.escape_ascii());
            }
            bytes.clear();
            Writer::new(&mut bytes, scope).element("wrap", "urn:x").unwrap().embed(part);
            if let Some(again) = parsed(&bytes, scope) {
                assert_eq!(again.children().next(), Some(part), "{part} became {}", bytes.escape_ascii());
            }
            stamped(part, scope);
        }
    }
    match ElementBuf::like(element.view()).finish() {
        Ok(built) => assert_eq!(built, *element, "{element} became {built}"),
        Err(XmlError::Limit(_)) => {}
        Err(fault) => panic!("{fault:?} of {element}"),
    }
}

fn stamped(part: ElementRef<'_>, scope: &Scope) {
    let (from, kind) = ("a'b@c/<&>", "error");
    let stamp = Stamp::new(part).from(from).without_to().kind(kind).lang("en");
    let mut bytes = Vec::new();
    stamp.write(&mut bytes, scope).unwrap();
    let Some(again) = parsed(&bytes, scope) else { return };
    let plain = |name: &str| again.attr(name).map(|value| value.into_owned());
    assert_eq!([plain("from"), plain("to"), plain("type")], [Some(from.into()), None, Some(kind.into())]);
    assert_eq!(again.lang().as_deref(), Some("en"));
    assert!(again.is(part.name(), part.ns()));
    let is_kept = |ns: &str, name: &str| match ns {
        "" => !matches!(name, "from" | "to" | "type"),
        ns::XML => name != "lang",
        _ => true,
    };
    let kept = |element: ElementRef<'_>| -> Vec<String> {
        let attributes = element.attrs().filter(|one| is_kept(one.ns(), one.name()));
        attributes.map(|one| attribute(one.ns(), one.name(), &one.value())).collect()
    };
    assert_eq!(kept(again.view()), kept(part));
    assert!(again.children().eq(part.children()) && again.text() == part.text());
}

/// One that may have grown over the limits, by declarations.
fn parsed(bytes: &[u8], scope: &Scope) -> Option<Element> {
    match Element::parse(bytes.to_vec().into(), scope, &Limits::PEER) {
        Ok(element) => Some(element),
        Err(XmlError::Limit(_)) => None,
        Err(fault) => panic!("{fault:?} in what was written: {}", bytes.escape_ascii()),
    }
}
