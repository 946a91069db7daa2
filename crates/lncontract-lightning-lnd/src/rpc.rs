//! Calls: one shape for all of them, each with a deadline, a macaroon that fits, and a fault that says what is known.
//!
//! Invariant: LND's status codes say little, its texts say what matters; the text is kept. A call that got no answer
//! is told apart from one that was refused: after the first one the outcome is not known.

use std::{error::Error, time::Duration};

use http::uri::PathAndQuery;
use lncontract_lightning::{By, LightningError};
use prost::Message;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::{
    Code, Request, Response, Status, Streaming, client::Grpc, metadata::AsciiMetadataValue,
    transport::Channel,
};
use tonic_prost::ProstCodec;

use crate::{api, config::LndAccess, macaroon::Macaroons, pinned};

/// How long LND may take to answer what it has at hand. Without its bitcoind some calls hang.
pub(crate) const QUICK: Duration = Duration::from_secs(10);
/// The longest answer: a list of all payments.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The LND, as it is called.
#[derive(Clone)]
pub(crate) struct Rpc {
    grpc: Grpc<Channel>,
    macaroons: Macaroons,
    address: String,
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// LND's words, or ours.
    pub(crate) text: String,
}

/// What a fault means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was not reached or does not serve yet: nothing was done.
    Away,
    /// No answer came: what was asked for may be done.
    Silent,
    /// An operator has to unlock, allow or change something; nothing was done.
    Setup,
    /// It does not know what was asked about.
    NotFound,
    /// It has that already.
    Exists,
    /// It said no.
    Refused,
}

impl Rpc {
    pub(crate) fn new(access: &LndAccess) -> Self {
        let grpc = Grpc::new(pinned::channel(access)).max_decoding_message_size(ANSWER_BYTES_MAX);
        Self { grpc, macaroons: access.macaroons.clone(), address: access.address.clone() }
    }

    /// One question, one answer.
    pub(crate) async fn call<Q, R>(&self, path: &'static str, question: Q) -> Result<R, Fault>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        self.call_within(path, question, QUICK).await
    }

