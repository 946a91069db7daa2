//! An invoice of the contract that somebody pays at the buyer's node without the program: taken up once, whether the
//! program is running or comes later, and never paid a second time.

use lncontract_core::Hash;
use lncontract_lightning::Pay;
use lncontract_store::Store;

use crate::support::{Pair, TRANCHE, until};

/// An invoice that can be paid, over an open channel.
async fn invoiced() -> anyhow::Result<(Pair, Hash, Hash)> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    Ok((pair, contract, invoice))
}

/// What an operator does at the node: pays the seller's invoice, and tells the program nothing.
async fn pay_by_hand(pair: &Pair, contract: Hash) -> anyhow::Result<()> {
    let receivables = pair.seller.store().receivables(contract.0).await?;
    let node = pair.buyer.node();
    let channels = node.channels().await?;
    let channel = channels.first().map(|channel| channel.id).expect("it is open");
    node.pay(Pay { bolt11: receivables[0].bolt11.clone(), channels: vec![channel.into()] }).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_was_paid_by_hand_is_taken_up_and_not_paid_again() -> anyhow::Result<()> {
    let (pair, contract, invoice) = invoiced().await?;
    pay_by_hand(&pair, contract).await?;
    pair.received_once(contract).await?;
    let again = pair.buyer.app().pay(contract, invoice).await;
    assert!(again.is_err(), "it is paid: {again:?}");
    pair.received_once(contract).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_by_hand_is_found_by_a_program_that_was_started_later() -> anyhow::Result<()> {
    let (mut pair, contract, _) = invoiced().await?;
    // The program forgets what it only heard: it is killed in the moment of the payment.
    pay_by_hand(&pair, contract).await?;
    pair.buyer.stop().await;
    pair.buyer.start().await?;
    until("the receipt in the record", || async {
        let attempts = pair.buyer.store().attempts(contract.0).await?;
        Ok(attempts.len() == 1 && attempts[0].preimage.is_some())
    })
    .await?;
    pair.received_once(contract).await
}
