//! Money that has arrived and waits for the host's word.
//!
//! Money: nothing is claimed that the host did not say to claim. A row is on disk before LDK's event is
//! acknowledged, so a restart asks again. What is undecided when its deadline nears is failed back: an HTLC
//! past its deadline would close the channel.

use std::{collections::HashSet, sync::Arc, time::Duration};

use lightning_types::payment::{PaymentHash as LdkHash, PaymentPreimage as LdkPreimage};
use lncontract_lightning::{Claim, PaymentHash};
use serde::{Deserialize, Serialize};

use crate::{
    parts::Parts,
    table::{hex, unhex},
};

/// How often an undecided claim is asked about.
const TURN: Duration = Duration::from_secs(1);
/// How long the host may take to answer.
const HOST_WAIT: Duration = Duration::from_secs(10);
/// Blocks before LDK's deadline at which an undecided claim is failed back.
const MARGIN_BLOCKS: u32 = 12;

/// A payment that can be claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimRow {
    pub(crate) amount_msat: u64,
    /// LDK derives it from the invoice; `None`: not our invoice.
    pub(crate) preimage: Option<[u8; 32]>,
    /// Height before which it must be claimed.
    pub(crate) deadline: Option<u32>,
}

/// Asks the host about every waiting claim, for ever.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), String> {
    let mut bell = parts.bell.listen();
    let mut taken = HashSet::new();
    loop {
        let rows = parts.claims.all();
        // A hash that has no row any more was claimed; a second payment of it is a new question.
        taken.retain(|hash: &PaymentHash| rows.iter().any(|(key, _)| *key == hex(hash)));
        for (key, row) in rows {
            let Some(hash) = unhex(&key) else { continue };
            if !taken.contains(&hash) || near(&row, parts.manager.current_best_block().height) {
                decide(&parts, hash, row, &mut taken).await?;
            }
        }
        let _ = tokio::time::timeout(TURN, bell.changed()).await;
    }
}

fn near(row: &ClaimRow, height: u32) -> bool {
    row.deadline.is_some_and(|deadline| height + MARGIN_BLOCKS >= deadline)
}

async fn decide(
    parts: &Parts,
    hash: PaymentHash,
    row: ClaimRow,
    taken: &mut HashSet<PaymentHash>,
) -> Result<(), String> {
    let asked = parts.config.host.payment_claimable(hash, row.amount_msat);
    let mut answer = tokio::time::timeout(HOST_WAIT, asked).await.unwrap_or(Claim::AskAgain);
    if answer == Claim::AskAgain && near(&row, parts.manager.current_best_block().height) {
        tracing::warn!(hash = hex(&hash), "undecided near its deadline: failed back");
        answer = Claim::FailBack;
    }
    match (answer, row.preimage) {
        (Claim::AskAgain, _) => return Ok(()),
        (Claim::Take, Some(preimage)) => {
            taken.insert(hash);
            call(parts, || parts.manager.claim_funds(LdkPreimage(preimage)));
        }
        (Claim::Take | Claim::FailBack, _) => {
            // Called before the row goes: a crash between the two asks again, which does no harm.
            call(parts, || parts.manager.fail_htlc_backwards(&LdkHash(hash)));
            parts.claims.remove(&hex(&hash)).map_err(|error| format!("a claim: {error}"))?;
        }
    }
    call(parts, || parts.peers.process_events());
    Ok(())
}

fn call(parts: &Parts, f: impl FnOnce()) {
    if let Err(error) = parts.health.call(f) {
        tracing::debug!(%error, "a claim waits for the next start");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(deadline: Option<u32>, height: u32, expect: bool) {
        let row = ClaimRow { amount_msat: 1, preimage: None, deadline };
        assert_eq!(near(&row, height), expect, "{deadline:?} at {height}");
    }

    #[test]
    fn a_claim_is_near_its_deadline_twelve_blocks_before() {
        check(Some(200), 187, false);
        check(Some(200), 188, true);
        check(Some(200), 300, true);
        check(None, 1_000_000, false);
    }
}
