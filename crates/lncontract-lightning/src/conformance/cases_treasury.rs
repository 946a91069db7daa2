//! Cases about the wallet: coins, payments out, fees raised.

use super::{
    Bench, Side,
    steps::{CHANNEL_SAT, DEPOSIT_SAT, balances, connect, fund, opening, order, until, usable},
};
use crate::{CoinState, LightningError, OpeningId, PayOut, PayOutCost, Treasury, Withdraw, Withdrawal};

const SOON: u16 = 6;

fn treasury(node: &dyn crate::Lightning) -> &dyn Treasury {
    node.treasury().expect("a node of this group keeps its wallet alone")
}

async fn to_seller(bench: &dyn Bench, amount_sat: Option<u64>) -> PayOut {
    let to = bench.node(Side::Seller).new_address().await.expect("an address");
    PayOut { to, amount_sat, within_blocks: SOON }
}

async fn cost(bench: &dyn Bench, pay_out: &PayOut) -> Result<PayOutCost, LightningError> {
    treasury(&*bench.node(Side::Buyer)).pay_out_cost(pay_out.clone()).await
}

async fn withdraw(
    bench: &dyn Bench,
    id: OpeningId,
    pay_out: &PayOut,
    max: u64,
) -> Result<Withdrawal, LightningError> {
    let order = Withdraw { id, pay_out: pay_out.clone(), fee_sat_max: max };
    treasury(&*bench.node(Side::Buyer)).withdraw(order).await
}

async fn withdrawals(bench: &dyn Bench) -> Vec<Withdrawal> {
    treasury(&*bench.node(Side::Buyer)).withdrawals().await.expect("the node runs")
}

