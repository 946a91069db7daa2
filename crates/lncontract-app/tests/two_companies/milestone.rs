//! The first milestone from offer to receipt.

use crate::support::{Pair, TRANCHE};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_milestone_is_signed_funded_earned_paid_and_received() -> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    let (ours, theirs) = pair.agree(contract).await?;
    assert_eq!(ours.figures.outstanding_sat, 125_000_000);
    assert!(ours.alerts.is_empty() && theirs.alerts.is_empty());
    Ok(())
}
