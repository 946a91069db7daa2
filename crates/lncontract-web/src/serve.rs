//! Serving: one company's pages on one listener, and what other companies' programs ask on another, until it is told to
//! stop.

use std::{future::Future, io, sync::Arc};

use lncontract_app::App;
use tokio::net::TcpListener;

use crate::SandboxClock;

/// Serves the pages and the REST interface until `stop` is done; requests under way are finished first.
/// `clock`: the sandbox's, which can be moved.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    clock: Option<Arc<dyn SandboxClock>>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, crate::router(app, clock)).with_graceful_shutdown(stop).await
}

/// Answers other companies' programs until `stop` is done: nothing else is on that listener.
///
/// # Errors
/// When the listener fails.
pub async fn serve_peers(
    listener: TcpListener,
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, crate::peer_router(app)).with_graceful_shutdown(stop).await
}
