//! The sandbox's clock, moved from a page or over REST. A program that serves a company has no such routes.
//!
//! Invariant: whoever moves it needs a session like for anything else; nothing but these two routes and the
//! shell's form knows that the clock can be moved.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::Response, routing::post};
use futures_util::future::BoxFuture;
use lncontract_app::AppError;
use lncontract_core::Time;
use serde::{Deserialize, Serialize};

use crate::{Web, api::Body, auth::local, form::Form, pages::see, problem::Problem};

/// Most days at once: each brings blocks that both nodes have to follow.
const DAYS_MAX: u16 = 92;

/// A clock that can be moved forward; it never goes back.
pub trait SandboxClock: Send + Sync + 'static {
    /// Moves it by that many days, with the blocks of that time. Returns what it shows then.
    fn forward(&self, days: u16) -> BoxFuture<'_, Time>;
}

/// The routes; closed to who has no session, like all others.
pub fn router() -> Router<Web> {
    Router::new().route("/clock", post(from_page)).route("/api/v1/clock", post(from_rest))
}

/// How far.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    days: u16,
}

/// What the clock shows.
#[derive(Serialize)]
struct Shown {
    now: Time,
}

async fn from_page(State(web): State<Web>, form: Form) -> Result<Response, Problem> {
    forward(&web, form.get("days").parse().unwrap_or(0)).await?;
    Ok(see(local(form.get("back"))))
}

async fn from_rest(
    State(web): State<Web>,
    Body(Forward { days }): Body<Forward>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown { now: forward(&web, days).await? }))
}

async fn forward(web: &Web, days: u16) -> Result<Time, Problem> {
    let clock: &Arc<dyn SandboxClock> =
        web.clock.as_ref().ok_or_else(|| AppError::not_found("clock that can be moved"))?;
    if !(1..=DAYS_MAX).contains(&days) {
        let todo = format!("name 1 to {DAYS_MAX} days");
        return Err(AppError::refused("days", "the clock moves forward by whole days", todo).into());
    }
    Ok(clock.forward(days).await)
}
