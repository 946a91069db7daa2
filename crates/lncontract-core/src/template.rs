//! Templates: drafts that expand to whole terms. Invariant: a template writes nothing that a hand could not
//! have written; what it makes is judged by `check_terms` like everything else.
//!
//! A terms file has one of two forms: whole terms ([`Terms`](crate::v1::Terms)), or the draft of a template, which
//! says so itself: `template = "supply"`. [`Named`] reads nothing but that.

pub mod change;
pub mod supply;

use serde::{Deserialize, Serialize};

use crate::v1::RowId;

/// The longest id made from words: `pay-` stands before some, and a row id has 32 characters at most.
const ID_MAX: usize = 28;

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

/// Returns a row id made from words: what is no letter or digit becomes one dash, 28 characters at most.
pub fn row_id(words: &str) -> RowId {
    let mut id = String::new();
    for character in words.chars() {
        let plain = character.to_ascii_lowercase();
        if plain.is_ascii_lowercase() || (plain.is_ascii_digit() && !id.is_empty()) {
            id.push(plain);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(ID_MAX);
    let id = id.trim_end_matches('-');
    if id.is_empty() { "row".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_ids_are_made_from_words() {
        let check = |words: &str, expect: &str| assert_eq!(row_id(words), expect);
        check("Stage 1 assembly", "stage-1-assembly");
        check("Delivery and acceptance", "delivery-and-acceptance");
        check("  Größe (XL)  ", "gr-e-xl");
        check("12 units", "units");
        check("Ω", "row");
        check("A very long title that goes on and on and on", "a-very-long-title-that-goes");
    }
}
