//! Money leaves the wallet: once, for what was said, and the books know.

use lncontract_app::{LeaveOrder, Leaving, Speed};
use lncontract_core::v1::Side;
use lncontract_store::Store;

use crate::support::{BUYER_SAT, Pair, TRANCHE, until, until_some};

const PASSWORD: &str = "a long enough password";

impl Pair {
    async fn to_the_seller(&self, amount_sat: Option<u64>) -> anyhow::Result<Leaving> {
        let to = self.seller.app().new_address().await?;
        Ok(Leaving { to, amount_sat, speed: Speed::Hour })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_leaves_once_and_the_books_are_equal_all_the_while() -> anyhow::Result<()> {
    let mut pair = Pair::met().await?;
    pair.give(Side::Buyer, BUYER_SAT).await?;
    let leaving = pair.to_the_seller(Some(2_000_000)).await?;
    let app = pair.buyer.app();
    let cost = app.leaving_cost(&leaving).await?;
    assert_eq!((cost.amount_sat, cost.left_sat), (2_000_000, BUYER_SAT - 2_000_000 - cost.fee_sat));
    let order = LeaveOrder { id: cost.id.clone(), leaving, fee_sat_max: cost.fee_sat };
    let error = app.let_leave(order.clone(), "another password").await.expect_err("who is it?");
    assert_eq!(error.code, "wrong-password");
    assert!(app.treasury().await?.withdrawals.is_empty());
    let made = app.let_leave(order.clone(), PASSWORD).await?;
    // The same form sent again.
    assert_eq!(app.let_leave(order.clone(), PASSWORD).await?.txid, made.txid);
    pair.balance().await?;
    let view = app.treasury().await?;
    assert_eq!((view.withdrawals.len(), view.waiting.len()), (1, 1));
    assert_eq!(
        (view.waiting[0].txid.as_str(), view.waiting[0].what.as_str()),
        (made.txid.as_str(), "Payment out")
    );

    pair.restart().await?;
    let app = pair.buyer.app();
    assert_eq!(app.let_leave(order, PASSWORD).await?.txid, made.txid);
    pair.balance().await?;
    pair.chain.mine(1);
    until("the payment in a block", || async {
        let view = app.treasury().await?;
        Ok(view.waiting.is_empty() && view.withdrawals[0].height.is_some())
    })
    .await?;
    until("the money at the seller", || async {
        Ok(pair.seller.app().treasury().await?.total_sat == 2_000_000)
    })
    .await?;
    pair.balance().await?;
    assert_eq!(pair.buyer.store().ledger_sum_msat(None, "withdrawn").await?, -2_000_000_000);
    Ok(())
}

/// The buyer's opening among what waits.
async fn opening(pair: &Pair) -> anyhow::Result<Option<String>> {
    let view = pair.buyer.app().treasury().await?;
    Ok(view.waiting.into_iter().find(|row| row.what == "Opening or splice of a channel").map(|row| row.txid))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_waits_is_raised_and_the_channel_opens() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.confirming(contract, fund).await?;
    let waiting = until_some("the funding in the wallet", || opening(&pair)).await?;
    let enough = pair.buyer.app().raise_cost(&waiting, Speed::Day).await?;
    assert!(enough.fee_sat.is_none() && enough.reason.contains("already"), "{enough:?}");
    for blocks in [2, 6, 144] {
        pair.chain.set_fee_rate(blocks, 5_000);
    }
    // A start asks for the rates.
    pair.restart().await?;
    let cost = pair.buyer.app().raise_cost(&waiting, Speed::Hour).await?.fee_sat.expect("it has change");
    let dearer = pair.buyer.app().raise(&waiting, Speed::Hour, cost - 1).await.expect_err("agreed was less");
    assert!(dearer.title.contains("look at the cost again"), "{dearer}");
    let child = pair.buyer.app().raise(&waiting, Speed::Hour, cost).await?;
    assert_ne!(child, waiting);
    pair.balance().await?;
    pair.open(contract, fund).await?;
    assert!(pair.buyer.app().treasury().await?.waiting.is_empty(), "both are in a block");
    pair.balance().await
}
