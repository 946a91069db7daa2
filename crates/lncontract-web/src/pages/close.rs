//! Before a channel is closed: what it holds, what stays outstanding, and its name typed once more.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError, CloseMode,
    view::{ChannelCard, ContractView},
};
use lncontract_core::Hash;

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "close.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    channel: &'a ChannelCard,
    form: &'a Form,
}

/// GET /contracts/{id}/close/{fund}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, fund)): Path<(Hash, Hash)>,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let form = Form::default();
    Ok(with_form(&Page { shell: &shell, view: &view, channel: channel(&view, fund)?, form: &form }, &form))
}

/// POST /contracts/{id}/close/{fund}
pub async fn close(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, fund)): Path<(Hash, Hash)>,
    form: Form,
) -> Result<Response, Problem> {
    let view = app.contract(id).await?;
    let channel = channel(&view, fund)?;
    let mode = if form.is("do", "alone") { CloseMode::Forced } else { CloseMode::Cooperative };
    let form = if form.get("name") == channel.title {
        match app.close_channel(id, fund, mode).await {
            Ok(()) => return Ok(see(format!("/contracts/{id}#channels"))),
            Err(error) => form.refused(error)?,
        }
    } else {
        let words = format!("The channel’s name is {}. Nothing was closed.", channel.title);
        form.with(Trouble::field("name", words))
    };
    Ok(with_form(&Page { shell: &shell, view: &view, channel, form: &form }, &form))
}

fn channel(view: &ContractView, fund: Hash) -> Result<&ChannelCard, Problem> {
    let channel = view.channels.iter().find(|channel| channel.fund == fund);
    channel.ok_or_else(|| AppError::not_found("channel in this contract").into())
}
