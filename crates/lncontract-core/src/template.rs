//! Templates: drafts that expand to whole terms. Invariant: a template writes nothing that a hand could not
//! have written; what it makes is judged by `check_terms` like everything else.
//!
//! A terms file has one of two forms: whole terms ([`Terms`](crate::v1::Terms)), or the draft of a template, which
//! says so itself: `template = "supply"`. [`Named`] reads nothing but that.

pub mod supply;

use serde::{Deserialize, Serialize};

/// Which template a file is a draft of; none if it is whole terms. Every other field is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// The template.
    pub template: Option<Template>,
}

/// The templates there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// Supply with milestones.
    #[default]
    Supply,
}
