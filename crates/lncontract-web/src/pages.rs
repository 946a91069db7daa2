//! The pages, one file each and one shape: a template struct made from a view, handlers that parse,
//! call and answer.

pub mod account;
pub mod amend;
mod axis;
pub mod close;
pub mod companies;
pub mod contract;
pub mod contracts;
mod coverage;
mod draft;
pub mod examine;
pub mod file;
pub mod first_run;
pub mod fund;
pub mod invoice;
pub mod new_contract;
pub mod node;
pub mod offer;
pub mod overview;
pub mod own_node;
pub mod pay;
mod plain;
pub mod record;
pub mod release;
pub mod sign_in;
mod stages;
pub mod tender;
pub mod theme;
mod timeline;
pub mod wallet;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use lncontract_app::{
    AppError,
    view::{ContractView, ObligationRow},
};

use crate::{form::Form, problem::Problem};

/// Renders a page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            Problem(AppError::fault("the page could not be made")).into_response()
        }
    }
}

/// Renders a page with a form: its status line says whether something was wrong with it.
pub fn with_form(page: &impl Template, form: &Form) -> Response {
    let mut response = html(page);
    if response.status().is_success() {
        *response.status_mut() = form.status();
    }
    response
}

/// After an act: the page that shows its result, asked for anew (303, RFC 9110),
/// so that a reload repeats nothing.
pub fn see(path: impl AsRef<str>) -> Response {
    Redirect::to(path.as_ref()).into_response()
}

/// Finds a row of a contract.
fn row<'a>(view: &'a ContractView, row: &str) -> Result<&'a ObligationRow, Problem> {
    let found = view.obligations.iter().find(|obligation| obligation.row == row);
    found.ok_or_else(|| AppError::not_found(format!("row {row:?} in this contract")).into())
}
