//! Choosing coins: largest first, exact fees, no I/O.
//!
//! Invariant: inputs = outputs + change + fee, to the satoshi; the answer to "is it enough" and the
//! transaction that is built later come from this one function.
//! Weights are upper bounds of BIP 141 weight units.

use bitcoin::OutPoint;

/// Version, lock time, counts, segwit marker and flag.
pub(crate) const BASE_WU: u64 = 42;
/// A P2WPKH input with a 72-byte signature.
pub(crate) const INPUT_WU: u64 = 272;
/// A P2WPKH output.
pub(crate) const CHANGE_WU: u64 = 124;
/// A P2WSH output: the funding output of a channel (BOLT 3).
const P2WSH_OUTPUT_WU: u64 = 172;
/// Below this a P2WPKH output is not relayed (Bitcoin Core's dust threshold at 3 sat/vB).
pub(crate) const DUST_SAT: u64 = 294;

/// A coin of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) outpoint: OutPoint,
    pub(crate) value_sat: u64,
}

/// What the transaction holds besides our inputs and our change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Weight of the other inputs and outputs, in weight units.
    pub(crate) weight_wu: u64,
    /// What the other outputs take, in satoshi.
    pub(crate) pay_sat: u64,
    /// What the other inputs bring, in satoshi.
    pub(crate) brought_sat: u64,
    /// Fee rate in satoshi per 1,000 weight units.
    pub(crate) rate_sat_per_kwu: u32,
    /// Whether there has to be change, for what is left over may go nowhere else.
    pub(crate) needs_change: bool,
}

impl Frame {
    /// The funding transaction of a channel.
    pub(crate) fn funding(amount_sat: u64, rate_sat_per_kwu: u32) -> Self {
        let (weight_wu, pay_sat) = (P2WSH_OUTPUT_WU, amount_sat);
        Frame { weight_wu, pay_sat, brought_sat: 0, rate_sat_per_kwu, needs_change: false }
    }

    /// Weight with that many of our inputs, with or without change.
    fn weight(&self, inputs: usize, change: Option<u64>) -> u64 {
        BASE_WU + self.weight_wu + inputs as u64 * INPUT_WU + change.map_or(0, |_| CHANGE_WU)
    }

    /// What has to come in for that many inputs, in satoshi; fees are rounded up.
    pub(crate) fn needed_sat(&self, inputs: usize, change: Option<u64>) -> u64 {
        let fee = (self.weight(inputs, change) * u64::from(self.rate_sat_per_kwu)).div_ceil(1_000);
        (self.pay_sat + fee).saturating_sub(self.brought_sat)
    }

    /// What a wallet with `coins` coins, none of which is enough, has to hold in all after one more deposit.
    pub(crate) fn needed_with_another_coin_sat(&self, coins: usize) -> u64 {
        self.needed_sat(coins + 1, Some(0))
    }
}

/// The coins chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) coins: Vec<Coin>,
    /// Change in satoshi, if it is worth an output.
    pub(crate) change_sat: Option<u64>,
    /// Weight of the whole transaction.
    pub(crate) weight_wu: u64,
    /// What leaves the wallet besides the payment.
    pub(crate) fee_sat: u64,
}

