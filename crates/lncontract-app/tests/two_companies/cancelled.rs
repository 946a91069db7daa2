//! A payment and the cancellation of its invoice exclude each other: the row of the receivable decides.

use lncontract_core::Hash;
use lncontract_lightning::{Claim, NodeEvent};
use lncontract_store::{Receivable, ReceivableState, Store};

use crate::support::{Pair, until};

/// An invoice that both companies know of.
async fn invoiced() -> anyhow::Result<(Pair, Hash, Hash, Receivable)> {
    let (pair, contract) = Pair::signed().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.agree(contract).await?;
    let row = pair.seller.store().receivables(contract.0).await?.remove(0);
    Ok((pair, contract, invoice, row))
}

async fn state(pair: &Pair, row: &Receivable) -> anyhow::Result<Option<ReceivableState>> {
    Ok(pair.seller.store().receivable(row.payment_hash).await?.map(|row| row.state))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_to_pay_a_cancelled_invoice_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    let (pair, contract, invoice, _) = invoiced().await?;
    pair.seller.app().cancel_invoice(contract, invoice, "wrong number".into()).await?;
    pair.agree(contract).await?;
    let refused = pair.buyer.app().pay(contract, invoice).await.unwrap_err();
    assert_eq!(refused.code, "not-payable-now");
    assert!(refused.todo.contains("cancelled: wait for another one"), "{refused}");
    assert!(pair.buyer.store().attempts(contract.0).await?.is_empty());
    // One is made by a person: this one did not run out.
    let next = pair.invoice(contract).await?;
    pair.agree(contract).await?;
    let refused = pair.buyer.app().pay(contract, invoice).await.unwrap_err();
    assert!(refused.todo.contains("pay invoice 2 instead"), "{refused}");
    assert_ne!(invoice, next);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_being_paid_can_not_be_cancelled() -> anyhow::Result<()> {
    let (pair, contract, invoice, row) = invoiced().await?;
    let (seller, host) = (pair.seller.app(), pair.seller.host());
    let before = pair.seller.entries(contract).await?;
    assert_eq!(host.payment_claimable(row.payment_hash, row.amount_msat).await, Claim::Take);
    let refused = seller.cancel_invoice(contract, invoice, "too late".into()).await.unwrap_err();
    assert_eq!(refused.code, "being-paid");
    assert_eq!(pair.seller.entries(contract).await?, before);
    assert_eq!(state(&pair, &row).await?, Some(ReceivableState::Claimed));

    let (payment_hash, amount_msat) = (row.payment_hash, row.amount_msat);
    host.event(NodeEvent::PaymentReceived { payment_hash, amount_msat, channels: Vec::new() }).await?;
    until("the receipt in the record", || async {
        Ok(seller.contract(contract).await?.record.iter().any(|row| row.kind == "received"))
    })
    .await?;
    let refused = seller.cancel_invoice(contract, invoice, "after all".into()).await.unwrap_err();
    assert_eq!(refused.code, "not-allowed");
    assert_eq!(state(&pair, &row).await?, Some(ReceivableState::Received));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_payment_and_a_cancellation_at_once_one_wins() -> anyhow::Result<()> {
    let (pair, contract, mut invoice, mut row) = invoiced().await?;
    let (seller, host) = (pair.seller.app(), pair.seller.host());
    // Until the payment has won once: then nothing is left to be cancelled.
    for _ in 0..40 {
        let (claim, cancel) = tokio::join!(
            host.payment_claimable(row.payment_hash, row.amount_msat),
            seller.cancel_invoice(contract, invoice, "at once".into())
        );
        match (claim, &cancel) {
            (Claim::Take, Err(error)) => {
                assert_eq!(error.code, "being-paid");
                assert_eq!(state(&pair, &row).await?, Some(ReceivableState::Claimed));
                return Ok(());
            }
            (Claim::FailBack | Claim::AskAgain, Ok(_)) => {
                assert_eq!(state(&pair, &row).await?, Some(ReceivableState::Cancelled));
                let again = host.payment_claimable(row.payment_hash, row.amount_msat).await;
                assert_eq!(again, Claim::FailBack);
            }
            other => panic!("both or none: {other:?}"),
        }
        invoice = pair.invoice(contract).await?;
        let rows = pair.seller.store().receivables(contract.0).await?;
        row = rows.into_iter().find(|row| row.invoice_entry_hash == Some(invoice.0)).expect("it was stored");
    }
    // The cancellation may be faster each time; then the other order is what is left to be shown.
    assert_eq!(host.payment_claimable(row.payment_hash, row.amount_msat).await, Claim::Take);
    Ok(())
}

/// Somebody cancelled or deleted it at the seller's node. The node tells it until the record says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_was_withdrawn_at_the_node_is_cancelled_in_the_record_and_another_can_be_made()
-> anyhow::Result<()> {
    let (pair, contract, invoice, row) = invoiced().await?;
    let told = NodeEvent::InvoiceWithdrawn { payment_hash: row.payment_hash };
    let host = pair.seller.host();
    assert!(host.event(told.clone()).await.is_err(), "not carried out yet: it is told again");
    until("the cancellation", || async { Ok(host.event(told.clone()).await.is_ok()) }).await?;
    assert_eq!(state(&pair, &row).await?, Some(ReceivableState::Cancelled));
    pair.agree(contract).await?;
    let page = pair.buyer.app().contract(contract).await?;
    let words = "withdrawn at the payee's node, not by this program; another one can be made";
    assert!(page.record.iter().any(|row| row.what.contains(words)), "{:#?}", page.record);
    let refused = pair.buyer.app().pay(contract, invoice).await.unwrap_err();
    assert!(refused.todo.contains("cancelled: wait for another one"), "{refused}");
    let next = pair.invoice(contract).await?;
    let entries = pair.seller.entries(contract).await?;
    host.event(told).await?;
    assert_eq!(pair.seller.entries(contract).await?, entries, "told once more: nothing is left to do");
    pair.agree(contract).await?;
    let refused = pair.buyer.app().pay(contract, invoice).await.unwrap_err();
    assert!(refused.todo.contains("pay invoice 2 instead"), "{refused}");
    assert_ne!(invoice, next);
    Ok(())
}
