//! The table `[irc-network]` of the configuration file.

use std::collections::BTreeMap;

use irc_proto::channel::{ChannelFault, check_channel};
use irc_proto::network;
use serde::Deserialize;

use crate::hash::Hash;
use crate::listen::TrustedPeers;

/// What is decided of IRC. The keys have the same names, with `-` for `_`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Irc {
    /// The network's name, which clients show: 1 to 50 visible ASCII characters.
    pub network: String,
    /// The hash of the password that every client must send (PASS).
    pub password: Option<Hash>,
    /// Operators who need not be users: their names for OPER, and the hashes
    /// of their passwords.
    pub operators: BTreeMap<String, Hash>,
    /// The longest nickname, in bytes: 32 to 50.
    pub nick_length: u32,
    /// Whether those who send too fast are slowed.
    pub flood_control: bool,
    /// How many lines may come at once; at least 1.
    pub flood_lines: u32,
    /// The milliseconds after which one more may come; at least 1.
    pub flood_milliseconds: u32,
    /// Messages that may wait for a client that reads too slowly; at least 64.
    pub send_queue: u32,
    /// Bytes that may wait for it; at least 65,536.
    pub send_queue_bytes: u32,
    /// Where what was said is kept.
    pub history: History,
    /// Days for which it is; at least 1.
    pub history_days: u32,
    /// Messages that are kept of one channel or conversation.
    pub history_messages: u32,
    /// Bytes that are kept of all together.
    pub history_bytes: u32,
    /// Whether lines that are not UTF-8 are refused, and clients told so.
    pub utf8_only: bool,
    /// Whether hosts are shown as cloaks in the place of addresses.
    pub cloaks: bool,
    /// Channels that are there from the start.
    pub channels: Vec<String>,
    /// Who may speak for others.
    pub webirc: Vec<Gateway>,
    /// Strict transport security.
    pub sts: Option<Sts>,
    /// Where the pages come from whose scripts may connect by WebSocket, such
    /// as `https://chat.example.org`, besides those that are served here.
    pub origins: Vec<String>,
}

/// Where what was said is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// In memory, while the program runs.
    #[default]
    Memory,
    /// In a file of the data folder, which outlives the program.
    Sqlite,
}

/// A gateway that tells for whom it speaks (WEBIRC).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gateway {
    /// What it is called in the log.
    pub name: String,
    /// The hash of its password.
    pub password: Hash,
    /// Where it connects from.
    pub networks: TrustedPeers,
}

/// Strict transport security (IRCv3 sts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sts {
    /// Where clients find TLS.
    pub port: u16,
    /// For how many seconds they shall remember.
    pub seconds: u64,
    /// Whether it may be built into clients.
    #[serde(default)]
    pub preload: bool,
}

impl Default for Irc {
    fn default() -> Self {
        Self {
            network: "Switchboard".to_owned(),
            password: None,
            operators: BTreeMap::new(),
            nick_length: 32,
            flood_control: true,
            flood_lines: 20,
            flood_milliseconds: 500,
            send_queue: 16 * 1024,
            send_queue_bytes: 8 << 20,
            history: History::Memory,
            history_days: 7,
            history_messages: 1000,
            history_bytes: 16 << 20,
            utf8_only: false,
            cloaks: true,
            channels: vec!["#lobby".to_owned()],
            webirc: Vec::new(),
            sts: None,
            origins: Vec::new(),
        }
    }
}

impl Irc {
    /// The first rule that is broken.
    pub(crate) fn fault(&self) -> Option<IrcFault> {
        if self.network.is_empty() || self.network.len() > 50 || !self.network.bytes().all(|b| b.is_ascii_graphic()) {
            return Some(IrcFault::Network);
        }
        if !(32..=50).contains(&self.nick_length) {
            return Some(IrcFault::NickLength);
        }
        if self.flood_lines == 0 || self.flood_milliseconds == 0 {
            return Some(IrcFault::Flood);
        }
        if self.history_days == 0 {
            return Some(IrcFault::HistoryDays);
        }
        if self.send_queue < 64 {
            return Some(IrcFault::SendQueue);
        }
        if self.send_queue_bytes < 64 * 1024 {
            return Some(IrcFault::SendQueueBytes);
        }
        let isupport = network::Config::default().isupport();
        let check = |name: &String| check_channel(name.as_bytes(), &isupport).err().map(|why| (name.clone(), why));
        self.channels.iter().find_map(check).map(|(name, why)| IrcFault::Channel(name, why))
    }
}

/// Why a value in `[irc-network]` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IrcFault {
    /// The network's name could not stand in RPL_ISUPPORT.
    #[error("network must be 1 to 50 visible ASCII characters, without blanks")]
    Network,
    /// Clients rely on no less, and each reply must have room for it.
    #[error("nick-length must be 32 to 50")]
    NickLength,
    /// Nobody could say anything.
    #[error("flood-lines and flood-milliseconds must be at least 1; flood-control = false lets everything through")]
    Flood,
    /// Nothing would be kept.
    #[error("history-days must be at least 1; history-messages = 0 keeps nothing")]
    HistoryDays,
    /// A welcome, or the names of a channel, would not fit.
    #[error("send-queue must be at least 64")]
    SendQueue,
    /// One long answer would not fit.
    #[error("send-queue-bytes must be at least 65536")]
    SendQueueBytes,
    /// No channel can have this name.
    #[error("channels: {0:?}: {1}")]
    Channel(String, ChannelFault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_allows_the_longest_nickname_too() {
        let mut config = network::Config::default();
        config.limits.nick = 50;
        assert_eq!(network::Network::new(config).isupport().nick_len, Some(50));
        assert_eq!(toml::from_str::<Irc>("nick-length = 50").unwrap().fault(), None);
    }

    #[test]
    fn each_broken_rule_has_its_fault() {
        let fault = |toml: &str| toml::from_str::<Irc>(toml).unwrap().fault();
        assert_eq!(fault(""), None);
        assert_eq!(fault("network = \"a b\""), Some(IrcFault::Network));
        assert_eq!(fault("network = \"\""), Some(IrcFault::Network));
        assert_eq!(fault("nick-length = 31"), Some(IrcFault::NickLength));
        assert_eq!(fault("nick-length = 51"), Some(IrcFault::NickLength));
        assert_eq!(fault("flood-lines = 0"), Some(IrcFault::Flood));
        assert_eq!(fault("history-days = 0"), Some(IrcFault::HistoryDays));
        assert_eq!(fault("send-queue = 63"), Some(IrcFault::SendQueue));
        assert_eq!(fault("send-queue-bytes = 65535"), Some(IrcFault::SendQueueBytes));
        assert!(matches!(fault("channels = [\"#a\", \"lobby\"]"), Some(IrcFault::Channel(name, _)) if name == "lobby"));
    }
}
