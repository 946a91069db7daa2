//! As much HTTP as one request to our own program takes: HTTP/1.0 (RFC 1945),
//! so the answer ends where the connection does.
//!
//! Invariant: an answer is bounded in size and time. Plain HTTP: for the same machine, or through a tunnel.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// No view is near that large.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
pub struct Server {
    host: String,
}

impl Server {
    /// The one at `http://HOST:PORT`.
    ///
    /// # Errors
    /// When the address is of another kind.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let host = url.strip_prefix("http://").map(|host| host.trim_end_matches('/'));
        let host = host.filter(|host| host.contains(':') && !host.contains(['/', '@', ' ', '\r', '\n']));
        let host = host.with_context(|| format!("{url} is not of the form http://HOST:PORT"))?;
        Ok(Self { host: host.to_owned() })
    }

    /// Asks, and returns the answer's JSON; `null` where there is none.
    ///
    /// # Errors
    /// When nobody answers, or the program refuses: its title and what to do.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&[u8]>,
    ) -> anyhow::Result<Value> {
        let answer = self.bytes(method, path, token, body).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).context("the answer is no JSON: is this the program?")
    }

    /// Asks, and returns the answer as it is.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn bytes(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&[u8]>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut request = format!("{method} /api/v1{path} HTTP/1.0\r\nHost: {}\r\n", self.host).into_bytes();
        if let Some(token) = token {
            request.extend_from_slice(format!("Authorization: Bearer {token}\r\n").as_bytes());
        }
        if let Some(body) = body {
            let head = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            request.extend_from_slice(head.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.unwrap_or_default());
        let answer = tokio::time::timeout(PATIENCE, self.exchange(&request)).await;
        let answer =
            answer.with_context(|| format!("{} did not answer within {PATIENCE:?}", self.host))??;
        read(&answer)
    }

    async fn exchange(&self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nobody =
            || format!("no program answers at http://{}: start it with serve, or give --url", self.host);
        let mut stream = TcpStream::connect(&self.host).await.with_context(nobody)?;
        stream.write_all(request).await.with_context(nobody)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.with_context(nobody)?;
        Ok(answer)
    }
}

/// Splits an answer into its status and its body, and tells a refusal from the rest.
fn read(answer: &[u8]) -> anyhow::Result<Vec<u8>> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer is not HTTP")?;
    let head = std::str::from_utf8(&answer[..end]).context("the answer is not HTTP")?;
    let status: u16 = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("the answer has no status: is this the program?")?;
    let body = &answer[end + 4..];
    if (200..300).contains(&status) {
        return Ok(body.to_vec());
    }
    // Problem details as in RFC 9457.
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    ensure!(problem["title"].is_string(), "the program answered with status {status}");
    let said = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    bail!("{}: {}", said("title"), said("detail"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_body_and_a_refusal_says_what_to_do() {
        let check = |answer: &str, expect: Result<&str, &str>| {
            let read = read(answer.as_bytes()).map_err(|error| error.to_string());
            assert_eq!(read, expect.map(|body| body.as_bytes().to_vec()).map_err(str::to_owned), "{answer}");
        };
        check("HTTP/1.0 200 OK\r\nA: b\r\n\r\n[1]", Ok("[1]"));
        check("HTTP/1.0 204 No Content\r\nA: b\r\n\r\n", Ok(""));
        check(
            "HTTP/1.0 422 X\r\nA: b\r\n\r\n{\"title\":\"no\",\"detail\":\"ask again\"}",
            Err("no: ask again"),
        );
        check("HTTP/1.0 500 X\r\nA: b\r\n\r\n<html>", Err("the program answered with status 500"));
        check("nonsense", Err("the answer is not HTTP"));
    }

    #[test]
    fn only_plain_addresses_are_asked() {
        let check = |url, expect| assert_eq!(Server::at(url).is_ok(), expect, "{url}");
        check("http://127.0.0.1:8420", true);
        check("http://localhost:8420/", true);
        check("https://127.0.0.1:8420", false);
        check("http://127.0.0.1", false);
        check("http://a:1/b", false);
        check("http://a:1\r\nX: y", false);
    }
}
