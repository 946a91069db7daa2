//! What channels of several parts have left, told by the money that is still in them.

use lncontract_core::{
    Bytes, Time,
    state::{Announced, CloseReport, Released},
    v1::CloseManner,
};

use super::{drawn::Taken, *};

const TESTING: &str = "subsystem-testing";

fn hash(number: u8) -> Hash {
    Bytes([number; 32])
}

/// A tranche of that number: amount, stage, the channel that it is spliced into.
fn record(tranches: &[(u8, u64, &str, Option<u8>)]) -> Contract {
    let channel = |(number, amount, stage, into): &(u8, u64, &str, Option<u8>)| {
        let announced = Announced {
            tranche: format!("tranche-{number}"),
            amount: Sat(*amount),
            stages: stages(stage),
            notice_blocks: 144,
            into: into.map(hash),
            of: None,
            at: Time(i64::from(*number)),
        };
        (hash(*number), ChannelRecord { announced: Some(announced), ..ChannelRecord::default() })
    };
    Contract { channels: tranches.iter().map(channel).collect(), ..Contract::default() }
}

fn stages(stage: &str) -> Vec<String> {
    if stage.is_empty() { Vec::new() } else { vec![stage.to_owned()] }
}

/// A channel as the record sees it: tranche, stage, what is left.
fn channel(number: u8, parts: &[(u8, &str, u64)]) -> ChannelNow {
    let part = |(tranche, stage, left): &(u8, &str, u64)| Part {
        tranche: format!("tranche-{tranche}"),
        stages: stages(stage),
        left: Sat(*left),
    };
    ChannelNow {
        contract: hash(99),
        fund: hash(number),
        parts: parts.iter().map(part).collect(),
        standing: Standing::Usable,
        can_send: Sat(100),
        at_once: Sat(100),
        in_flight_limit: Sat(100),
    }
}

#[track_caller]
fn check(state: &Contract, mut channels: Vec<ChannelNow>, held_sat: &[(u8, u64)], expected: &[(u8, &[u64])]) {
    let held_sat = held_sat.iter().map(|(number, sat)| (hash(*number), *sat)).collect();
    as_drawn(state, &mut channels, &held_sat);
    for (number, left) in expected {
        let now = channels.iter().find(|now| now.fund == hash(*number)).expect("the channel");
        let found: Vec<u64> = now.parts.iter().map(|part| part.left.0).collect();
        assert_eq!(found, *left, "channel {number}");
    }
}

#[test]
fn a_payment_is_drawn_from_the_channel_that_it_went_over() {
    let state = record(&[(1, 30, "", None), (2, 30, "", None)]);
    // The record draws the older one; the money left the other.
    let by_record = vec![channel(1, &[(1, "", 5)]), channel(2, &[(2, "", 30)])];
    check(&state, by_record, &[(1, 30), (2, 5)], &[(1, &[30]), (2, &[5])]);
}

#[test]
fn what_a_general_payment_took_is_not_missing_from_a_stages_splice_in_the_same_channel() {
    let state = record(&[(1, 30, "", None), (2, 20, TESTING, Some(1))]);
    let both = |general, stage| vec![channel(1, &[(1, "", general), (2, TESTING, stage)])];
    check(&state, both(30, 20), &[(1, 50)], &[(1, &[30, 20])]);
    check(&state, both(5, 20), &[(1, 25)], &[(1, &[5, 20])]);
    // A payment for the stage took its own part.
    check(&state, both(30, 8), &[(1, 38)], &[(1, &[30, 8])]);
    // On its way, and not in the record yet: the general part has it until then.
    check(&state, both(30, 20), &[(1, 40)], &[(1, &[20, 20])]);
}

#[test]
fn what_was_released_and_taken_out_is_not_counted_as_paid() {
    let mut state = record(&[(1, 30, "", None), (2, 20, TESTING, Some(1))]);
    let released = Released { from: hash(1), amount: Sat(12), at: Time(3) };
    state.channels.insert(hash(9), ChannelRecord { released: Some(released), ..ChannelRecord::default() });
    // 25 of the general part are paid, so that 5 and then 7 of the stage's are released.
    let by_record = vec![channel(1, &[(1, "", 0), (2, TESTING, 13)])];
    check(&state, by_record, &[(1, 13)], &[(1, &[0, 13])]);
    // Not out yet it is there, and pays nothing; out, or void, it is what the node says.
    assert_eq!(kept_sat(&state, hash(1), 25, |_| false), 13);
    assert_eq!(kept_sat(&state, hash(1), 13, |release| release == hash(9)), 13);
    let end = CloseReport { manner: CloseManner::Failed, txid: None, at: Time(4) };
    state.channels.get_mut(&hash(9)).expect("it is there").closes.insert(Side::Buyer, end);
    assert_eq!(kept_sat(&state, hash(1), 25, |_| false), 25);
}

#[test]
fn a_general_payment_leaves_what_a_stages_splice_brought() {
    let state = record(&[(1, 30, "", None), (2, 20, TESTING, Some(1))]);
    let mut channels = vec![channel(1, &[(1, "", 30), (2, TESTING, 20)])];
    as_drawn(&state, &mut channels, &BTreeMap::from([(hash(1), 50)]));
    let way = |stage: &str, amount| choose(hash(99), stage, Sat(amount), &channels).way;
    let one_piece = Way::OnePiece { fund: hash(1) };
    assert_eq!(way("other", 30), one_piece);
    let now = vec![Piece { fund: hash(1), amount: Sat(30) }];
    assert_eq!(way("other", 31), Way::Short { now, missing: Sat(1) });
    assert_eq!(way(TESTING, 50), one_piece);
}

#[test]
fn what_is_left_is_what_no_payment_of_the_store_took_whatever_the_channel_holds() {
    let state = record(&[(1, 30, "", None), (2, 20, TESTING, Some(1)), (3, 10, "", None)]);
    let taken =
        |stage: &str, fund: u8, amount_sat| Taken { stage: stage.into(), fund: hash(fund), amount_sat };
    let left = |taken: &[Taken]| {
        let mut all = vec![channel(1, &[(1, "", 7), (2, TESTING, 7)]), channel(3, &[(3, "", 7)])];
        drawn::exactly(&state, &mut all, taken);
        all.iter().flat_map(|now| now.parts.iter().map(|part| part.left.0)).collect::<Vec<_>>()
    };
    assert_eq!(left(&[]), [30, 20, 10]);
    assert_eq!(left(&[taken("other", 1, 12)]), [18, 20, 10]);
    // Its own first, then the general part, of that channel alone.
    assert_eq!(left(&[taken(TESTING, 1, 25)]), [25, 0, 10]);
    assert_eq!(left(&[taken(TESTING, 1, 5), taken("other", 1, 30), taken(TESTING, 3, 4)]), [0, 15, 6]);
}
