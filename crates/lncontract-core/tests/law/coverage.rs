//! Coverage, the choice of channels, and the outlook of the worked example, worked by hand: a channel holds back 1%
//! and 10,000 sat for fees.

use jiff::civil::{Date, date};
use lncontract_core::{
    Hash, Sat, Time,
    coverage::{
        ChannelNow, Coverage, Limits, Outlook, Part, Piece, Standing, Warning, Way, Why, choose, coverage,
        covered_now, expected, outlook,
    },
    schedule,
    v1::{ChannelStage, Close, CloseManner, Earmark, Payload, Side, Terms},
};

use crate::{
    drafts::deposit,
    fixture::{DAY, Play, example, fund, hash, whole},
};

const TESTING: &str = "subsystem-testing";

/// A channel of this contract: its number, earmarks, what it can send, and at once.
fn channel(number: u64, parts: &[(&[&str], u64)], can_send: u64, at_once: u64) -> ChannelNow {
    let part = |(index, (stages, left)): (usize, &(&[&str], u64))| Part {
        tranche: format!("tranche-{number}-{index}"),
        stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        left: Sat(*left),
    };
    ChannelNow {
        contract: hash(1),
        fund: hash(number),
        parts: parts.iter().enumerate().map(part).collect(),
        standing: Standing::Usable,
        can_send: Sat(can_send),
        at_once: Sat(at_once),
        in_flight_limit: Sat(at_once),
    }
}

fn piece(number: u64, amount: u64) -> Piece {
    Piece { fund: hash(number), amount: Sat(amount) }
}

#[test]
fn a_stage_is_covered_by_its_own_and_the_general_channels_and_by_no_other() {
    let own = channel(1, &[(&[TESTING], 60)], 59, 59);
    let general = channel(2, &[(&[], 30)], 70, 20);
    let other = channel(3, &[(&["stage-1-assembly"], 50)], 50, 50);
    let elsewhere = ChannelNow { contract: hash(2), ..channel(4, &[(&[], 99)], 99, 99) };
    let away = ChannelNow { standing: Standing::Away, ..channel(5, &[(&[], 99)], 99, 99) };
    let closing = ChannelNow { standing: Standing::Closing, ..channel(6, &[(&[], 99)], 99, 99) };
    let all = [own, general, other, elsewhere, away, closing];
    let check = |stage: &str, in_all, in_one_piece, channels: &[u64]| {
        let channels = channels.iter().copied().map(hash).collect();
        let expected = Coverage { in_all: Sat(in_all), in_one_piece: Sat(in_one_piece), channels };
        assert_eq!(coverage(hash(1), stage, &all), expected);
    };
    // 59 can be sent of the 60; 30 are left of the earmark, 20 of them at once.
    check(TESTING, 89, 59, &[1, 2]);
    check("stage-1-assembly", 80, 50, &[2, 3]);
    check("delivery-and-acceptance", 30, 20, &[2]);
    assert_eq!(coverage(hash(9), TESTING, &all), Coverage::default());
    assert_eq!(coverage(hash(1), TESTING, &[]), Coverage::default());
}

#[test]
fn after_a_splice_more_is_covered_than_one_piece_carries() {
    // DESIGN.md section 7: from 30 to 60 M, 53.9 M covered, 30 M in one piece.
    let spliced = channel(1, &[(&[], 30_000_000), (&[], 30_000_000)], 53_900_000, 30_000_000);
    let found = coverage(hash(1), TESTING, &[spliced]);
    assert_eq!((found.in_all, found.in_one_piece), (Sat(53_900_000), Sat(30_000_000)));
}

#[track_caller]
fn check_way(amount: u64, channels: &[ChannelNow], expected: &Way) {
    let found = choose(hash(1), TESTING, Sat(amount), channels);
    assert_eq!(found.way, *expected);
    // The pieces sum to the amount or to what is there, and each is within its channel.
    let (pieces, missing) = match found.way {
        Way::OnePiece { fund } => (vec![Piece { fund, amount: Sat(amount) }], Sat::ZERO),
        Way::Split { pieces } => (pieces, Sat::ZERO),
        Way::Short { now, missing } => (now, missing),
    };
    let sum = Sat::sum(pieces.iter().map(|piece| piece.amount)).and_then(|sum| sum.add(missing));
    assert_eq!(sum, Ok(Sat(amount)));
    for piece in pieces {
        let channel = channels.iter().find(|channel| channel.fund == piece.fund).expect("one of them");
        assert!(piece.amount <= channel.at_once && piece.amount <= channel.can_send, "{piece:?}");
    }
}

