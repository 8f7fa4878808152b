//! What the settings mean for the network and its sessions.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use irc_proto::codec::Encoding;
use irc_proto::network::history::{self, Memory, Store};
use irc_proto::network::{self, Network};
use irc_proto::server::{self, Flood, ServerName, Webirc};

use super::ear::Ear;
use super::guests::{Guests, Saloon};
use super::history::Disk;
use super::hub::Hub;
use crate::failure::Failure;
use crate::lobby::{Place, Teller};
use crate::prepare::Prepared;
use crate::protocol::Protocol;
use crate::service::Entrance;
use crate::settings::{History, Settings};

const VERSION: &str = concat!("switchboard-", env!("CARGO_PKG_VERSION"));
/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// The network, with the channels that are there from the start.
pub(super) fn hub(prepared: &Prepared, key: &[u8; 32]) -> Result<Arc<Hub>, Failure> {
    let settings = &prepared.settings;
    let mut config = network(settings);
    config.motd = motd(&settings.motd.read()?);
    // Other ids at each start, also for those who remember old ones.
    config.msgid_prefix = key
        .iter()
        .take(6)
        .fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        })
        .into();
    let bounds = config.limits.history;
    let mut store: Box<dyn Store> = Box::new(Memory::new(bounds));
    if settings.irc.history == History::Sqlite {
        let path = prepared.data.irc_history();
        store = Box::new(Disk::open(&path, bounds, now())?);
        tracing::info!(path = ?path, "history is kept on disk");
    }
    let shared =
        settings.irc.channels.iter().find(|name| name.strip_prefix('#').is_some_and(|name| settings.is_one_room(name)));
    let mut guests = None;
    if let Some(channel) = shared {
        let ear = Ear::new(store, config.case_mapping.key(channel.as_bytes()).as_bytes());
        let teller = Teller::new(prepared.lobby.clone(), Place::Irc);
        guests = Some(Guests { heard: ear.heard(), teller, sessions: BTreeMap::new() });
        store = Box::new(ear);
    }
    let mut network = Network::new(config);
    network.set_history(store);
    for name in &settings.irc.channels {
        network.open_channel(name.as_bytes(), now()).map_err(|why| Failure::Channel(name.clone(), why))?;
    }
    let rules = network.config().nick_rules();
    let hub = Arc::new(Hub::new(network, guests));
    if shared.is_some() {
        prepared.lobby.add_irc(Arc::new(Saloon::new(&hub, rules)));
    }
    Ok(hub)
}

fn network(settings: &Settings) -> network::Config {
    let irc = &settings.irc;
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut config = network::Config::default();
    config.server_name = server_name(&settings.server_name).into();
    config.network_name = irc.network.as_str().into();
    config.version = VERSION.into();
    config.created = date(now() / 1000 / DAY).into();
    config.utf8_only = irc.utf8_only;
    config.limits.nick = irc.nick_length;
    config.limits.history = history::Bounds {
        messages: size(irc.history_messages),
        bytes: size(irc.history_bytes),
        age: u64::from(irc.history_days) * DAY * 1000,
    };
    config
}

/// The lines of the message of the day.
pub(super) fn motd(text: &str) -> Vec<Box<str>> {
    text.lines().map(Into::into).collect()
}

/// A session that comes in by this listener.
pub(super) fn session(prepared: &Prepared, entrance: &Entrance) -> server::Config {
    let Prepared { settings, credentials, .. } = prepared;
    let irc = &settings.irc;
    let shared = network(settings);
    let mut config = server::Config::default();
    // Every name that the settings allow makes one.
    if let Ok(name) = ServerName::new(&server_name(&settings.server_name)) {
        config.name = name;
    }
    config.tls = match entrance.protocol {
        protocol if protocol.is_implicit_tls() => server::Tls::Implicit,
        // Within a WebSocket there is no other stream to begin.
        Protocol::Web => server::Tls::Off,
        _ => server::Tls::Starttls,
    };
    // What never leaves this machine can be read by nobody on the way.
    config.cleartext = entrance.is_private();
    config.capabilities |= network::CAPABILITIES;
    config.values = config.capabilities.iter().filter_map(|one| Some((one, shared.capability_value(one)?))).collect();
    config.isupport = Some(Network::new(shared.clone()).isupport().clone());
    config.mechanisms = credentials.mechanisms();
    config.fake_keys = Some(credentials.fake_keys());
    config.reauthentication = true;
    config.nick = shared.nick_rules();
    config.encoding = if irc.utf8_only { Encoding::Utf8Only } else { Encoding::Bytes };
    config.flood = match irc.flood_control {
        true => Flood::Bucket { burst: irc.flood_lines, refill: Duration::from_millis(irc.flood_milliseconds.into()) },
        false => Flood::Off,
    };
    if entrance.protocol != Protocol::Web {
        config.sts = irc.sts.map(|sts| server::Sts { port: sts.port, seconds: sts.seconds, preload: sts.preload });
        config.webirc = if irc.webirc.is_empty() { Webirc::Off } else { Webirc::Ask };
    }
    config.limits.send_queue = usize::try_from(irc.send_queue_bytes).unwrap_or(config.limits.send_queue);
    config.limits.name = usize::try_from(shared.limits.realname).unwrap_or(config.limits.name);
    config.limits.user = usize::try_from(shared.limits.user).unwrap_or(config.limits.user);
    config.limits.registration_time = Duration::from_secs(settings.limits.login_seconds.into());
    config.limits.failed_logins = u16::try_from(settings.limits.failed_logins).unwrap_or(u16::MAX);
    config
}

/// The server's name as it stands in a source. One without a dot or a colon
/// would be taken for somebody's nickname.
fn server_name(name: &str) -> String {
    match name {
        name if name.starts_with(':') => format!("0{name}"),
        name if name.contains(['.', ':']) => name.to_owned(),
        name => format!("irc.{name}"),
    }
}

/// A day of the proleptic Gregorian calendar, of days counted from 1970-01-01.
fn date(days: u64) -> String {
    // Years begin in March here, so that the odd day is each year's last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

/// The time in milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, wanted) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_778, "2026-11-21"),
        ] {
            assert_eq!(date(days), wanted);
        }
    }

    #[test]
    fn a_server_is_no_user() {
        for (name, wanted) in [
            ("localhost", "irc.localhost"),
            ("irc.example.org", "irc.example.org"),
            ("192.0.2.1", "192.0.2.1"),
            ("::1", "0::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(server_name(name), wanted);
            assert!(ServerName::new(wanted).is_ok());
        }
    }
}
