//! Companies: our invite, theirs, and the words that a person compares by voice.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::view::{CompanyRow, Tone};

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "companies.html")]
struct Page<'a> {
    shell: &'a Shell,
    companies: &'a [CompanyRow],
    invite: &'a str,
    form: &'a Form,
}

/// GET /companies
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    page(&app, &shell, &Form::default()).await
}

/// POST /companies
pub async fn accept(State(app): State<Arc<App>>, shell: Shell, form: Form) -> Result<Response, Problem> {
    if form.get("invite").is_empty() {
        let form = form.with(Trouble::field("invite", "Paste the invite that they sent."));
        return page(&app, &shell, &form).await;
    }
    match app.accept_invite(form.get("invite")).await {
        Ok(_) => Ok(see("/companies")),
        Err(error) => page(&app, &shell, &form.refused(error)?).await,
    }
}

/// POST /companies/{id}/words
pub async fn confirm_words(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    match app.confirm_company_words(&id).await {
        Ok(()) => Ok(see("/companies")),
        Err(error) => page(&app, &shell, &form.refused(error)?).await,
    }
}

async fn page(app: &App, shell: &Shell, form: &Form) -> Result<Response, Problem> {
    let (companies, invite) = (app.companies().await?, app.invite().await?);
    Ok(with_form(&Page { shell, companies: &companies, invite: &invite, form }, form))
}
