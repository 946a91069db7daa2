//! Before an invoice is made: what it asks for. For rows paid per accepted unit the link names the tender.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use lncontract_app::view::{ContractView, ObligationRow};
use lncontract_core::{Hash, v1::PayableId};
use serde::Deserialize;

use super::{row as row_of, see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "invoice.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    row: &'a ObligationRow,
    form: &'a Form,
}

/// Which acceptance is invoiced.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    tender: String,
}

/// GET /contracts/{id}/invoice/{row}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, row)): Path<(Hash, String)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let form = Form::prefilled([("tender", which.tender)]);
    Ok(with_form(&Page { shell: &shell, view: &view, row: row_of(&view, &row)?, form: &form }, &form))
}

/// POST /contracts/{id}/invoice/{row}
pub async fn make(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, row)): Path<(Hash, String)>,
    form: Form,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let row = row_of(&view, &row)?;
    let form = match payable(&form, row) {
        Err(trouble) => form.with(trouble),
        Ok(payable) => match app.make_invoice(id, payable).await {
            Ok(_) => return Ok(see(format!("/contracts/{id}"))),
            Err(error) => form.refused(error)?,
        },
    };
    Ok(with_form(&Page { shell: &shell, view: &view, row, form: &form }, &form))
}

fn payable(form: &Form, row: &ObligationRow) -> Result<PayableId, Trouble> {
    let tender = if form.get("tender").is_empty() { None } else { Some(form.hash("tender")?) };
    Ok(PayableId { row: row.row.clone(), tender })
}
