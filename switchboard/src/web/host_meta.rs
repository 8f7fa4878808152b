//! Where XMPP's clients learn of WebSockets, of which their domain's name alone
//! tells nothing (RFC 7395 §4, XEP-0156).

use wirestate_layers::websocket::{Config, Page};
use xmpp_proto::xml::{Scope, Writer, XmlError};

const PATH: &str = "/.well-known/host-meta";
const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
const RELATION: &str = "urn:xmpp:alt-connections:websocket";

/// Shows both forms, for scripts of any site too. `url` has no quotes and no
/// backslashes in it.
pub(super) fn add(config: Config, url: &str) -> Config {
    let json = format!("{{\"links\":[{{\"rel\":\"{RELATION}\",\"href\":\"{url}\"}}]}}\n");
    let xml = xrd(url).unwrap_or_default();
    let pages =
        [(PATH.to_owned(), "application/xrd+xml", xml), (format!("{PATH}.json"), "application/json", json.into())];
    pages.into_iter().fold(config, |config, (path, kind, body)| match Page::new(kind, body) {
        Ok(page) => config.with_page_at(path, page.for_any_origin()),
        Err(_) => config,
    })
}

fn xrd(url: &str) -> Result<Vec<u8>, XmlError> {
    let mut text = b"<?xml version='1.0' encoding='utf-8'?>\n".to_vec();
    let mut writer = Writer::new(&mut text, &Scope::EMPTY);
    let mut xrd = writer.element("XRD", XRD)?;
    xrd.own("Link")?.attr("rel", RELATION)?.attr("href", url)?;
    xrd.end();
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_escaped() {
        let text = String::from_utf8(xrd("wss://a/b?c&d").unwrap()).unwrap();
        let element = text.strip_prefix("<?xml version='1.0' encoding='utf-8'?>\n").unwrap();
        let element: xmpp_proto::xml::Element = element.parse().unwrap();
        let link = element.child("Link", XRD).unwrap();
        assert_eq!(link.attr("href").as_deref(), Some("wss://a/b?c&d"));
        assert_eq!(link.attr("rel").as_deref(), Some(RELATION));
    }
}
