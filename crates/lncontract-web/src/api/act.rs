//! What can be done over REST: each act is one use case, as on the pages.
//!
//! Money: paying names the amount, and accepting names the terms; if they are others by now, nothing happens.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use lncontract_app::{
    AppError, CloseMode, LeaveOrder, Leaving, NodeAccess, Speed, Taken,
    view::{CompanyRow, CostView, TestedNode, WithdrawalRow},
};
use lncontract_core::{
    Hash, Sat,
    v1::{PayableId, Side, Tender, Terms},
};
use serde::{Deserialize, Serialize};

use super::Body;
use crate::{
    app::{App, NewContract},
    problem::Problem,
};

type Created<T> = Result<(StatusCode, Json<T>), Problem>;

/// The entry that the act wrote; for an offer, the new contract.
#[derive(Serialize)]
pub struct Written {
    id: Hash,
}

/// A new deposit address.
#[derive(Serialize)]
pub struct Address {
    address: String,
}

/// The test of the node that is to be used, and the company's password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseNode {
    id: String,
    password: String,
}

/// What is offered, and to whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    counterparty: String,
    our_side: Side,
    terms: Terms,
    valid_days: u32,
}

/// Other terms for a contract, and for how many days the offer stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    terms: Terms,
    valid_days: u32,
}

/// Another company's invite.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    invite: String,
}

/// The hash of the terms that are accepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    terms_hash: Hash,
}

/// The hash of the account that is signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    account_hash: Hash,
}

/// Why not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    reason: String,
}

/// Which tranche of the funding plan, and what carries it out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tranche {
    tranche: String,
    /// A release of another contract with the same company, in place of a new channel.
    release: Option<Hash>,
}

/// How to close.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    alone: bool,
}

/// How much of a channel goes back to the buyer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    amount_sat: u64,
}

/// The judgement of a tender.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    accepted: u64,
    #[serde(default)]
    reasons: Vec<String>,
}

/// How much is to be paid: has to be the invoice's amount.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    amount_sat: u64,
}

/// A payment out of the wallet, as its cost was told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayOut {
    id: String,
    to: String,
    amount_sat: u64,
    #[serde(default)]
    speed: Speed,
    fee_sat_max: u64,
    password: String,
}

/// A higher fee for a transaction that waits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    #[serde(default)]
    speed: Speed,
    fee_sat_max: u64,
}

/// The transaction that raises it.
#[derive(Serialize)]
pub struct Raised {
    child: String,
}

/// POST /api/v1/contracts
pub async fn offer(State(app): State<Arc<App>>, Body(offer): Body<Offer>) -> Created<Written> {
    let Offer { counterparty, our_side, terms, valid_days } = offer;
    written(app.offer(NewContract { counterparty, our_side, terms, valid_days }).await?)
}

/// POST /api/v1/node/own/tests: asks the node that the body leads to; nothing is kept but for `use_own_node`.
pub async fn test_own_node(
    State(app): State<Arc<App>>,
    Body(access): Body<NodeAccess>,
) -> Created<TestedNode> {
    Ok((StatusCode::CREATED, Json(app.test_own_node(access).await?)))
}

