//! The web port: a page to chat on, where XMPP's clients learn of the way here,
//! and WebSockets, of which the subprotocol decides what is spoken in them.

mod host_meta;

use std::convert::Infallible;
use std::sync::Arc;

use irc_proto::server as irc_server;
use wirestate_driver::{Address, Connection, Error, Info, Options, Stream};
use wirestate_layers::websocket::{Accepted, BINARY_IRCV3, Config, Opening, TEXT_IRCV3, XMPP};
use wirestate_machine::Instant;
use xmpp_proto::server as xmpp_server;

use crate::irc::Irc;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};
use crate::settings::Settings;
use crate::xmpp::{self, Xmpp};

const PAGE: &str = include_str!("web/page.html");

/// What all listeners of the web share: the network and the router that are
/// those of all other listeners, too.
pub struct Web {
    prepared: Arc<Prepared>,
    irc: Arc<Irc>,
    xmpp: Arc<Xmpp>,
}

/// What the connections of one listener have in common.
pub struct Door {
    /// Until the subprotocol is known, and for IRC.
    web: Arc<Config>,
    /// For XMPP.
    elements: Arc<Config>,
    irc: Arc<irc_server::Config>,
    xmpp: Arc<xmpp_server::Config>,
}

impl Web {
    /// The web in front of these two.
    pub fn new(prepared: &Arc<Prepared>, irc: Arc<Irc>, xmpp: Arc<Xmpp>) -> Self {
        Self { prepared: prepared.clone(), irc, xmpp }
    }
}

impl Service for Web {
    type Machine = Opening;
    type Door = Door;

    const FAMILY: Family = Family::Web;

    /// What is to be spoken is not known yet: as much as either has.
    fn options(&self) -> Options {
        let (irc, xmpp) = (self.irc.options(), self.xmpp.options());
        let (messages, bytes) = (irc.mailbox.max(xmpp.mailbox), irc.mailbox_bytes.max(xmpp.mailbox_bytes));
        Options::new().mailbox(messages).mailbox_bytes(bytes)
    }

    fn door(&self, entrance: &Entrance) -> Door {
        Door {
            web: Arc::new(config(&self.prepared.settings, entrance)),
            elements: Arc::new(Config::xmpp()),
            irc: self.irc.door(entrance),
            xmpp: self.xmpp.door(entrance),
        }
    }

    fn machine(&self, door: &Door, _info: &Info, _now: Instant) -> Opening {
        Opening::new(door.web.clone())
    }

    async fn session<S, O>(self: Arc<Self>, mut conn: Connection<Opening, S>, offload: O)
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        let id = conn.info().id();
        let served = match conn.try_next().await {
            Ok(Some(accepted)) => Box::pin(self.serve(conn, accepted, offload)).await,
            // It was shown a page.
            Ok(None) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = served {
            tracing::info!(session = id, reason = %fault, "broken off");
        }
    }
}

impl Web {
    /// Serves what was asked for to its end. Both are boxed, or each session would
    /// have room for the larger one.
    async fn serve<S, O>(
        &self,
        conn: Connection<Opening, S>,
        accepted: Box<Accepted>,
        offload: O,
    ) -> Result<(), Error<wirestate_layers::Error<Infallible>>>
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        // Each listener was given its door.
        let Some(door) = conn.info().data::<Door>() else { return Ok(()) };
        let (irc_door, web) = (door.irc.clone(), door.web.clone());
        let (xmpp_door, elements) = (door.xmpp.clone(), door.elements.clone());
        if accepted.handshake().protocol() == Some(XMPP.name()) {
            let machine = |_, info: &Info, now| self.xmpp.by_websocket(&xmpp_door, accepted, elements, info, now);
            let conn = conn.replace(machine).await?;
            Box::pin(self.xmpp.clone().session(conn, offload)).await;
        } else {
            let machine = |_, info: &Info, now| self.irc.by_websocket(&irc_door, accepted, web, info, now);
            let conn = conn.replace(machine).await?;
            Box::pin(self.irc.clone().session(conn, offload)).await;
        }
        Ok(())
    }
}

/// WebSockets, and the pages of this listener.
fn config(settings: &Settings, entrance: &Entrance) -> Config {
    let port = match &entrance.address {
        Address::Tcp(address) => format!(":{}", address.port()),
        _ => String::new(),
    };
    // The page that is served here, by whatever name, behind a proxy or not; and no other site's, which a browser would let in as its user.
    let mut origins = settings.irc.origins.clone();
    for host in ["localhost", "127.0.0.1", "[::1]", &settings.server_name] {
        origins.push(format!("http://{host}{port}"));
        origins.extend(["http", "https"].map(|scheme| format!("{scheme}://{host}")));
    }
    let config = Config::new().with_protocols([TEXT_IRCV3, BINARY_IRCV3, XMPP]).with_origins(origins);
    let config = config.clone().with_page("text/html; charset=utf-8", PAGE).unwrap_or(config);
    match websocket_url(settings, entrance) {
        Some(url) if xmpp::admits(settings, entrance) => host_meta::add(config, &url),
        _ => config,
    }
}

/// Where XMPP's clients go.
fn websocket_url(settings: &Settings, entrance: &Entrance) -> Option<String> {
    let given = settings.xmpp.websocket_url.clone();
    given.or_else(|| match &entrance.address {
        Address::Tcp(address) => Some(format!("ws://{}:{}/xmpp-websocket", xmpp::domain(settings), address.port())),
        _ => None,
    })
}
