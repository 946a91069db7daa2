//! Serving: one company's pages on one listener, until it is told to stop.

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
