//! Fee rates of an Esplora: one answer with all targets, kept for half a minute.
//!
//! Invariant: rates come in satoshi per virtual byte with decimals and leave as whole satoshi per 1,000 weight units,
//! rounded up, between 253 and a bound above which no estimate is honest.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use lncontract_lightning::ChainError;
use serde_json::{Map, Value};

use super::{odd, rest::Rest, unavailable};
use crate::{
    fees::{FLOOR_SAT_PER_KWU, decimal_e8},
    health::lock,
};

const KEPT_FOR: Duration = Duration::from_secs(30);
/// 2,000 sat/vB, twice what the worst hours have seen: above it somebody wants our money to go to miners.
const MOST_SAT_PER_KWU: u32 = 500_000;
/// Hundred millionths of a satoshi per virtual byte in one satoshi per 1,000 weight units: 1,000 weight units are 250
/// virtual bytes.
const E8_PER_VB_IN_KWU: u64 = 100_000_000 / 250;

type Rates = BTreeMap<u16, u32>;

#[derive(Default)]
pub(super) struct Estimates {
    last: Mutex<Option<(Instant, Rates)>>,
}

impl Estimates {
    pub(super) async fn rate(&self, rest: &Rest, target_blocks: u16) -> Result<u32, ChainError> {
        let kept = lock(&self.last).clone().filter(|(since, _)| since.elapsed() < KEPT_FOR);
        let rates = match kept {
            Some((_, rates)) => rates,
            None => {
                let path = "/fee-estimates";
                let text = rest.text(path).await.map_err(unavailable)?;
                let answer: Map<String, Value> = serde_json::from_str(&text).map_err(|_| odd(path))?;
                let rates = rates(&answer).ok_or_else(|| odd(path))?;
                *lock(&self.last) = Some((Instant::now(), rates.clone()));
                rates
            }
        };
        match within(&rates, target_blocks) {
            rate if rate > MOST_SAT_PER_KWU => Err(ChainError::Untrue(format!(
                "a fee rate of {rate} satoshi per 1,000 weight units for {target_blocks} blocks, and {MOST_SAT_PER_KWU} \
                 is the most that is believed"
            ))),
            rate => Ok(rate),
        }
    }
}

fn rates(answer: &Map<String, Value>) -> Option<Rates> {
    let rate = |(target, rate): (&String, &Value)| {
        let Value::Number(per_vb) = rate else { return None };
        // The JSON number's digits are read as a decimal, never as a float.
        let per_kwu = decimal_e8(&per_vb.to_string())?.div_ceil(E8_PER_VB_IN_KWU);
        Some((target.parse().ok()?, u32::try_from(per_kwu).unwrap_or(u32::MAX).max(FLOOR_SAT_PER_KWU)))
    };
    answer.iter().map(rate).collect()
}

/// The rate of the longest target that is not longer than the one asked for. There is none where too few blocks were
/// seen (regtest): the relay minimum is then as good a guess as any.
fn within(rates: &Rates, target_blocks: u16) -> u32 {
    let shorter = rates.range(..=target_blocks).next_back();
    shorter.or_else(|| rates.iter().next()).map_or(FLOOR_SAT_PER_KWU, |(_, rate)| *rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(estimates: &str, target_blocks: u16, expect_sat_per_kwu: u32) {
        let answer: Map<String, Value> = serde_json::from_str(estimates).expect("JSON");
        let rates = rates(&answer).expect("rates");
        assert_eq!(within(&rates, target_blocks), expect_sat_per_kwu, "{estimates} for {target_blocks}");
    }

    #[test]
    fn rates_per_virtual_byte_become_whole_ones_per_1000_weight_units() {
        check(r#"{"1": 87.882, "6": 10.0, "144": 1.027}"#, 1, 21_971);
        check(r#"{"1": 87.882, "6": 10.0, "144": 1.027}"#, 6, 2_500);
        check(r#"{"1": 87.882, "6": 10.0, "144": 1.027}"#, 143, 2_500);
        check(r#"{"1": 87.882, "6": 10.0, "144": 1.027}"#, 1_008, 257);
        check(r#"{"6": 4}"#, 2, 1_000);
        check(r#"{"6": 0.1}"#, 6, FLOOR_SAT_PER_KWU);
        check("{}", 6, FLOOR_SAT_PER_KWU);
    }

    #[test]
    fn what_is_no_rate_is_not_read_as_one() {
        for bad in [r#"{"6": "10"}"#, r#"{"six": 10}"#, r#"{"6": -1}"#, r#"{"6": null}"#] {
            let answer: Map<String, Value> = serde_json::from_str(bad).expect("JSON");
            assert_eq!(rates(&answer), None, "{bad}");
        }
    }
}
