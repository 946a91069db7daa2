//! What went wrong, as a page and as RFC 9457 problem details: one value,
//! dressed at the edge for whoever asked.
//!
//! Invariant: no stack, no secret and no cause leaves the program;
//! the cause is in the log under the request id.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use lncontract_app::{AppError, Class};
use serde::Serialize;

use crate::{Web, format as f, pages::html, shell::Shell};

/// A use case's error on its way out of a handler.
#[derive(Clone, Debug)]
pub struct Problem(pub AppError);

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = status(self.0.class).into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Returns the HTTP status (RFC 9110) of a class of trouble.
pub fn status(class: Class) -> StatusCode {
    match class {
        Class::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        Class::Locked => StatusCode::UNAUTHORIZED,
        Class::Fault => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Problem details as in RFC 9457; `code` and `request_id` are ours.
#[derive(Serialize)]
struct Details<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    shell: &'a Shell,
    error: &'a AppError,
    request_id: &'a str,
}

/// The outermost layer: gives every bare error answer its body, in the form its asker reads.
pub async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    // A stream can follow no redirect to a page either.
    let api = request.uri().path().starts_with("/api/") || request.uri().path() == "/events";
    let request_id =
        request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("-").to_owned();
    let outside = Shell::outside(request.headers(), request.uri().path());
    let response = next.run(request).await;
    let status = response.status();
    let dressed = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"text/html") || kind.as_bytes().starts_with(b"application/")
    });
    if dressed || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let error = response.extensions().get::<AppError>().cloned().unwrap_or_else(|| by_status(status));
    if error.class == Class::Fault {
        tracing::error!(request.id = %request_id, code = error.code, "{error}");
    }
    if api {
        return details(status, &error, &request_id);
    }
    if error.class == Class::Locked {
        return Redirect::to("/sign-in").into_response();
    }
    let shell = outside.named(&web).await;
    let mut page = html(&Page { shell: &shell, error: &error, request_id: &request_id });
    *page.status_mut() = status;
    page
}

fn details(status: StatusCode, error: &AppError, request_id: &str) -> Response {
    let body = Details {
        r#type: format!("urn:lncontract:problem:{}", error.code),
        title: &error.title,
        status: status.as_u16(),
        detail: &error.todo,
        code: error.code,
        request_id,
    };
    let mut response = (status, axum::Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Answers that no use case gave: an unknown address, a form of another site, a body that can't be read.
fn by_status(status: StatusCode) -> AppError {
    match status {
        StatusCode::NOT_FOUND => AppError::not_found("page"),
        StatusCode::UNAUTHORIZED => AppError::locked("not signed in"),
        StatusCode::FORBIDDEN => AppError::refused(
            "cross-site",
            "this request came from another site",
            "open the page here and send the form again; nothing was changed",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => AppError::refused(
            "too-large",
            "the form is too large",
            "send less than 1 MiB; a document goes by its hash",
        ),
        StatusCode::TOO_MANY_REQUESTS => AppError::not_now(
            "too-many-attempts",
            "too many people are signing in at this moment",
            "try again in a few seconds",
        ),
        status if status.is_server_error() => AppError::fault("the program could not answer"),
        _ => AppError::refused("unreadable", "the request can't be read", "check the address and the values"),
    }
}
