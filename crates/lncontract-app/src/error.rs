//! The one error of the use cases: what a person did, why it was refused, and what to do.
//!
//! Money: when a use case answers with an error, nothing was written,
//! except where `code` says `outcome-unknown`.

use lncontract_lightning::LightningError;
use lncontract_record::{DraftError, EntryError, canonical::CanonicalError};
use lncontract_store::StoreError;

/// Why a use case did nothing. `code` is stable and listed in docs/api.md; `title` is the fact,
/// `todo` the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{title}: {todo}")]
pub struct AppError {
    /// What class of trouble it is.
    pub class: Class,
    /// Stable, kebab-case: `not-found`, `refused`, `invite-unreadable`, `insufficient-funds`.
    pub code: &'static str,
    /// The fact, in one line.
    pub title: String,
    /// What to do, with figures.
    pub todo: String,
}

/// An error with its causes.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What class of trouble: decides the HTTP status and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bad input, or the law refuses: change what you ask for (422, exit 2).
    Refused,
    /// No such thing (404, exit 2).
    NotFound,
    /// Not now: the node, the peer or the disk is not ready (503, exit 2).
    NotNow,
    /// Not signed in, or the company's keys are locked (401, exit 2).
    Locked,
    /// A fault of the program (500, exit 1).
    Fault,
}

impl AppError {
    /// Bad input, or the law refuses.
    pub fn refused(code: &'static str, title: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { class: Class::Refused, code, title: title.into(), todo: todo.into() }
    }

    /// No such thing.
    pub fn not_found(what: impl Into<String>) -> Self {
        let todo = "check the id; it may belong to another company".to_owned();
        Self { class: Class::NotFound, code: "not-found", title: format!("no such {}", what.into()), todo }
    }

    /// The node, the peer or the disk is not ready.
    pub fn not_now(code: &'static str, title: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { class: Class::NotNow, code, title: title.into(), todo: todo.into() }
    }

    /// The company's keys are locked, or the session is over.
    pub fn locked(title: impl Into<String>) -> Self {
        Self {
            class: Class::Locked,
            code: "locked",
            title: title.into(),
            todo: "sign in with the company's password".into(),
        }
    }

    /// A fault of the program: the cause goes to the log.
    pub fn fault(what: impl Into<String>) -> Self {
        let todo = "nothing was changed; the log has the cause".to_owned();
        Self { class: Class::Fault, code: "fault", title: what.into(), todo }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { place } => Self::not_now(
                "disk-full",
                "the disk is full",
                format!("free space on {place}, then try again; nothing was written"),
            ),
            StoreError::Conflict { .. } => {
                Self::refused("conflict", "somebody was faster", "look at the page again and decide anew")
            }
            other => {
                tracing::error!(error = %chain_of(&other), "the store");
                Self::fault(other.to_string())
            }
        }
    }
}

impl From<LightningError> for AppError {
    fn from(error: LightningError) -> Self {
        let title = error.to_string();
        match error {
            LightningError::Refused { .. } => {
                Self::refused("node-refused", title, "nothing was done; change what you ask for")
            }
            LightningError::Expired => {
                Self::refused("invoice-expired", title, "nothing was sent; the payee makes another one")
            }
            LightningError::Open(_) => {
                Self::refused("open-failed", title, "no channel was opened and nothing was spent")
            }
            LightningError::Splice(_) => {
                Self::refused("splice-failed", title, "the channel goes on as it was and nothing was spent")
            }
            LightningError::Unavailable { .. } => {
                Self::not_now("node-unavailable", title, "try again in a moment")
            }
            LightningError::OutcomeUnknown { .. } => {
                Self::not_now("outcome-unknown", title, "we keep asking the node; do not do it again")
            }
            LightningError::Misconfigured { .. } => {
                Self::not_now("node-misconfigured", title, "change the node's settings as it says")
            }
        }
    }
}

impl From<DraftError> for AppError {
    fn from(error: DraftError) -> Self {
        Self::refused("not-allowed", chain_of(&error), "nothing was written")
    }
}

impl From<EntryError> for AppError {
    fn from(error: EntryError) -> Self {
        Self::refused("entry", chain_of(&error), "nothing was written")
    }
}

impl From<CanonicalError> for AppError {
    fn from(error: CanonicalError) -> Self {
        Self::refused("text", chain_of(&error), "change the text named; nothing was written")
    }
}
