//! What the settings mean for the router and its sessions.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wirestate_sasl::{Mechanism, TokenBinding};
use xmpp_proto::Jid;
use xmpp_proto::router::storage::Bounds;
use xmpp_proto::router::{self, Deliveries, Memory, RoomConfig, RoomFault};
use xmpp_proto::server;
use xmpp_proto::stream::Framing;

use super::hub::{Hub, Kept, Router};
use super::kept::Disk;
use super::room::Lounge;
use super::tokens::Tokens;
use crate::failure::Failure;
use crate::lobby::{Place, Teller};
use crate::prepare::Prepared;
use crate::protocol::Protocol;
use crate::service::Entrance;
use crate::settings::{Settings, Storage};

/// The one that all listeners share.
pub(super) fn hub(prepared: &Prepared) -> Result<Arc<Hub>, Failure> {
    if let Some(hub) = prepared.xmpp.get() {
        return Ok(hub.clone());
    }
    let hub = new_hub(prepared)?;
    Ok(prepared.xmpp.get_or_init(|| hub).clone())
}

/// The router, with all users and the rooms that are there from the start; and
/// the room that IRC has, too, where both are served.
fn new_hub(prepared: &Prepared) -> Result<Arc<Hub>, Failure> {
    let Prepared { settings, users, .. } = prepared;
    let config = router(settings)?;
    let domain = config.domain.clone();
    let rooms = config.rooms.clone();
    let accounts = users.iter().filter_map(|user| Jid::parse(&format!("{}@{domain}", user.name())).ok());
    let (storage, kept) = storage(prepared, accounts)?;
    let mut router = Router::new(config, storage);
    let mut lobby = None;
    for name in &settings.xmpp.rooms {
        let fault = |why: &dyn std::fmt::Display| Failure::Room(name.clone(), why.to_string());
        let rooms = rooms.as_ref().ok_or_else(|| fault(&"there is no domain for rooms"))?;
        let room = Jid::parse(&format!("{name}@{rooms}")).map_err(|why| fault(&why))?;
        open_room(&mut router, settings, &room, &mut Deliveries::new()).map_err(|why| fault(&why))?;
        if settings.is_one_room(name) {
            router.observe(room.as_ref(), true).map_err(|why| fault(&why))?;
            lobby = Some(room);
        }
    }
    let limits = limits(settings);
    let hub =
        Hub::open(router, limits, Teller::new(prepared.lobby.clone(), Place::Xmpp), kept).map_err(Failure::Runtime)?;
    if let Some(room) = lobby {
        prepared.lobby.add_xmpp(Arc::new(Lounge::new(&hub, room, settings.clone())));
    }
    Ok(hub)
}

/// Where what outlives sessions is kept.
fn storage(
    prepared: &Prepared,
    accounts: impl Iterator<Item = Jid>,
) -> Result<(Box<dyn router::Storage>, Kept), Failure> {
    let settings = &prepared.settings;
    if settings.xmpp.storage == Storage::Memory {
        let mut memory = Memory::new(bounds(settings));
        accounts.for_each(|account| memory.add_account(account.as_ref()));
        return Ok((Box::new(memory), Kept::default()));
    }
    let path = prepared.data.xmpp();
    let (disk, tokens) = Disk::open(&path, bounds(settings), accounts)?;
    tracing::info!(?path, "what is kept of XMPP is on disk");
    let queue = disk.queue();
    let kept = Kept { tokens: Tokens::kept(tokens, queue.clone()), disk: Some(queue) };
    Ok((Box::new(disk), kept))
}

/// Makes a room that stays; those who run the server own it.
pub(super) fn open_room(
    router: &mut Router,
    settings: &Settings,
    room: &Jid,
    out: &mut Deliveries,
) -> Result<(), RoomFault> {
    let mut config = RoomConfig::default();
    (config.name, config.is_persistent) = (room.local().unwrap_or_default().to_owned(), true);
    router.set_room(room.as_ref(), config.clone(), None, out)?;
    for owner in &settings.operators {
        if let Ok(owner) = Jid::parse(&format!("{owner}@{}", domain(settings))) {
            router.set_room(room.as_ref(), config.clone(), Some(owner.as_ref()), out)?;
        }
    }
    Ok(())
}