/// Chooses coins, those in `first` before the others, each group largest first;
/// `None` if they are not enough.
pub(crate) fn select(first: &[Coin], others: &[Coin], frame: Frame) -> Option<Selection> {
    let sorted = |coins: &[Coin]| {
        let mut coins = coins.to_vec();
        coins.sort_by_key(|coin| (std::cmp::Reverse(coin.value_sat), coin.outpoint));
        coins
    };
    let mut chosen = Vec::new();
    let mut sum_sat = 0u64;
    for coin in sorted(first).into_iter().chain(sorted(others)) {
        chosen.push(coin);
        sum_sat += coin.value_sat;
        // All of the first group is kept: it is what the earlier try of this transaction spent.
        if chosen.len() < first.len() {
            continue;
        }
        let with_change = sum_sat.checked_sub(frame.needed_sat(chosen.len(), Some(0)));
        let change_sat = with_change.filter(|rest| *rest >= DUST_SAT);
        let without = !frame.needs_change && sum_sat >= frame.needed_sat(chosen.len(), None);
        if change_sat.is_some() || without {
            let weight_wu = frame.weight(chosen.len(), change_sat);
            let fee_sat = sum_sat + frame.brought_sat - frame.pay_sat - change_sat.unwrap_or(0);
            return Some(Selection { coins: chosen, change_sat, weight_wu, fee_sat });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::{Txid, hashes::Hash};

    fn coins(values: &[u64]) -> Vec<Coin> {
        let outpoint = |n: usize| OutPoint::new(Txid::from_byte_array([n as u8; 32]), 0);
        values.iter().enumerate().map(|(n, v)| Coin { outpoint: outpoint(n), value_sat: *v }).collect()
    }

    /// Inputs chosen, and change, for a funding of 1,000,000 sat at 1,000 sat/kwu (1 sat for each weight
    /// unit).
    fn check(values: &[u64], expect: Option<(usize, Option<u64>)>) {
        let selection = select(&[], &coins(values), Frame::funding(1_000_000, 1_000));
        if let Some(selection) = &selection {
            let sum: u64 = selection.coins.iter().map(|coin| coin.value_sat).sum();
            assert_eq!(sum, 1_000_000 + selection.fee_sat + selection.change_sat.unwrap_or(0), "conserved");
            assert!(selection.fee_sat >= selection.weight_wu, "the fee rate is reached");
        }
        assert_eq!(selection.map(|s| (s.coins.len(), s.change_sat)), expect, "for {values:?}");
    }

    #[test]
    fn coins_are_chosen_largest_first_with_exact_change() {
        check(&[], None);
        check(&[1_000_000], None);
        // 42 + 172 + 272 = 486 without change, 610 with.
        check(&[1_000_485], None);
        check(&[1_000_486], Some((1, None)));
        check(&[1_000_610], Some((1, None)));
        check(&[1_000_903], Some((1, None)));
        check(&[1_000_904], Some((1, Some(294))));
        check(&[5, 2_000_000, 7], Some((1, Some(999_390))));
        check(&[600_000, 500_000], Some((2, Some(99_118))));
        check(&[600_000, 300_000], None);
    }

    #[test]
    fn a_deposit_of_exactly_the_missing_sum_is_enough() {
        for values in [&[][..], &[100], &[400_000, 300_000], &[1_000_000]] {
            let frame = Frame::funding(1_000_000, 777);
            let mut coins = coins(values);
            assert_eq!(select(&[], &coins, frame), None);
            let sum: u64 = values.iter().sum();
            let missing = frame.needed_with_another_coin_sat(values.len()) - sum;
            let outpoint = OutPoint::new(Txid::from_byte_array([99; 32]), 0);
            coins.push(Coin { outpoint, value_sat: missing });
            assert!(select(&[], &coins, frame).is_some(), "{missing} added to {values:?}");
        }
    }

    #[test]
    fn where_change_is_needed_another_coin_is_taken_for_it() {
        let coins = coins(&[1_000_700, 5_000]);
        let frame = Frame::funding(1_000_000, 1_000);
        assert_eq!(select(&[], &coins, frame).expect("enough").change_sat, None);
        let selection = select(&[], &coins, Frame { needs_change: true, ..frame }).expect("enough");
        assert_eq!((selection.coins.len(), selection.change_sat), (2, Some(4_818)));
        assert_eq!(select(&[], &coins[..1], Frame { needs_change: true, ..frame }), None);
    }

    #[test]
    fn coins_of_the_earlier_try_are_spent_again() {
        let all = coins(&[10_000, 20_000, 2_000_000]);
        let selection = select(&all[..2], &all[2..], Frame::funding(1_000_000, 1_000)).expect("enough");
        assert_eq!(selection.coins.len(), 3);
        // A fee bump: the anchor's 330 sat help to pay the fee of 500 + 42 + 272 + 124 sat.
        let (weight_wu, rate_sat_per_kwu) = (500, 1_000);
        let bump = Frame { weight_wu, pay_sat: 0, brought_sat: 330, rate_sat_per_kwu, needs_change: false };
        let selection = select(&all[..1], &all[2..], bump).expect("enough");
        assert_eq!(selection.change_sat, Some(10_000 + 330 - 938));
        assert_eq!(selection.coins, all[..1]);
    }
}
