//! Both programs end at some point and start again on their folders: everything comes to the same end, once.

use crate::support::{Pair, TRANCHE};

/// Where both programs end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Offered,
    FundRequested,
    ChannelPending,
    Invoiced,
    PayRequested,
}

/// Walks the milestone, and ends and starts both programs at that point.
async fn check(at: At) -> anyhow::Result<()> {
    let mut pair = Pair::met().await?;
    let contract = pair.offer(|_| {}).await?;
    pair.restart_at(at, At::Offered).await?;
    pair.accept(contract).await?;
    pair.give_both().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.restart_at(at, At::FundRequested).await?;
    pair.confirming(contract, fund).await?;
    pair.restart_at(at, At::ChannelPending).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.restart_at(at, At::Invoiced).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.restart_at(at, At::PayRequested).await?;
    pair.received_once(contract).await
}

impl Pair {
    async fn restart_at(&mut self, at: At, now: At) -> anyhow::Result<()> {
        if at == now { self.restart().await } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_survives_a_restart() -> anyhow::Result<()> {
    check(At::Offered).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_channel_is_opened_once_after_a_restart() -> anyhow::Result<()> {
    check(At::FundRequested).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_channel_opens_after_a_restart() -> anyhow::Result<()> {
    check(At::ChannelPending).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_can_be_paid_after_a_restart() -> anyhow::Result<()> {
    check(At::Invoiced).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requested_payment_arrives_once_after_a_restart() -> anyhow::Result<()> {
    check(At::PayRequested).await
}
