//! Security headers on every answer: UI.md section 10.
//!
//! Invariant: no page runs or loads anything that is not ours, and none is shown inside another site's frame.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// No inline script or style, no `data:` image, no frame around us.
pub const POLICY: &str =
    "default-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; frame-ancestors 'none'";

/// Puts them on.
pub async fn secure(request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put =
        |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "same-origin");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if !asset {
        // Figures and words of a company are kept by no cache, and not by the browser after signing out.
        put(header::CACHE_CONTROL, "no-store");
    }
    response
}
