//! What can be read over REST: views as the pages show them, and terms as they were signed.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use lncontract_app::{
    Account, PaymentRow, Speed,
    view::{
        AccountView, CompanyRow, ContractRow, ContractView, Frame, NodeView, Overview, OwnNodeView,
        PayPrompt, RaiseView, TenderView, TreasuryView,
    },
};
use lncontract_core::{Hash, v1::Terms};
use serde::{Deserialize, Serialize};

use crate::{app::App, problem::Problem};

type Answer<T> = Result<Json<T>, Problem>;

/// Our invite, to be sent to another company.
#[derive(Serialize)]
pub struct Invite {
    invite: String,
}

/// GET /api/v1/frame
pub async fn frame(State(app): State<Arc<App>>) -> Answer<Frame> {
    Ok(Json(app.frame().await?))
}

/// GET /api/v1/overview
pub async fn overview(State(app): State<Arc<App>>) -> Answer<Overview> {
    Ok(Json(app.overview().await?))
}

/// GET /api/v1/node
pub async fn node(State(app): State<Arc<App>>) -> Answer<NodeView> {
    Ok(Json(app.node_view().await?))
}

/// GET /api/v1/node/account: our books beside our node, in millisatoshi.
pub async fn account(State(app): State<Arc<App>>) -> Answer<Account> {
    Ok(Json(app.account().await?))
}

/// GET /api/v1/node/own: the company's own node, asked now.
pub async fn own_node(State(app): State<Arc<App>>) -> Result<Json<OwnNodeView>, Problem> {
    Ok(Json(app.own_node_view().await?))
}

/// GET /api/v1/wallet
pub async fn wallet(State(app): State<Arc<App>>) -> Answer<TreasuryView> {
    Ok(Json(app.treasury().await?))
}

/// How soon a transaction should be in a block.
#[derive(Deserialize)]
pub struct Soon {
    #[serde(default)]
    speed: Speed,
}

/// GET /api/v1/wallet/raises/{txid}: what it costs to raise the fee of a transaction that waits.
pub async fn raise_cost(
    State(app): State<Arc<App>>,
    Path(txid): Path<String>,
    Query(Soon { speed }): Query<Soon>,
) -> Answer<RaiseView> {
    Ok(Json(app.raise_cost(&txid, speed).await?))
}

/// GET /api/v1/contracts/{id}/account: what the contract came to, and who has signed that.
pub async fn final_account(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Answer<AccountView> {
    Ok(Json(app.final_account(id).await?))
}

/// GET /api/v1/invite
pub async fn invite(State(app): State<Arc<App>>) -> Answer<Invite> {
    Ok(Json(Invite { invite: app.invite().await? }))
}

/// GET /api/v1/companies
pub async fn companies(State(app): State<Arc<App>>) -> Answer<Vec<CompanyRow>> {
    Ok(Json(app.companies().await?))
}

/// Which part of the contracts.
#[derive(Deserialize)]
pub struct Part {
    after: Option<Hash>,
}

/// GET /api/v1/contracts, newest first, page by page: `?after=` the last one of the page before; the end is an empty
/// page.
pub async fn contracts(State(app): State<Arc<App>>, Query(part): Query<Part>) -> Answer<Vec<ContractRow>> {
    Ok(Json(app.contracts(part.after).await?))
}

/// GET /api/v1/contracts/{id}
pub async fn contract(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Answer<ContractView> {
    Ok(Json(app.contract(id).await?))
}

/// GET /api/v1/contracts/{id}/terms: of the open offer, or those in force.
pub async fn terms(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Answer<Terms> {
    Ok(Json(app.terms_of(id).await?))
}

/// GET /api/v1/contracts/{id}/payments: what we began to pay, and what we asked to be paid.
pub async fn payments(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Answer<Vec<PaymentRow>> {
    Ok(Json(app.payments(id).await?))
}

/// GET /api/v1/contracts/{id}/tenders/{tender}
pub async fn tender(
    State(app): State<Arc<App>>,
    Path((id, tender)): Path<(Hash, Hash)>,
) -> Answer<TenderView> {
    Ok(Json(app.tender_view(id, tender).await?))
}

/// GET /api/v1/contracts/{id}/invoices/{invoice}: what one should know before paying it,
/// and the receipt after.
pub async fn invoice(
    State(app): State<Arc<App>>,
    Path((id, invoice)): Path<(Hash, Hash)>,
) -> Answer<PayPrompt> {
    Ok(Json(app.pay_prompt(id, invoice).await?))
}
