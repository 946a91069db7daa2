//! Whatever is written: the fold never fails, money is conserved, a replay gives the same,
//! what is proposed is admitted.

use lncontract_core::{
    Contract, Effect, Hash, Sat, Time, admit, fold, status,
    status::{NextAct, PayableState, PayableView, Status, Todo, summary},
    v1::{
        Ack, ChannelStage, Close, CloseManner, Earmark, Entry, Fund, Lapse, Offer, Paid, PaidBy, Pass,
        Payload, Received, Reject, Side, Terms,
    },
};
use proptest::prelude::*;

use crate::drafts::deposit;
use crate::fixture::{DAY, Play, answer, cancel, example, fund, hash, per_unit, preimage, tender, whole};

/// Other terms than the example's: some good, some with other sums than they state.
fn variant(number: u8) -> Terms {
    let mut terms = example();
    match number % 5 {
        0 => terms.title = "Another title".to_owned(),
        1 => terms.clauses.examination_days = 3,
        2 => terms.total = Sat(1),
        3 => terms.obligations.truncate(9),
        _ => terms.milestones[0].amount = Sat(u64::MAX),
    }
    terms
}

/// Some payload, aimed at the state or beside it.
fn payload(play: &Play, kind: u8, pick: u8, sound: bool) -> Payload {
    let ours = ["materials-on-order", "stage-1-assembly", "delivery-1", "delivery-6", "fund-channel-1"];
    let theirs = ["design", "commissioning", "fund-channel-1"];
    let both_pay = play.state.terms.as_ref().is_some_and(|terms| terms.obligation("design").is_some());
    let rows = if both_pay { theirs.as_slice() } else { &ours };
    let row = rows[usize::from(pick) % rows.len()];
    let pick_of =
        |keys: Vec<&Hash>| keys.get(usize::from(pick) % keys.len().max(1)).map_or(hash(99), |key| **key);
    let tendered = if sound {
        play.state.tenders.iter().find(|(_, t)| t.accepted() == 0).map_or(hash(99), |(id, _)| *id)
    } else {
        pick_of(play.state.tenders.keys().collect())
    };
    let invoice = pick_of(play.state.invoices.keys().collect());
    let channel = pick_of(play.state.channels.keys().collect());
    let offer = play.state.offer.as_ref().map_or(hash(99), |offer| offer.entry);
    let payable = play.state.payables.values().nth(usize::from(pick) % 4).map(|payable| payable.id.clone());
    let payable = payable.unwrap_or_else(|| if sound { whole(row) } else { per_unit(row, tendered) });
    let amount = play.state.invoices.get(&invoice).map_or(Sat(5), |invoice| invoice.amount);
    let units = u64::from(pick % 3) + u64::from(sound);
    match kind % 18 {
        17 => Payload::FinalAccount(play.signature()),
        0 => Payload::Offer(play.offer(variant(pick))),
        1 => Payload::Counter(Offer { answers: Some(offer), ..play.offer(variant(pick)) }),
        2 if play.state.offer.is_some() => play.acceptance(),
        3 => Payload::Reject(Reject { offer, reason: "no".to_owned(), state: Hash::ZERO }),
        4 if play.state.offer.is_some() => play.lapse(),
        4 => Payload::Lapse(Lapse { offer, deadline: play.time }),
        5 => Payload::Pass(Pass {}),
        6 => Payload::Fund(fund("channel-1", if sound { 30_000_000 } else { 1 }, &[])),
        7 => {
            let (outpoint, stage) = (format!("{}:1", hash(4)), ChannelStage::Open);
            Payload::Earmark(Earmark { fund: channel, outpoint, capacity: Sat(30_000_000), stage })
        }
        8 | 9 => tender(row, units),
        10 | 11 => answer(tendered, units),
        12 if play.state.tenders.contains_key(&tendered) => play.deem(tendered),
        13 => Payload::Invoice(play.invoice(&payable)),
        14 => cancel(invoice),
        15 => {
            let known = play.state.invoices.contains_key(&invoice);
            let method = PaidBy::Lightning { preimage: preimage(0).0 };
            Payload::Paid(if known { play.paid(invoice) } else { Paid { invoice, amount, method } })
        }
        16 if sound => Payload::Received(Received { invoice, amount }),
        16 => Payload::Close(Close { fund: channel, manner: CloseManner::Failed, txid: None }),
        _ => Payload::Ack(Ack { state: Hash::ZERO }),
    }
}

type Step = (u8, u8, bool, bool, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hours = prop_oneof![Just(0), Just(3_600), Just(5 * DAY), Just(12 * DAY)];
    proptest::collection::vec(
        (any::<u8>(), any::<u8>(), any::<bool>(), prop::bool::weighted(0.8), hours),
        1..60,
    )
}

fn side(buyer: bool) -> Side {
    if buyer { Side::Buyer } else { Side::Seller }
}

/// The worked example, or a contract in which the seller pays something too.
fn start(both_pay: bool) -> Play {
    if both_pay { Play::signed_with(deposit()) } else { Play::signed() }
}

fn check_money(state: &Contract, time: Time) -> Result<(), TestCaseError> {
    let status = status(state, time);
    for figures in [status.figures, status.from_seller] {
        prop_assert_eq!(figures.paid.add(figures.outstanding), Ok(figures.total));
        prop_assert!(figures.paid <= figures.invoiced && figures.invoiced <= figures.earned);
    }
    Ok(())
}

