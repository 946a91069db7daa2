//! The final account: what the contract came to, by milestone, and our signature under it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    view::{AccountView, ContractView},
};
use lncontract_core::{Hash, v1::Side};

use super::{see, with_form};
use crate::{app::App, form::Form, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "account.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    tab: &'static str,
    account: &'a AccountView,
    form: &'a Form,
}

/// GET /contracts/{id}/account
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
) -> Result<Response, Problem> {
    let (view, account) = (app.contract(id).await?, app.final_account(id).await?);
    Ok(page(&shell, &view, &account, &Form::default()))
}

/// POST /contracts/{id}/account
pub async fn sign(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
    form: Form,
) -> Result<Response, Problem> {
    let signed = match form.get("hash").parse() {
        Ok(read) => app.sign_final_account(id, read).await,
        Err(_) => Err(AppError::refused("no-hash", "the form names no account", "open the page again")),
    };
    match signed {
        Ok(_) => Ok(see(format!("/contracts/{id}/account"))),
        Err(error) => {
            let (view, account) = (app.contract(id).await?, app.final_account(id).await?);
            Ok(page(&shell, &view, &account, &form.refused(error)?))
        }
    }
}

fn page(shell: &Shell, view: &ContractView, account: &AccountView, form: &Form) -> Response {
    with_form(&Page { shell, view, tab: "account", account, form }, form)
}
