//! Coverage on the worked example of 2 March 2026: what channels count, how milestones are said to be covered, what a
//! closing channel takes.

use std::collections::BTreeMap;

use jiff::civil::date;
use lncontract_core::{
    Bytes,
    state::{CloseReport, InvoiceState, Released, Report},
    table::Table,
    template::supply::worked_example,
    v1::{CloseManner, Party, PayableId},
};
use lncontract_lightning::{ChannelId, OpeningId, Splice, SpliceState, SpliceWay};

use super::*;
use crate::fund::opening_id;

pub(in crate::present) const NOW: Time = Time(1_772_438_400);
const TESTING: &str = "subsystem-testing";

fn terms() -> Terms {
    let party = |name: &str| Party {
        name: name.into(),
        short_name: name.into(),
        tax_id: String::new(),
        address: String::new(),
    };
    worked_example(date(2026, 3, 2), party("Meridian"), party("Castor"), 0)
}

pub(in crate::present) fn hash(number: u8) -> Hash {
    Bytes([number; 32])
}

/// A fund entry that was carried out on the day of that number.
fn funded(tranche: &str, amount: u64, stages: &[&str], into: Option<Hash>, day: i64) -> ChannelRecord {
    let at = NOW.plus_days(day);
    let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
    let (tranche, amount) = (tranche.to_owned(), Sat(amount));
    let announced = Announced { tranche, amount, stages, notice_blocks: 1_008, into, of: None, at };
    let report = Report { outpoint: String::new(), capacity: amount, stage: ChannelStage::Open, at };
    let reports = BTreeMap::from([(Side::Buyer, report)]);
    ChannelRecord { announced: Some(announced), released: None, reports, closes: BTreeMap::new() }
}

/// Channel 1 with its first splice, channel 2 for testing.
pub(in crate::present) fn contract() -> Contract {
    let channels = [
        (hash(1), funded("channel-1", 30_000_000, &[], None, 0)),
        (hash(2), funded("splice-1", 20_000_000, &[], Some(hash(1)), 1)),
        (hash(3), funded("channel-2", 60_000_000, &[TESTING], None, 2)),
    ];
    let (terms, channels) = (Some(terms().into()), channels.into_iter().collect());
    Contract { terms, channels, ..Contract::default() }
}

pub(in crate::present) fn pay(state: &mut Contract, row: &str, amount: u64, day: i64) {
    let invoice = InvoiceState {
        payable: PayableId { row: row.into(), tender: None },
        by: Side::Seller,
        amount: Sat(amount),
        number: 1,
        bolt11: String::new(),
        payment_hash: hash(9),
        expires: NOW,
        cancelled: false,
        paid_at: Some(NOW.plus_days(day)),
        received_at: None,
    };
    let mut all = Table::from(state.invoices.clone());
    all.insert(hash(100 + u8::try_from(all.len()).unwrap()), invoice);
    state.invoices = all.into();
}

pub(in crate::present) fn node(
    fund: Hash,
    can_send_sat: u64,
    state: ChannelState,
    splices: Vec<Splice>,
) -> Channel {
    let key = bitcoin::secp256k1::PublicKey::from_slice(&[2; 33]).unwrap();
    Channel {
        id: ChannelId(fund.0),
        opening: opening_id(fund),
        peer: key,
        outbound: true,
        funding: None,
        capacity_sat: can_send_sat,
        local_msat: can_send_sat * 1_000,
        outbound_capacity_msat: can_send_sat * 1_000,
        next_outbound_htlc_limit_msat: can_send_sat.min(30_000_000) * 1_000,
        inbound_capacity_msat: 7_000,
        reserve_sat: 0,
        in_flight_limit_msat: 30_000_000_000,
        our_delay_blocks: None,
        state,
        splices,
    }
}

fn splice(id: OpeningId, state: SpliceState) -> Splice {
    let (ours, way, amount_sat, fee_sat) = (true, SpliceWay::In, 20_000_000, 500);
    Splice { id, ours, way, amount_sat, fee_sat, funding: None, capacity_sat: None, state }
}

