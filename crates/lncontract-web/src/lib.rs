//! The pages and the REST interface over the use cases. The only crate that serves HTTP.
//!
//! Shape: every page is one file in `pages/` and one template: a handler parses the form, calls one use case,
//! and answers with a redirect (303) or with the page, what was typed and what to do. Architecture Invariant:
//! no rule of a contract, no SQL and no node here; what a page shows is a view, what it does is one call.

mod api;
mod app;
mod assets;
mod auth;
mod clock;
mod form;
mod format;
mod headers;
mod live;
mod pages;
mod peer;
mod problem;
#[cfg(test)]
mod samples;
#[cfg(not(test))]
mod serve;
mod shell;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    middleware,
    routing::{get, post},
};
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
};

use app::App;
pub use clock::SandboxClock;
pub use peer::peer_router;
#[cfg(not(test))]
pub use serve::{serve, serve_peers};

/// The largest form: a document goes by its hash.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The largest record that is brought as a file.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Web {
    app: Arc<App>,
    /// Attempts to sign in that run at this moment.
    attempts: Arc<Semaphore>,
    /// The sandbox's only.
    clock: Option<Arc<dyn SandboxClock>>,
}

impl FromRef<Web> for Arc<App> {
    fn from_ref(web: &Web) -> Self {
        Arc::clone(&web.app)
    }
}

/// Returns the pages and the REST interface of one company. The binary binds it to an address.
/// `clock`: the sandbox's, which can be moved.
pub fn router(app: Arc<App>, clock: Option<Arc<dyn SandboxClock>>) -> Router {
    let sandbox = if clock.is_some() { clock::router() } else { Router::new() };
    let web = Web { app, attempts: Arc::new(Semaphore::new(auth::SIGN_IN_AT_ONCE)), clock };
    // From the inside out: a session, no other site's form, the body of an error, headers,
    // a name for the log.
    pages_router()
        .nest("/api/v1", api::router())
        .merge(sandbox)
        .route("/events", get(live::events))
        .route("/assets/{name}", get(assets::show))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(web.clone(), auth::guard))
        .layer(CsrfLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(web.clone(), problem::dress))
        .layer(middleware::from_fn(headers::secure))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(web)
}

#[rustfmt::skip]
fn pages_router() -> Router<Web> {
    use pages::{
        account, amend, close, companies, contract, contracts, examine, file, first_run, fund, invoice,
        new_contract, node, offer, overview, own_node, pay, record, release, sign_in, tender, theme, wallet,
    };
    Router::new()
        .route("/", get(overview::show))
        .route("/setup", get(first_run::show).post(first_run::set_up))
        .route("/setup/words", get(first_run::ask_words).post(first_run::show_words))
        .route("/setup/confirm", get(first_run::ask_check).post(first_run::check))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/theme", post(theme::choose))
        .route("/contracts", get(contracts::show))
        .route("/contracts/new", get(new_contract::show).post(new_contract::act))
        .route("/contracts/{id}", get(contract::show))
        .route("/contracts/{id}/record", get(record::show))
        .route("/contracts/{id}/account", get(account::show).post(account::sign))
        .route("/contracts/{id}/bundle", get(record::bundle))
        .route("/contracts/{id}/offer", get(offer::show).post(offer::answer))
        .route("/contracts/{id}/amend", get(amend::show).post(amend::act))
        .route("/contracts/{id}/tender/{row}", get(tender::show).post(tender::tender))
        .route("/contracts/{id}/examine/{tender}", get(examine::show).post(examine::answer))
        .route("/contracts/{id}/fund/{tranche}", get(fund::show).post(fund::fund))
        .route("/contracts/{id}/invoice/{row}", get(invoice::show).post(invoice::make))
        .route("/contracts/{id}/pay/{invoice}", get(pay::show).post(pay::pay))
        .route("/contracts/{id}/close/{fund}", get(close::show).post(close::close))
        .route("/contracts/{id}/release/{fund}", get(release::show).post(release::release))
        .route("/contracts/{id}/take-back/{release}", get(release::show_take_back).post(release::take_back))
        .route("/companies", get(companies::show).post(companies::accept))
        .route("/companies/{id}/words", post(companies::confirm_words))
        .route("/record-file", get(file::show).post(file::take).layer(DefaultBodyLimit::max(FILE_BYTES_MAX)))
        .route("/node", get(node::show))
        .route("/node/address", post(node::new_address))
        .route("/node/lnd", get(own_node::show).post(own_node::test))
        .route("/node/lnd/use", post(own_node::connect))
        .route("/wallet", get(wallet::show).post(wallet::cost))
        .route("/wallet/leave", post(wallet::leave))
        .route("/wallet/raise/{txid}", get(wallet::show_raise).post(wallet::raise))
}
