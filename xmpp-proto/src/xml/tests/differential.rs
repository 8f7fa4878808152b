//! Against two parsers of other people. rxml is as strict as we are; what quick-xml accepts is more, but where we accept it must see the same.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::eprintln;

use proptest::prelude::*;
use quick_xml::events::Event as Quick;
use rxml::Parse as _;

use super::super::Element;
use super::super::equal::{Step, Walk};

/// What a document says, a line for each tag and each text.
fn ours(document: &str) -> Option<Vec<String>> {
    let element: Element = document.parse().ok()?;
    let mut lines = Lines::default();
    for step in Walk::new(element.view()) {
        match step {
            Step::Start(element) => {
                let attributes = element.attrs().map(|one| format!("{{{}}}{}={:?}", one.ns(), one.name(), one.value()));
                lines.start(element.ns(), element.name(), attributes.collect());
            }
            Step::Text(text) => lines.text(&text),
            Step::End => lines.end(),
        }
    }
    Some(lines.all())
}

fn rxml(document: &str) -> Option<Vec<String>> {
    let mut parser = rxml::Parser::new();
    let mut rest = document.as_bytes();
    let mut lines = Lines::default();
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(rxml::Event::StartElement(_, (ns, name), attributes))) => {
                let attributes = attributes
                    .iter()
                    .map(|((ns, name), value)| format!("{{{}}}{}={value:?}", ns.as_str(), name.as_str()));
                lines.start(ns.as_str(), name.as_str(), attributes.collect());
            }
            Ok(Some(rxml::Event::EndElement(_))) => lines.end(),
            Ok(Some(rxml::Event::Text(_, text))) => lines.text(&text),
            Ok(Some(_)) => {}
            Ok(None) => return Some(lines.all()),
            Err(_) => return None,
        }
    }
}

/// Only names: values it unescapes when asked to.
fn quick(document: &str) -> Option<Vec<String>> {
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    let mut names = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Quick::Start(tag) => {
                names.push(tag.name().as_ref().to_string());
                for attribute in tag.attributes() {
                    attribute.ok()?;
                }
            }
            Quick::End(_) => names.push("/".to_string()),
            Quick::Eof => return Some(names),
            _ => {}
        }
    }
}

fn names(document: &str) -> Option<Vec<String>> {
    let element: Element = document.parse().ok()?;
    let steps = Walk::new(element.view()).filter_map(|step| match step {
        Step::Start(element) => Some(element.qualified().to_string()),
        Step::Text(_) => None,
        Step::End => Some("/".to_string()),
    });
    Some(steps.collect())
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    text: String,
}

impl Lines {
    fn start(&mut self, ns: &str, name: &str, mut attributes: Vec<String>) {
        self.flush();
        attributes.sort();
        self.lines.push(format!("<{{{ns}}}{name} {}", attributes.join(" ")));
    }

    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn end(&mut self) {
        self.flush();
        self.lines.push("/".to_string());
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.lines.push(format!("{:?}", core::mem::take(&mut self.text)));
        }
    }

    fn all(self) -> Vec<String> {
        self.lines
    }
}

/// Parts of which documents are made.
const PARTS: &[&str] = &[
    "<a>",
    "</a>",
    "<b/>",
    "<b x='1' y=\"2\">",
    "</b>",
    "<a xmlns='u'>",
    "<p:a xmlns:p=\"v\">",
    "</p:a>",
    "<p:a p:x='' x=''>",
    "<b xmlns='' xmlns:q='v' q:x='' p:x=''/>",
    "<a xml:lang='en'>",
    "text",
    "&amp;",
    "&lt;",
    "&#x41;",
    "&#10;",
    "&#1;",
    "&foo;",
    "&",
    "<![CDATA[<&>]]>",
    "<![CDATA[",
    "]]>",
    "]]",
    "<",
    ">",
    "'",
    "\"",
    "/",
    "=",
    "!",
    " ",
    "\n",
    "\t",
    "é",
    "😀",
    "<é/>",
    "<!-- -->",
    "<?x?>",
    "\u{1}",
    "\u{ffff}",
    "<a b='x&quot;y\n'/>",
    "<a b='<'/>",
    "<a b='c'd='e'/>",
    "<a b = 'c' />",
    "<-/>",
    "<_a.-1/>",
    "<a:b:c/>",
    "<a:/>",
    "<:a/>",
    "</a >",
    "</ a>",
    "<a xmlns:x=''/>",
    "<a xmlns:xmlns='u'/>",
    "<a xmlns:xml='u'/>",
];

fn document() -> impl Strategy<Value = String> {
    let inside = prop::collection::vec(prop::sample::select(PARTS), 0..10).prop_map(|parts| parts.concat());
    prop_oneof![4 => inside.clone().prop_map(|inside| format!("<r xmlns:p='w'>{inside}</r>")), 1 => inside]
}

/// Whole elements, so that most documents are good.
fn sound() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &["x", "&amp;y", "<b/>", "<![CDATA[]]]]>", "<p:c p:d='&lt;' d=''/>", " \n", "é", "<e xmlns='f' g='\t'/>"][..],
    )
    .prop_map(String::from);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let open =
            prop::sample::select(&["a", "b xmlns='u'", "p:c", "d xmlns:p='n' p:e='f'", "q:g xmlns:q=\"&amp;\""][..]);
        (open, prop::collection::vec(inner, 0..4)).prop_map(|(open, inner)| {
            let name = open.split(' ').next().unwrap_or_default();
            format!("<{open}>{}</{name}>", inner.concat())
        })
    })
    .prop_map(|inside| format!("<r xmlns:p='w'>{inside}</r>"))
}

fn agree(document: &str) {
    // We swallow whitespace before an element, as between stanzas; rxml does only after an XML declaration.
    let document = document.trim_start();
    // Behind the root it lets references to whitespace stand, which belong to no element (XML 1.0, §2.8).
    if let Some(before) = document.trim_end().strip_suffix("&#10;") {
        assert_eq!(ours(document), None, "{document:?}");
        return agree(before);
    }
    let mine = ours(document);
    let theirs = rxml(document);
    if mine != theirs {
        eprintln!("{document:?}: {:?}", document.parse::<Element>().err());
    }
    assert_eq!(mine, theirs, "{document:?}");
    if let Some(names) = names(document) {
        assert_eq!(quick(document), Some(names), "{document:?}");
    }
}

#[test]
fn no_reference_stands_behind_the_root() {
    for document in ["<a/>&#10;", "<é/> &#10;&#10;\n"] {
        agree(document);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn we_agree_on_what_is_made_of_parts(document in document()) {
        agree(&document);
    }

    #[test]
    fn we_agree_on_what_is_sound(document in sound()) {
        assert!(document.parse::<Element>().is_ok());
        agree(&document);
    }
}