/// POST /api/v1/node/own: the node that was tested is ours from now on.
pub async fn use_own_node(
    State(app): State<Arc<App>>,
    Body(UseNode { id, password }): Body<UseNode>,
) -> Result<StatusCode, Problem> {
    app.use_own_node(&id, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// POST /api/v1/wallet/costs: what it costs to pay that out, with an id for the order.
pub async fn leaving_cost(
    State(app): State<Arc<App>>,
    Body(leaving): Body<Leaving>,
) -> Result<Json<CostView>, Problem> {
    Ok(Json(app.leaving_cost(&leaving).await?))
}

/// POST /api/v1/wallet/pay-outs: the same id again never pays twice.
pub async fn let_leave(State(app): State<Arc<App>>, Body(order): Body<PayOut>) -> Created<WithdrawalRow> {
    let PayOut { id, to, amount_sat, speed, fee_sat_max, password } = order;
    let leaving = Leaving { to, amount_sat: Some(amount_sat), speed };
    let order = LeaveOrder { id, leaving, fee_sat_max };
    Ok((StatusCode::CREATED, Json(app.let_leave(order, &password).await?)))
}

/// POST /api/v1/wallet/raises/{txid}
pub async fn raise(
    State(app): State<Arc<App>>,
    Path(txid): Path<String>,
    Body(raise): Body<Raise>,
) -> Created<Raised> {
    let child = app.raise(&txid, raise.speed, raise.fee_sat_max).await?;
    Ok((StatusCode::CREATED, Json(Raised { child })))
}

/// POST /api/v1/bundles: the body is the file as it was exported.
pub async fn take_file(State(app): State<Arc<App>>, file: Bytes) -> Result<Json<Taken>, Problem> {
    Ok(Json(app.take_file(file.to_vec()).await?))
}

/// POST /api/v1/contracts/{id}/accept
pub async fn accept_offer(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(acceptance): Body<Acceptance>,
) -> Created<Written> {
    let (read, offered) = (acceptance.terms_hash, app.contract(id).await?.terms_hash);
    if read != offered {
        let title = format!("accepted were terms {read}, offered are {offered}");
        return Err(AppError::refused("terms-changed", title, "read the terms offered now").into());
    }
    written(app.accept_offer(id).await?)
}

/// POST /api/v1/contracts/{id}/reject
pub async fn reject_offer(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(reason): Body<Reason>,
) -> Created<Written> {
    written(app.reject_offer(id, reason.reason).await?)
}

/// POST /api/v1/contracts/{id}/amend
pub async fn amend(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(Version { terms, valid_days }): Body<Version>,
) -> Created<Written> {
    written(app.amend(id, terms, valid_days).await?)
}

/// POST /api/v1/contracts/{id}/counter
pub async fn counter_offer(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(Version { terms, valid_days }): Body<Version>,
) -> Created<Written> {
    written(app.counter_offer(id, terms, valid_days).await?)
}

/// POST /api/v1/contracts/{id}/pass
pub async fn pass_pen(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Created<Written> {
    written(app.pass_pen(id).await?)
}

/// POST /api/v1/contracts/{id}/account
pub async fn sign_final_account(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(Signature { account_hash }): Body<Signature>,
) -> Created<Written> {
    written(app.sign_final_account(id, account_hash).await?)
}

/// POST /api/v1/contracts/{id}/lapse
pub async fn lapse_offer(State(app): State<Arc<App>>, Path(id): Path<Hash>) -> Created<Written> {
    written(app.lapse_offer(id).await?)
}

/// POST /api/v1/contracts/{id}/funds
pub async fn fund(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(tranche): Body<Tranche>,
) -> Created<Written> {
    written(match tranche.release {
        Some(release) => app.fund_by_part(id, &tranche.tranche, release).await?,
        None => app.fund(id, &tranche.tranche).await?,
    })
}

/// POST /api/v1/contracts/{id}/funds/{fund}/close: begun, not done; the contract's channels tell the rest.
pub async fn close_channel(
    State(app): State<Arc<App>>,
    Path((id, fund)): Path<(Hash, Hash)>,
    Body(close): Body<Close>,
) -> Result<StatusCode, Problem> {
    let mode = if close.alone { CloseMode::Forced } else { CloseMode::Cooperative };
    app.close_channel(id, fund, mode).await?;
    Ok(StatusCode::ACCEPTED)
}

/// POST /api/v1/contracts/{id}/funds/{fund}/release
pub async fn release(
    State(app): State<Arc<App>>,
    Path((id, fund)): Path<(Hash, Hash)>,
    Body(released): Body<Released>,
) -> Created<Written> {
    written(app.release(id, fund, Sat(released.amount_sat)).await?)
}

/// POST /api/v1/contracts/{id}/releases/{release}/take-back: begun, not done; the contract's channels tell the rest.
pub async fn take_back(
    State(app): State<Arc<App>>,
    Path((id, release)): Path<(Hash, Hash)>,
) -> Result<StatusCode, Problem> {
    app.take_back(id, release).await?;
    Ok(StatusCode::ACCEPTED)
}

/// POST /api/v1/contracts/{id}/tenders
pub async fn tender(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(tender): Body<Tender>,
) -> Created<Written> {
    written(app.tender(id, tender).await?)
}

/// POST /api/v1/contracts/{id}/tenders/{tender}/answer
pub async fn answer_tender(
    State(app): State<Arc<App>>,
    Path((id, tender)): Path<(Hash, Hash)>,
    Body(answer): Body<Judgement>,
) -> Created<Written> {
    written(app.answer_tender(id, tender, answer.accepted, answer.reasons).await?)
}

/// POST /api/v1/contracts/{id}/tenders/{tender}/deem
pub async fn deem(State(app): State<Arc<App>>, Path((id, tender)): Path<(Hash, Hash)>) -> Created<Written> {
    written(app.deem(id, tender).await?)
}

/// POST /api/v1/contracts/{id}/invoices
pub async fn make_invoice(
    State(app): State<Arc<App>>,
    Path(id): Path<Hash>,
    Body(payable): Body<PayableId>,
) -> Created<Written> {
    written(app.make_invoice(id, payable).await?)
}

/// POST /api/v1/contracts/{id}/invoices/{invoice}/cancel
pub async fn cancel_invoice(
    State(app): State<Arc<App>>,
    Path((id, invoice)): Path<(Hash, Hash)>,
    Body(reason): Body<Reason>,
) -> Created<Written> {
    written(app.cancel_invoice(id, invoice, reason.reason).await?)
}

/// POST /api/v1/contracts/{id}/invoices/{invoice}/pay: begun, not done; the invoice tells the rest.
pub async fn pay(
    State(app): State<Arc<App>>,
    Path((id, invoice)): Path<(Hash, Hash)>,
    Body(payment): Body<Payment>,
) -> Result<StatusCode, Problem> {
    let (given, asked) = (payment.amount_sat, app.pay_prompt(id, invoice).await?.amount_sat);
    if given != asked {
        let title = format!("the invoice asks for {asked} sat, {given} sat were given");
        return Err(AppError::refused(
            "amount-differs",
            title,
            "nothing was sent; give the invoice's amount",
        )
        .into());
    }
    app.pay(id, invoice).await?;
    Ok(StatusCode::ACCEPTED)
}

/// POST /api/v1/companies
pub async fn accept_invite(State(app): State<Arc<App>>, Body(invite): Body<Invite>) -> Created<CompanyRow> {
    Ok((StatusCode::CREATED, Json(app.accept_invite(&invite.invite).await?)))
}

/// POST /api/v1/companies/{id}/words: a person has compared them by voice.
pub async fn confirm_words(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.confirm_company_words(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// POST /api/v1/node/addresses
pub async fn new_address(State(app): State<Arc<App>>) -> Created<Address> {
    Ok((StatusCode::CREATED, Json(Address { address: app.new_address().await? })))
}

fn written(id: Hash) -> Created<Written> {
    Ok((StatusCode::CREATED, Json(Written { id })))
}
