//! The table `[xmpp-server]` of the configuration file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::secret::Secret;

/// What is decided of XMPP. The keys have the same names, with `-` for `_`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Xmpp {
    /// Rooms that are there from the start, at `rooms.` before the server's
    /// name. One whose name with `#` before it is a channel of IRC is one room
    /// with it; there may be one such.
    pub rooms: Vec<String>,
    /// For how many seconds a client may come back whose connection broke; 0:
    /// it may not.
    pub resume_seconds: u32,
    /// Stanzas that may wait for a client that reads too slowly; at least 64.
    pub send_queue: u32,
    /// Bytes that may wait for it; at least 65,536.
    pub send_queue_bytes: u32,
    /// Where rosters, archives and messages for those who are away are kept.
    pub storage: Storage,
    /// Messages that are kept for a user who is away.
    pub offline_messages: u32,
    /// Messages that are kept in the archive of a user or a room.
    pub archive_messages: u32,
    /// The domains of components, and their secrets.
    pub components: BTreeMap<String, Secret>,
    /// Whether streams may be compressed.
    pub compression: bool,
    /// Where clients find the web port, if not where it listens: behind a proxy
    /// with TLS, `wss://chat.example.org/xmpp-websocket`. With `wss` whoever comes
    /// to the web port counts as secured, so nobody but the proxy may reach it.
    pub websocket_url: Option<String>,
}

/// Where what outlives sessions is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// In memory, while the program runs.
    Memory,
    /// In a file of the data folder, which outlives the program.
    #[default]
    Sqlite,
}

impl Default for Xmpp {
    fn default() -> Self {
        Self {
            rooms: vec!["lobby".to_owned()],
            resume_seconds: 300,
            send_queue: 16 * 1024,
            send_queue_bytes: 8 << 20,
            storage: Storage::Sqlite,
            offline_messages: 100,
            archive_messages: 1000,
            components: BTreeMap::new(),
            compression: false,
            websocket_url: None,
        }
    }
}

impl Xmpp {
    /// The first rule that is broken.
    pub(crate) fn fault(&self) -> Option<XmppFault> {
        if self.send_queue < 64 {
            return Some(XmppFault::SendQueue);
        }
        if self.send_queue_bytes < 64 * 1024 {
            return Some(XmppFault::SendQueueBytes);
        }
        self.websocket_url.as_deref().filter(|url| !is_websocket_url(url)).map(|_| XmppFault::WebsocketUrl)
    }

    /// Whether clients of the web port come by a proxy that has TLS.
    pub fn is_secured_before(&self) -> bool {
        self.websocket_url.as_ref().is_some_and(|url| url.starts_with("wss://"))
    }
}

fn is_websocket_url(url: &str) -> bool {
    let rest = url.strip_prefix("wss://").or_else(|| url.strip_prefix("ws://"));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(is_plain))
}

/// Why a value in `[xmpp-server]` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmppFault {
    /// A roster, or the people of a room, would not fit.
    #[error("send-queue must be at least 64")]
    SendQueue,
    /// One large stanza would not fit.
    #[error("send-queue-bytes must be at least 65536")]
    SendQueueBytes,
    /// No client could go there.
    #[error(
        "websocket-url must be a URL that begins with wss:// or ws://, such as wss://chat.example.org/xmpp-websocket"
    )]
    WebsocketUrl,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_has_its_fault() {
        let fault = |toml: &str| toml::from_str::<Xmpp>(toml).unwrap().fault();
        assert_eq!(fault(""), None);
        assert_eq!(fault("send-queue = 63"), Some(XmppFault::SendQueue));
        assert_eq!(fault("send-queue-bytes = 65535"), Some(XmppFault::SendQueueBytes));
        for bad in ["https://a/", "wss://", "ws:///x", "wss://a b/", "wss://a/<"] {
            assert_eq!(fault(&format!("websocket-url = {bad:?}")), Some(XmppFault::WebsocketUrl), "{bad}");
        }
        assert_eq!(fault("websocket-url = \"wss://a/b?c&d\""), None);
    }
}
