//! One protocol's server, ready for whichever runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_executor::Executor;
use wirestate_driver::{Control, Info, Limits, Listener, Rate, Report, Shutdown};
use wirestate_machine::Instant;

use super::Opened;
use crate::failure::Failure;
use crate::notices;
use crate::offload::{Inline, Pool, Tokio};
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::Service;

pub(super) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server of any protocol.
pub(super) trait Served: Send {
    fn on_tokio(self: Box<Self>) -> Serving;
    fn on_async_std(self: Box<Self>, executor: &'static Executor<'static>) -> Serving;
    /// Returns when the server has ended.
    fn on_blocking(self: Box<Self>);
}

pub(super) struct Server<P: Service> {
    service: Arc<P>,
    listeners: Vec<Listener>,
    control: Control<P::Machine>,
}

impl<P: Service> Server<P> {
    /// Takes the protocol's listeners out of `opened`, and makes `service` for them;
    /// `None` where there are none.
    pub(super) fn begin(
        prepared: &Arc<Prepared>,
        opened: &mut Vec<Opened>,
        shutdown: &Shutdown,
        service: impl FnOnce() -> Result<Arc<P>, Failure>,
    ) -> Result<Option<Box<dyn Served>>, Failure> {
        let own: Vec<_> = opened.extract_if(.., |one| one.entrance.protocol.family() == P::FAMILY).collect();
        if own.is_empty() {
            return Ok(None);
        }
        let service = service()?;
        let ids =
            |one: &Opened| one.listener.ids().into_iter().map(|id| (id, one.entrance.protocol)).collect::<Vec<_>>();
        let protocols = own.iter().flat_map(ids).collect();
        let open =
            |Opened { listener, entrance }: Opened| listener.data(service.door(&entrance)).options(service.options());
        let listeners = own.into_iter().map(open);
        let listeners = listeners.collect();
        let limits = &prepared.settings.limits;
        let most = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let limits = Limits::new()
            .connections(most(limits.connections))
            .per_address(most(limits.connections_per_address))
            .waiting(most(limits.waiting))
            .prefixes(32, limits.ipv6_prefix)
            .rate(limits.connections_per_second.map(Rate::per_second));
        let control = Control::new(shutdown).limits(limits).observe(notices::observer(P::FAMILY, protocols));
        Ok(Some(Box::new(Self { service, listeners, control })))
    }
}

/// What makes the machines of `service`.
fn factory<P: Service>(service: &Arc<P>) -> impl Fn(&Info, Instant) -> P::Machine + Send + Sync + use<P> {
    let service = service.clone();
    move |info, now| {
        let door = info.data::<P::Door>().expect("each listener was given its door");
        service.machine(door, info, now)
    }
}

impl<P: Service> Served for Server<P> {
    fn on_tokio(self: Box<Self>) -> Serving {
        let Self { service, listeners, control } = *self;
        let machines = factory(&service);
        let sessions = move |conn| service.clone().session(conn, Tokio);
        Box::pin(async move {
            note(P::FAMILY, &wirestate_tokio::serve(listeners, machines, sessions, control).await);
        })
    }

    fn on_async_std(self: Box<Self>, executor: &'static Executor<'static>) -> Serving {
        let Self { service, listeners, control } = *self;
        let machines = factory(&service);
        let sessions = move |conn| service.clone().session(conn, Pool);
        let spawn = |task| executor.spawn(task).detach();
        Box::pin(async move {
            note(P::FAMILY, &wirestate_async_std::serve(listeners, spawn, machines, sessions, control).await);
        })
    }

    fn on_blocking(self: Box<Self>) {
        let Self { service, listeners, control } = *self;
        let machines = factory(&service);
        let sessions = move |conn| service.clone().session(conn, Inline);
        note(P::FAMILY, &wirestate_blocking::serve_async(listeners, machines, sessions, control));
    }
}

fn note(family: Family, report: &Report) {
    let (served, cut_off, left) = (report.accepted, report.aborted, report.left);
    tracing::info!(server = %family, served, cut_off, left, "closed");
}
