use thiserror::Error;

use crate::{deflate, tls};

/// What ended a session that runs through a layer: the layer's own trouble, or the machine's.
///
/// Layers nest, and so do their errors: the error of `Tls<Deflate<M>>` is `Error<Error<M::Error>>`.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// TLS could not be set up, or broke.
    #[error("TLS: {0}")]
    Tls(#[source] tls::Failure),
    /// The compressed stream broke.
    #[error("compression: {0}")]
    Deflate(#[source] deflate::Failure),
    /// The WebSocket was refused, or broke.
    #[cfg(feature = "websocket")]
    #[error("WebSocket: {0}")]
    WebSocket(#[source] crate::websocket::Failure),
    /// What the layer wraps found the peer at fault.
    #[error(transparent)]
    Inner(E),
}
