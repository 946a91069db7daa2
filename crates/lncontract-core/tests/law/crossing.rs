//! Two companies that write at the same time: on any two chains and any cut, an admitted acceptance stays,
//! and what is earned stays within the terms. The merge here is a small model of the rule of DESIGN.md
//! section 4; `record` has the real one.

use std::sync::LazyLock;

use lncontract_core::{
    Contract, Effect, Hash, Sat, Time, admit, fold, status,
    v1::{Duty, Entry, Offer, Pass, Payload, Reject, Side, Terms, Trigger},
};
use proptest::{prelude::*, strategy::ValueTree};

use crate::fixture::{DAY, Play, answer, cancel, fund, hash, tender};

/// One company's chain, and how much of the other it had seen with each entry.
#[derive(Default, Clone)]
struct Chain {
    entries: Vec<(Entry, usize)>,
    /// How much of the other chain it holds now.
    holds: usize,
}

/// The order of DESIGN.md section 4, for the first `buyer` and `seller` entries of the chains.
fn merged(chains: &[Chain; 2], buyer: usize, seller: usize) -> Vec<&Entry> {
    let (a, b) = (&chains[0].entries[..buyer], &chains[1].entries[..seller]);
    let (mut i, mut j, mut order) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        let buyer_first = match (a.get(i), b.get(j)) {
            (Some(_), None) => true,
            (None, _) => false,
            (Some((x, x_seen)), Some((y, y_seen))) => {
                let timeouts = (x.payload.deadline(), y.payload.deadline());
                if *x_seen > j || *y_seen > i {
                    *y_seen > i
                } else {
                    match timeouts {
                        (_, Some(deadline)) if x.header.time <= deadline => true,
                        (Some(deadline), _) if y.header.time <= deadline => false,
                        (None, Some(_)) => false,
                        _ => true,
                    }
                }
            }
        };
        if buyer_first {
            order.push(&a[i].0);
            i += 1;
        } else {
            order.push(&b[j].0);
            j += 1;
        }
    }
    order
}

fn state(
    chains: &[Chain; 2],
    start: &Contract,
    buyer: usize,
    seller: usize,
) -> (Contract, Vec<(Hash, bool)>) {
    let mut state = start.clone();
    let mut taken = Vec::new();
    for entry in merged(chains, buyer, seller) {
        let (next, effect) = fold(state, entry);
        state = next;
        taken.push((entry.id, effect == Effect::Taken));
    }
    (state, taken)
}

/// Amendments that touch what the entries below stand on.
fn amended(in_force: &Terms, pick: u8) -> Terms {
    let mut terms = in_force.clone();
    let shift = |terms: &mut Terms, index: usize, pay: &str, by: i64| {
        let new = Sat(terms.milestones[index].amount.0.saturating_add_signed(by));
        terms.milestones[index].amount = new;
        for row in terms.obligations.iter_mut().filter(|row| row.id == pay) {
            if let Duty::Pay { amount, .. } = &mut row.duty {
                *amount = new;
            }
        }
    };
    match pick % 5 {
        4 => {
            // One unit more for the same money: every unit earns less.
            terms.items[0].quantity += 1;
            for row in terms.obligations.iter_mut().filter(|row| row.id == "delivery-6") {
                if let Duty::Deliver { quantity, .. } = &mut row.duty {
                    *quantity += 1;
                }
            }
        }
        0 => {
            shift(&mut terms, 0, "pay-materials-on-order", 1_000);
            shift(&mut terms, 1, "pay-stage-1-assembly", -1_000);
        }
        1 => {
            shift(&mut terms, 4, "pay-delivery-and-acceptance", 1_000);
            shift(&mut terms, 0, "pay-materials-on-order", -1_000);
        }
        2 => terms.clauses.examination_days += 1,
        _ => {
            // The materials are paid with the first delivery instead.
            for row in terms.obligations.iter_mut().filter(|row| row.id == "pay-materials-on-order") {
                if let Duty::Pay { trigger: Trigger::Acceptance { rows }, .. } = &mut row.duty {
                    *rows = vec!["delivery-1".to_owned()];
                }
            }
        }
    }
    terms
}

