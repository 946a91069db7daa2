//! What an entry costs at the end of a short record and of a long one, and how fast a long one is folded.
//! `cargo xtask bench record` builds and starts it: `growth [ENTRIES]`.
//!
//! Invariant: it measures and judges nothing. The record is no idle one: each round tenders a unit, accepts it,
//! invoices it and confirms its payment, with the acknowledgements between, so that the state grows with the record.

mod party;
mod rounds;

use std::time::{Duration, Instant};

use lncontract_core::{Contract, fold};
use lncontract_record::{Record, hash::state_hash, merge::Pair};

use rounds::Companies;

/// Entries of the long record.
const LONG: usize = 10_000;
/// Entries of the short one.
const SHORT: usize = 10;
/// How often each is measured; the fastest counts, since what disturbs only slows down.
const TIMES: usize = 15;
/// Rounds of business that are timed at a time.
const ROUNDS: usize = 4;

fn main() {
    let asked = std::env::args().nth(1).map(|text| text.parse().expect("how many entries?"));
    let long = asked.unwrap_or(LONG);
    let mut companies = Companies::in_force();
    let mut sizes = Vec::new();
    for entries in [SHORT, 100, 1_000, long] {
        while companies.entries() < entries {
            companies.round();
        }
        sizes.push(companies.clone());
    }
    let mut fastest = vec![Duration::MAX; sizes.len()];
    for _ in 0..TIMES {
        // In turn, so that what else the machine does meets all alike.
        for (size, fastest) in sizes.iter().zip(&mut fastest) {
            *fastest = (*fastest).min(appended(size.clone()));
        }
    }
    println!(
        "bench record: an entry drafted, signed, placed, judged and folded by its author, and again by its peer"
    );
    for (size, took) in sizes.iter().zip(&fastest) {
        let ratio = took.as_nanos() * 100 / fastest[0].as_nanos().max(1);
        println!(
            "  in a record of {:>6} entries {:>8.1} us ({}.{:02} of the shortest)",
            size.entries(),
            took.as_secs_f64() * 1e6,
            ratio / 100,
            ratio % 100
        );
    }
    report_reading(&companies.buyer.record);
}

/// What one entry takes at the end of that record.
fn appended(mut companies: Companies) -> Duration {
    let before = companies.entries();
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| companies.round());
    let took = start.elapsed();
    took / u32::try_from(companies.entries() - before).expect("a few entries")
}

fn report_reading(record: &Record) {
    let order = record.ledger().order();
    let mut at = Pair { buyer: 0, seller: 0 };
    let entries: Vec<_> = order
        .into_iter()
        .map(|side| {
            *at.of_mut(side) += 1;
            &record.ledger().chain(side)[*at.of(side) - 1].entry
        })
        .collect();
    let fold_all = || entries.iter().fold(Contract::default(), |state, signed| fold(state, signed.entry()).0);
    let (folding, state) = fastest(fold_all);
    assert_eq!(state, *record.state(), "the fold gives another state");
    let (hashing, hash) = fastest(|| state_hash(&fold_all()));
    assert_eq!(hash, record.state_hash());
    println!("  {} entries folded, by the law alone: {:.1} ms", entries.len(), folding.as_secs_f64() * 1e3);
    let hashing = hashing.saturating_sub(folding);
    println!("  the hash of that state from nothing: {:.1} ms", hashing.as_secs_f64() * 1e3);
    let bytes: Vec<&[u8]> = entries.iter().map(|signed| signed.bytes()).collect();
    let start = Instant::now();
    let again = Record::replay(&bytes).expect("a record can be replayed");
    let replaying = start.elapsed();
    assert_eq!(again.state(), record.state());
    println!(
        "  replayed from the store (bytes, signature, both judgements): {:.0} ms, {:.0} entries/s",
        replaying.as_secs_f64() * 1e3,
        entries.len() as f64 / replaying.as_secs_f64()
    );
}

fn fastest<T>(work: impl Fn() -> T) -> (Duration, T) {
    let once = || {
        let start = Instant::now();
        let result = work();
        (start.elapsed(), result)
    };
    (1..TIMES).fold(once(), |best, _| {
        let now = once();
        if now.0 < best.0 { now } else { best }
    })
}
