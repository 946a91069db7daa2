//! The node and the money on it: balances, a deposit address, channels, connections.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use lncontract_app::view::{NodeView, Tone};

use super::{html, see};
use crate::{app::App, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "node.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a NodeView,
    connected: usize,
}

/// GET /node
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    let view = app.node_view().await?;
    let connected = view.peers.iter().filter(|peer| peer.connection.tone == Tone::Good).count();
    Ok(html(&Page { shell: &shell, view: &view, connected }))
}

/// POST /node/address
pub async fn new_address(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    app.new_address().await?;
    Ok(see("/node"))
}
