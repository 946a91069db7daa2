//! How many confirmations the funding of a channel has, and how many it needs.
//!
//! Invariant: what LND says goes before what is reckoned. It says since 0.20 how many are left. With one before that
//! the wallet knows our own funding transactions only; of the other side's none is counted until the channel opens.

use crate::{
    api::{self, PendingOpen, Transactions, path},
    channels::{OpeningRow, sat},
    parts::Parts,
    rpc::Fault,
};

/// The largest channel without `protocol.wumbo-channels`.
const PLAIN_MOST_SAT: u64 = 16_777_215;
/// Blocks that are looked through for a funding transaction that still waits: more than any node asks for.
const WAITS_MOST: u32 = 144;

/// What is shown of a channel that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirmations {
    pub(crate) seen: u32,
    pub(crate) needed: u32,
    /// Whether LND told them: then what it needed at first is kept, since LND tells only what is left.
    pub(crate) told: bool,
}

/// Of a channel in LND's list of those that wait.
pub(crate) async fn of(
    parts: &Parts,
    pending: &PendingOpen,
    row: &OpeningRow,
    height: u32,
) -> Result<Confirmations, Fault> {
    let left = pending.confirmations_until_active;
    if left > 0 || row.needed.is_some() {
        let needed = row.needed.unwrap_or(left);
        return Ok(Confirmations { seen: needed.saturating_sub(left), needed, told: true });
    }
    let needed = by_lnds_rule(pending.channel.as_ref().map_or(0, |channel| sat(channel.capacity)));
    let seen = if row.outbound { in_our_wallet(parts, row, height).await?.min(needed) } else { 0 };
    Ok(Confirmations { seen, needed, told: false })
}

/// What an LND asks for that was told nothing else: 3 to 6, by size.
fn by_lnds_rule(capacity_sat: u64) -> u32 {
    let by_size = capacity_sat.saturating_mul(6) / PLAIN_MOST_SAT;
    u32::try_from(by_size).unwrap_or(u32::MAX).clamp(3, 6)
}

async fn in_our_wallet(parts: &Parts, row: &OpeningRow, height: u32) -> Result<u32, Fault> {
    let Some(funding) = row.funding else { return Ok(0) };
    let start_height = i32::try_from(height.saturating_sub(WAITS_MOST)).unwrap_or(i32::MAX);
    let question = api::GetTransactions { start_height, end_height: -1 };
    let answer: Transactions = parts.rpc.call(path::GET_TRANSACTIONS, question).await?;
    let txid = funding.txid.to_string();
    let funded = answer.transactions.iter().find(|listed| listed.tx_hash == txid);
    let at = funded.and_then(|listed| u32::try_from(listed.block_height).ok()).filter(|at| *at > 0);
    Ok(at.map_or(0, |at| (height + 1).saturating_sub(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lnds_rule_asks_more_of_larger_channels() {
        for (sat, needed) in [(20_000, 3), (8_388_608, 3), (12_000_000, 4), (16_777_215, 6), (30_000_000, 6)]
        {
            assert_eq!(by_lnds_rule(sat), needed, "{sat}");
        }
    }
}
