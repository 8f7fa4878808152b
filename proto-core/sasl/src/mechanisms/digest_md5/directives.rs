use alloc::string::String;
use alloc::vec::Vec;

/// The list of directives that each message is (RFC 2831 §7): `name=token` and `name="text"` with commas between them.
pub(super) struct Directives(Vec<(String, String)>);

/// A directive that may stand once stands twice.
pub(super) struct Twice;

impl Directives {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut list = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
            if rest.is_empty() {
                return Some(Directives(list));
            }
            let (name, value) = rest.split_once('=')?;
            let name = name.trim_end_matches([' ', '\t']);
            if !is_token(name) {
                return None;
            }
            let (value, after) = take_value(value.trim_start_matches([' ', '\t']))?;
            rest = after.trim_start_matches([' ', '\t', '\r', '\n']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
            list.push((name.to_ascii_lowercase(), value));
        }
    }

    /// The value of a directive that stands once at most.
    pub(super) fn once(&self, name: &str) -> Result<Option<&str>, Twice> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Twice),
        }
    }

    /// The values of a directive that may stand more than once.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(text) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t', '\r', '\n']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return is_token(token).then(|| (token.into(), rest));
    };
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

/// A token of HTTP, with what careless peers leave without quotes.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'"' | b',' | b'\\'))
}

pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Vec<(String, String)>> {
        Directives::parse(text).map(|directives| directives.0)
    }

    #[test]
    fn lists_are_read_as_they_come() {
        let list = parsed(r#" , realm="a \"b\\ c",REALM=d ,, nc = 00000001,x="" "#).unwrap();
        let list: Vec<_> = list.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(list, [("realm", r#"a "b\ c"#), ("realm", "d"), ("nc", "00000001"), ("x", "")]);
        assert_eq!(parsed(""), Some(Vec::new()));
        for bad in ["a", "=b", "a=", r#"a="b"#, r#"a="b\"#, r#"a="b"c"#, "a b=c", "a=b c", "ä=b", r#"a=b"c""#] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        assert_eq!(quoted(r#"a"\b"#), r#""a\"\\b""#);
    }
}
