//! The web port: a page to chat on, where XMPP's clients learn of the way here,
//! and WebSockets, of which the subprotocol decides what is spoken in them.

mod host_meta;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use irc_proto::server as irc_server;
use wirestate_driver::{Address, Connection, Error, Info, Options, Stream};
use wirestate_layers::websocket::{BINARY_IRCV3, Config, Opening, TEXT_IRCV3, XMPP};
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

    // Boxed, so that what an opening takes is free again once its session goes on.
    fn session<S, O>(
        self: Arc<Self>,
        conn: Connection<Opening, S>,
        offload: O,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        let id = conn.info().id();
        let opening = Box::pin(self.open(conn, offload));
        async move {
            let opened = opening.await;
            match opened {
                Ok(Some(session)) => session.await,
                // It was shown a page.
                Ok(None) => {}
                Err(fault) => tracing::info!(session = id, reason = %fault, "broken off"),
            }
        }
    }
}

/// A session of whichever protocol.
type Session = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Web {
    /// What was asked for.
    async fn open<S, O>(self: Arc<Self>, mut conn: Connection<Opening, S>, offload: O) -> Result<Option<Session>, Fault>
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        let Some(accepted) = conn.try_next().await? else { return Ok(None) };
        // Each listener was given its door.
        let Some(door) = conn.info().data::<Door>() else { return Ok(None) };
        let session: Session = if accepted.handshake().protocol() == Some(XMPP.name()) {
            let (door, config) = (door.xmpp.clone(), door.elements.clone());
            let machine = |_, info: &Info, now| self.xmpp.by_websocket(&door, accepted, config, info, now);
            let conn = conn.replace(machine).await?;
            Box::pin(self.xmpp.clone().session(conn, offload))
        } else {
            let (door, config) = (door.irc.clone(), door.web.clone());
            let machine = |_, info: &Info, now| self.irc.by_websocket(&door, accepted, config, info, now);
            let conn = conn.replace(machine).await?;
            Box::pin(self.irc.clone().session(conn, offload))
        };
        Ok(Some(session))
    }
}

/// What breaks an opening off.
type Fault = Error<wirestate_layers::Error<Infallible>>;

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
