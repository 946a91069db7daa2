//! Early warnings in words: one for each milestone, with date, sum and what to do; each side is told its own part.

use jiff::civil::date;
use lncontract_core::{Bytes, coverage::Expected, template::supply::worked_example, v1::Party};

use super::*;
use crate::view::{Badge, ClosingView, SightView};

const NOW: Time = Time(1_772_438_400);

fn terms() -> Terms {
    let party = |name: &str| Party {
        name: name.into(),
        short_name: name.into(),
        tax_id: String::new(),
        address: String::new(),
    };
    worked_example(date(2026, 3, 2), party("Meridian"), party("Castor"), 0)
}

fn uncovered(milestone: &str, missing: u64, covered_in_days: i64) -> Warning {
    let covered_by = NOW.plus_days(covered_in_days);
    let (row, due) = (String::new(), covered_by.plus_days(14));
    let expected = Expected { row, milestone: milestone.into(), amount: Sat(missing), due };
    Warning::Uncovered { path: String::new(), expected, covered_by, missing: Sat(missing) }
}

fn told(ours: Side, warnings: &[Warning], channels: &[ChannelCard]) -> Vec<(Tone, String, String)> {
    let watch = Watch { contract: Bytes([7; 32]), ours, terms: &terms(), now: NOW };
    let todos = watch.todos(warnings, channels);
    todos.into_iter().map(|todo| (todo.tone, todo.title, todo.text)).collect()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

#[test]
fn what_will_not_be_covered_is_told_once_the_next_milestone_first_and_each_with_its_whole_sum() {
    let delivery = "delivery-and-acceptance";
    let warnings = [
        uncovered(delivery, 3_000_000, 40),
        uncovered("stage-1-assembly", 5, 10),
        uncovered(delivery, 2_000_000, 70),
    ];
    let buyer = told(Side::Buyer, &warnings, &[]);
    assert_eq!(buyer.len(), 1);
    assert_eq!(buyer[0].0, Tone::Warn);
    has(&buyer[0].1, &["5\u{a0}sat missing for Stage 1 assembly"]);
    has(&buyer[0].2, &["has to be covered by Thu 12 Mar 2026", "due Thu 26 Mar 2026", "further channel"]);
    let after =
        "After that: 5\u{202f}000\u{202f}000\u{a0}sat for Delivery and acceptance by Sat 11 Apr 2026.";
    has(&buyer[0].2, &[after]);
    let seller = told(Side::Seller, &warnings, &[]);
    has(&seller[0].2, &["Ask for it to be set aside"]);
}

#[test]
fn what_should_be_covered_already_is_told_as_such() {
    let buyer = told(Side::Buyer, &[uncovered("stage-1-assembly", 5, -1)], &[]);
    assert_eq!(buyer[0].0, Tone::Bad);
    has(&buyer[0].2, &["should be covered since Sun 1 Mar 2026"]);
}

#[test]
fn an_overdue_tranche_is_told_to_the_seller_since_the_buyer_has_it_among_its_acts() {
    let (tranche, amount, due) = ("splice-1".into(), Sat(20_000_000), NOW.plus_days(-3));
    let warnings = [Warning::TrancheOverdue { tranche, amount, due }];
    assert!(told(Side::Buyer, &warnings, &[]).is_empty());
    let seller = told(Side::Seller, &warnings, &[]);
    has(&seller[0].1, &["Meridian has not set aside 20"]);
    has(&seller[0].2, &["Splice 1 was due Fri 27 Feb 2026"]);
}

fn closing(alone: bool, blocks_left: Option<u32>, lost: &[(&str, u64)]) -> ChannelCard {
    let lost = lost.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect();
    let about = blocks_left.map(|_| date(2026, 3, 9));
    ChannelCard {
        fund: Bytes([1; 32]),
        tranche: None,
        title: "Channel 1, general".into(),
        size_sat: 0,
        ours_sat: None,
        theirs_sat: None,
        can_send_sat: None,
        at_most_at_once_sat: None,
        in_flight_limit_sat: None,
        held_back_sat: None,
        outpoint: None,
        state: Badge::new(Tone::Warn, "Closing"),
        stages: Vec::new(),
        seen: Badge::new(Tone::Mute, ""),
        sight: SightView::default(),
        trouble: String::new(),
        closing: Some(ClosingView { alone, blocks_left, about, txid: Some(Bytes([2; 32])), lost }),
        can_close: false,
        splices: Vec::new(),
        releasable_sat: 0,
        releases: Vec::new(),
        part_of: None,
    }
}

#[test]
fn a_channel_that_closes_is_told_while_its_notice_runs_and_as_long_as_something_lacks_its_coverage() {
    let lost = [("Subsystem testing", 59_400_000)];
    let check = |card: ChannelCard, expected: usize| {
        for side in [Side::Buyer, Side::Seller] {
            assert_eq!(told(side, &[], std::slice::from_ref(&card)).len(), expected, "{:?}", card.closing);
        }
    };
    check(closing(true, Some(950), &lost), 1);
    check(closing(true, Some(950), &[]), 1);
    check(closing(true, Some(0), &[]), 0);
    check(closing(false, None, &lost), 1);
    // Closed together and nothing lost: the way a contract ends.
    check(closing(false, None, &[]), 0);
    let found = told(Side::Seller, &[], &[closing(true, Some(950), &lost)]);
    has(&found[0].1, &["Channel 1, general was closed by one company alone"]);
    has(
        &found[0].2,
        &["950 blocks are left, until about Mon 9 Mar 2026", "for Subsystem testing", "Ask for it"],
    );
}
