//! The wallet on chain: coins, what waits, what left; money out and a higher fee in two steps each, the cost first.

use std::{borrow::Borrow, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use lncontract_app::{
    LeaveOrder, Leaving, Speed,
    view::{CostView, RaiseView, TreasuryView},
};
use serde::Deserialize;

use super::{see, with_form};
use crate::{
    app::App,
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::Shell,
};

#[derive(Template)]
#[template(path = "wallet.html")]
struct Page<'a> {
    shell: &'a Shell,
    view: &'a TreasuryView,
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "wallet_leave.html")]
struct LeavePage<'a> {
    shell: &'a Shell,
    leaving: &'a Leaving,
    cost: &'a CostView,
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "wallet_raise.html")]
struct RaisePage<'a> {
    shell: &'a Shell,
    txid: &'a str,
    speed: Speed,
    cost: &'a RaiseView,
    form: &'a Form,
}

/// How soon a transaction should be in a block.
#[derive(Deserialize)]
pub struct Soon {
    #[serde(default)]
    speed: Speed,
}

/// What a speed is called.
fn called(speed: impl Borrow<Speed>) -> &'static str {
    match speed.borrow() {
        Speed::Next => "In one of the next two blocks",
        Speed::Hour => "Within an hour or so",
        Speed::Day => "Within a day or so",
    }
}

/// GET /wallet
pub async fn show(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    page(&app, &shell, &Form::prefilled([("speed", Speed::default().word())])).await
}

/// POST /wallet: what it would cost.
pub async fn cost(State(app): State<Arc<App>>, shell: Shell, form: Form) -> Result<Response, Problem> {
    let leaving = match leaving(&form) {
        Ok(leaving) => leaving,
        Err(trouble) => return page(&app, &shell, &form.with(trouble)).await,
    };
    match app.leaving_cost(&leaving).await {
        Ok(cost) => {
            let form = Form::default();
            Ok(with_form(&LeavePage { shell: &shell, leaving: &leaving, cost: &cost, form: &form }, &form))
        }
        Err(error) => page(&app, &shell, &form.refused(error)?).await,
    }
}

/// POST /wallet/leave: the order, as it was shown.
pub async fn leave(State(app): State<Arc<App>>, shell: Shell, form: Form) -> Result<Response, Problem> {
    let (leaving, amount_sat) = match (leaving(&form), form.amount("amount")) {
        (Ok(leaving), Ok(amount_sat)) => (leaving, amount_sat),
        (Err(trouble), _) | (_, Err(trouble)) => return page(&app, &shell, &form.with(trouble)).await,
    };
    let fee_sat_max = match form.amount("fee") {
        Ok(fee_sat) => fee_sat,
        Err(trouble) => return page(&app, &shell, &form.with(trouble)).await,
    };
    let order = LeaveOrder { id: form.get("id").to_owned(), leaving: leaving.clone(), fee_sat_max };
    match app.let_leave(order, form.exactly("password")).await {
        Ok(_) => Ok(see("/wallet#left")),
        Err(error) => {
            // The same id: sent again it still pays once.
            let number = |name| form.amount(name).unwrap_or_default();
            let (left_sat, reserve_sat) = (number("left"), number("reserve"));
            let id = form.get("id").to_owned();
            let cost = CostView { id, amount_sat, fee_sat: fee_sat_max, left_sat, reserve_sat };
            let form = form.refused(error)?;
            Ok(with_form(&LeavePage { shell: &shell, leaving: &leaving, cost: &cost, form: &form }, &form))
        }
    }
}

/// GET /wallet/raise/{txid}
pub async fn show_raise(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(txid): Path<String>,
    Query(Soon { speed }): Query<Soon>,
) -> Result<Response, Problem> {
    raise_page(&app, &shell, &txid, speed, &Form::default()).await
}

/// POST /wallet/raise/{txid}
pub async fn raise(
    State(app): State<Arc<App>>,
    shell: Shell,
    Path(txid): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let speed = Speed::of_word(form.get("speed")).unwrap_or_default();
    let form = match form.amount("fee") {
        Ok(fee_sat) => match app.raise(&txid, speed, fee_sat).await {
            Ok(_) => return Ok(see("/wallet#waiting")),
            Err(error) => form.refused(error)?,
        },
        Err(trouble) => form.with(trouble),
    };
    raise_page(&app, &shell, &txid, speed, &form).await
}

async fn raise_page(
    app: &App,
    shell: &Shell,
    txid: &str,
    speed: Speed,
    form: &Form,
) -> Result<Response, Problem> {
    let cost = app.raise_cost(txid, speed).await?;
    Ok(with_form(&RaisePage { shell, txid, speed, cost: &cost, form }, form))
}

async fn page(app: &App, shell: &Shell, form: &Form) -> Result<Response, Problem> {
    let view = app.treasury().await?;
    Ok(with_form(&Page { shell, view: &view, form }, form))
}

/// The form of what leaves; no amount means all.
fn leaving(form: &Form) -> Result<Leaving, Trouble> {
    let to = form.get("to").to_owned();
    if to.is_empty() {
        return Err(Trouble::field("to", "Paste the address that the money goes to."));
    }
    let amount_sat = if form.is("all", "all") { None } else { Some(form.amount("amount")?) };
    let speed = Speed::of_word(form.get("speed")).unwrap_or_default();
    Ok(Leaving { to, amount_sat, speed })
}
