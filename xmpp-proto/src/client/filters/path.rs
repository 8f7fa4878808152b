use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use crate::xml::{Children, ElementRef};

/// The most steps of a path: their bits are one number.
const STEPS: usize = 32;
/// The most parentheses inside one another.
const NESTING: usize = 16;
/// The longest path, in bytes.
const LONGEST: usize = 1024;

/// A path to elements of a stanza: the part of XPath 1.0 that can be followed in one walk over the stanza, however it was built.
///
/// ```text
/// path       = one *( "|" one )
/// one        = ( "/" / "//" ) step *( ( "/" / "//" ) step )      without a slash it begins with "/"
/// step       = ( "*" / name / prefix ":" name ) *( "[" predicate "]" )
/// predicate  = "not(" predicate ")" / "(" predicate ")" / predicate ( "and" / "or" ) predicate
///            / value [ ( "=" / "!=" ) string ] / ( "contains" / "starts-with" ) "(" value "," string ")"
/// value      = "@" name / "text()" / "." / step name of a child
/// ```
///
/// The stanza is what `/` leads to first: `/message/body`, `//x:item[@jid='a@b']`. A name without prefix is one of any namespace. `.` is all text
/// in an element and `text()` what is directly in it; a child by name stands for its text, and without a comparison for its being there.
#[derive(Clone)]
pub struct Path {
    ways: Vec<Vec<Step>>,
    text: Box<str>,
}

#[derive(Clone)]
struct Step {
    is_anywhere: bool,
    name: NameTest,
    predicates: Vec<Predicate>,
}

#[derive(Clone)]
struct NameTest {
    /// Any, where there is none.
    name: Option<Box<str>>,
    ns: Option<Box<str>>,
}

#[derive(Clone)]
enum Predicate {
    Not(Box<Predicate>),
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
    Is(Value, Option<(Test, Box<str>)>),
}

#[derive(Clone, Copy)]
enum Test {
    Equal,
    Unequal,
    Contains,
    StartsWith,
}

#[derive(Clone)]
enum Value {
    Attribute(Box<str>),
    Text,
    All,
    Child(NameTest),
}

/// Why a text is no [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathError {
    /// Something else should stand here.
    #[error("the path cannot be read from its byte {0} on: see the grammar in the documentation of `Path`")]
    Syntax(usize),
    /// A prefix that was not given.
    #[error("the prefix that ends at byte {0} is not among those that were given with the path")]
    UnknownPrefix(usize),
    /// Too many steps, too many parentheses inside one another, or too long.
    #[error("the path is too long: it may have 1024 bytes, 32 steps, and 16 parentheses inside one another")]
    TooLong,
}

impl Path {
    /// Reads a path. `prefixes` are those in it, and the namespaces they stand for.
    ///
    /// # Errors
    ///
    /// [`PathError`].
    pub fn parse(text: &str, prefixes: &[(&str, &str)]) -> Result<Path, PathError> {
        if text.len() > LONGEST {
            return Err(PathError::TooLong);
        }
        let mut parser = Parser { text, at: 0, prefixes, depth: 0 };
        let mut ways = Vec::new();
        loop {
            ways.push(parser.way()?);
            if !parser.eat("|") {
                break;
            }
        }
        if parser.at < text.len() { Err(parser.fault()) } else { Ok(Path { ways, text: text.into() }) }
    }

    /// Whether it leads somewhere.
    pub fn matches(&self, stanza: ElementRef<'_>) -> bool {
        !self.find(stanza).is_empty()
    }

    /// Where it leads, in the stanza's order, each element once.
    pub fn find<'a>(&self, stanza: ElementRef<'a>) -> Vec<ElementRef<'a>> {
        let mut found = Vec::new();
        // On the way down: what is left at each level, and which steps may be taken there, for each way.
        let mut levels: Vec<(Children<'a>, Vec<u32>)> = Vec::new();
        let start = alloc::vec![1; self.ways.len()];
        let mut next = Some((stanza, start));
        while let Some((element, may)) = next.take() {
            let mut is_found = false;
            let mut onward = Vec::with_capacity(may.len());
            for (way, may) in self.ways.iter().zip(&may) {
                let (on, arrived) = advance(way, *may, element);
                is_found |= arrived;
                onward.push(on);
            }
            if is_found {
                found.push(element);
            }
            if onward.iter().any(|may| *may != 0) {
                levels.push((element.children(), onward));
            }
            while let Some((children, may)) = levels.last_mut() {
                if let Some(child) = children.next() {
                    next = Some((child, may.clone()));
                    break;
                }
                levels.pop();
            }
        }
        found
    }
}

