//! The amendment of the worked example: what it changes as the page shows it, and how the contract goes on.

use lncontract_core::{
    Effect, Refusal, Sat, check_terms,
    difference::{Change, Difference, difference},
    schedule::{dated, instant_of},
    status::Phase,
    v1::{Clauses, Document, DueRule, Duty, Instrument, Milestone, Offer, Payload, Side, Terms, Tranche},
};

use crate::{
    drafts::deposit,
    fixture::{DAY, Play, example, hash, per_unit, tender, whole},
};

fn due(terms: &mut Terms, row: &str, months: i32, days: i32) {
    let rule = DueRule::DateOfContract { months, days };
    let date = dated(&rule, terms.date_of_contract).expect("in the calendar").expect("a date");
    let at = instant_of(date, terms.utc_offset_minutes).ok();
    let row = terms.obligations.iter_mut().find(|found| found.id == row).expect("the row is there");
    (row.due.rule, row.due.at) = (rule, at);
}

/// Delivery 3 comes later, spare parts come in for a sum, and a splice pays for them.
fn amended(old: &Terms, sum: u64, months: i32, days: i32) -> Terms {
    let mut terms = old.clone();
    due(&mut terms, "delivery-3", months, days);
    let id = || "spare-parts".to_owned();
    let title = "Spare parts".to_owned();
    terms.milestones.push(Milestone { id: id(), title: title.clone(), amount: Sat(sum), payer: Side::Buyer });
    let mut perform = old.obligation("subsystem-testing").expect("the example tests").clone();
    (perform.id, perform.milestone) = (id(), Some(id()));
    perform.duty = Duty::Perform { service: title, quantity: 1 };
    let mut pay = old.obligation("pay-subsystem-testing").expect("testing is paid").clone();
    (pay.id, pay.milestone) = ("pay-spare-parts".to_owned(), Some(id()));
    pay.due.rule = DueRule::Acceptance { row: id(), months: 0, days: 0 };
    let Duty::Pay { amount, trigger, .. } = &mut pay.duty else { unreachable!() };
    *amount = Sat(sum);
    *trigger = lncontract_core::v1::Trigger::Acceptance { rows: vec![id()] };
    let mut fund = old.obligation("fund-splice-3").expect("the plan has three splices").clone();
    fund.id = "fund-splice-4".to_owned();
    fund.duty = Duty::Fund { tranche: "splice-4".to_owned() };
    terms.funding.tranches.push(Tranche {
        id: "splice-4".to_owned(),
        amount: Sat(6_500_000),
        instrument: Instrument::SpliceIn { into: "channel-1".to_owned() },
        stages: vec![id()],
    });
    terms.obligations.extend([perform, pay, fund]);
    due(&mut terms, "spare-parts", 12, 0);
    due(&mut terms, "fund-splice-4", 11, 0);
    terms.total = Sat(150_000_000 + sum);
    assert_eq!(check_terms(&terms), Ok(()));
    terms
}

#[test]
fn the_amendment_is_shown_as_what_it_changes_and_nothing_else() {
    let (old, new) = (example(), amended(&example(), 6_000_000, 11, 15));
    let found = difference(&old, &new);
    assert_eq!(found.total, Some(Change { old: Sat(150_000_000), new: Sat(156_000_000) }));
    let ids = |rows: &lncontract_core::difference::Rows<lncontract_core::v1::Obligation>| {
        rows.added.iter().map(|row| row.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&found.obligations), ["spare-parts", "pay-spare-parts", "fund-splice-4"]);
    assert!(found.obligations.removed.is_empty() && !found.obligations.reordered);
    let [moved] = found.obligations.changed.as_slice() else { panic!("one row changes: {found:#?}") };
    assert!(moved.is_moved() && moved.old.duty == moved.new.duty);
    assert_eq!(moved.old.due.at.unwrap().to_string(), "2027-02-02T22:59:59Z");
    assert_eq!(moved.new.due.at.unwrap().to_string(), "2027-02-17T22:59:59Z");
    assert_eq!((found.milestones.added.len(), found.tranches.added.len()), (1, 1));
    let shown = Difference {
        total: found.total.clone(),
        obligations: found.obligations.clone(),
        milestones: found.milestones.clone(),
        tranches: found.tranches.clone(),
        ..Difference::default()
    };
    assert_eq!(found, shown);
    // The other way round what came goes.
    let back = difference(&new, &old);
    assert_eq!(back.obligations.removed, found.obligations.added);
    assert_eq!(back.milestones.removed, found.milestones.added);
}

