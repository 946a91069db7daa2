//! Money that should not come is not taken: the payee's node fails it back.

use lncontract_app::opening_id;
use lncontract_core::Hash;
use lncontract_lightning::{Claim, Pay, PaymentState};
use lncontract_store::{ReceivableState, Store};

use crate::support::{Company, Pair, TRANCHE, Visitor, until, until_some};

/// LDK's word at the payer for a payment that the payee's node gave back.
const REJECTED: &str = "RecipientRejected";

async fn funded() -> anyhow::Result<(Pair, Hash, Hash)> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    Ok((pair, contract, fund))
}

/// The buyer's node pays behind its program's back, over the contract's channel.
async fn pay_directly(pair: &Pair, fund: Hash, bolt11: &str) -> anyhow::Result<()> {
    let node = pair.buyer.node();
    let channels = node.channels().await?;
    let over = channels
        .iter()
        .filter(|channel| channel.opening == opening_id(fund))
        .map(|channel| channel.id.into());
    // A refusal is as good as a failure here: the outcome is looked at.
    let _ = node.pay(Pay { bolt11: bolt11.to_owned(), channels: over.collect() }).await;
    Ok(())
}

async fn in_channels_msat(company: &Company) -> anyhow::Result<u64> {
    Ok(company.node().balances().await?.channels_msat)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_a_cancelled_invoice_is_failed_back() -> anyhow::Result<()> {
    let (pair, contract, fund) = funded().await?;
    let before = in_channels_msat(&pair.seller).await?;
    let receivable = pair.seller.store().receivables(contract.0).await?.remove(0);
    let invoice =
        lncontract_core::Bytes(receivable.invoice_entry_hash.expect("its entry was stored with it"));
    pair.seller.app().cancel_invoice(contract, invoice, "wrong number".into()).await?;
    pay_directly(&pair, fund, &receivable.bolt11).await?;
    let visitor = Visitor::come(&pair).await?;
    let words = visitor.fail_to_pay(&receivable.bolt11, receivable.payment_hash).await?;
    assert_eq!(words, REJECTED, "neither from a stranger");
    visitor.has_all_back().await?;
    let end = until_some("the payment's end", || async {
        let state = pair.buyer.node().payment(receivable.payment_hash).await?;
        Ok((!matches!(state, PaymentState::InFlight | PaymentState::Absent)).then_some(state))
    })
    .await?;
    assert!(matches!(end, PaymentState::Failed { .. }), "{end:?}");
    assert_eq!(in_channels_msat(&pair.seller).await?, before);
    let kept = pair.seller.store().receivable(receivable.payment_hash).await?;
    assert_eq!(kept.map(|kept| kept.state), Some(ReceivableState::Cancelled));
    assert!(pair.seller.store().ledger(None, 0, 10).await?.is_empty());
    pair.agree(contract).await?;
    pair.balance().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_payment_of_one_invoice_is_not_taken() -> anyhow::Result<()> {
    let (pair, contract, fund) = funded().await?;
    let receivable = pair.seller.store().receivables(contract.0).await?.remove(0);
    let (hash, amount_msat) = (receivable.payment_hash, receivable.amount_msat);
    // One satoshi too much or too little is not the invoice's amount.
    for other_msat in [amount_msat - 1_000, amount_msat + 1_000] {
        assert_eq!(pair.seller.host().payment_claimable(hash, other_msat).await, Claim::FailBack);
    }
    pay_directly(&pair, fund, &receivable.bolt11).await?;
    until("the money at the seller", || async {
        let kept = pair.seller.store().receivable(hash).await?;
        Ok(kept.is_some_and(|kept| kept.state == ReceivableState::Received))
    })
    .await?;
    until("the receipt at the buyer's node", || async {
        Ok(matches!(pair.buyer.node().payment(hash).await?, PaymentState::Sent { .. }))
    })
    .await?;
    let once = in_channels_msat(&pair.seller).await?;
    assert_eq!(once, amount_msat);

    // The buyer's node does not even send it again; another node does, and gets its money back.
    pay_directly(&pair, fund, &receivable.bolt11).await?;
    assert!(matches!(pair.buyer.node().payment(hash).await?, PaymentState::Sent { .. }));
    let visitor = Visitor::come(&pair).await?;
    let words = visitor.fail_to_pay(&receivable.bolt11, hash).await?;
    assert_eq!(words, REJECTED);
    visitor.has_all_back().await?;
    assert_eq!(in_channels_msat(&pair.seller).await?, once);
    let received = pair.seller.store().ledger(None, 0, 10).await?;
    assert_eq!(
        received.iter().map(|line| line.amount_msat.cast_unsigned()).collect::<Vec<_>>(),
        [amount_msat]
    );
    // The buyer's node paid behind its program's back; the seller's books are whole.
    let account = pair.seller.app().account().await?;
    assert_eq!(account.ledger_msat, account.node_msat);
    Ok(())
}
