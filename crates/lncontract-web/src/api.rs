//! REST under /api/v1: the same views and the same use cases as the pages.
//! Errors are RFC 9457 problem details.
//!
//! Invariant: a body is refused whole or taken whole; amounts of terms are decimal strings, amounts of views
//! are whole satoshi. A caller signs in once and sends `Authorization: Bearer <token>`.

mod act;
mod read;
mod session;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequest, Request},
    routing::{get, post},
};
use lncontract_app::AppError;
use serde::de::DeserializeOwned;

use crate::{Web, pages::record, problem::Problem};

/// Returns the routes; the session guard is around all of them.
#[rustfmt::skip]
pub fn router() -> Router<Web> {
    Router::new()
        .route("/sessions", post(session::sign_in).delete(session::sign_out))
        .route("/frame", get(read::frame))
        .route("/overview", get(read::overview))
        .route("/node", get(read::node))
        .route("/node/addresses", post(act::new_address))
        .route("/node/account", get(read::account))
        .route("/node/own", get(read::own_node).post(act::use_own_node))
        .route("/node/own/tests", post(act::test_own_node))
        .route("/wallet", get(read::wallet))
        .route("/wallet/costs", post(act::leaving_cost))
        .route("/wallet/pay-outs", post(act::let_leave))
        .route("/wallet/raises/{txid}", get(read::raise_cost).post(act::raise))
        .route("/invite", get(read::invite))
        .route("/companies", get(read::companies).post(act::accept_invite))
        .route("/companies/{id}/words", post(act::confirm_words))
        .route("/contracts", get(read::contracts).post(act::offer))
        .route("/contracts/{id}", get(read::contract))
        .route("/contracts/{id}/terms", get(read::terms))
        .route("/contracts/{id}/bundle", get(record::bundle))
        .route("/bundles", post(act::take_file).layer(DefaultBodyLimit::max(crate::FILE_BYTES_MAX)))
        .route("/contracts/{id}/accept", post(act::accept_offer))
        .route("/contracts/{id}/reject", post(act::reject_offer))
        .route("/contracts/{id}/amend", post(act::amend))
        .route("/contracts/{id}/counter", post(act::counter_offer))
        .route("/contracts/{id}/pass", post(act::pass_pen))
        .route("/contracts/{id}/lapse", post(act::lapse_offer))
        .route("/contracts/{id}/account", get(read::final_account).post(act::sign_final_account))
        .route("/contracts/{id}/funds", post(act::fund))
        .route("/contracts/{id}/funds/{fund}/close", post(act::close_channel))
        .route("/contracts/{id}/funds/{fund}/release", post(act::release))
        .route("/contracts/{id}/releases/{release}/take-back", post(act::take_back))
        .route("/contracts/{id}/tenders", post(act::tender))
        .route("/contracts/{id}/tenders/{tender}", get(read::tender))
        .route("/contracts/{id}/tenders/{tender}/answer", post(act::answer_tender))
        .route("/contracts/{id}/tenders/{tender}/deem", post(act::deem))
        .route("/contracts/{id}/payments", get(read::payments))
        .route("/contracts/{id}/invoices", post(act::make_invoice))
        .route("/contracts/{id}/invoices/{invoice}", get(read::invoice))
        .route("/contracts/{id}/invoices/{invoice}/pay", post(act::pay))
        .route("/contracts/{id}/invoices/{invoice}/cancel", post(act::cancel_invoice))
}

/// A JSON body; what is wrong with it is said with its line and column.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(error) => {
                Err(AppError::refused("unreadable", "the body can't be read", error.body_text()).into())
            }
        }
    }
}
