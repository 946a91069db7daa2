//! How many entries a second are folded and verified.

use std::time::{Duration, Instant};

use anyhow::Context;
use lncontract_core::{Contract, fold, v1::Side};
use lncontract_record::{Record, SignedEntry, bundle::open_bundle, verify_bundle};

/// How often each is done; the fastest time counts, since what disturbs only slows down.
const ROUNDS: usize = 20;

/// Measures both on one bundle and prints.
pub fn report(bundle: &[u8]) -> anyhow::Result<()> {
    let record = open_bundle(bundle)?;
    let entries = in_order(&record);
    let folding = fastest(|| {
        let end = entries.iter().fold(Contract::default(), |state, signed| fold(state, signed.entry()).0);
        anyhow::ensure!(end == *record.state(), "the fold gives another state");
        Ok(())
    })?;
    let bytes: Vec<&[u8]> = entries.iter().map(|signed| signed.bytes()).collect();
    let replaying = fastest(|| Record::replay(&bytes).map(drop).context("a replay"))?;
    let verifying = fastest(|| verify_bundle(bundle).map(drop).context("a verification"))?;
    println!("bench rates: a record of {} entries, {} bytes as a bundle", entries.len(), bundle.len());
    for (what, took) in [("folded", folding), ("replayed from the store", replaying), ("verified", verifying)]
    {
        let rate = entries.len() as u128 * 1_000_000 / took.as_micros().max(1);
        println!("  {what:<24} {rate:>8} entries/s ({:.1} ms)", took.as_secs_f64() * 1_000.0);
    }
    Ok(())
}

fn fastest(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// The entries in the one order of the record.
fn in_order(record: &Record) -> Vec<&SignedEntry> {
    let ledger = record.ledger();
    let mut places = [0, 0];
    let next = |side: Side| {
        let place = &mut places[side as usize];
        *place += 1;
        &ledger.chain(side)[*place - 1].entry
    };
    ledger.order().into_iter().map(next).collect()
}