const OPEN: ChannelState = ChannelState::Open { usable: true };

fn there(first: ChannelState, spliced: SpliceState) -> Vec<Channel> {
    let locked = vec![splice(opening_id(hash(2)), spliced)];
    vec![node(hash(1), 49_000_000, first, locked), node(hash(3), 59_400_000, OPEN, Vec::new())]
}

fn asked(state: &Contract, there: &[Channel]) -> Covered {
    Covered::of(state, Side::Buyer, there, &Limits::default(), NOW.plus_days(3))
}

#[test]
fn a_splice_counts_once_it_is_locked_and_payments_draw_the_older_earmark_first() {
    let mut state = contract();
    let left = |state: &Contract, spliced: SpliceState| {
        let channels = channels_now(state, Side::Buyer, &there(OPEN, spliced));
        channels
            .iter()
            .map(|channel| channel.parts.iter().map(|part| part.left.0).collect())
            .collect::<Vec<Vec<_>>>()
    };
    let pending = || SpliceState::Pending { confirmations: 1, needed: 3 };
    assert_eq!(left(&state, pending()), [vec![30_000_000], vec![60_000_000]]);
    assert_eq!(left(&state, SpliceState::Locked), [vec![30_000_000, 20_000_000], vec![60_000_000]]);
    pay(&mut state, "pay-materials-on-order", 25_000_000, 2);
    assert_eq!(left(&state, SpliceState::Locked), [vec![5_000_000, 20_000_000], vec![60_000_000]]);
    pay(&mut state, "pay-stage-1-assembly", 15_000_000, 2);
    assert_eq!(left(&state, SpliceState::Locked), [vec![0, 10_000_000], vec![60_000_000]]);
    pay(&mut state, "pay-subsystem-testing", 10_000_000, 3);
    assert_eq!(left(&state, SpliceState::Locked), [vec![0, 10_000_000], vec![50_000_000]]);
}

fn release(state: &mut Contract, amount: u64, day: i64) {
    let released = Released { from: hash(1), amount: Sat(amount), at: NOW.plus_days(day) };
    state.channels.insert(hash(50), ChannelRecord { released: Some(released), ..ChannelRecord::default() });
}

#[test]
fn what_is_released_covers_nothing_any_more_and_is_no_payment() {
    let mut state = contract();
    pay(&mut state, "pay-materials-on-order", 25_000_000, 2);
    release(&mut state, 12_000_000, 3);
    let there = there(OPEN, SpliceState::Locked);
    let channels = channels_now(&state, Side::Buyer, &there);
    let left: Vec<u64> = channels[0].parts.iter().map(|part| part.left.0).collect();
    assert_eq!(left, [0, 13_000_000]);
    let covered = asked(&state, &there);
    assert_eq!(covered.in_all_sat(), 13_000_000 + 59_400_000);
    let view = covered.view(&state, &terms(), &Limits::default(), NOW.plus_days(3));
    let last = view.past.last().expect("there was something");
    // 1 % is held back of each part, and 10,000 sat of the channel; what is released is not due to anybody.
    assert_eq!((last.covered_sat, last.due_sat, last.funded_sat), (72_190_000, 0, 0));
    let end = CloseReport { manner: CloseManner::Failed, txid: None, at: NOW };
    state.channels.get_mut(&hash(50)).unwrap().closes.insert(Side::Buyer, end);
    assert_eq!(channels_now(&state, Side::Buyer, &there)[0].parts[1].left, Sat(20_000_000), "it is void");
}

#[test]
fn the_seller_looks_from_its_own_end_of_the_channel() {
    let channels = channels_now(&contract(), Side::Seller, &there(OPEN, SpliceState::Locked));
    assert_eq!((channels[0].can_send, channels[0].in_flight_limit), (Sat(7), Sat(30_000_000)));
}

