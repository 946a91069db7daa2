//! Before a channel is opened: what it is for, what it takes from our funds, and what follows.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    view::{ContractView, FreePart, NodeView},
};
use lncontract_core::{
    Hash,
    v1::{Instrument, Terms},
};

use super::{
    plain::{self, Planned},
    see, with_form,
};
use crate::{app::App, form::Form, format as f, problem::Problem, shell::Shell};

#[derive(Template)]
#[template(path = "fund.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a ContractView,
    node: &'a NodeView,
    tranche: &'a Planned,
    notice_blocks: u16,
    /// The channel that is topped up and what one payment carries over it, also afterwards.
    at_once: Option<(&'a str, u64)>,
    missing_sat: Option<u64>,
    /// What other contracts with the same company released, of exactly that amount.
    parts: &'a [FreePart],
    form: &'a Form,
}

/// GET /contracts/{id}/fund/{tranche}
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, tranche)): Path<(Hash, String)>,
) -> Result<Response, Problem> {
    page(&app, &shell, id, &tranche, &Form::default()).await
}

/// POST /contracts/{id}/fund/{tranche}
pub async fn fund(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path((id, tranche)): Path<(Hash, String)>,
    form: Form,
) -> Result<Response, Problem> {
    // A button of the page names the release that it would use.
    let funded = match form.get("release") {
        "" => app.fund(id, &tranche).await,
        release => match release.parse() {
            Ok(release) => app.fund_by_part(id, &tranche, release).await,
            Err(_) => Err(AppError::not_found("release")),
        },
    };
    match funded {
        Ok(_) => Ok(see(format!("/contracts/{id}#channels"))),
        Err(error) => page(&app, &shell, id, &tranche, &form.refused(error)?).await,
    }
}

async fn page(app: &App, shell: &Shell, id: Hash, tranche: &str, form: &Form) -> Result<Response, Problem> {
    let (view, terms, node) = (app.contract(id).await?, app.terms_of(id).await?, app.node_view().await?);
    let at_once = at_once(&terms, tranche, &view);
    let tranche = find(&terms, tranche)?;
    let mut parts = app.free_parts(id).await?;
    parts.retain(|part| part.amount_sat == tranche.amount_sat);
    let missing = tranche.amount_sat.saturating_sub(node.onchain_free_sat);
    let missing_sat = Some(missing).filter(|missing| *missing > 0);
    let (notice_blocks, view, node, tranche) = (terms.funding.notice_blocks, &view, &node, &tranche);
    Ok(with_form(
        &Page { shell, view, node, tranche, notice_blocks, at_once, missing_sat, parts: &parts, form },
        form,
    ))
}

/// What a top-up can't change: the limit that was fixed when its channel was opened.
fn at_once<'a>(terms: &Terms, tranche: &str, view: &'a ContractView) -> Option<(&'a str, u64)> {
    let tranche = terms.funding.tranches.iter().find(|known| known.id == tranche)?;
    let Instrument::SpliceIn { into } = &tranche.instrument else { return None };
    let card = view.channels.iter().find(|card| card.tranche.as_ref() == Some(into))?;
    Some((&card.title, card.in_flight_limit_sat?))
}

fn find(terms: &Terms, id: &str) -> Result<Planned, Problem> {
    let tranche = terms.funding.tranches.iter().find(|tranche| tranche.id == id);
    let tranche =
        tranche.ok_or_else(|| AppError::not_found(format!("tranche {id:?} in the funding plan")))?;
    Ok(plain::planned(terms, tranche))
}
