//! How each payment to come is covered at this moment.
//!
//! Invariant: what covers one payment covers no other: those due before it are paid first.

use super::{ChannelNow, Limits, StageOutlook, expected, walk::Walk};
use crate::{Contract, Time};

/// Returns how each payment to come is covered by the channels as they are, by due date; nothing that is planned
/// counts.
pub fn covered_now(contract: &Contract, channels: &[ChannelNow], as_of: Time) -> Vec<StageOutlook> {
    let Some(terms) = &contract.terms else { return Vec::new() };
    let limits = Limits::default();
    let expected = expected(contract);
    let mut walk = Walk::new(contract, terms, channels, &limits);
    let mut stages = Vec::new();
    for (index, payment) in expected.iter().enumerate() {
        let asked = walk.ask(&expected, index, as_of);
        let in_one_piece = walk.pay(payment);
        stages.push(StageOutlook { in_one_piece, ..asked });
    }
    stages
}