#[test]
fn the_stages_channels_pay_first_then_the_general_ones_in_as_few_pieces_as_that_takes() {
    let own = || channel(1, &[(&[TESTING], 60)], 59, 59);
    let small_own = || channel(2, &[(&[TESTING], 20)], 20, 20);
    let general = || channel(3, &[(&[], 30)], 29, 29);
    let large = || channel(4, &[(&[], 100)], 99, 99);
    let one = |number| Way::OnePiece { fund: hash(number) };
    let split =
        |pieces: &[(u64, u64)]| Way::Split { pieces: pieces.iter().map(|(n, a)| piece(*n, *a)).collect() };
    check_way(59, &[own(), general(), large()], &one(1));
    // The smaller of the stage's channels that carries it.
    check_way(15, &[own(), small_own(), large()], &one(2));
    check_way(70, &[own(), small_own(), large()], &split(&[(1, 59), (2, 11)]));
    // The stage's own is used up before a general one is touched, though that could carry all of it.
    check_way(60, &[own(), general(), large()], &split(&[(1, 59), (3, 1)]));
    check_way(95, &[own(), general(), large()], &split(&[(1, 59), (4, 36)]));
    check_way(30, &[general(), large()], &one(4));
    check_way(120, &[general(), large()], &split(&[(4, 99), (3, 21)]));
    // Specific and general earmark in one channel.
    let mixed = channel(5, &[(&[], 10), (&[TESTING], 20)], 28, 28);
    check_way(28, &[mixed, large()], &one(5));
}

#[test]
fn what_can_not_be_paid_whole_is_proposed_as_an_instalment() {
    let own = channel(1, &[(&[TESTING], 60)], 59, 59);
    let general = channel(3, &[(&[], 30)], 29, 29);
    let other = channel(4, &[(&["stage-1-assembly"], 500)], 500, 500);
    let elsewhere = ChannelNow { contract: hash(2), ..channel(5, &[(&[], 500)], 500, 500) };
    let now = vec![piece(1, 59), piece(3, 29)];
    check_way(100, &[own, general, other.clone(), elsewhere.clone()], &Way::Short { now, missing: Sat(12) });
    let none = Way::Short { now: Vec::new(), missing: Sat(100) };
    check_way(100, &[other, elsewhere], &none);
    check_way(100, &[], &none);
}

#[test]
fn each_channel_that_does_not_pay_alone_says_why() {
    let why = |channel: ChannelNow| {
        choose(hash(1), TESTING, Sat(50), &[channel]).passed_over.into_iter().map(|(_, why)| why).next()
    };
    let good = || channel(1, &[(&[], 60)], 59, 59);
    assert_eq!(why(good()), None);
    assert_eq!(why(ChannelNow { contract: hash(2), ..good() }), Some(Why::OtherContract));
    assert_eq!(why(channel(1, &[(&["stage-1-assembly"], 60)], 59, 59)), Some(Why::OtherStages));
    assert_eq!(why(ChannelNow { standing: Standing::Away, ..good() }), Some(Why::Away));
    assert_eq!(why(ChannelNow { standing: Standing::Closing, ..good() }), Some(Why::Closing));
    assert_eq!(why(channel(1, &[(&[], 40)], 59, 59)), Some(Why::Earmark { left: Sat(40) }));
    assert_eq!(why(channel(1, &[(&[], 60)], 45, 45)), Some(Why::CanSend { most: Sat(45) }));
    assert_eq!(why(channel(1, &[(&[], 60)], 59, 30)), Some(Why::AtOnce { most: Sat(30) }));
}

fn noon(day: Date) -> Time {
    schedule::instant_of(day, 60).expect("a day of the calendar").plus_seconds(-12 * 3_600)
}

fn at(day: Date) -> Time {
    schedule::instant_of(day, 60).expect("a day of the calendar")
}

fn look(play: &Play, channels: &[ChannelNow]) -> Outlook {
    outlook(&play.state, channels, &Limits::default(), play.time)
}

#[test]
fn the_payments_to_come_follow_the_plan_and_then_what_was_accepted() {
    let mut play = Play::signed();
    let to_come = |play: &Play| {
        let all = expected(&play.state).into_iter().map(|found| (found.due, found.amount.0));
        all.collect::<Vec<_>>()
    };
    let mut days = vec![
        (at(date(2026, 3, 2)), 25_000_000),
        (at(date(2026, 6, 2)), 15_000_000),
        (at(date(2026, 9, 2)), 30_000_000),
        (at(date(2026, 11, 2)), 60_000_000),
        (at(date(2026, 12, 2)), 3_333_332),
        (at(date(2027, 1, 2)), 3_333_332),
        (at(date(2027, 2, 2)), 3_333_332),
        (at(date(2027, 3, 2)), 3_333_332),
        (at(date(2027, 4, 2)), 3_333_332),
        (at(date(2027, 5, 2)), 3_333_340),
    ];
    assert_eq!(to_come(&play), days);
    play.later(5 * DAY).perform("materials-on-order", 1);
    days[0].0 = at(date(2026, 3, 7));
    assert_eq!(to_come(&play), days);
    play.settle(&whole("pay-materials-on-order"));
    days.remove(0);
    assert_eq!(to_come(&play), days);
    // One unit of the third delivery comes first: it is payable now, the others follow in the order of their dates.
    let tender = play.tender("delivery-3", 2);
    play.answer(tender, 1);
    days.insert(0, (at(date(2026, 3, 7)), 1_666_666));
    days[6].1 = 1_666_666;
    assert_eq!(to_come(&play), days);
    // What the seller pays is not the buyer's to cover.
    let both = expected(&Play::signed_with(deposit()).state);
    assert!(both.iter().all(|found| found.milestone != "deposit-returned"));
    assert_eq!(Sat::sum(both.iter().map(|found| found.amount)), Ok(Sat(37_000_000)));
}

