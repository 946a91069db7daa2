//! The sample's terms on the table, and a comparison with the program's own lines of the difference.

use lncontract_app::{changes, view::*};
use lncontract_core::{Bytes, check_terms, v1::Terms};

use super::terms;

pub fn negotiation() -> Negotiation {
    Negotiation {
        turn: Turn::Offer,
        in_force: Some(terms()),
        offered: None,
        countered: None,
        offer_until: None,
    }
}

/// The hash is made of the total and of how much is said: enough to tell terms apart here.
pub fn comparison(old: &Terms, new: &Terms) -> Comparison {
    let faults = check_terms(new).err().unwrap_or_default();
    let faults = faults.into_iter().map(|fault| (fault.path, fault.reason.to_string()));
    let mut hash = [0x5e; 32];
    hash[..8].copy_from_slice(&new.total.0.to_be_bytes());
    hash[8..16].copy_from_slice(&(format!("{new:?}").len() as u64).to_be_bytes());
    let figure = |name: &str, old_sat, new_sat| FigureChange { name: name.into(), old_sat, new_sat };
    let figures = vec![
        figure("Contract total", old.total.0, new.total.0),
        figure("Paid", 40_000_000, 40_000_000),
        figure("Outstanding", old.total.0 - 40_000_000, new.total.0.saturating_sub(40_000_000)),
    ];
    let effect =
        Effect { figures, uncovered: vec!["Spare parts are not covered.".into()], uncovered_before: 0 };
    Comparison {
        terms_hash: Bytes(hash),
        changes: changes(old, new),
        effect: Some(effect),
        faults: faults.collect(),
    }
}
