//! The sandbox's clock: moved where there is one, not there where there is none.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use axum::{body::Body, http::StatusCode};
use futures_util::future::BoxFuture;
use lncontract_core::Time;
use tower::ServiceExt as _;

use super::{ours, post};
use crate::{SandboxClock, samples::App};

#[derive(Default)]
struct Moved(AtomicU16);

impl SandboxClock for Moved {
    fn forward(&self, days: u16) -> BoxFuture<'_, Time> {
        let before = self.0.fetch_add(days, Ordering::SeqCst);
        Box::pin(async move { Time(0).plus_days(i64::from(before + days)) })
    }
}

async fn send(clock: &Arc<Moved>, path: &str, kind: &str, body: &str) -> (StatusCode, Vec<u8>) {
    let router = crate::router(Arc::new(App::new()), Some(Arc::clone(clock) as _));
    let request = ours("POST", path).header("content-type", kind).body(Body::from(body.to_owned())).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    (status, axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec())
}

#[tokio::test]
async fn it_is_moved_from_a_page_and_over_rest() {
    let clock = Arc::new(Moved::default());
    let (status, _) = send(&clock, "/clock", "application/x-www-form-urlencoded", "days=7&back=/").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, body) = send(&clock, "/api/v1/clock", "application/json", r#"{"days":30}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(String::from_utf8(body).unwrap(), r#"{"now":"1970-02-07T00:00:00Z"}"#);
}

#[tokio::test]
async fn it_never_stands_still_or_jumps_by_years() {
    let clock = Arc::new(Moved::default());
    for days in ["0", "93", "-1", "x", ""] {
        let form = format!("days={days}&back=/");
        let (status, _) = send(&clock, "/clock", "application/x-www-form-urlencoded", &form).await;
        assert!(status.is_client_error(), "{days}: {status}");
    }
    assert_eq!(clock.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_company_that_is_served_has_none() {
    let app = Arc::new(App::new());
    assert_eq!(post(&app, "/clock", "days=1&back=/").await.status, StatusCode::NOT_FOUND);
    assert!(!super::get(&app, "/").await.body.contains("action=\"/clock\""));
}
