//! /peer/v1: the one thing that other companies' programs ask of ours, on a listener of its own.
//!
//! Invariant: whoever is not a counterparty gets the same empty "not found" for everything, as if nothing were here;
//! what is sent is bounded in size, time and number before anybody looks at it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{HttpBody as _, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use tokio::sync::Semaphore;

use crate::app::{App, QUESTION_LEN_MAX};

/// How many questions are looked at at once; more are turned away, and asked again by who counts.
const AT_ONCE: usize = 8;
/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    at_once: Arc<Semaphore>,
}

/// Returns what other companies' programs reach: nothing but POST /peer/v1.
pub fn peer_router(app: Arc<App>) -> Router {
    let door = Door { app, at_once: Arc::new(Semaphore::new(AT_ONCE)) };
    let nobody = async || nobody();
    Router::new()
        // All methods: a list of those that are allowed would say that something is here.
        .route("/peer/v1", any(answer))
        .fallback(nobody)
        .with_state(door)
}

/// POST /peer/v1
async fn answer(State(door): State<Door>, question: Request) -> Response {
    let announced = question.body().size_hint().lower();
    if question.method() != Method::POST || announced > QUESTION_LEN_MAX as u64 {
        return nobody();
    }
    let Ok(_place) = door.at_once.try_acquire() else { return nobody() };
    let body = to_bytes(question.into_body(), QUESTION_LEN_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(PATIENCE, body).await else { return nobody() };
    match door.app.answer(&body).await {
        Some(answer) => ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response(),
        None => nobody(),
    }
}

fn nobody() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
