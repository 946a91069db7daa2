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
    let answer = exchange(server, path, token, body).map_err(Asked::Away)?;
    let cut = || Asked::Away(std::io::ErrorKind::UnexpectedEof.into());
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    if !(200..300).contains(&status) {
        let text = body.replace('\n', " ");
        return Err(Asked::Refused { status, text });
    }
    if body.is_empty() { Ok(Value::Null) } else { serde_json::from_str(body).map_err(|_| cut()) }
}

fn exchange(server: SocketAddr, path: &str, token: &str, body: Option<&Value>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(stream, "{method} /api/v1{path} HTTP/1.0\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n")?;
    write!(stream, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