/// Which steps may be taken in what is in `element`, where those of `may` may be taken on it, and whether it is an end.
fn advance(way: &[Step], may: u32, element: ElementRef<'_>) -> (u32, bool) {
    let (mut on, mut arrived) = (0, false);
    for (number, step) in way.iter().enumerate().filter(|(number, _)| may >> number & 1 == 1) {
        if step.is_anywhere {
            on |= 1 << number;
        }
        if step.takes(element) {
            match number + 1 == way.len() {
                true => arrived = true,
                false => on |= 1 << (number + 1),
            }
        }
    }
    (on, arrived)
}

impl Step {
    fn takes(&self, element: ElementRef<'_>) -> bool {
        self.name.is(element) && self.predicates.iter().all(|predicate| predicate.holds(element))
    }
}

impl NameTest {
    fn is(&self, element: ElementRef<'_>) -> bool {
        self.name.as_deref().is_none_or(|name| element.name() == name)
            && self.ns.as_deref().is_none_or(|ns| element.ns() == ns)
    }
}

impl Predicate {
    fn holds(&self, element: ElementRef<'_>) -> bool {
        match self {
            Predicate::Not(inner) => !inner.holds(element),
            Predicate::And(one, other) => one.holds(element) && other.holds(element),
            Predicate::Or(one, other) => one.holds(element) || other.holds(element),
            Predicate::Is(value, test) => value.holds(element, test.as_ref()),
        }
    }
}

impl Value {
    fn holds(&self, element: ElementRef<'_>, test: Option<&(Test, Box<str>)>) -> bool {
        match self {
            Value::Attribute(name) => element.attr(name).is_some_and(|value| compare(&value, test)),
            Value::Text => {
                let text = element.text();
                (test.is_some() || !text.is_empty()) && compare(&text, test)
            }
            Value::All => compare(&all_text(element), test),
            Value::Child(name) => {
                let mut children = element.children().filter(|child| name.is(*child));
                children.any(|child| test.is_none() || compare(&all_text(child), test))
            }
        }
    }
}

fn compare(value: &str, test: Option<&(Test, Box<str>)>) -> bool {
    match test {
        None => true,
        Some((Test::Equal, wanted)) => value == &**wanted,
        Some((Test::Unequal, wanted)) => value != &**wanted,
        Some((Test::Contains, wanted)) => value.contains(&**wanted),
        Some((Test::StartsWith, wanted)) => value.starts_with(&**wanted),
    }
}

