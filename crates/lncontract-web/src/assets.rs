//! Stylesheet, sprite, marks and script: built into the program,
//! served with an ETag and a version in the address.
//!
//! Invariant: an address with its version never changes its bytes, so browsers may keep it for a year.

use axum::{
    extract::{Path, RawQuery},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// Returns the address of an asset, with its version, as templates write it.
pub fn address(name: &str) -> String {
    match Assets::get(name) {
        Some(file) => format!("/assets/{name}?v={}", version(&file.metadata.sha256_hash())),
        None => format!("/assets/{name}"),
    }
}

/// GET /assets/{name}
pub async fn show(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(file) = Assets::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let version = version(&file.metadata.sha256_hash());
    let etag = format!("\"{version}\"");
    let named = query.is_some_and(|query| query == format!("v={version}"));
    let keep = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::CONTENT_TYPE, content_type(&name).to_owned()),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, file.data.into_owned()).into_response()
}

fn version(sha256: &[u8; 32]) -> String {
    lncontract_core::Bytes(*sha256).to_string().chars().take(12).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(name: &str, query: Option<String>, known: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(known) = known {
            headers.insert(header::IF_NONE_MATCH, known.parse().unwrap());
        }
        show(Path(name.to_owned()), RawQuery(query), headers).await
    }

    #[tokio::test]
    async fn an_asset_is_kept_for_long_only_under_its_version() {
        let versioned = address("lncontract.css");
        let query = versioned.split('?').nth(1).unwrap().to_owned();
        let response = get("lncontract.css", Some(query), None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let plain = get("lncontract.css", None, None).await;
        assert_eq!(plain.headers()[header::CACHE_CONTROL], "no-cache");
        let etag = plain.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(get("lncontract.css", None, Some(&etag)).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(get("lncontract.css", None, Some("\"other\"")).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_outside_the_assets_is_served() {
        for name in ["../Cargo.toml", "no-such.css", ""] {
            assert_eq!(get(name, None, None).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
