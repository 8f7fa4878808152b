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
        None
    }
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
    }
}