/// The text in an element and in all that is in it.
fn all_text(element: ElementRef<'_>) -> Cow<'_, str> {
    if element.children().is_empty() {
        return element.text();
    }
    let mut text = alloc::string::String::new();
    let mut levels = alloc::vec![element.nodes()];
    while let Some(nodes) = levels.last_mut() {
        match nodes.next() {
            None => drop(levels.pop()),
            Some(crate::xml::Node::Text(part)) => text.push_str(&part.value()),
            Some(crate::xml::Node::Element(child)) => levels.push(child.nodes()),
        }
    }
    text.into()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    prefixes: &'a [(&'a str, &'a str)],
    depth: usize,
}

impl<'a> Parser<'a> {
    fn way(&mut self) -> Result<Vec<Step>, PathError> {
        let mut steps = Vec::new();
        let mut is_anywhere = self.eat("//");
        if !is_anywhere {
            self.eat("/");
        }
        loop {
            let name = self.name_test()?;
            let mut predicates = Vec::new();
            while self.eat("[") {
                predicates.push(self.predicate()?);
                self.expect("]")?;
            }
            steps.push(Step { is_anywhere, name, predicates });
            if steps.len() > STEPS {
                return Err(PathError::TooLong);
            }
            is_anywhere = self.eat("//");
            if !is_anywhere && !self.eat("/") {
                return Ok(steps);
            }
        }
    }

    fn predicate(&mut self) -> Result<Predicate, PathError> {
        let mut one = self.conjunction()?;
        while self.eat_word("or") {
            one = Predicate::Or(one.into(), self.conjunction()?.into());
        }
        Ok(one)
    }

    fn conjunction(&mut self) -> Result<Predicate, PathError> {
        let mut one = self.condition()?;
        while self.eat_word("and") {
            one = Predicate::And(one.into(), self.condition()?.into());
        }
        Ok(one)
    }

    fn condition(&mut self) -> Result<Predicate, PathError> {
        self.depth += 1;
        if self.depth > NESTING {
            return Err(PathError::TooLong);
        }
        let condition = if self.eat_call("not") {
            let inner = self.predicate()?;
            self.expect(")")?;
            Predicate::Not(inner.into())
        } else if self.eat("(") {
            let inner = self.predicate()?;
            self.expect(")")?;
            inner
        } else if self.eat_call("contains") {
            self.call(Test::Contains)?
        } else if self.eat_call("starts-with") {
            self.call(Test::StartsWith)?
        } else {
            let value = self.value()?;
            let test = if self.eat("!=") {
                Some((Test::Unequal, self.string()?))
            } else if self.eat("=") {
                Some((Test::Equal, self.string()?))
            } else {
                None
            };
            Predicate::Is(value, test)
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn call(&mut self, test: Test) -> Result<Predicate, PathError> {
        let value = self.value()?;
        self.expect(",")?;
        let wanted = self.string()?;
        self.expect(")")?;
        Ok(Predicate::Is(value, Some((test, wanted))))
    }

    fn value(&mut self) -> Result<Value, PathError> {
        if self.eat("@") {
            return Ok(Value::Attribute(self.name()?.into()));
        }
        if self.eat_call("text") {
            self.expect(")")?;
            return Ok(Value::Text);
        }
        if self.eat(".") {
            return Ok(Value::All);
        }
        self.name_test().map(Value::Child)
    }

    fn name_test(&mut self) -> Result<NameTest, PathError> {
        if self.eat("*") {
            return Ok(NameTest { name: None, ns: None });
        }
        let first = self.name()?;
        if !self.text[self.at..].starts_with(':') {
            return Ok(NameTest { name: Some(first.into()), ns: None });
        }
        let known = self.prefixes.iter().find(|(prefix, _)| *prefix == first);
        let (_, ns) = known.ok_or(PathError::UnknownPrefix(self.at))?;
        self.at += 1;
        let name = if self.text[self.at..].starts_with('*') {
            self.at += 1;
            None
        } else {
            Some(self.name()?.into())
        };
        Ok(NameTest { name, ns: Some((*ns).into()) })
    }

    fn name(&mut self) -> Result<&'a str, PathError> {
        self.skip_space();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.fault());
        }
        self.at += end;
        Ok(name)
    }

    fn string(&mut self) -> Result<Box<str>, PathError> {
        self.skip_space();
        let rest = &self.text[self.at..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or(self.fault())?;
        let inside = &rest[1..];
        let end = inside.find(quote).ok_or(self.fault())?;
        self.at += end + 2;
        Ok(inside[..end].into())
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let is_here = self.text[self.at..].starts_with(token);
        if is_here {
            self.at += token.len();
        }
        is_here
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let before = self.at;
        let is_here = self.eat(word) && !self.text[self.at..].starts_with(is_name_char);
        if !is_here {
            self.at = before;
        }
        is_here
    }

    fn eat_call(&mut self, name: &str) -> bool {
        let before = self.at;
        let is_here = self.eat_word(name) && self.eat("(");
        if !is_here {
            self.at = before;
        }
        is_here
    }

    fn expect(&mut self, token: &str) -> Result<(), PathError> {
        if self.eat(token) { Ok(()) } else { Err(self.fault()) }
    }

    fn fault(&self) -> PathError {
        PathError::Syntax(self.at)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.text).finish()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;
    use crate::ns;
    use crate::xml::Element;

    fn roster() -> Element {
        "<iq xmlns='jabber:client' type='set' id='7' from='ann@h'><query xmlns='jabber:iq:roster'>\
         <item jid='bob@h' name='Bob &amp; Co'><group>friends</group></item><item jid='eve@h'><group>foes</group></item></query></iq>"
            .parse()
            .unwrap()
    }

    fn names(path: &str) -> Vec<String> {
        let path = Path::parse(path, &[("r", ns::ROSTER), ("c", ns::CLIENT)]).unwrap();
        let roster = roster();
        path.find(roster.view())
            .into_iter()
            .map(|found| found.attr("jid").map_or(found.name().to_string(), Cow::into_owned))
            .collect()
    }

    #[test]
    fn where_paths_lead() {
        for (path, found) in [
            ("/iq", &["iq"][..]),
            ("iq", &["iq"]),
            ("/message", &[]),
            ("/query", &[]),
            ("/iq/query", &["query"]),
            ("/c:iq/r:query", &["query"]),
            ("/r:iq", &[]),
            ("//item", &["bob@h", "eve@h"]),
            ("//r:*", &["query", "bob@h", "group", "eve@h", "group"]),
            ("/*/*/*", &["bob@h", "eve@h"]),
            ("//query//group", &["group", "group"]),
            ("//*//group", &["group", "group"]),
            ("/iq[@type='set']/query/item[@jid='bob@h']", &["bob@h"]),
            ("/iq[@type='get']//item", &[]),
            ("//item[group]", &["bob@h", "eve@h"]),
            ("//item[group='foes']", &["eve@h"]),
            ("//item[group!='foes']", &["bob@h"]),
            ("//item[@name]", &["bob@h"]),
            ("//item[not(@name)]", &["eve@h"]),
            ("//item[contains(@name, '& C')]", &["bob@h"]),
            ("//item[starts-with(@jid,\"eve\") or @name = 'Bob & Co']", &["bob@h", "eve@h"]),
            ("//item[(@jid and @name) and not(group='foes')]", &["bob@h"]),
            ("//item[@jid][@name]", &["bob@h"]),
            ("//group[text()='friends'] | /iq | //group", &["iq", "group", "group"]),
            ("//item[.='foes']", &["eve@h"]),
            ("//item[text()]", &[]),
            (" / iq [ @id = '7' ] ", &["iq"]),
        ] {
            assert_eq!(names(path), found, "{path}");
        }
    }

    #[test]
    fn what_is_no_path() {
        for (path, error) in [
            ("", PathError::Syntax(0)),
            ("/", PathError::Syntax(1)),
            ("/iq[", PathError::Syntax(4)),
            ("/iq[@]", PathError::Syntax(5)),
            ("/iq[@a='x]", PathError::Syntax(7)),
            ("/iq]", PathError::Syntax(3)),
            ("/iq[1]", PathError::Syntax(4)),
            ("/iq/@id", PathError::Syntax(4)),
            ("/x:iq", PathError::UnknownPrefix(2)),
            ("/iq|", PathError::Syntax(4)),
        ] {
            assert_eq!(Path::parse(path, &[]).unwrap_err(), error, "{path}");
        }
        let deep = alloc::format!("/a[{}@b{}]", "(".repeat(20), ")".repeat(20));
        assert_eq!(Path::parse(&deep, &[]).unwrap_err(), PathError::TooLong);
        assert_eq!(Path::parse(&"/a".repeat(33), &[]).unwrap_err(), PathError::TooLong);
        assert!(Path::parse(&"/a".repeat(32), &[]).is_ok());
        assert_eq!(Path::parse(&"a".repeat(1025), &[]).unwrap_err(), PathError::TooLong);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[/a:\\[\\]@='\"|().*!, \u{e9}-]{0,60}") {
            if let Ok(path) = Path::parse(&text, &[("a", "u")]) {
                path.find(roster().view());
            }
        }
    }
}