fn router(settings: &Settings) -> Result<router::Config, Failure> {
    let domain = domain(settings);
    let mut config =
        router::Config::new(&domain).map_err(|why| Failure::Domain(settings.server_name.clone(), why.to_string()))?;
    config.software = "Wirestate switchboard".into();
    config.version = env!("CARGO_PKG_VERSION").into();
    config.name = settings.server_name.as_str().into();
    config.is_archiving = settings.xmpp.archive_messages > 0;
    // All who can be on both networks at once have room in the room that these have in common.
    config.limits.occupants = config.limits.occupants.max(settings.limits.connections.saturating_mul(2));
    Ok(config)
}

fn bounds(settings: &Settings) -> Bounds {
    let xmpp = &settings.xmpp;
    let mut bounds = Bounds::default();
    bounds.held = usize::try_from(xmpp.offline_messages).unwrap_or(usize::MAX);
    bounds.archived = usize::try_from(xmpp.archive_messages).unwrap_or(usize::MAX);
    bounds
}

/// A session that comes in by this listener.
pub(super) fn session(prepared: &Prepared, entrance: &Entrance) -> server::Config {
    let Prepared { settings, credentials, .. } = prepared;
    // The hub was made of the same name, which is one, or the start has failed.
    let mut config = server::Config::serving([domain(settings).as_str()]).unwrap_or_default();
    // What never leaves this machine can be read by nobody on the way.
    config.cleartext = entrance.is_private();
    config.tls = match entrance.protocol {
        protocol if protocol.is_implicit_tls() => server::Tls::Implicit,
        Protocol::Web if settings.xmpp.is_secured_before() => server::Tls::Outside,
        // Within a WebSocket there is no other stream to begin.
        Protocol::Web => server::Tls::Off,
        _ => server::Tls::Starttls { required: !config.cleartext },
    };
    if entrance.protocol == Protocol::Web {
        config.framing = Framing::WebSocket;
    }
    let known = credentials.mechanisms();
    config.mechanisms = known.into_iter().filter(|one| !matches!(one, Mechanism::Login | Mechanism::CramMd5)).collect();
    if !admits(settings, entrance) {
        config.mechanisms.clear();
    }
    config.fake_keys = Some(credentials.fake_keys());
    config.fast = vec![TokenBinding::Exporter, TokenBinding::EndPoint, TokenBinding::None];
    config.roster_versioning = true;
    config.pre_approval = true;
    config.compression = settings.xmpp.compression;
    config.resumable_for =
        Some(Duration::from_secs(settings.xmpp.resume_seconds.into())).filter(|time| !time.is_zero());
    config.limits = limits(settings);
    config
}

/// Whether anybody may log in there as it is, or only once TLS is up, which in a
/// WebSocket cannot begin.
pub fn admits(settings: &Settings, entrance: &Entrance) -> bool {
    entrance.protocol != Protocol::Web || entrance.is_private() || settings.xmpp.is_secured_before()
}

fn limits(settings: &Settings) -> server::Limits {
    let mut limits = server::Limits::default();
    limits.login_time = Duration::from_secs(settings.limits.login_seconds.into());
    // Some clients try each of the three -PLUS mechanisms in vain, for want of a binding, before one without.
    limits.failed_logins = u16::try_from(settings.limits.failed_logins.saturating_add(3)).unwrap_or(u16::MAX);
    limits.send_queue = usize::try_from(settings.xmpp.send_queue_bytes).unwrap_or(limits.send_queue);
    limits
}

/// The server's name as it stands in an address.
pub fn domain(settings: &Settings) -> String {
    let name = &settings.server_name;
    if name.contains(':') { format!("[{name}]") } else { name.clone() }
}

/// The time in milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
