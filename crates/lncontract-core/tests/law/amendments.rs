//! New versions of terms on a contract that is under way.

use lncontract_core::{
    Effect, Misfit, OfferRefusal, Refusal, Sat, check_terms, misfits,
    v1::{Duty, Obligation, Payload, Side, Terms},
};

use crate::fixture::{DAY, Play, answer, example, fund, per_unit, tender, whole};

fn row<'a>(terms: &'a mut Terms, id: &str) -> &'a mut Obligation {
    terms.obligations.iter_mut().find(|row| row.id == id).expect("the example has the row")
}

/// Moves a million from one milestone to another.
fn shift(terms: &mut Terms, from: &str, to: &str) {
    for (id, sign) in [(from, -1), (to, 1)] {
        let milestone =
            terms.milestones.iter_mut().find(|milestone| milestone.id == id).expect("the example has it");
        milestone.amount =
            Sat(milestone.amount.0.checked_add_signed(sign * 1_000_000).expect("millions stay above zero"));
        let new = milestone.amount;
        let Duty::Pay { amount, .. } = &mut row(terms, &format!("pay-{id}")).duty else { unreachable!() };
        *amount = new;
    }
}

/// Delivery 6 brings 1 unit, a seventh delivery the other.
fn split_last_delivery(terms: &mut Terms) {
    let mut seventh = row(terms, "delivery-6").clone();
    seventh.id = "delivery-7".to_owned();
    for row in [row(terms, "delivery-6"), &mut seventh] {
        let Duty::Deliver { quantity, .. } = &mut row.duty else { unreachable!() };
        *quantity = 1;
    }
    terms.obligations.push(seventh);
    let Duty::Pay { trigger: lncontract_core::v1::Trigger::Acceptance { rows }, .. } =
        &mut row(terms, "pay-delivery-and-acceptance").duty
    else {
        unreachable!()
    };
    rows.push("delivery-7".to_owned());
}

fn changed(change: impl Fn(&mut Terms)) -> Terms {
    let mut terms = example();
    change(&mut terms);
    assert_eq!(check_terms(&terms), Ok(()));
    terms
}

#[track_caller]
fn check_fit(play: &Play, change: impl Fn(&mut Terms), expected: Result<(), Misfit>) {
    let judged = play.judge(Side::Seller, Payload::Offer(play.offer(changed(change))));
    assert_eq!(judged, expected.map_err(|misfit| OfferRefusal::Misfit(misfit).into()));
}

#[test]
fn what_is_earned_but_not_invoiced_takes_the_new_amount() {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    let terms = changed(|terms| shift(terms, "stage-1-assembly", "materials-on-order"));
    play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    play.accept(Side::Buyer);
    assert_eq!(play.state.payables["pay-materials-on-order"].amount, Sat(26_000_000));
    assert_eq!(play.state.versions.len(), 2);
    play.settle(&whole("pay-materials-on-order"));
    let figures = play.status().figures;
    assert_eq!((figures.total, figures.outstanding), (Sat(150_000_000), Sat(124_000_000)));
}

#[test]
fn new_terms_fit_what_was_accepted_invoiced_and_funded() {
    let mut play = Play::signed();
    let materials = |terms: &mut Terms| shift(terms, "stage-1-assembly", "materials-on-order");
    let testing = |terms: &mut Terms| shift(terms, "stage-1-assembly", "subsystem-testing");
    let channel = |terms: &mut Terms| terms.funding.tranches[0].amount = Sat(31_000_000);
    check_fit(&play, materials, Ok(()));
    check_fit(&play, channel, Ok(()));
    check_fit(&play, split_last_delivery, Ok(()));

    play.perform("materials-on-order", 1);
    let invoice = play.take(Side::Seller, Payload::Invoice(play.invoice(&whole("pay-materials-on-order"))));
    let row = "pay-materials-on-order".to_owned();
    check_fit(&play, materials, Err(Misfit::Invoiced { row, invoice }));
    check_fit(&play, testing, Ok(()));

    let fund = play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    check_fit(&play, channel, Err(Misfit::Funded { tranche: "channel-1".to_owned(), fund }));

    let open = play.tender("delivery-6", 2);
    let row = "delivery-6".to_owned();
    let misfit = Misfit::Quantity { row, units: 2, quantity: 1 };
    check_fit(&play, split_last_delivery, Err(misfit));
    play.answer(open, 1);
    let row = "pay-delivery-and-acceptance".to_owned();
    check_fit(&play, split_last_delivery, Err(Misfit::EarnedPerUnit { row, units: 1 }));
}

