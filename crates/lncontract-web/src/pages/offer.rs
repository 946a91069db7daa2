//! Terms in plain words, and our answer to an open offer.
//!
//! Money: an acceptance names the terms that were on the page; if they are others by now,
//! nothing is accepted.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{AppError, view::ContractView};
use lncontract_core::{
    Hash,
    v1::{Side, Terms},
};

use super::{plain::Plain, see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "offer.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    tab: &'static str,
    plain: Plain<'a>,
    /// Our own offer, past its last instant.
    ran_out: bool,
    form: &'a Form,
}

/// GET /contracts/{id}/offer
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
) -> Result<Response, Problem> {
    let (view, terms) = (app.contract(id).await?, app.terms_of(id).await?);
    Ok(page(&shell, &view, &terms, &Form::default()))
}

/// POST /contracts/{id}/offer
pub async fn answer(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
    form: Form,
) -> Result<Response, Problem> {
    let (view, terms) = (app.contract(id).await?, app.terms_of(id).await?);
    let done = match form.get("do") {
        "accept" if form.get("terms_hash") != view.terms_hash.to_string() => {
            let todo = "read the terms shown now, then answer";
            Err(AppError::refused("terms-changed", "the offer changed since this page was shown", todo))
        }
        "accept" => app.accept_offer(id).await.map(drop),
        "lapse" => app.lapse_offer(id).await.map(drop),
        _ if form.get("reason").is_empty() => {
            let form = form.with(Trouble::field("reason", "Say why: the other company sees it."));
            return Ok(page(&shell, &view, &terms, &form));
        }
        _ => app.reject_offer(id, form.get("reason").to_owned()).await.map(drop),
    };
    match done {
        Ok(()) => Ok(see(format!("/contracts/{id}"))),
        Err(error) => Ok(page(&shell, &view, &terms, &form.refused(error)?)),
    }
}

pub(crate) fn page(shell: &Shell, view: &ContractView, terms: &Terms, form: &Form) -> Response {
    let ran_out = !view.can_answer_offer && view.offer_until.is_some_and(|until| until < shell.frame.now);
    with_form(&Page { shell, view, tab: "terms", plain: Plain::of(terms), ran_out, form }, form)
}
