//! As much HTTP as one request to our own program takes, and its answer as JSON (HTTP/1.0: the answer ends where
//! the connection does).

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// A program that is being killed answers never.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no answer.
#[derive(Debug)]
pub enum Asked {
    /// Nobody answers, or not to the end: what was asked for may have been done.
    Away(std::io::Error),
    /// It says no.
    Refused { status: u16, text: String },
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Away(error) => write!(f, "no answer: {error}"),
            Asked::Refused { status, text } => write!(f, "status {status}: {text}"),
        }
    }
}

impl std::error::Error for Asked {}

/// One request below `/api/v1`: `GET` without a body, `POST` with one.
pub fn ask(server: SocketAddr, path: &str, token: &str, body: Option<&Value>) -> Result<Value, Asked> {
    let method = if body.is_some() { "POST" } else { "GET" };
    let head =
        format!("{method} /api/v1{path} HTTP/1.0\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n");
    let answer = exchange(server, &head, &body.map(Value::to_string).unwrap_or_default())?;
    if answer.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&answer).map_err(|_| cut()) }
}

/// What a page hands out, to who is signed in.
pub fn download(server: SocketAddr, path: &str, token: &str) -> Result<Vec<u8>, Asked> {
    let cookie = format!("lncontract_session_{}={token}", server.port());
    let head = format!("GET {path} HTTP/1.0\r\nHost: {server}\r\nCookie: {cookie}\r\n");
    exchange(server, &head, "")
}

fn cut() -> Asked {
    Asked::Away(std::io::ErrorKind::UnexpectedEof.into())
}

fn exchange(server: SocketAddr, head: &str, body: &str) -> Result<Vec<u8>, Asked> {
    let answer = raw(server, head, body).map_err(Asked::Away)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let body = answer[end + 4..].to_vec();
    if (200..300).contains(&status) {
        return Ok(body);
    }
    Err(Asked::Refused { status, text: String::from_utf8_lossy(&body).replace('\n', " ") })
}

fn raw(server: SocketAddr, head: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