#[test]
fn the_offeror_writes_nothing_on_rows_that_its_open_offer_would_change() {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    let under_examination = play.tender("delivery-1", 2);
    let terms = changed(split_last_delivery);
    let offer = play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    let frozen = |row: &str| Err(Refusal::Frozen { row: row.to_owned(), offer });
    assert_eq!(play.judge(Side::Seller, tender("delivery-6", 2)), frozen("delivery-6"));
    assert_eq!(play.judge(Side::Seller, tender("delivery-5", 2)), Ok(()));
    let invoice = Payload::Invoice(play.invoice(&whole("pay-materials-on-order")));
    assert_eq!(play.judge(Side::Seller, invoice), Ok(()));
    // The other side is free: its acceptance would follow its own answer and be judged on it.
    assert_eq!(play.judge(Side::Buyer, answer(under_examination, 2)), Ok(()));
    // Silence would earn a unit at the price that the offer changes.
    play.later(6 * DAY).later(5 * DAY + 1);
    assert_eq!(play.judge(Side::Seller, play.deem(under_examination)), frozen("pay-delivery-and-acceptance"));
}

#[test]
fn an_entry_of_the_old_version_stands_unless_its_row_changed() {
    let mut play = Play::signed();
    let terms = changed(split_last_delivery);
    play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    let (old, before) = (play.state.terms_hash(), play.clone());
    play.accept(Side::Buyer);
    // Built on the old version, and the merge puts it after the acceptance.
    let mut late = before.clone();
    late.state.offer = None;
    let good = late.entry(Side::Seller, tender("delivery-1", 2));
    assert_eq!(good.header.terms, old);
    assert_eq!(play.fold(&good), Effect::Taken);
    let mut bad = late.entry(Side::Seller, tender("delivery-6", 1));
    bad.id = crate::fixture::hash(500);
    let changed = Refusal::RowChanged { row: "delivery-6".to_owned(), changed: 1, named: 0 };
    assert_eq!(play.fold(&bad), Effect::Overtaken(changed));
    // Written anew under the version in force it stands.
    play.tender("delivery-6", 1);
}

#[test]
fn a_price_per_unit_does_not_come_to_units_that_are_already_accepted() {
    let mut play = Play::signed();
    let accepted = play.perform("delivery-1", 2);
    play.settle(&per_unit("pay-delivery-and-acceptance", accepted));
    let bonus = |terms: &mut Terms| {
        let mut pay = row(terms, "pay-delivery-and-acceptance").clone();
        pay.id = "pay-bonus".to_owned();
        let Duty::Pay { amount, .. } = &mut pay.duty else { unreachable!() };
        *amount = Sat(12);
        terms.obligations.push(pay);
        terms.milestones[4].amount = Sat(20_000_012);
        terms.total = Sat(150_000_012);
    };
    let (row, named) = ("pay-bonus".to_owned(), "delivery-1".to_owned());
    check_fit(&play, bonus, Err(Misfit::PricedLate { row, named, accepted: 2 }));
}

#[test]
fn more_units_for_the_same_money_change_the_price_and_so_the_row() {
    let mut play = Play::signed();
    let more = |terms: &mut Terms| {
        terms.items[0].quantity = 13;
        let Duty::Deliver { quantity, .. } = &mut row(terms, "delivery-6").duty else { unreachable!() };
        *quantity = 3;
    };
    check_fit(&play, more, Ok(()));
    play.perform("delivery-1", 2);
    let row = "pay-delivery-and-acceptance".to_owned();
    check_fit(&play, more, Err(Misfit::EarnedPerUnit { row, units: 2 }));
}

#[test]
fn an_acceptance_is_judged_on_what_its_author_did_meanwhile() {
    let mut play = Play::signed();
    let open = play.tender("delivery-1", 2);
    let terms = changed(split_last_delivery);
    play.take(Side::Seller, Payload::Offer(play.offer(terms)));
    play.answer(open, 2);
    let row = "pay-delivery-and-acceptance".to_owned();
    let misfit = OfferRefusal::Misfit(Misfit::EarnedPerUnit { row, units: 2 });
    assert_eq!(play.judge(Side::Buyer, play.acceptance()), Err(misfit.into()));
}

#[test]
fn everything_that_does_not_fit_is_told_at_once_and_by_its_path() {
    let mut play = Play::signed();
    play.perform("materials-on-order", 1);
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    let new = changed(|terms| {
        lncontract_core::template::change::remove_milestone(terms, "materials-on-order");
        terms.total = Sat(125_000_000);
        let tranche = terms.funding.tranches.iter_mut().find(|tranche| tranche.id == "channel-1");
        tranche.expect("the example has it").amount = Sat(31_000_000);
    });
    let found = misfits(&play.state, &new);
    let paths: Vec<_> = found.iter().map(|misfit| misfit.path(&new)).collect();
    assert_eq!(paths, ["obligations", "funding.tranches[0]"]);
    let judged = play.judge(Side::Seller, Payload::Offer(play.offer(new)));
    assert_eq!(judged, Err(OfferRefusal::Misfit(found[0].clone()).into()));
}