#[test]
fn the_plan_of_the_example_covers_every_milestone_fourteen_days_before() {
    let play = Play::signed();
    let found = look(&play, &[]);
    assert_eq!(found.warnings, []);
    let points: Vec<_> =
        found.points.iter().map(|point| (point.at, point.covered.0, point.due.0, point.planned.0)).collect();
    let expected = [
        (play.time, 0, 0, 0),
        (at(date(2026, 3, 2)), 4_690_000, 25_000_000, 30_000_000),
        (at(date(2026, 5, 2)), 24_490_000, 0, 20_000_000),
        (at(date(2026, 6, 2)), 9_490_000, 15_000_000, 0),
        (at(date(2026, 8, 2)), 34_240_000, 0, 25_000_000),
        (at(date(2026, 9, 2)), 4_240_000, 30_000_000, 0),
        (at(date(2026, 10, 2)), 63_630_000, 0, 60_000_000),
        (at(date(2026, 11, 2)), 23_430_000, 60_000_000, 20_000_000),
        (at(date(2026, 12, 2)), 20_096_668, 3_333_332, 0),
        (at(date(2027, 1, 2)), 16_763_336, 3_333_332, 0),
        (at(date(2027, 2, 2)), 13_430_004, 3_333_332, 0),
        (at(date(2027, 3, 2)), 10_096_672, 3_333_332, 0),
        (at(date(2027, 4, 2)), 6_763_340, 3_333_332, 0),
        (at(date(2027, 5, 2)), 3_430_000, 3_333_340, 0),
    ];
    assert_eq!(points, expected);
    let stages: Vec<_> =
        found.stages.iter().map(|stage| (stage.covered_by, stage.missing.0, stage.in_one_piece)).collect();
    // Materials are due on the date of contract, so that is when they have to be covered.
    let day = |month, day| at(date(2026, month, day));
    let first = [(day(3, 2), 0, true), (day(5, 19), 0, true), (day(8, 19), 0, true), (day(10, 19), 0, false)];
    assert_eq!(stages[..4], first);
    assert_eq!(stages[4], (day(11, 18), 0, true));
    assert!(stages[5..].iter().all(|(_, missing, in_one_piece)| *missing == 0 && *in_one_piece));
}

/// The example without one of its tranches.
fn without(tranche: &str) -> Terms {
    let mut terms = example();
    terms.funding.tranches.retain(|found| found.id != tranche);
    terms.obligations.retain(|row| row.id != format!("fund-{tranche}"));
    terms
}

fn missing(warnings: &[Warning]) -> Vec<(&str, Time, u64)> {
    let found = warnings.iter().filter_map(|warning| match warning {
        Warning::Uncovered { path, covered_by, missing, .. } => Some((path.as_str(), *covered_by, missing.0)),
        _ => None,
    });
    found.collect()
}

#[test]
fn a_plan_that_leaves_something_uncovered_is_warned_of_with_path_date_and_sum() {
    let play = Play::signed_with(without("splice-2"));
    let found = look(&play, &[]);
    let expected = [
        // 9,490,000 are there for 30,000,000, and are paid as far as they go.
        ("milestones[2]", at(date(2026, 8, 19)), 20_510_000),
        // Channel 2 has 59,390,000 for 60,000,000.
        ("milestones[3]", at(date(2026, 10, 19)), 610_000),
        // 19,800,000 less the 510,000 that are left of the general earmark and go into testing.
        ("milestones[4]", at(date(2027, 4, 18)), 710_000),
    ];
    assert_eq!(missing(&found.warnings), expected);
}