fn replay(entries: &[Entry]) -> Contract {
    entries.iter().fold(Contract::default(), |state, entry| fold(state, entry).0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_entries_makes_the_fold_fail_or_lose_money(
        steps in steps(), seed in any::<u64>(), both_pay in any::<bool>(),
    ) {
        let mut play = start(both_pay);
        let mut held: Vec<Entry> = Vec::new();
        for (kind, pick, buyer, sound, seconds) in steps {
            play.later(seconds);
            let mut entry = play.entry(side(buyer), payload(&play, kind, pick, sound));
            // Now and then an entry comes later than it was written, as after a merge.
            if (seed >> (pick % 64)) & 1 == 1 {
                entry.id = hash(10_000 + u64::from(pick));
                held.push(entry);
                continue;
            }
            let before = play.state.clone();
            if let Effect::Overtaken(_) = play.fold(&entry) {
                prop_assert_eq!(&play.state, &before);
            }
            for entry in held.drain(..) {
                let _ = play.fold(&entry);
            }
            check_money(&play.state, play.time)?;
        }
        prop_assert_eq!(replay(&play.entries), play.state);
    }

    #[test]
    fn what_is_admitted_on_its_past_is_taken_there_and_stays_within_the_terms(
        steps in steps(), both_pay in any::<bool>(),
    ) {
        let mut play = start(both_pay);
        for (kind, pick, buyer, sound, seconds) in steps {
            play.later(seconds);
            let entry = play.entry(side(buyer), payload(&play, kind, pick, sound));
            if admit(&play.state, &entry).is_err() {
                continue;
            }
            prop_assert_eq!(play.fold(&entry), Effect::Taken);
            let json = serde_json::to_string(&play.state).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Contract>(&json).unwrap(), &play.state);
            let view = play.status();
            check_money(&play.state, play.time)?;
            check_summary(&view, &play.state)?;
            prop_assert!(view.figures.earned <= view.figures.total);
            prop_assert!(view.from_seller.earned <= view.from_seller.total);
            for milestone in &view.milestones {
                prop_assert!(milestone.earned <= milestone.amount, "{:?}", milestone);
            }
            for side in [Side::Buyer, Side::Seller] {
                for act in view.acts.of(side) {
                    prop_assert_eq!(play.judge(side, proposed(&play, &act.todo)), Ok(()), "{:?}", act);
                }
            }
        }
        prop_assert_eq!(replay(&play.entries), play.state);
    }
}

/// What a list says of a contract is what its page says.
fn check_summary(view: &Status, state: &Contract) -> Result<(), TestCaseError> {
    let short = summary(state, view.as_of);
    prop_assert_eq!((short.phase, short.offer), (view.phase, view.offer));
    prop_assert_eq!((short.total, short.paid), (view.figures.total, view.figures.paid));
    prop_assert_eq!(short.earmarked, view.earmarked);
    prop_assert_eq!((&short.channels, &short.acts), (&view.channels, &view.acts));
    let confirmed =
        |payable: &PayableView| matches!(payable.state, PayableState::Paid { by_payee: true, .. });
    prop_assert!(short.open.iter().eq(view.payables.iter().filter(|payable| !confirmed(payable))));
    // Until it says so, time alone changes no act; only how late it is.
    let Some(until) = short.changes_at else { return Ok(()) };
    let same = |at: Time| {
        let acts = summary(state, at).acts;
        let plain = |acts: &[NextAct]| acts.iter().map(|act| (act.todo.clone(), act.due)).collect::<Vec<_>>();
        [Side::Buyer, Side::Seller].into_iter().all(|side| plain(acts.of(side)) == plain(short.acts.of(side)))
    };
    prop_assert!(same(until.plus_seconds(-1)), "{:?} to {:?}", view.as_of, until);
    Ok(())
}

/// The payload that an act of the view asks for.
fn proposed(play: &Play, todo: &Todo) -> Payload {
    match todo {
        Todo::Offer => Payload::Offer(play.offer(example())),
        Todo::AnswerOffer { offer } => {
            Payload::Reject(Reject { offer: *offer, reason: "no".to_owned(), state: Hash::ZERO })
        }
        Todo::Lapse { .. } => play.lapse(),
        Todo::Tender { row, units } => tender(row, *units),
        Todo::AnswerTender { tender, units, .. } => answer(*tender, *units),
        Todo::Deem { tender, .. } => play.deem(*tender),
        Todo::Fund { tranche, amount } => {
            let terms = play.state.terms.as_ref().expect("a tranche is of terms in force");
            let planned = terms.tranche(tranche).expect("the act names a tranche");
            let stages: Vec<_> = planned.stages.iter().map(String::as_str).collect();
            let notice_blocks = terms.funding.notice_blocks;
            Payload::Fund(Fund { notice_blocks, ..fund(tranche, amount.0, &stages) })
        }
        Todo::Invoice { payable, number, .. } => {
            let invoice = play.invoice(payable);
            assert_eq!(invoice.number, *number);
            Payload::Invoice(invoice)
        }
        Todo::Pay { invoice, .. } => Payload::Paid(play.paid(*invoice)),
        Todo::ConfirmReceipt { invoice, amount } => {
            Payload::Received(Received { invoice: *invoice, amount: *amount })
        }
        Todo::SignAccount => Payload::FinalAccount(play.signature()),
        Todo::Cancel { invoice } => cancel(*invoice),
    }
}
