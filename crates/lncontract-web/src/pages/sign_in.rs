//! Signing in and out.
//!
//! Invariant: every attempt takes the same least time, and only a few run at once.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use lncontract_app::AppError;
use serde::Deserialize;

use super::{see, with_form};
use crate::{
    Web,
    auth::{self, Session},
    form::{Form, Trouble},
    format as f,
    problem::Problem,
    shell::{Outside, Shell},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    shell: &'a Shell,
    form: &'a Form,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// GET /sign-in
pub async fn show(Outside(shell): Outside, Query(next): Query<Next>) -> Response {
    let form = Form::prefilled([("next", next.next)]);
    with_form(&Page { shell: &shell, form: &form }, &form)
}

/// POST /sign-in
pub async fn sign_in(
    State(web): State<Web>,
    Outside(shell): Outside,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    match attempt(&web, form.get("user"), form.exactly("password")).await {
        Ok(token) => {
            let cookie = [(header::SET_COOKIE, auth::set_cookie(&headers, &token))];
            Ok((cookie, see(auth::local(form.get("next")))).into_response())
        }
        Err(error) => {
            let status = crate::problem::status(error.class);
            let form = form.with(Trouble { status, ..Trouble::from(error) });
            Ok(with_form(&Page { shell: &shell, form: &form }, &form))
        }
    }
}

/// Tries a name and a password; slow on purpose, whatever comes of it.
pub async fn attempt(web: &Web, user: &str, password: &str) -> Result<String, AppError> {
    let Ok(_turn) = web.attempts.try_acquire() else {
        let todo = "try again in a few seconds";
        return Err(AppError::not_now(
            "too-many-attempts",
            "too many people are signing in at this moment",
            todo,
        ));
    };
    let (result, ()) = tokio::join!(web.app.sign_in(user, password), tokio::time::sleep(auth::SIGN_IN_DELAY));
    result
}

/// POST /sign-out
pub async fn sign_out(
    State(web): State<Web>,
    session: Session,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    web.app.sign_out(&session.token).await?;
    let cookie = [(header::SET_COOKIE, auth::clear_cookie(&headers))];
    Ok((StatusCode::SEE_OTHER, cookie, [(header::LOCATION, "/sign-in")]).into_response())
}
