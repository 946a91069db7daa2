//! Money back while its channel goes on: before the seller releases it, and before the buyer takes it out.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    view::{ChannelCard, ContractView, SpliceLine},
};
use lncontract_core::{Hash, Sat};

use super::{see, with_form};
use crate::{app::App, form::Form, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    channel: &'a ChannelCard,
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "take_back.html")]
struct TakeBackPage<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    channel: &'a ChannelCard,
    release: &'a SpliceLine,
    form: &'a Form,
}

/// GET /contracts/{id}/release/{fund}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, fund)): Path<(Hash, Hash)>,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let channel = channel(&view, fund)?;
    let form = Form::prefilled([("amount", channel.releasable_sat.to_string())]);
    Ok(with_form(&ReleasePage { shell: &shell, view: &view, channel, form: &form }, &form))
}

/// POST /contracts/{id}/release/{fund}
pub async fn release(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, fund)): Path<(Hash, Hash)>,
    form: Form,
) -> Result<Response, Problem> {
    let form = match form.amount("amount") {
        Ok(amount_sat) => match app.release(id, fund, Sat(amount_sat)).await {
            Ok(_) => return Ok(see(format!("/contracts/{id}#channels"))),
            Err(error) => form.refused(error)?,
        },
        Err(trouble) => form.with(trouble),
    };
    let view = app.contract(id).await?;
    let channel = channel(&view, fund)?;
    Ok(with_form(&ReleasePage { shell: &shell, view: &view, channel, form: &form }, &form))
}

/// GET /contracts/{id}/take-back/{release}
pub async fn show_take_back(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, release)): Path<(Hash, Hash)>,
) -> Result<Response, Problem> {
    take_back_page(&app, &shell, id, release, &Form::default()).await
}

/// POST /contracts/{id}/take-back/{release}
pub async fn take_back(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, release)): Path<(Hash, Hash)>,
    form: Form,
) -> Result<Response, Problem> {
    match app.take_back(id, release).await {
        Ok(()) => Ok(see(format!("/contracts/{id}#channels"))),
        Err(error) => take_back_page(&app, &shell, id, release, &form.refused(error)?).await,
    }
}

async fn take_back_page(
    app: &App,
    shell: &Shell,
    id: Hash,
    release: Hash,
    form: &Form,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let mut all =
        view.channels.iter().flat_map(|card| card.releases.iter().map(move |line| (card, &line.splice)));
    let found = all.find(|(_, line)| line.fund == release);
    let (channel, release) = found.ok_or_else(|| AppError::not_found("release in this contract"))?;
    Ok(with_form(&TakeBackPage { shell, view: &view, channel, release, form }, form))
}

fn channel(view: &ContractView, fund: Hash) -> Result<&ChannelCard, Problem> {
    let channel = view.channels.iter().find(|channel| channel.fund == fund);
    channel.ok_or_else(|| AppError::not_found("channel in this contract").into())
}
