//! The list of contracts.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use lncontract_app::view::ContractRow;

use super::html;
use crate::{app::App, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "contracts.html")]
struct Page<'a> {
    shell: &'a Shell,
    contracts: &'a [ContractRow],
}

/// GET /contracts
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    let contracts = app.contracts().await?;
    Ok(html(&Page { shell: &shell, contracts: &contracts }))
}