#[test]
fn a_channel_as_the_node_sees_it_stands_for_its_tranches() {
    let mut play = Play::signed();
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    let mut open = channel(3, &[(&[], 30_000_000)], 29_650_000, 29_650_000);
    (open.contract, open.parts[0].tranche, open.in_flight_limit) =
        (play.state.id(), "channel-1".to_owned(), Sat(30_000_000));
    // The node's own figure counts, not the plan's.
    let found = look(&play, std::slice::from_ref(&open));
    let covered: Vec<_> = found.points.iter().take(3).map(|point| point.covered.0).collect();
    assert_eq!(covered, [29_650_000, 4_650_000, 24_450_000]);
    // Announced, and not to be seen yet: expected at once, counted by what the plan says.
    let found = look(&play, &[]);
    assert_eq!((found.points[0].covered, found.points[0].planned), (Sat(29_690_000), Sat(30_000_000)));
    // Away covers nothing now, and is expected back; closing covers nothing any more.
    let away = ChannelNow { standing: Standing::Away, ..open.clone() };
    let found = look(&play, &[away]);
    assert_eq!((found.points[0].covered, found.points[1].covered), (Sat::ZERO, Sat(4_650_000)));
    let closing = ChannelNow { standing: Standing::Closing, ..open.clone() };
    let found = look(&play, &[closing]);
    assert_eq!(missing(&found.warnings)[0], ("milestones[0]", at(date(2026, 3, 2)), 25_000_000));
    // Another contract's channel is as if it were not there.
    let other = ChannelNow { contract: hash(77), ..open };
    let found = look(&play, &[other]);
    assert_eq!(found.points.last().unwrap().covered, Sat(3_430_000));
}

#[test]
fn an_overdue_tranche_and_a_closing_channel_are_told_to_both_sides() {
    let mut play = Play::signed();
    play.time = noon(date(2026, 3, 4));
    let overdue = |amount| {
        let (tranche, due) = ("channel-1".to_owned(), at(date(2026, 3, 2)));
        Warning::TrancheOverdue { tranche, amount: Sat(amount), due }
    };
    let found = look(&play, &[]);
    assert_eq!(found.warnings[0], overdue(30_000_000));
    // What is overdue is not counted on. Materials are overdue too: asked for now.
    assert_eq!(missing(&found.warnings)[0], ("milestones[0]", play.time, 25_000_000));
    let fund = play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    assert_eq!(look(&play, &[]).warnings, []);
    let (outpoint, stage) = (format!("{}:0", hash(55)), ChannelStage::Open);
    let earmark = Earmark { fund, outpoint, capacity: Sat(30_000_000), stage };
    play.take(Side::Buyer, Payload::Earmark(earmark));
    let close = |txid: Option<Hash>| Payload::Close(Close { fund, manner: CloseManner::Forced, txid });
    play.take(Side::Seller, close(None));
    let closing = Warning::Closing { fund, tranche: "channel-1".to_owned(), amount: Sat(30_000_000) };
    assert_eq!(look(&play, &[]).warnings[0], closing);
    play.take(Side::Seller, close(Some(hash(66))));
    assert!(!look(&play, &[]).warnings.contains(&closing));
}

#[test]
fn where_a_node_can_not_splice_each_splice_is_a_further_channel() {
    let play = Play::signed();
    let limits = Limits { splice: false, ..Limits::default() };
    let found = outlook(&play.state, &[], &limits, play.time);
    // Three more channels of their own hold back 10,000 each.
    assert_eq!(found.points.last().unwrap().covered, Sat(3_400_000));
    assert_eq!(missing(&found.warnings), []);
    // The 30 M of stage 2 are paid over several.
    assert!(!found.stages[2].in_one_piece);
}

#[test]
fn nothing_is_to_come_before_terms_and_after_the_end() {
    let mut play = Play::new();
    assert_eq!(look(&play, &[]), Outlook::default());
    play = Play::signed_with(deposit());
    play.settle(&whole("pay-deposit"));
    for stage in ["design", "commissioning"] {
        play.perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
    }
    assert_eq!(expected(&play.state), []);
    assert_eq!(look(&play, &[]).stages, []);
}

#[test]
fn what_covers_one_payment_now_covers_no_later_one() {
    let play = Play::signed();
    let channel = |can_send| {
        let id = play.state.id();
        ChannelNow { contract: id, ..channel(1, &[(&[], 60_000_000)], can_send, 30_000_000) }
    };
    let covered = |can_send| {
        let stages = covered_now(&play.state, &[channel(can_send)], play.time);
        stages.iter().map(|stage| (stage.covered.0, stage.in_one_piece)).collect::<Vec<_>>()
    };
    // Materials 25 M, stage 1 15 M, stage 2 30 M, testing 60 M, six deliveries: 45 M cover the first two.
    let found = covered(45_000_000);
    assert_eq!(found[..4], [(25_000_000, true), (15_000_000, true), (5_000_000, false), (0, false)]);
    assert_eq!(found.len(), 10);
    assert!(found[4..].iter().all(|stage| *stage == (0, false)));
    assert!(covered_now(&play.state, &[], play.time).iter().all(|stage| stage.covered == Sat::ZERO));
}