fn payload(play: &Play, author: Side, kind: u8, pick: u8) -> Option<Payload> {
    let state = &play.state;
    let offer = state.offer.as_ref().map(|offer| offer.entry);
    let open = state.tenders.iter().find(|(_, tender)| tender.accepted() == 0).map(|(id, _)| *id);
    let row = ["materials-on-order", "delivery-1", "delivery-2"][usize::from(pick % 3)];
    let terms = state.terms.as_ref()?;
    Some(match (author, kind % 9) {
        (_, 0) => {
            Payload::Offer(Offer { valid_until: play.time.plus_days(2), ..play.offer(amended(terms, pick)) })
        }
        (_, 1) => {
            offer?;
            play.acceptance()
        }
        (_, 2) if pick < 128 => {
            Payload::Reject(Reject { offer: offer?, reason: "no".to_owned(), state: Hash::ZERO })
        }
        (_, 2) => Payload::Pass(Pass {}),
        (_, 3) => {
            offer?;
            play.lapse()
        }
        (_, 8) => Payload::FinalAccount(play.signature()),
        (Side::Seller, 4) => tender(row, 1 + u64::from(pick / 128)),
        (Side::Seller, 5) => play.deem(open?),
        (Side::Seller, 6) => {
            let payable = state.payables.values().nth(usize::from(pick % 3))?.id.clone();
            let mut invoice = play.invoice(&payable);
            invoice.payment_hash = hash(50_000 + u64::from(pick) + state.invoices.len() as u64 * 256);
            invoice.number = state.invoices.values().map(|invoice| invoice.number).max().unwrap_or(0) + 1;
            Payload::Invoice(invoice)
        }
        (Side::Seller, _) => cancel(*state.invoices.keys().nth(usize::from(pick % 3))?),
        (Side::Buyer, 4 | 5) => answer(open?, u64::from(pick % 3)),
        (Side::Buyer, 6) => Payload::Fund(fund("channel-1", 30_000_000, &[])),
        (Side::Buyer, _) => return None,
    })
}

/// The worked example with everything performed and paid.
static PERFORMED: LazyLock<Play> = LazyLock::new(crate::whole::played);

type Step = (bool, bool, u8, u8, u8);

/// Plays the steps: a company hears of the other, or writes what its own view admits.
fn play(mut signed: Play, pen: Side, steps: Vec<Step>) -> ([Chain; 2], Contract) {
    if pen == Side::Buyer {
        signed.take(Side::Seller, Payload::Pass(Pass {}));
    }
    let mut chains = [Chain::default(), Chain::default()];
    let mut now = signed.time;
    let mut number = 100;
    for (buyer, hear, kind, pick, hours) in steps {
        let (me, author) = if buyer { (0, Side::Buyer) } else { (1, Side::Seller) };
        now = now.plus_seconds([0, 0, 0, 3_600, DAY, 2 * DAY + 1, 4 * DAY][usize::from(hours % 7)]);
        if hear {
            // What the other wrote carries what the other had seen, so a company may hear all of it.
            chains[me].holds = chains[1 - me].entries.len().min(chains[me].holds + usize::from(kind % 3) + 1);
            continue;
        }
        let (own, other) = (chains[me].entries.len(), chains[me].holds);
        let (b, s) = if buyer { (own, other) } else { (other, own) };
        let mut view = Play { state: state(&chains, &signed.state, b, s).0, ..signed.clone() };
        view.time = now;
        // The first of the kinds, from the one drawn, that its own view admits.
        let drawn = (0..9).filter_map(|next| payload(&view, author, (kind % 9) + next, pick));
        let mut entries = drawn.map(|payload| view.entry(author, payload));
        if let Some(mut entry) = entries.find(|entry| admit(&view.state, entry).is_ok()) {
            number += 1;
            entry.id = hash(number);
            chains[me].entries.push((entry, other));
        }
    }
    (chains, signed.state)
}

