//! When an invoice runs out: the signed clock decides, the node's own clock is a bound at sending, and nobody is left
//! with a payment that is tried for ever.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_core::{Bytes, Hash};
use lncontract_store::{AttemptState, Change, NewAttempt, Receivable, ReceivableState, Store};

use crate::support::{Company, Pair, TRANCHE, until, until_some};

const DAY_S: i64 = 86_400;

/// A milestone that was earned, over an open channel.
async fn earned() -> anyhow::Result<(Pair, Hash)> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    Ok((pair, contract))
}

async fn receivables(seller: &Company, contract: Hash) -> anyhow::Result<Vec<Receivable>> {
    Ok(seller.store().receivables(contract.0).await?)
}

/// The invoice that took the place of one that ran out; it has its entry.
async fn next_invoice(pair: &Pair, contract: Hash, before: Hash) -> anyhow::Result<Hash> {
    until_some("the next invoice", || async {
        let all = receivables(&pair.seller, contract).await?;
        let next = all.iter().find(|row| row.state == ReceivableState::Live);
        Ok(next.and_then(|row| row.invoice_entry_hash).map(Bytes).filter(|entry| *entry != before))
    })
    .await
}

/// How the payment of an invoice stands on the buyer's page.
async fn payment_word(pair: &Pair, contract: Hash, invoice: Hash) -> anyhow::Result<String> {
    let prompt = pair.buyer.app().pay_prompt(contract, invoice).await?;
    Ok(prompt.state.map(|badge| badge.word).unwrap_or_default())
}

/// Waits until the buyer's program has looked at its contract some times more.
async fn some_looks(pair: &Pair) -> anyhow::Result<()> {
    let looks = &pair.buyer.faults.looks;
    let before = looks.load(SeqCst);
    until("some looks", || async { Ok(looks.load(SeqCst) >= before + 10) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn months_between_the_chain_and_the_signed_clock_do_not_matter() -> anyhow::Result<()> {
    let (pair, contract) = earned().await?;
    pair.clock.advance(100 * DAY_S);
    let first = pair.invoice(contract).await?;
    pair.payable(contract, first).await?;
    // It runs out on the clock that signs, whatever the nodes' clocks say, and another one takes its place.
    pair.clock.advance(100 * DAY_S);
    let second = next_invoice(&pair, contract, first).await?;
    let states: Vec<_> = receivables(&pair.seller, contract).await?.iter().map(|row| row.state).collect();
    assert_eq!(states.iter().filter(|state| **state == ReceivableState::Cancelled).count(), 1, "{states:?}");
    pair.payable(contract, second).await?;
    let refused = pair.buyer.app().pay(contract, first).await.unwrap_err();
    assert_eq!(refused.code, "not-payable-now");
    assert!(refused.todo.contains("pay invoice 2 instead"), "{refused}");
    pair.buyer.app().pay(contract, second).await?;
    pair.received_once(contract).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_the_node_calls_expired_ends_the_payment_and_is_not_ordered_again()
-> anyhow::Result<()> {
    let (pair, contract) = earned().await?;
    let first = pair.invoice(contract).await?;
    pair.payable(contract, first).await?;
    let faults = &pair.buyer.faults;
    faults.expired.store(true, SeqCst);
    pair.buyer.app().pay(contract, first).await?;
    until("the end of the payment", || async {
        Ok(payment_word(&pair, contract, first).await?.starts_with("Failed: the invoice has expired"))
    })
    .await?;
    some_looks(&pair).await?;
    assert_eq!(faults.orders.load(SeqCst), 1, "it was ordered again and again");
    let refused = pair.buyer.app().pay(contract, first).await.unwrap_err();
    assert!(refused.todo.contains("ask the payee to cancel it and make another one"), "{refused}");

    faults.expired.store(false, SeqCst);
    pair.seller.app().cancel_invoice(contract, first, "it has expired".into()).await?;
    pair.agree(contract).await?;
    let second = pair.invoice(contract).await?;
    pair.payable(contract, second).await?;
    pair.buyer.app().pay(contract, second).await?;
    pair.received_once(contract).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_waits_for_the_payee_ends_when_its_invoice_runs_out() -> anyhow::Result<()> {
    let (mut pair, contract) = earned().await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    let row = receivables(&pair.seller, contract).await?.remove(0);
    pair.seller.stop().await;
    let attempt = NewAttempt {
        payment_hash: row.payment_hash,
        contract_id: contract.0,
        invoice_entry_hash: invoice.0,
        bolt11: row.bolt11,
        amount_msat: row.amount_msat,
        at: pair.buyer.app().now().0,
    };
    pair.buyer.store().commit(vec![Change::InsertAttempt(attempt)]).await?;
    assert_eq!(payment_word(&pair, contract, invoice).await?, "Requested");
    pair.clock.advance(8 * DAY_S);
    until("the end of the payment", || async {
        Ok(payment_word(&pair, contract, invoice).await?.starts_with("Failed: the invoice has expired"))
    })
    .await?;
    assert_eq!(pair.buyer.faults.orders.load(SeqCst), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_lost_is_not_sent_after_its_invoice_ran_out_and_ends_with_the_withdrawal()
-> anyhow::Result<()> {
    let (mut pair, contract) = earned().await?;
    let first = pair.invoice(contract).await?;
    pair.payable(contract, first).await?;
    let faults = std::sync::Arc::clone(&pair.buyer.faults);
    faults.orders_lost.store(true, SeqCst);
    pair.buyer.app().pay(contract, first).await?;
    until("the unknown outcome", || async {
        Ok(payment_word(&pair, contract, first).await? == "Outcome not known")
    })
    .await?;
    pair.seller.stop().await;
    pair.clock.advance(8 * DAY_S);
    until("the reason for which it rests", || async {
        Ok(payment_word(&pair, contract, first).await?.starts_with("Not sent again: the invoice has expired"))
    })
    .await?;
    // Whether the first order left is not known: it is neither failed nor made again.
    faults.orders_lost.store(false, SeqCst);
    let orders = faults.orders.load(SeqCst);
    some_looks(&pair).await?;
    assert_eq!(faults.orders.load(SeqCst), orders);
    let attempt = pair.buyer.store().attempts(contract.0).await?.remove(0);
    assert_eq!(attempt.state, AttemptState::Unknown);

    pair.seller.start().await?;
    let second = next_invoice(&pair, contract, first).await?;
    until("the end of the first payment", || async {
        let attempt = pair.buyer.store().attempt(attempt.payment_hash).await?;
        Ok(attempt.is_some_and(|attempt| attempt.state == AttemptState::Failed))
    })
    .await?;
    pair.payable(contract, second).await?;
    pair.buyer.app().pay(contract, second).await?;
    pair.received_once(contract).await
}
