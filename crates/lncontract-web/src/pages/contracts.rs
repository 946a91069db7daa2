//! The list of contracts, page by page.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use lncontract_app::view::ContractRow;
use lncontract_core::Hash;
use serde::Deserialize;

use super::html;
use crate::{
    app::{App, CONTRACTS_PAGE_LEN},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "contracts.html")]
struct Page<'a> {
    shell: &'a Shell,
    contracts: &'a [ContractRow],
    /// Whether it is not the first page.
    later: bool,
    /// Behind which contract the next page begins.
    older: Option<Hash>,
}

/// Which part of the list: what comes after a contract.
#[derive(Deserialize)]
pub struct Part {
    after: Option<Hash>,
}

/// GET /contracts
pub async fn show(
    State(app): State<Arc<App>>,
    Query(part): Query<Part>,
    shell: Shell,
) -> Result<Response, Problem> {
    let contracts = app.contracts(part.after).await?;
    let older = contracts.last().map(|last| last.id).filter(|_| contracts.len() == CONTRACTS_PAGE_LEN);
    Ok(html(&Page { shell: &shell, contracts: &contracts, later: part.after.is_some(), older }))
}