/// Tells whether a cut holds, with each entry, all that the entry had seen.
fn is_closed(chains: &[Chain; 2], buyer: usize, seller: usize) -> bool {
    let within = |chain: &Chain, count: usize, other: usize| {
        chain.entries[..count].iter().all(|(_, seen)| *seen <= other)
    };
    within(&chains[0], buyer, seller) && within(&chains[1], seller, buyer)
}

fn check(chains: &[Chain; 2], start: &Contract) -> Result<(), TestCaseError> {
    let (buyer, seller) = (chains[0].entries.len(), chains[1].entries.len());
    let (full, taken) = state(chains, start, buyer, seller);
    for (b, s) in (0..=buyer).flat_map(|b| (0..=seller).map(move |s| (b, s))) {
        if !is_closed(chains, b, s) {
            continue;
        }
        let (cut, _) = state(chains, start, b, s);
        prop_assert_eq!(&full.versions[..cut.versions.len()], &cut.versions[..], "an acceptance was undone");
        let view = status(&cut, Time(i64::from(i32::MAX)));
        prop_assert_eq!(view.figures.paid.add(view.figures.outstanding), Ok(view.figures.total));
        for milestone in &view.milestones {
            prop_assert!(milestone.earned <= milestone.amount, "{:?}", milestone);
        }
        let terms = cut.terms.as_ref().expect("the example is signed");
        for row in &terms.obligations {
            let units = cut.performance(&row.id).accepted;
            prop_assert!(units <= row.quantity().unwrap_or(0), "{} of {}", units, row.id);
        }
    }
    let accepted = |id: &Hash| {
        let all = chains.iter().flat_map(|chain| &chain.entries);
        all.into_iter().any(|(entry, _)| entry.id == *id && matches!(entry.payload, Payload::Accept(_)))
    };
    for (id, taken) in &taken {
        prop_assert!(*taken || !accepted(id), "the acceptance {} was overtaken", id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn entries_that_cross_never_undo_an_acceptance_or_earn_beyond_the_terms(
        pen in prop_oneof![Just(Side::Buyer), Just(Side::Seller)],
        steps in proptest::collection::vec(any::<Step>(), 1..40),
    ) {
        let (chains, start) = play(Play::signed(), pen, steps);
        check(&chains, &start)?;
    }

    #[test]
    fn the_final_account_never_undoes_an_acceptance_either(
        pen in prop_oneof![Just(Side::Buyer), Just(Side::Seller)],
        steps in proptest::collection::vec(any::<Step>(), 1..30),
    ) {
        let (chains, start) = play(PERFORMED.clone(), pen, steps);
        check(&chains, &start)?;
    }
}

#[test]
fn the_random_play_reaches_amendments_that_cross_tenders() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = proptest::collection::vec(any::<Step>(), 40);
    let mut crossed = 0;
    for _ in 0..300 {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let (chains, start) = play(Play::signed(), Side::Buyer, steps);
        let (buyer, seller) = (chains[0].entries.len(), chains[1].entries.len());
        let (full, taken) = state(&chains, &start, buyer, seller);
        crossed += usize::from(full.versions.len() > 1 && taken.iter().any(|(_, taken)| !taken));
    }
    assert!(crossed >= 10, "only {crossed} of 300 runs amended the terms and overtook an entry");
}

#[test]
fn the_random_play_reaches_contracts_that_close_and_offers_that_come_too_late() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = proptest::collection::vec(any::<Step>(), 25);
    let (mut closed, mut crossed) = (0, 0);
    for _ in 0..300 {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let (chains, start) = play(PERFORMED.clone(), Side::Buyer, steps);
        let (buyer, seller) = (chains[0].entries.len(), chains[1].entries.len());
        let (full, taken) = state(&chains, &start, buyer, seller);
        closed += usize::from(full.is_closed());
        crossed += usize::from(full.is_closed() && taken.iter().any(|(_, taken)| !taken));
    }
    assert!(closed >= 30 && crossed >= 3, "of 300 runs {closed} closed, {crossed} of them overtook an entry");
}
