//! Fee rates, in satoshi per 1,000 weight units, from the chain port,
//! kept in memory for LDK's many questions.
//!
//! Invariant: never below 253 (1 sat/vB rounded up, Bitcoin Core's relay minimum). No rate is a constant of
//! ours: where LDK wants a margin, it is a multiple of what the chain source says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bitcoin::{Amount, Denomination};
use lightning::chain::chaininterface::{ConfirmationTarget, FeeEstimator};
use lncontract_lightning::{Chain, ChainError};

use crate::health::lock;

/// The relay minimum that everything is held above.
pub(crate) const FLOOR_SAT_PER_KWU: u32 = 253;
/// Funding transactions should confirm within the hour.
const FUNDING_BLOCKS: u16 = 6;
/// Every number of blocks that is ever asked for.
const TARGETS: [u16; 5] = [2, FUNDING_BLOCKS, 12, 144, 1_008];

/// The rates last heard of.
pub(crate) struct Fees {
    rates: Mutex<HashMap<u16, u32>>,
}

impl Fees {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Fees { rates: Mutex::default() })
    }

    /// Asks the chain source for all targets; keeps the old rates where it does not answer.
    pub(crate) async fn refresh(&self, chain: &dyn Chain) -> Result<(), ChainError> {
        for target in TARGETS {
            let rate = chain.fee_rate_sat_per_kwu(target).await?;
            lock(&self.rates).insert(target, rate.max(FLOOR_SAT_PER_KWU));
        }
        Ok(())
    }

    /// For a funding transaction.
    pub(crate) fn funding(&self) -> u32 {
        self.within(FUNDING_BLOCKS)
    }

    /// For a transaction that should confirm within so many blocks: the rate of the next lower number that is asked
    /// for.
    pub(crate) fn within(&self, blocks: u16) -> u32 {
        let asked = TARGETS.into_iter().rev().find(|target| *target <= blocks).unwrap_or(TARGETS[0]);
        lock(&self.rates).get(&asked).copied().unwrap_or(FLOOR_SAT_PER_KWU)
    }
}

impl FeeEstimator for Fees {
    fn get_est_sat_per_1000_weight(&self, target: ConfirmationTarget) -> u32 {
        match target {
            // A sanity bound for the peer's rate: wide, since two estimators rarely agree, and above 25
            // sat/vB, which some nodes fall back to when they have no estimate (LND).
            ConfirmationTarget::MaximumFeeEstimate => {
                self.within(2).saturating_mul(10).max(FLOOR_SAT_PER_KWU * 100)
            }
            ConfirmationTarget::UrgentOnChainSweep => self.within(2).saturating_mul(2),
            // The fee can be bumped later: it need only reach mempools.
            ConfirmationTarget::AnchorChannelFee => self.within(1_008),
            // What we accept of a peer may be lower than what we would choose.
            ConfirmationTarget::MinAllowedAnchorChannelRemoteFee
            | ConfirmationTarget::MinAllowedNonAnchorChannelRemoteFee => FLOOR_SAT_PER_KWU,
            ConfirmationTarget::NonAnchorChannelFee => self.within(12),
            ConfirmationTarget::ChannelCloseMinimum => self.within(144),
            ConfirmationTarget::OutputSpendingFee => self.within(12),
        }
    }
}

/// A decimal number such as `0.00001` or `1.017e-5` in hundred millionths, which are satoshi of an amount in BTC;
/// further digits are cut off. serde_json writes small numbers as 1e-5: the exponent is moved into the digits.
pub(crate) fn decimal_e8(text: &str) -> Option<u64> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    // The value is `all` shifted by `places` decimal places.
    let all = format!("{whole}{fraction}");
    let places = i32::try_from(whole.len()).ok()? + exponent;
    let point = usize::try_from(places.max(0)).ok()?;
    let zeros = "0".repeat(usize::try_from((-places).max(0)).ok()?);
    let all = format!("{zeros}{all}{}", "0".repeat(point.saturating_sub(all.len())));
    let (whole, fraction) = all.split_at(point);
    let fraction: String = fraction.chars().take(8).collect();
    let whole = if whole.is_empty() { "0" } else { whole };
    let plain = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Amount::from_str_in(&plain, Denomination::Bitcoin).ok().map(Amount::to_sat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::{Block, BlockHash, Transaction};
    use lncontract_lightning::{BlockRef, BoxFuture, HeaderAt};

    struct OneRate(u32);

    impl Chain for OneRate {
        fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
            Box::pin(async { Err(ChainError::Unavailable("no blocks here".into())) })
        }
        fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
            Box::pin(async move { Err(ChainError::UnknownBlock(hash)) })
        }
        fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
            Box::pin(async move { Err(ChainError::UnknownBlock(hash)) })
        }
        fn broadcast<'a>(&'a self, _: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
            Box::pin(async { Ok(()) })
        }
        fn fee_rate_sat_per_kwu(&self, target: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
            Box::pin(async move { Ok(self.0 / u32::from(target)) })
        }
    }

    #[tokio::test]
    async fn rates_follow_the_chain_source_and_never_fall_below_the_floor() {
        let fees = Fees::new();
        assert_eq!(fees.funding(), FLOOR_SAT_PER_KWU, "before anything is known");
        fees.refresh(&OneRate(12_000)).await.expect("answers");
        assert_eq!(fees.funding(), 2_000);
        assert_eq!(fees.get_est_sat_per_1000_weight(ConfirmationTarget::AnchorChannelFee), FLOOR_SAT_PER_KWU);
        assert_eq!(fees.get_est_sat_per_1000_weight(ConfirmationTarget::OutputSpendingFee), 1_000);
        assert_eq!(fees.get_est_sat_per_1000_weight(ConfirmationTarget::MaximumFeeEstimate), 60_000);
        assert_eq!(
            fees.get_est_sat_per_1000_weight(ConfirmationTarget::MinAllowedAnchorChannelRemoteFee),
            FLOOR_SAT_PER_KWU
        );
    }
}
