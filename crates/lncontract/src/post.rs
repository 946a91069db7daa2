//! Asks other companies' programs over HTTPS.
//!
//! Invariant: an answer is bounded in size and time, and nothing is followed elsewhere. Without TLS only this machine
//! is asked: an invite is another company's text. Certificates are checked against Mozilla's roots and this machine's
//! (`SSL_CERT_FILE`, `SSL_CERT_DIR`).

use std::time::Duration;

use lncontract_app::{NotPosted, Post, QUESTION_LEN_MAX};
use lncontract_lightning::BoxFuture;

use crate::config::is_this_machine;

/// What an address is asked for.
const PATH: &str = "/peer/v1";
const PATIENCE: Duration = Duration::from_secs(30);
const HEADERS_BYTES_MAX: usize = 16_384;

/// HTTPS.
pub struct Https;

impl Post for Https {
    fn post<'a>(&'a self, address: &'a str, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, NotPosted>> {
        Box::pin(async move {
            check(address)?;
            let request = bitreq::post(format!("{}{PATH}", address.trim_end_matches('/')))
                .with_header("content-type", "application/octet-stream")
                .with_body(body)
                .with_max_redirects(0)
                .with_max_headers_size(HEADERS_BYTES_MAX)
                .with_max_status_line_length(HEADERS_BYTES_MAX)
                .with_max_body_size(QUESTION_LEN_MAX);
            let answer = tokio::time::timeout(PATIENCE, request.send_async()).await;
            let answer = answer.map_err(|_| NotPosted::Failed(format!("no answer within {PATIENCE:?}")))?;
            let answer = answer.map_err(|error| NotPosted::Failed(error.to_string()))?;
            match answer.status_code {
                200 => Ok(answer.into_bytes()),
                404 => Err(NotPosted::NotForUs),
                status => Err(NotPosted::Failed(format!("it answers with HTTP status {status}"))),
            }
        })
    }
}

fn check(address: &str) -> Result<(), NotPosted> {
    let plain = address.strip_prefix("http://");
    let authority = plain.map(|rest| rest.split('/').next().unwrap_or_default());
    match authority {
        Some(authority) if authority.contains('@') || !is_this_machine(authority) => Err(NotPosted::Failed(
            "their address has no TLS, and it is not asked: let them give one with https://".to_owned(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_asked() {
        for address in
            ["https://castor.example", "http://127.0.0.1:8421/a", "http://[::1]:1", "http://localhost"]
        {
            assert!(check(address).is_ok(), "{address}");
        }
        for address in
            ["http://castor.example", "http://127.0.0.1@castor.example", "http://127.0.0.1.example/"]
        {
            assert!(check(address).is_err(), "{address}");
        }
    }
}
