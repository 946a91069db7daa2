//! The router as a whole, over the double: what is open and closed, what every page shows,
//! what every form does.

mod acts;
mod clock;
mod door;
mod reading;
mod terms;

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use tower::ServiceExt as _;

use crate::samples::{App, TOKEN, views};

const HOST: &str = "127.0.0.1:8080";

/// An answer with its body read.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.body.contains(text), "no {text:?} in {}\n{}", self.status, self.body);
        }
    }
}

/// A request of somebody who is signed in.
fn ours(method: &str, path: &str) -> axum::http::request::Builder {
    let cookie = format!("lncontract_session_8080={TOKEN}");
    Request::builder().method(method).uri(path).header(header::HOST, HOST).header(header::COOKIE, cookie)
}

async fn send(app: &Arc<App>, request: Request<Body>) -> Answer {
    let response = crate::router(Arc::clone(app), None).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 22).await.unwrap().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(app: &Arc<App>, path: &str) -> Answer {
    send(app, ours("GET", path).body(Body::empty()).unwrap()).await
}

async fn post(app: &Arc<App>, path: &str, form: &str) -> Answer {
    let request = ours("POST", path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(app, request.body(Body::from(form.to_owned())).unwrap()).await
}

fn app() -> Arc<App> {
    Arc::new(App::new())
}

/// A path below the sample's contract.
fn contract(below: &str) -> String {
    format!("/contracts/{}{below}", views::contract().id)
}

fn grouped(value: u64) -> String {
    crate::format::grouped(value)
}
