//! Terms in plain words, what an open offer changes, and our answer to it.
//!
//! Money: an acceptance names the terms that were on the page; if they are others by now,
//! nothing is accepted.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use lncontract_app::{
    AppError,
    view::{Comparison, ContractView, Negotiation, Turn},
};
use lncontract_core::{
    Hash,
    v1::{Side, Terms},
};
use serde::Deserialize;

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
    turn: Turn,
    /// What the offer changes; absent where nothing came before it.
    comparison: Option<&'a Comparison>,
    /// The columns of the difference.
    old: &'static str,
    new: &'static str,
    /// There are terms in force and a countered offer: the other one may be asked for.
    both: bool,
}

/// What the offer is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// The offer that it counters, if it does.
    #[default]
    Offer,
    /// The terms in force.
    Force,
}

/// Of the address.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    against: Against,
}

/// The offer beside what came before it.
struct Difference {
    turn: Turn,
    comparison: Option<Comparison>,
    old: &'static str,
    new: &'static str,
    both: bool,
}

/// GET /contracts/{id}/offer
pub async fn show(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(id): Path<Hash>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (view, terms) = (app.contract(id).await?, app.terms_of(id).await?);
    let difference = difference(&app, id, asked.against).await?;
    Ok(page(&shell, &view, &terms, &difference, &Form::default()))
}

async fn difference(app: &App, id: Hash, against: Against) -> Result<Difference, Problem> {
    let Negotiation { turn, in_force, offered, countered, .. } = app.negotiation(id).await?;
    let both = in_force.is_some() && countered.is_some();
    let ours = turn == Turn::TheirAnswer;
    let answered = countered.filter(|_| against == Against::Offer || !both);
    let old = match (&answered, ours) {
        (Some(_), true) => "Their offer",
        (Some(_), false) => "Our offer",
        (None, _) => "In force",
    };
    let new = if ours { "Our offer now" } else { "Their offer now" };
    let comparison = match (answered.or(in_force), offered) {
        (Some(old), Some(new)) => Some(app.compare(id, &old, &new).await?),
        _ => None,
    };
    Ok(Difference { turn, comparison, old, new, both })
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
            return Ok(page(&shell, &view, &terms, &difference(&app, id, Against::Offer).await?, &form));
        }
        _ => app.reject_offer(id, form.get("reason").to_owned()).await.map(drop),
    };
    match done {
        Ok(()) => Ok(see(format!("/contracts/{id}"))),
        Err(error) => {
            let difference = difference(&app, id, Against::Offer).await?;
            Ok(page(&shell, &view, &terms, &difference, &form.refused(error)?))
        }
    }
}

fn page(shell: &Shell, view: &ContractView, terms: &Terms, difference: &Difference, form: &Form) -> Response {
    let Difference { turn, old, new, both, ref comparison } = *difference;
    let page = Page {
        shell,
        view,
        tab: "terms",
        plain: Plain::of(terms),
        ran_out: !view.can_answer_offer && view.offer_until.is_some_and(|until| until < shell.frame.now),
        form,
        turn,
        comparison: comparison.as_ref(),
        old,
        new,
        both,
    };
    with_form(&page, form)
}
