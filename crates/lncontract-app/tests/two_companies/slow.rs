//! Contracts do not wait for each other, and the end of the program does not wait for a node's call.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_core::v1::Side;
use lncontract_store::Store;

use crate::support::{BUYER_SAT, Pair, SELLER_SAT, TRANCHE, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_takes_long_holds_up_no_other_contract_and_no_stop() -> anyhow::Result<()> {
    let (mut pair, slow) = Pair::signed().await?;
    let quick = pair.offer(|_| {}).await?;
    pair.accept(quick).await?;
    pair.give(Side::Buyer, BUYER_SAT).await?;
    pair.give(Side::Seller, SELLER_SAT).await?;
    let faults = std::sync::Arc::clone(&pair.buyer.faults);
    faults.openings_held.send_replace(true);
    let fund = pair.buyer.app().fund(slow, TRANCHE).await?;
    until("the order to open", || async { Ok(faults.openings.load(SeqCst) > 0) }).await?;

    pair.tender(quick).await?;
    let store = pair.seller.store();
    until("the confirmation in the other contract", || async {
        Ok(store.outbox_waiting(quick.0).await?.is_empty())
    })
    .await?;
    assert_eq!(faults.openings.load(SeqCst), 1, "one look at a time per contract");

    // Stopped in the middle of it and started again, the channel is opened once.
    pair.buyer.stop().await;
    faults.openings_held.send_replace(false);
    pair.buyer.start().await?;
    pair.open(slow, fund).await?;
    assert_eq!(pair.buyer.node().channels().await?.len(), 1);
    Ok(())
}
