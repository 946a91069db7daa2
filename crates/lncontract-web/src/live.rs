//! Live pages: one stream of "something changed"; the page then fetches itself again and swaps its live
//! parts.
//!
//! Invariant: an event carries no figure and no name, so a stream can't leak what its page would not show.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _};
use tokio_stream::wrappers::BroadcastStream;

use crate::app::App;

/// GET /events: `text/event-stream` (WHATWG HTML, server-sent events).
/// A receiver that fell behind is told once.
pub async fn events(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Ok and Lagged both mean: what the page shows may be old.
    let changes =
        BroadcastStream::new(app.watch()).map(|_| Ok(Event::default().event("changed").data("page")));
    let hello = futures_util::stream::once(async { Ok(Event::default().event("hello").data("live")) });
    Sse::new(hello.chain(changes)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
