//! Asking an Esplora over HTTP.
//!
//! Invariant: every request ends within its time and every answer within its size; redirects are not followed, since
//! they could lead away from TLS. Who says "too many requests" is left alone for as long as it asks for.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use bitreq::{Client, Request, RequestExt, Response};

use crate::health::lock;

/// How long one answer may take, a whole block's too.
const PATIENCE: Duration = Duration::from_secs(20);
/// A serialized block has 4,000,000 bytes at the most.
pub(super) const BLOCK_BYTES_MAX: usize = 4_000_000;
/// Everything else is short.
pub(super) const SHORT_BYTES_MAX: usize = 65_536;
const HEADERS_BYTES_MAX: usize = 16_384;
/// What is told of an answer's text.
const TEXT_CHARS_MAX: usize = 200;
/// How long it is left alone after "too many requests", if it does not say so itself; and the longest that it may say.
const PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// How a request failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RestError {
    /// It does not know it (404).
    NotFound,
    /// It says no (another 4xx), in these words.
    Refused { status: i32, text: String },
    /// No answer, or none that can be used.
    Unavailable(String),
}

/// The client of one server.
pub(super) struct Rest {
    base: String,
    client: Mutex<Client>,
    pub(super) patience: Duration,
    quiet_until: Mutex<Option<Instant>>,
}

impl Rest {
    pub(super) fn new(url: &str) -> Self {
        let base = url.trim_end_matches('/').to_owned();
        Rest { base, client: Mutex::new(Client::new(1)), patience: PATIENCE, quiet_until: Mutex::default() }
    }

    pub(super) async fn get(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, RestError> {
        self.send(bitreq::get(format!("{}{path}", self.base)), bytes_max).await
    }

    /// An answer in text.
    pub(super) async fn text(&self, path: &str) -> Result<String, RestError> {
        text_of(self.get(path, SHORT_BYTES_MAX).await?)
    }

    pub(super) async fn post(&self, path: &str, body: String) -> Result<String, RestError> {
        let request = bitreq::post(format!("{}{path}", self.base)).with_body(body);
        text_of(self.send(request, SHORT_BYTES_MAX).await?)
    }

    async fn send(&self, request: Request, bytes_max: usize) -> Result<Vec<u8>, RestError> {
        if let Some(left) = self.quiet() {
            let text = format!("it asked for fewer requests; asked again in {} s", left.as_secs() + 1);
            return Err(RestError::Unavailable(text));
        }
        let request = request
            .with_max_redirects(0)
            .with_max_headers_size(HEADERS_BYTES_MAX)
            .with_max_status_line_length(HEADERS_BYTES_MAX)
            .with_max_body_size(bytes_max);
        let client = lock(&self.client).clone();
        let answer = tokio::time::timeout(self.patience, request.send_async_with_client(&client)).await;
        match answer {
            Ok(Ok(answer)) => self.judge(answer),
            Ok(Err(error)) => Err(self.broken(error.to_string())),
            Err(_) => Err(self.broken(format!("no answer within {:?}", self.patience))),
        }
    }

    /// A connection that failed once is not used again.
    fn broken(&self, text: String) -> RestError {
        *lock(&self.client) = Client::new(1);
        RestError::Unavailable(text)
    }

    fn quiet(&self) -> Option<Duration> {
        let until = *lock(&self.quiet_until);
        until.and_then(|until| until.checked_duration_since(Instant::now()))
    }

    fn judge(&self, answer: Response) -> Result<Vec<u8>, RestError> {
        match answer.status_code {
            200 => Ok(answer.into_bytes()),
            404 => Err(RestError::NotFound),
            429 => {
                let asked = answer.headers.get("retry-after").and_then(|text| text.trim().parse().ok());
                let pause = asked.map_or(PAUSE, Duration::from_secs).min(PAUSE_MAX);
                *lock(&self.quiet_until) = Instant::now().checked_add(pause);
                let text = format!("it asks for fewer requests (429): left alone for {} s", pause.as_secs());
                Err(RestError::Unavailable(text))
            }
            status @ 400..=499 => Err(RestError::Refused { status, text: shown(answer.as_bytes()) }),
            status => {
                Err(RestError::Unavailable(format!("HTTP status {status}: {}", shown(answer.as_bytes()))))
            }
        }
    }
}

fn text_of(bytes: Vec<u8>) -> Result<String, RestError> {
    let text = String::from_utf8(bytes);
    text.map_err(|_| RestError::Unavailable("an answer that is no text".to_owned()))
}

/// The start of an answer, fit for a log and a page.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    plain.take(TEXT_CHARS_MAX).collect::<String>().trim().to_owned()
}
