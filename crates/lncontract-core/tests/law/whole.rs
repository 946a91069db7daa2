//! The worked example from the offer to the end, step by step, with the figures as they were worked by hand:
//! one stage rejected and tendered again, one deemed accepted, one delivery accepted in part.

use jiff::civil::{Date, date};
use lncontract_core::{
    Contract, Hash, Sat, Time, fold, schedule,
    state::Outcome,
    status::{MilestoneView, PayableState, Phase, RowState, Todo},
    v1::{Answer, ChannelStage, Earmark, Payload, Received, Side},
};

use crate::fixture::{Play, answer, example, fund, hash, tender};

/// What somebody does.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// The buyer announces a tranche.
    Fund(&'static str, u64, &'static [&'static str]),
    /// Both nodes see the tranche's channel open.
    Open(&'static str),
    /// The seller tenders units of a row.
    Tender(&'static str, u64),
    /// The buyer accepts that many of the row's open tender.
    Accept(&'static str, u64),
    /// The buyer accepts none and gives these reasons.
    Reject(&'static str, &'static [&'static str]),
    /// The seller states that the examination ran out.
    Deem(&'static str),
    /// The seller invoices the one amount of a `pay` row that has no invoice.
    Invoice(&'static str, u64),
    /// The buyer pays it, the seller confirms.
    Pay(&'static str),
}
use Does::{Accept, Deem, Fund, Invoice, Open, Pay, Reject, Tender};

/// A day, an act, and what the contract comes to after it: earned, invoiced, paid.
type Step = (Date, Does, [u64; 3]);

const GOODS: &str = "pay-delivery-and-acceptance";
const DELIVERY: &[&str] = &["delivery-and-acceptance"];
const BENT: &[&str] = &["connector J4 is bent", "no test report for unit 5", "label shows another number"];

#[rustfmt::skip]
const STEPS: &[Step] = &[
    (date(2026, 3, 2), Fund("channel-1", 30_000_000, &[]), [0, 0, 0]),
    (date(2026, 3, 2), Open("channel-1"), [0, 0, 0]),
    (date(2026, 3, 2), Tender("materials-on-order", 1), [0, 0, 0]),
    (date(2026, 3, 4), Reject("materials-on-order", &["not confirmed", "no date"]), [0, 0, 0]),
    (date(2026, 3, 5), Tender("materials-on-order", 1), [0, 0, 0]),
    (date(2026, 3, 6), Accept("materials-on-order", 1), [25_000_000, 0, 0]),
    (date(2026, 3, 6), Invoice("pay-materials-on-order", 25_000_000), [25_000_000, 25_000_000, 0]),
    (date(2026, 3, 6), Pay("pay-materials-on-order"), [25_000_000, 25_000_000, 25_000_000]),
    (date(2026, 5, 2), Fund("splice-1", 20_000_000, &[]), [25_000_000, 25_000_000, 25_000_000]),
    (date(2026, 6, 1), Tender("stage-1-assembly", 1), [25_000_000, 25_000_000, 25_000_000]),
    // Ten days of examination and a day of grace pass in silence.
    (date(2026, 6, 13), Deem("stage-1-assembly"), [40_000_000, 25_000_000, 25_000_000]),
    (date(2026, 6, 13), Invoice("pay-stage-1-assembly", 15_000_000), [40_000_000, 40_000_000, 25_000_000]),
    (date(2026, 6, 14), Pay("pay-stage-1-assembly"), [40_000_000, 40_000_000, 40_000_000]),
    (date(2026, 8, 2), Fund("splice-2", 25_000_000, &[]), [40_000_000, 40_000_000, 40_000_000]),
    (date(2026, 9, 2), Tender("stage-2-assembly", 1), [40_000_000, 40_000_000, 40_000_000]),
    (date(2026, 9, 9), Accept("stage-2-assembly", 1), [70_000_000, 40_000_000, 40_000_000]),
    (date(2026, 9, 9), Invoice("pay-stage-2-assembly", 30_000_000), [70_000_000, 70_000_000, 40_000_000]),
    (date(2026, 9, 9), Pay("pay-stage-2-assembly"), [70_000_000, 70_000_000, 70_000_000]),
    (date(2026, 10, 2), Fund("channel-2", 60_000_000, &["subsystem-testing"]), [70_000_000, 70_000_000, 70_000_000]),
    (date(2026, 10, 2), Open("channel-2"), [70_000_000, 70_000_000, 70_000_000]),
    (date(2026, 11, 2), Fund("splice-3", 20_000_000, DELIVERY), [70_000_000, 70_000_000, 70_000_000]),
    (date(2026, 11, 2), Tender("subsystem-testing", 1), [70_000_000, 70_000_000, 70_000_000]),
    (date(2026, 11, 5), Accept("subsystem-testing", 1), [130_000_000, 70_000_000, 70_000_000]),
    (date(2026, 11, 5), Invoice("pay-subsystem-testing", 60_000_000), [130_000_000, 130_000_000, 70_000_000]),
    (date(2026, 11, 6), Pay("pay-subsystem-testing"), [130_000_000, 130_000_000, 130_000_000]),
    // Units 1 and 2: 2 x 1,666,666.
    (date(2026, 12, 2), Tender("delivery-1", 2), [130_000_000, 130_000_000, 130_000_000]),
    (date(2026, 12, 4), Accept("delivery-1", 2), [133_333_332, 130_000_000, 130_000_000]),
    (date(2026, 12, 4), Invoice(GOODS, 3_333_332), [133_333_332, 133_333_332, 130_000_000]),
    (date(2026, 12, 4), Pay(GOODS), [133_333_332, 133_333_332, 133_333_332]),
    // Units 3 and 4, one after the other.
    (date(2027, 1, 2), Tender("delivery-2", 2), [133_333_332, 133_333_332, 133_333_332]),
    (date(2027, 1, 5), Accept("delivery-2", 1), [134_999_998, 133_333_332, 133_333_332]),
    (date(2027, 1, 5), Invoice(GOODS, 1_666_666), [134_999_998, 134_999_998, 133_333_332]),
    (date(2027, 1, 9), Tender("delivery-2", 1), [134_999_998, 134_999_998, 133_333_332]),
    (date(2027, 1, 10), Pay(GOODS), [134_999_998, 134_999_998, 134_999_998]),
    (date(2027, 1, 11), Accept("delivery-2", 1), [136_666_664, 134_999_998, 134_999_998]),
    (date(2027, 1, 11), Invoice(GOODS, 1_666_666), [136_666_664, 136_666_664, 134_999_998]),
    (date(2027, 1, 12), Pay(GOODS), [136_666_664, 136_666_664, 136_666_664]),
    // Units 5 and 6, at the second try.
    (date(2027, 2, 2), Tender("delivery-3", 2), [136_666_664, 136_666_664, 136_666_664]),
    (date(2027, 2, 4), Reject("delivery-3", BENT), [136_666_664, 136_666_664, 136_666_664]),
    (date(2027, 2, 20), Tender("delivery-3", 2), [136_666_664, 136_666_664, 136_666_664]),
    (date(2027, 2, 22), Accept("delivery-3", 2), [139_999_996, 136_666_664, 136_666_664]),
    (date(2027, 2, 22), Invoice(GOODS, 3_333_332), [139_999_996, 139_999_996, 136_666_664]),
    (date(2027, 2, 22), Pay(GOODS), [139_999_996, 139_999_996, 139_999_996]),
    // Delivery 5 comes before delivery 4: the price hangs on the units, not on the row.
    (date(2027, 3, 1), Tender("delivery-5", 2), [139_999_996, 139_999_996, 139_999_996]),
    (date(2027, 3, 2), Tender("delivery-4", 2), [139_999_996, 139_999_996, 139_999_996]),
    (date(2027, 3, 3), Accept("delivery-5", 2), [143_333_328, 139_999_996, 139_999_996]),
    (date(2027, 3, 3), Invoice(GOODS, 3_333_332), [143_333_328, 143_333_328, 139_999_996]),
    (date(2027, 3, 3), Pay(GOODS), [143_333_328, 143_333_328, 143_333_328]),
    (date(2027, 3, 4), Accept("delivery-4", 2), [146_666_660, 143_333_328, 143_333_328]),
    (date(2027, 3, 4), Invoice(GOODS, 3_333_332), [146_666_660, 146_666_660, 143_333_328]),
    (date(2027, 3, 4), Pay(GOODS), [146_666_660, 146_666_660, 146_666_660]),
    // Units 11 and 12: 1,666,666 + 1,666,674.
    (date(2027, 5, 2), Tender("delivery-6", 2), [146_666_660, 146_666_660, 146_666_660]),
    (date(2027, 5, 3), Accept("delivery-6", 2), [150_000_000, 146_666_660, 146_666_660]),
    (date(2027, 5, 3), Invoice(GOODS, 3_333_340), [150_000_000, 150_000_000, 146_666_660]),
    (date(2027, 5, 3), Pay(GOODS), [150_000_000, 150_000_000, 150_000_000]),
];

impl Play {
    fn examined(&self, row: &str) -> Hash {
        self.state.open_tender(row).expect("a tender is under examination").0
    }

    fn announced(&self, tranche: &str) -> Hash {
        self.state.live_channel(tranche).expect("the tranche was announced").0
    }

    /// The one payable of a row that is in that state.
    fn one(&self, row: &str, wanted: fn(&PayableState) -> bool) -> lncontract_core::status::PayableView {
        let all = self.status().payables;
        let mut found = all.into_iter().filter(|payable| payable.id.row == row && wanted(&payable.state));
        let one = found.next().expect("the row has one");
        assert_eq!(found.next(), None);
        one
    }

    fn does(&mut self, does: Does) {
        match does {
            Fund(tranche, amount, stages) => {
                self.take(Side::Buyer, Payload::Fund(fund(tranche, amount, stages)));
            }
            Open(tranche) => {
                let fund = self.announced(tranche);
                let capacity = self.state.channels[&fund].announced.as_ref().expect("announced").amount;
                let (outpoint, stage) = (format!("{}:0", hash(55)), ChannelStage::Open);
                for side in [Side::Buyer, Side::Seller] {
                    let outpoint = outpoint.clone();
                    self.take(side, Payload::Earmark(Earmark { fund, outpoint, capacity, stage }));
                }
            }
            Tender(row, units) => drop(self.take(Side::Seller, tender(row, units))),
            Accept(row, units) => drop(self.take(Side::Buyer, answer(self.examined(row), units))),
            Reject(row, reasons) => {
                let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
                let tender = self.examined(row);
                let answer = Answer { tender, accepted: 0, reasons, state: Hash::ZERO };
                self.take(Side::Buyer, Payload::Answer(answer));
            }
            Deem(row) => drop(self.take(Side::Seller, self.deem(self.examined(row)))),
            Invoice(row, amount) => {
                let payable = self.one(row, |state| *state == PayableState::Earned);
                assert_eq!(payable.amount, Sat(amount));
                self.take(Side::Seller, Payload::Invoice(self.invoice(&payable.id)));
            }
            Pay(row) => {
                let payable = self.one(row, |state| matches!(state, PayableState::Invoiced { .. }));
                let PayableState::Invoiced { invoice, .. } = payable.state else { unreachable!() };
                self.take(Side::Buyer, Payload::Paid(self.paid(invoice)));
                self.take(Side::Seller, Payload::Received(Received { invoice, amount: payable.amount }));
            }
        }
    }
}

fn noon(day: Date) -> Time {
    schedule::instant_of(day, 60).expect("a day of the calendar").plus_seconds(-12 * 3_600)
}

/// The whole example; after each step the figures of the table, of the milestones, and a replay agree.
pub fn played() -> Play {
    let mut play = Play::signed();
    for (number, (day, does, [earned, invoiced, paid])) in STEPS.iter().enumerate() {
        play.time = play.time.max(noon(*day));
        play.does(*does);
        let status = play.status();
        let figures = status.figures;
        let at = format!("step {number}, {day}: {does:?}");
        let found = [figures.earned.0, figures.invoiced.0, figures.paid.0];
        assert_eq!(found, [*earned, *invoiced, *paid], "{at}");
        assert_eq!((figures.total, figures.outstanding), (Sat(150_000_000), Sat(150_000_000 - paid)), "{at}");
        assert_eq!((figures.retained, status.credit_due), (Sat::ZERO, Sat::ZERO), "{at}");
        let sum = |of: fn(&MilestoneView) -> Sat| Sat::sum(status.milestones.iter().map(of));
        assert_eq!(sum(|milestone| milestone.earned), Ok(Sat(*earned)), "{at}");
        assert_eq!(sum(|milestone| milestone.paid), Ok(Sat(*paid)), "{at}");
        let done = number + 1 == STEPS.len();
        assert_eq!(status.phase == Phase::Done, done, "{at}");
    }
    play
}

#[test]
fn the_example_is_played_from_the_offer_to_the_last_satoshi() {
    let play = played();
    let replayed = play.entries.iter().fold(Contract::default(), |state, entry| fold(state, entry).0);
    assert_eq!(replayed, play.state);
    let status = play.status();
    // Nothing is left but the account.
    for side in [Side::Buyer, Side::Seller] {
        let todos: Vec<_> = status.acts.of(side).iter().map(|act| &act.todo).collect();
        assert_eq!(todos, [&Todo::SignAccount]);
    }
    for milestone in &status.milestones {
        assert_eq!([milestone.earned, milestone.invoiced, milestone.paid], [milestone.amount; 3]);
    }
    let mut numbers: Vec<_> = play.state.invoices.values().map(|invoice| invoice.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=11).collect::<Vec<_>>());
    let state = |row: &str| status.obligations.iter().find(|view| view.row == row).unwrap().state.clone();
    assert_eq!(state("stage-1-assembly"), RowState::Deemed);
    assert_eq!(state("delivery-3"), RowState::Accepted);
    assert_eq!(state(GOODS), RowState::Paid);
}

#[test]
fn what_was_judged_stays_in_the_state_as_it_was_judged() {
    let play = played();
    let judged = |row: &str| {
        let mut found: Vec<_> = play.state.tenders.values().filter(|tender| tender.row == row).collect();
        found.sort_by_key(|tender| tender.at);
        let outcome = |outcome: Outcome| match outcome {
            Outcome::Open => unreachable!("everything is judged"),
            Outcome::Answered { accepted, .. } => ("answered", accepted),
            Outcome::Deemed { .. } => ("deemed", 0),
        };
        found.into_iter().map(|tender| (tender.quantity, outcome(tender.outcome))).collect::<Vec<_>>()
    };
    assert_eq!(judged("materials-on-order"), [(1, ("answered", 0)), (1, ("answered", 1))]);
    assert_eq!(judged("stage-1-assembly"), [(1, ("deemed", 0))]);
    assert_eq!(judged("delivery-2"), [(2, ("answered", 1)), (1, ("answered", 1))]);
    assert_eq!(judged("delivery-3"), [(2, ("answered", 0)), (2, ("answered", 2))]);
}

#[test]
fn every_unit_has_its_price_in_whatever_pieces_the_twelve_are_accepted() {
    // How many units each acceptance takes, delivery by delivery; what each earns.
    let check = |pieces: [&[u64]; 6], expected: &[u64]| {
        let mut play = Play::signed();
        let mut earned = Vec::new();
        for (delivery, pieces) in (1..=6).zip(pieces) {
            for units in pieces {
                let open = 2 - play.state.performance(&format!("delivery-{delivery}")).accepted;
                let tender = play.tender(&format!("delivery-{delivery}"), open);
                play.answer(tender, *units);
                let payable = play.state.payables.values().find(|found| found.id.tender == Some(tender));
                earned.push(payable.map_or(0, |payable| payable.amount.0));
            }
        }
        assert_eq!(earned, expected);
        assert_eq!(play.status().figures.earned, Sat(20_000_000));
    };
    let (one, two) = (1_666_666, 3_333_332);
    check([&[2]; 6], &[two, two, two, two, two, 3_333_340]);
    check([&[1, 1]; 6], &[one, one, one, one, one, one, one, one, one, one, one, 1_666_674]);
    check(
        [&[2], &[1, 1], &[0, 2], &[0, 1, 0, 1], &[2], &[1, 1]],
        &[two, one, one, 0, two, 0, one, 0, one, two, one, 1_666_674],
    );
}

#[test]
fn a_payment_is_due_on_the_day_of_its_acceptance() {
    let play = played();
    let offset = example().utc_offset_minutes;
    for (row, day) in [
        ("pay-materials-on-order", date(2026, 3, 6)),
        ("pay-stage-1-assembly", date(2026, 6, 13)),
        ("pay-stage-2-assembly", date(2026, 9, 9)),
        ("pay-subsystem-testing", date(2026, 11, 5)),
    ] {
        assert_eq!(play.state.payables[row].due, schedule::instant_of(day, offset).ok(), "{row}");
    }
    let mut due: Vec<_> = play
        .state
        .payables
        .values()
        .filter(|payable| payable.id.row == GOODS)
        .map(|p| p.due.unwrap())
        .collect();
    due.sort_unstable();
    let days = [
        date(2026, 12, 4),
        date(2027, 1, 5),
        date(2027, 1, 11),
        date(2027, 2, 22),
        date(2027, 3, 3),
        date(2027, 3, 4),
        date(2027, 5, 3),
    ];
    assert_eq!(due, days.map(|day| schedule::instant_of(day, offset).unwrap()));
}