    pub(crate) async fn call_within<Q, R>(
        &self,
        path: &'static str,
        question: Q,
        wait: Duration,
    ) -> Result<R, Fault>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let request = self.request(path, question)?;
        let mut grpc = self.grpc.clone();
        let asked = async {
            grpc.ready().await.map_err(|error| self.away(&error))?;
            let codec: ProstCodec<Q, R> = ProstCodec::default();
            grpc.unary(request, PathAndQuery::from_static(path), codec)
                .await
                .map_err(|status| self.fault(path, &status))
        };
        tokio::time::timeout(wait, asked)
            .await
            .map_err(|_| silent(path, wait))?
            .map(tonic::Response::into_inner)
    }

    /// One question, answers until one side ends it. LND says nothing before its first answer, so whether it took the
    /// question is known by then only.
    pub(crate) async fn answers<Q, R>(&self, path: &'static str, question: Q) -> Result<Answers<R>, Fault>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let request = self.request(path, question)?;
        let mut grpc = self.ready(path).await?;
        let asked = async move {
            let codec: ProstCodec<Q, R> = ProstCodec::default();
            grpc.server_streaming(request, PathAndQuery::from_static(path), codec).await
        };
        Ok(self.begun(path, asked))
    }

    /// Questions of LND's, answers of ours.
    pub(crate) async fn conversation<Q, R, S>(&self, path: &'static str, ours: S) -> Result<Answers<R>, Fault>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
        S: Stream<Item = Q> + Send + 'static,
    {
        let request = self.request(path, ours)?;
        let mut grpc = self.ready(path).await?;
        let asked = async move {
            let codec: ProstCodec<Q, R> = ProstCodec::default();
            grpc.streaming(request, PathAndQuery::from_static(path), codec).await
        };
        Ok(self.begun(path, asked))
    }

    async fn ready(&self, path: &'static str) -> Result<Grpc<Channel>, Fault> {
        let mut grpc = self.grpc.clone();
        let ready = tokio::time::timeout(QUICK, grpc.ready()).await.map_err(|_| silent(path, QUICK))?;
        ready.map_err(|error| self.away(&error))?;
        Ok(grpc)
    }

    /// Sends the question in a task of its own: it is on its way before anybody waits for the first answer.
    fn begun<R, F>(&self, path: &'static str, asked: F) -> Answers<R>
    where
        R: Send + 'static,
        F: Future<Output = Result<Response<Streaming<R>>, Status>> + Send + 'static,
    {
        let beginning = Beginning(tokio::spawn(asked));
        Answers { beginning: Some(beginning), stream: None, rpc: self.clone(), path }
    }

    /// Whether we have a macaroon for a call.
    pub(crate) fn may(&self, path: &str) -> bool {
        self.macaroons.may(path)
    }

    fn request<Q>(&self, path: &'static str, question: Q) -> Result<Request<Q>, Fault> {
        let mut request = Request::new(question);
        if path != api::path::GET_STATE {
            let macaroon: AsciiMetadataValue = self.macaroons.of(path).ok_or_else(|| denied(path))?;
            request.metadata_mut().insert("macaroon", macaroon);
        }
        Ok(request)
    }

    fn away(&self, error: &dyn Error) -> Fault {
        Fault {
            kind: Kind::Away,
            text: format!("no connection to LND at {}: {}", self.address, innermost(error)),
        }
    }

    fn fault(&self, path: &'static str, status: &Status) -> Fault {
        let text = status.message().to_owned();
        // What LND itself says has no cause on our side; what the connection did has one, whatever the code.
        if status.source().is_some() || status.code() == Code::Unavailable {
            let cause = status.source().map(innermost);
            let is_tls = cause.as_ref().is_some_and(|cause| cause.contains("certificate"));
            if is_tls {
                let text = format!(
                    "at {} answers somebody with another certificate than the one given: give the tls.cert that this \
                     LND uses now",
                    self.address
                );
                return Fault { kind: Kind::Setup, text };
            }
            let text = format!("no connection to LND at {}: {}", self.address, cause.unwrap_or(text));
            // A connection that broke on the way leaves open what LND did.
            return Fault { kind: if is_before(status) { Kind::Away } else { Kind::Silent }, text };
        }
        let kind = match status.code() {
            Code::Cancelled | Code::DeadlineExceeded => Kind::Silent,
            Code::NotFound => Kind::NotFound,
            Code::AlreadyExists => Kind::Exists,
            Code::Unimplemented => return old(path),
            _ => Kind::of_text(&text),
        };
        if kind == Kind::Setup { setup(path, &text) } else { Fault { kind, text } }
    }
}

/// Whether the call was never sent: the connection could not be made.
fn is_before(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.downcast_ref::<tonic::ConnectError>().is_some() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl Kind {
    /// LND's words for a daemon that is not ready, or does not let us.
    fn of_text(text: &str) -> Self {
        const AWAY: &[&str] = &[
            "waiting to start, RPC services not available",
            "the RPC server is in the process of starting up",
            "server is still in the process of starting",
        ];
        const SETUP: &[&str] = &[
            "wallet locked",
            "wallet not created",
            "permission denied",
            "verification failed",
            "cannot retrieve macaroon",
            "cannot determine data format of binary-encoded macaroon",
            "expected 1 macaroon",
        ];
        let has = |words: &[&str]| words.iter().any(|words| text.contains(words));
        if has(AWAY) {
            Self::Away
        } else if has(SETUP) {
            Self::Setup
        } else {
            Self::Refused
        }
    }
}

fn setup(path: &str, text: &str) -> Fault {
    let text = if text.contains("permission denied") {
        return denied(path);
    } else if text.contains("wallet locked") {
        "LND's wallet is locked: unlock it (`lncli unlock`); this program goes on by itself then".to_owned()
    } else if text.contains("wallet not created") {
        "LND has no wallet yet: make one (`lncli create`); this program goes on by itself then".to_owned()
    } else {
        format!(
            "LND does not take the macaroon for {path} ({text}): bake it again, `lncontract lnd bake` says how"
        )
    };
    Fault { kind: Kind::Setup, text }
}

fn denied(path: &str) -> Fault {
    let text = format!(
        "no macaroon given allows uri:{path}: bake one that does, `lncontract lnd bake` prints the commands for all of \
         them"
    );
    Fault { kind: Kind::Setup, text }
}

fn old(path: &str) -> Fault {
    let text = format!("this LND has no {path}: it is too old, or was built without that part");
    Fault { kind: Kind::Setup, text }
}

fn silent(path: &str, wait: Duration) -> Fault {
    let text = format!("LND has not answered {path} within {} s", wait.as_secs());
    Fault { kind: Kind::Silent, text }
}

fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

impl Fault {
    /// The fault of a call that changes nothing.
    pub(crate) fn reading(self) -> LightningError {
        match self.kind {
            Kind::Away | Kind::Silent => LightningError::Unavailable { reason: self.text },
            Kind::Setup => LightningError::Misconfigured { reason: self.text },
            Kind::NotFound | Kind::Exists | Kind::Refused => {
                LightningError::Refused { by: By::Us, reason: self.text }
            }
        }
    }

    /// The fault of a call that may have changed something.
    pub(crate) fn acting(self) -> LightningError {
        match self.kind {
            Kind::Silent => LightningError::OutcomeUnknown { reason: self.text },
            _ => self.reading(),
        }
    }
}

/// What LND says in the course of a call.
pub(crate) struct Answers<R> {
    beginning: Option<Beginning<R>>,
    stream: Option<Streaming<R>>,
    rpc: Rpc,
    path: &'static str,
}

/// A call whose first answer is not there. Dropped, it ends the call.
struct Beginning<R>(JoinHandle<Result<Response<Streaming<R>>, Status>>);

impl<R> Drop for Beginning<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<R> Answers<R> {
    /// The next one; `None` where LND ended it in order. May be given up and asked again.
    pub(crate) async fn next(&mut self) -> Result<Option<R>, Fault> {
        if let Some(beginning) = &mut self.beginning {
            let begun = (&mut beginning.0).await;
            self.beginning = None;
            let begun = begun.map_err(|_| silent(self.path, QUICK))?;
            self.stream = Some(begun.map_err(|status| self.rpc.fault(self.path, &status))?.into_inner());
        }
        let Some(stream) = &mut self.stream else { return Ok(None) };
        match stream.message().await {
            Ok(answer) => Ok(answer),
            Err(status) => {
                let fault = self.rpc.fault(self.path, &status);
                // The call was under way: what broke it says nothing about what LND did.
                let broken = fault.kind == Kind::Away && status.code() == Code::Unavailable;
                Err(if broken { Fault { kind: Kind::Silent, ..fault } } else { fault })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Kind) {
        assert_eq!(Kind::of_text(text), expect, "{text}");
    }

    #[test]
    fn lnds_words_say_whether_to_wait_or_to_call_an_operator() {
        check("wallet locked, unlock it to enable full RPC access", Kind::Setup);
        check("wallet not created, create one to enable full RPC access", Kind::Setup);
        check("permission denied", Kind::Setup);
        check("verification failed: signature mismatch after caveat verification", Kind::Setup);
        check("cannot retrieve macaroon: cannot get macaroon: root key with id 3 doesn't exist", Kind::Setup);
        check("waiting to start, RPC services not available", Kind::Away);
        check("server is still in the process of starting", Kind::Away);
        check("channel not found", Kind::Refused);
    }

    #[test]
    fn a_missing_right_is_named_with_what_to_do() {
        let words = setup("/lnrpc.Lightning/OpenChannel", "permission denied").text;
        assert!(
            words.contains("uri:/lnrpc.Lightning/OpenChannel") && words.contains("lncontract lnd bake"),
            "{words}"
        );
    }

    #[test]
    fn no_answer_leaves_open_what_was_done() {
        let fault = silent("/lnrpc.Lightning/OpenChannel", QUICK);
        assert!(matches!(fault.clone().acting(), LightningError::OutcomeUnknown { .. }));
        assert!(matches!(fault.reading(), LightningError::Unavailable { .. }));
    }
}