#[test]
fn equal_terms_have_no_difference_and_every_change_has_one() {
    for terms in [example(), deposit()] {
        assert!(difference(&terms, &terms).is_empty());
    }
    let check = |change: fn(&mut Terms), expected: fn(&Difference) -> bool| {
        let (old, mut new) = (deposit(), deposit());
        change(&mut new);
        let found = difference(&old, &new);
        assert!(!found.is_empty() && expected(&found), "{found:#?}");
    };
    check(|terms| terms.law = 2, |found| found.words[0].field == "law");
    check(|terms| terms.number.push('a'), |found| found.words[0].field == "number");
    check(|terms| terms.title.push('a'), |found| found.words[0].change.new.ends_with('a'));
    check(|terms| terms.utc_offset_minutes = 60, |found| found.words[0].change.new == "60");
    check(|terms| terms.buyer.name.push('a'), |found| found.buyer.is_some());
    check(|terms| terms.seller.tax_id.push('a'), |found| found.seller.is_some());
    check(|terms| terms.total = Sat(1), |found| found.total.is_some());
    check(
        |terms| terms.date_of_contract = terms.date_of_contract.tomorrow().unwrap(),
        |found| found.date_of_contract.is_some(),
    );
    check(
        |terms| terms.non_business_days.push(terms.date_of_contract),
        |found| found.non_business_days.is_some(),
    );
    check(|terms| terms.milestones[0].amount = Sat(1), |found| found.milestones.changed.len() == 1);
    check(|terms| terms.milestones.swap(0, 1), |found| found.milestones.reordered);
    check(|terms| drop(terms.obligations.remove(0)), |found| found.obligations.removed.len() == 1);
    check(|terms| terms.funding.tranches[0].amount = Sat(1), |found| found.tranches.changed.len() == 1);
    check(|terms| terms.funding.notice_blocks = 1_009, |found| found.funding.is_some());
    check(
        |terms| {
            let Clauses { grace_hours, .. } = &mut terms.clauses;
            *grace_hours += 1;
        },
        |found| found.clauses.is_some(),
    );
    let paper = || Document { name: "drawing".to_owned(), sha256: hash(1) };
    let mut old = example();
    old.documents = vec![paper(), paper()];
    let mut new = old.clone();
    new.documents[1].sha256 = hash(2);
    let found = difference(&old, &new);
    assert_eq!((found.documents.added.len(), found.documents.removed.len()), (1, 0));
    assert!(found.documents.reordered);
    new.documents.truncate(1);
    assert!(!difference(&old, &new).is_empty());
}

/// Materials and delivery 1 are paid, delivery 2 is under examination.
fn under_way() -> Play {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    play.settle(&whole("pay-materials-on-order"));
    let delivered = play.perform("delivery-1", 2);
    play.settle(&per_unit("pay-delivery-and-acceptance", delivered));
    play.tender("delivery-2", 2);
    play
}

#[test]
fn the_amendment_is_countered_once_and_accepted_and_the_figures_follow() {
    let mut play = under_way();
    let paid = 25_000_000 + 3_333_332;
    let figures = |play: &Play| {
        let figures = play.status().figures;
        (figures.total.0, figures.earned.0, figures.paid.0, figures.outstanding.0)
    };
    assert_eq!(figures(&play), (150_000_000, paid, paid, 150_000_000 - paid));
    // The seller, who holds the pen, asks for 8 million and a month; the buyer counters with 6 million, 15 days.
    let first = amended(&example(), 8_000_000, 12, 0);
    let offer = play.take(Side::Seller, Payload::Offer(play.offer(first)));
    let frozen = Refusal::Frozen { row: "delivery-3".to_owned(), offer };
    assert_eq!(play.judge(Side::Seller, tender("delivery-3", 2)), Err(frozen));
    let second = amended(&example(), 6_000_000, 11, 15);
    let counter = Offer { answers: Some(offer), ..play.offer(second.clone()) };
    let counter = play.later(DAY).take(Side::Buyer, Payload::Counter(counter));
    assert_eq!((play.state.pen, play.status().offer.unwrap().entry), (Some(Side::Buyer), counter));
    assert_eq!(figures(&play).0, 150_000_000);
    // Written under the old version on a row that changes, and on one that does not.
    let before = play.clone();
    play.later(DAY).accept(Side::Seller);
    assert_eq!(play.state.terms.as_deref(), Some(&second));
    assert_eq!(figures(&play), (156_000_000, paid, paid, 156_000_000 - paid));
    assert_eq!(play.state.versions.len(), 2);
    let late = before.entry(Side::Seller, tender("delivery-3", 2));
    let changed = Refusal::RowChanged { row: "delivery-3".to_owned(), changed: 1, named: 0 };
    assert_eq!(play.clone().fold(&late), Effect::Overtaken(changed));
    let mut stands = before.entry(Side::Seller, tender("delivery-4", 2));
    stands.id = hash(700);
    assert_eq!(play.clone().fold(&stands), Effect::Taken);
    // What was tendered before goes on; the price per unit is the one it was.
    let open = play.state.open_tender("delivery-2").unwrap().0;
    play.answer(open, 2);
    play.settle(&per_unit("pay-delivery-and-acceptance", open));
    for stage in ["stage-1-assembly", "stage-2-assembly", "subsystem-testing", "spare-parts"] {
        assert_eq!(play.status().phase, Phase::InForce);
        play.perform(stage, 1);
        play.settle(&whole(&format!("pay-{stage}")));
    }
    for delivery in 3..=6 {
        let tender = play.perform(&format!("delivery-{delivery}"), 2);
        play.settle(&per_unit("pay-delivery-and-acceptance", tender));
    }
    assert_eq!(figures(&play), (156_000_000, 156_000_000, 156_000_000, 0));
    assert_eq!(play.status().phase, Phase::Done);
    assert_eq!(play.status().milestones[5].paid, Sat(6_000_000));
}