#[test]
fn milestones_are_covered_one_after_the_other_and_only_by_their_own_or_general_earmarks() {
    let state = contract();
    let covered = asked(&state, &there(OPEN, SpliceState::Locked));
    let word =
        |covered: &Covered, milestone: &str, due| covered.milestone(milestone, due, NOW.plus_days(3)).word;
    assert_eq!(word(&covered, "materials-on-order", true), "Due, covered");
    assert_eq!(word(&covered, "stage-1-assembly", false), "Covered");
    // 9 of 49 million are left for 30; the 59.4 of channel 2 are for testing alone.
    assert_eq!(word(&covered, "stage-2-assembly", false), "Covered in part");
    assert_eq!(word(&covered, TESTING, false), "Covered in part");
    assert_eq!(word(&covered, "delivery-and-acceptance", false), "Not covered yet");
    let away = asked(&state, &there(ChannelState::Open { usable: false }, SpliceState::Locked));
    assert_eq!(word(&away, "materials-on-order", true), "Covered, peer away");
    let closing = asked(&state, &there(ChannelState::Closing { forced: true }, SpliceState::Locked));
    assert_eq!(word(&closing, "materials-on-order", true), "Due, short");
    assert_eq!(closing.milestone("materials-on-order", false, NOW.plus_days(3)).tone, Tone::Bad);
    assert_eq!(closing.in_all_sat(), 59_400_000);
}

#[test]
fn a_closing_channel_tells_which_payments_lose_how_much_of_what_it_had_left() {
    let mut state = contract();
    pay(&mut state, "pay-materials-on-order", 25_000_000, 2);
    let end = CloseReport { manner: CloseManner::Forced, txid: None, at: NOW.plus_days(3) };
    state.channels.get_mut(&hash(1)).unwrap().closes.insert(Side::Buyer, end);
    // Paid is paid: only what is to come asks for coverage.
    let payable = lncontract_core::state::Payable {
        id: PayableId { row: "pay-materials-on-order".into(), tender: None },
        amount: Sat(25_000_000),
        due: None,
        units: 0,
        invoice: Some(hash(100)),
        paid: true,
        confirmed: false,
    };
    state.payables = Table::from_iter([(payable.id.key(), payable)]).into();
    let terms = terms();
    let covered = asked(&state, &there(ChannelState::Closing { forced: true }, SpliceState::Locked));
    let found = lost(&covered, &state, &terms, hash(1));
    // 5 of the first earmark and 20 of the splice: stage 1 whole, then what is left for stage 2.
    let expected = [("Stage 1 assembly", 15_000_000), ("Stage 2 assembly", 10_000_000)];
    assert_eq!(found, expected.map(|(title, amount)| (title.to_owned(), amount)));
}

#[test]
fn the_past_is_told_by_the_record_up_to_now_and_the_rest_by_the_plan() {
    let mut state = contract();
    pay(&mut state, "pay-materials-on-order", 25_000_000, 2);
    let (terms, limits, now) = (terms(), Limits::default(), NOW.plus_days(3));
    let covered = asked(&state, &there(OPEN, SpliceState::Locked));
    let view = covered.view(&state, &terms, &limits, now);
    let past: Vec<_> =
        view.past.iter().map(|point| (point.covered_sat, point.funded_sat, point.due_sat)).collect();
    // 1 % and 10,000 sat of a channel are held back, 1 % of a splice.
    let expected = [
        (29_690_000, 30_000_000, 0),
        (49_490_000, 20_000_000, 0),
        (108_880_000, 60_000_000, 0),
        (83_880_000, 0, 25_000_000),
    ];
    assert_eq!(past, expected);
    assert!(view.past.iter().all(|point| point.day <= words::day(now, &terms).unwrap()));
    assert_eq!(view.coming[0].day, words::day(now, &terms).unwrap());
    assert!(view.payments.is_sorted_by_key(|row| row.due));
}
