/// How many connections a server has at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// In all. At this limit accept pauses, and clients wait in the system's backlog; below it, accept resumes. Default: as many as come.
    /// With zero, nobody is let in.
    pub connections: Option<usize>,
    /// From one IP address. Default: as many as come. Who comes above that limit [waits](Limits::waiting), unanswered, until another one
    /// from there has left. Who a [proxy](crate::Proxies) introduces is refused at once.
    pub per_address: Option<usize>,
    /// How many may wait for others from their address to leave. They count as connections. Beyond this they are refused. Default 64.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connections: None, per_address: None, waiting: 64 }
    }
}

impl Limits {
    /// The defaults: no limits.
    pub fn new() -> Self {
        Limits::default()
    }

    /// Sets [`connections`](Limits::connections).
    pub fn connections(self, connections: impl Into<Option<usize>>) -> Self {
        Limits { connections: connections.into(), ..self }
    }

    /// Sets [`per_address`](Limits::per_address).
    pub fn per_address(self, per_address: impl Into<Option<usize>>) -> Self {
        Limits { per_address: per_address.into(), ..self }
    }

    /// Sets [`waiting`](Limits::waiting).
    pub fn waiting(self, waiting: usize) -> Self {
        Limits { waiting, ..self }
    }
}
