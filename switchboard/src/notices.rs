//! What happens on the servers beside the protocols, as lines in the log.

use wirestate_driver::{Info, ListenerId, Notice, Observer};

use crate::protocol::{Family, Protocol};

/// Logs what one server tells. `protocols` says what each listener speaks.
pub fn observer(family: Family, protocols: Vec<(ListenerId, Protocol)>) -> Observer {
    let of = move |id: ListenerId| {
        let found = protocols.iter().find(|(listener, _)| *listener == id);
        found.map(|(_, protocol)| tracing::field::display(*protocol))
    };
    Observer::new(move |notice| tell(family, &of, notice)).without_flushes()
}

type Shown = tracing::field::DisplayValue<Protocol>;

fn tell(family: Family, of: &impl Fn(ListenerId) -> Option<Shown>, notice: &Notice<'_>) {
    let by = |info: &Info| info.listener().and_then(of);
    match notice {
        Notice::ListenerOpened { id, address } => tracing::debug!(protocol = of(*id), %address, "listener opened"),
        Notice::ListenerFailed { id, address, error } => {
            tracing::error!(protocol = of(*id), %address, reason = %error, "listener failed");
        }
        Notice::ListenerRemoved { id, address } => tracing::info!(protocol = of(*id), %address, "listener removed"),
        Notice::ListenerRests { id, error, pause } => {
            tracing::warn!(protocol = of(*id), reason = %error, ?pause, "listener rests");
        }
        Notice::AcceptPaused { connections } => {
            tracing::warn!(server = %family, connections, "accept paused: the limit is reached, clients wait");
        }
        Notice::AcceptSlowed { .. } => {
            tracing::warn!(server = %family, "accept slowed: connections come too fast, clients wait");
        }
        Notice::AcceptCaughtUp => tracing::info!(server = %family, "accept caught up"),
        Notice::AcceptResumed => tracing::info!(server = %family, "accept resumed"),
        Notice::Refused { info, why } => {
            let (session, peer) = (info.id(), info.peer());
            tracing::warn!(session, protocol = by(info), %peer, reason = %why, "refused");
        }
        Notice::Connected { info } => {
            let (session, peer) = (info.id(), info.peer());
            let proxy = info.proxy().map(tracing::field::display);
            tracing::info!(session, protocol = by(info), %peer, proxy, "connected");
        }
        Notice::Disconnected { info, reason, traffic } => {
            let (session, read, written) = (info.id(), traffic.read, traffic.written);
            tracing::info!(session, %reason, read, written, "disconnected");
        }
        Notice::Upgraded { info } => tracing::debug!(session = info.id(), "secured by TLS"),
        Notice::Compressed { info, channel } => {
            tracing::debug!(session = info.id(), compressed = channel.deflate.is_some(), "compression");
        }
        Notice::HighWater { info } => tracing::debug!(session = info.id(), "the peer reads slowly"),
        Notice::LowWater { info } => tracing::debug!(session = info.id(), "the peer has caught up"),
        Notice::Idle { info, silent } => tracing::debug!(session = info.id(), ?silent, "idle"),
        // Nothing is connected to from here.
        _ => {}
    }
}