#[track_caller]
fn refused(answer: Result<impl std::fmt::Debug, LightningError>, words: &str) {
    match answer {
        Err(LightningError::Refused { reason, .. }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("not refused: {other:?}"),
    }
}

/// A payment out arrives to the satoshi and costs what was said before.
pub async fn a_payment_out_arrives_and_costs_what_was_said(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    let pay_out = to_seller(bench, Some(1_234_567)).await;
    let said = cost(bench, &pay_out).await.expect("there is enough");
    assert_eq!((said.amount_sat, said.reserve_sat), (1_234_567, 0));
    assert_eq!(said.left_sat, DEPOSIT_SAT - 1_234_567 - said.fee_sat);
    let made = withdraw(bench, opening(1), &pay_out, said.fee_sat).await.expect("it is sent");
    assert_eq!((made.amount_sat, made.fee_sat, made.height), (1_234_567, said.fee_sat, None));
    assert_eq!(balances(bench, Side::Buyer).await.onchain_total_sat, said.left_sat);
    until("the payment in a block", || async {
        bench.mine(1).await;
        withdrawals(bench).await.first().and_then(|made| made.height)
    })
    .await;
    until("the money at the seller", || async {
        (balances(bench, Side::Seller).await.onchain_spendable_sat == 1_234_567).then_some(())
    })
    .await;
    assert_eq!(balances(bench, Side::Buyer).await.onchain_spendable_sat, said.left_sat);
}

/// The same order again never pays twice, also after a restart.
pub async fn the_same_payment_out_again_pays_once(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    let pay_out = to_seller(bench, Some(500_000)).await;
    let made = withdraw(bench, opening(1), &pay_out, 100_000).await.expect("it is sent");
    assert_eq!(withdraw(bench, opening(1), &pay_out, 100_000).await.expect("known").txid, made.txid);
    bench.restart(Side::Buyer).await;
    assert_eq!(withdraw(bench, opening(1), &pay_out, 100_000).await.expect("known").txid, made.txid);
    assert_eq!(withdrawals(bench).await.len(), 1);
    until("the payment in a block", || async {
        bench.mine(1).await;
        withdrawals(bench).await.first().and_then(|made| made.height)
    })
    .await;
    let left_sat = DEPOSIT_SAT - 500_000 - made.fee_sat;
    until("the change", || async {
        (balances(bench, Side::Buyer).await.onchain_spendable_sat == left_sat).then_some(())
    })
    .await;
}

/// All that may leave leaves: what is kept for closing channels stays, to the satoshi.
pub async fn all_leaves_but_what_closing_channels_needs(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    fund(bench, Side::Seller, 1_000_000).await;
    connect(bench).await;
    order(bench, 1, CHANNEL_SAT, 144).await.expect("it is opened");
    usable(bench, 1).await;
    let reserve_sat = balances(bench, Side::Buyer).await.anchor_reserve_sat;
    assert!(reserve_sat > 0);
    let pay_out = to_seller(bench, None).await;
    let said = cost(bench, &pay_out).await.expect("something may leave");
    assert_eq!((said.left_sat, said.reserve_sat), (reserve_sat, reserve_sat));
    let more = PayOut { amount_sat: Some(said.amount_sat + 1), ..pay_out.clone() };
    refused(cost(bench, &more).await, &format!("{} sat can be paid out at the most", said.amount_sat));
    let made = withdraw(bench, opening(9), &pay_out, said.fee_sat).await.expect("it is sent");
    assert_eq!((made.amount_sat, made.fee_sat), (said.amount_sat, said.fee_sat));
    until("what is kept, free again", || async {
        bench.mine(1).await;
        (balances(bench, Side::Buyer).await.onchain_spendable_sat == reserve_sat).then_some(())
    })
    .await;
    refused(cost(bench, &pay_out).await, "nothing can be paid out now");
}

/// What can't be is refused with what to do, and nothing moves.
pub async fn a_payment_out_that_can_not_be_is_refused_and_nothing_moves(bench: &dyn Bench) {
    let nothing = to_seller(bench, Some(1_000)).await;
    refused(cost(bench, &nothing).await, "nothing can be paid out now");
    fund(bench, Side::Buyer, 100_000).await;
    let dust = PayOut { amount_sat: Some(293), ..nothing.clone() };
    refused(cost(bench, &dust).await, "293 sat are dust");
    let all = PayOut { amount_sat: Some(100_000), ..nothing.clone() };
    refused(withdraw(bench, opening(1), &all, 50_000).await, "can be paid out at the most");
    let said = cost(bench, &nothing).await.expect("there is enough");
    refused(withdraw(bench, opening(2), &nothing, said.fee_sat - 1).await, "look at the cost again");
    assert_eq!(withdrawals(bench).await, []);
    let coins = treasury(&*bench.node(Side::Buyer)).coins().await.expect("the node runs");
    assert_eq!(
        coins.iter().map(|coin| (coin.value_sat, coin.state)).collect::<Vec<_>>(),
        [(100_000, CoinState::Free)]
    );
    assert!(coins[0].spend_fee_sat > 0 && coins[0].height.is_some());
}

/// The funding of a channel that waits is raised by a child, for what was said; the channel stays what it is.
pub async fn an_opening_that_waits_is_raised_by_a_child(bench: &dyn Bench) {
    fund(bench, Side::Buyer, DEPOSIT_SAT).await;
    fund(bench, Side::Seller, 1_000_000).await;
    connect(bench).await;
    order(bench, 1, CHANNEL_SAT, 144).await.expect("it is opened");
    let funding = until("the funding transaction", || async {
        let channels = bench.node(Side::Buyer).channels().await.expect("the node runs");
        channels.first().and_then(|channel| channel.funding).map(|funding| funding.txid)
    })
    .await;
    until("its change", || async {
        let coins = treasury(&*bench.node(Side::Buyer)).coins().await.expect("the node runs");
        coins
            .iter()
            .any(|coin| coin.outpoint.txid == funding && coin.state == CoinState::Waiting)
            .then_some(())
    })
    .await;
    refused(treasury(&*bench.node(Side::Buyer)).raise_cost(funding, SOON).await, "already");
    bench.fees_rise();
    bench.restart(Side::Buyer).await;
    let node = bench.node(Side::Buyer);
    let said = treasury(&*node).raise_cost(funding, SOON).await.expect("there is change to spend");
    refused(treasury(&*node).raise(funding, SOON, said - 1).await, "look at the cost again");
    let before = balances(bench, Side::Buyer).await.onchain_total_sat;
    let child = treasury(&*node).raise(funding, SOON, said).await.expect("there is change to spend");
    assert_ne!(child, funding);
    assert_eq!(balances(bench, Side::Buyer).await.onchain_total_sat, before - said);
    refused(treasury(&*node).raise(funding, SOON, said).await, "already");
    let channel = usable(bench, 1).await;
    assert_eq!(channel.funding.map(|funding| funding.txid), Some(funding));
    until("the child in a block", || async {
        bench.mine(1).await;
        (balances(bench, Side::Buyer).await.onchain_spendable_sat == before - said).then_some(())
    })
    .await;
    refused(treasury(&*node).raise_cost(funding, SOON).await, "a block holds");
}
