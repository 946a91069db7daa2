//! A channel that one company closes alone: both companies' books explain every satoshi, from the order to the
//! last sweep.

use std::time::Duration;

use anyhow::Context;
use lncontract_app::CloseMode;
use lncontract_core::v1::Side;

use crate::support::{Company, Pair, TRANCHE, until};

/// Blocks looked at one by one: confirmation, the depth that LDK asks of it, the other side's sweep.
const ONE_BY_ONE: u32 = 10;
/// Longer than any delay: the contract asks 1,008 blocks of the buyer's output.
const BLOCKS_MAX: u32 = 1_100;

/// Waits until both nodes have seen every block and both books explain what the nodes hold.
async fn explained(pair: &Pair, what: &str) -> anyhow::Result<()> {
    for company in [&pair.buyer, &pair.seller] {
        let what = format!("the {:?}'s books: {what}, block {}", company.side, pair.chain.height());
        let explained = until(&what, || async {
            let follows = company.node().info().await?.height == pair.chain.height();
            let account = company.app().account().await?;
            Ok(follows && account.ledger_msat == account.node_msat)
        });
        if let Err(error) = explained.await {
            let node = company.node();
            let (account, closes) = (company.app().account().await?, node.forced_closes().await?);
            let (money, movements) = (node.balances().await?, node.onchain_movements().await?);
            anyhow::bail!("{error}: {account:?}, {money:?}, {closes:?}, {movements:?}");
        }
    }
    Ok(())
}

async fn all_back(company: &Company) -> anyhow::Result<bool> {
    let money = company.node().balances().await?;
    Ok(money.closing_sat == 0 && money.channels_msat == 0)
}

async fn check(closer: Side) -> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    let before = [pair.buyer.app().account().await?, pair.seller.app().account().await?];

    pair.of(closer).app().close_channel(contract, fund, CloseMode::Forced).await?;
    explained(&pair, "the close is ordered").await?;
    let mut mined = 0;
    while mined < BLOCKS_MAX && !(mined > 0 && all_back(&pair.buyer).await? && all_back(&pair.seller).await?)
    {
        let blocks = if mined < ONE_BY_ONE { 1 } else { 50 };
        // A sweep or a fee bump of this block is in the next one.
        tokio::time::sleep(Duration::from_millis(100)).await;
        pair.chain.mine(blocks);
        mined += blocks;
        explained(&pair, "after the close").await?;
    }
    // The notice of 1,008 blocks began with the block of the closing transaction; nothing was left uncovered by it
    // but what the channel was to pay.
    for company in [&pair.buyer, &pair.seller] {
        let view = company.app().contract(contract).await?;
        let closing = view.channels[0].closing.clone().context("it closes")?;
        let expected_blocks = 1_008_u32.saturating_sub(mined - 1);
        anyhow::ensure!(
            closing.alone && closing.blocks_left == Some(expected_blocks),
            "{closing:?}, {mined}"
        );
        anyhow::ensure!(
            closing.txid.is_some() && closing.lost.iter().map(|(_, sat)| sat).sum::<u64>() == 5_000_000
        );
        anyhow::ensure!(view.watch.iter().any(|todo| todo.title.contains("closed by one company alone")));
    }
    let accounts = [pair.buyer.app().account().await?, pair.seller.app().account().await?];
    for (company, (before, after)) in
        [&pair.buyer, &pair.seller].into_iter().zip(before.iter().zip(&accounts))
    {
        assert!(all_back(company).await?, "{:?}: {after:?}", company.side);
        let lost_msat = before.node_msat - after.node_msat;
        assert!((1..100_000_000).contains(&lost_msat), "fees, and fees only: {before:?} {after:?}");
        assert_eq!(lost_msat / 1_000, i64::try_from(after.onchain_fee_sat - before.onchain_fee_sat)?);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_by_the_buyer_alone_is_explained_to_the_last_sweep() -> anyhow::Result<()> {
    check(Side::Buyer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_by_the_seller_alone_is_explained_to_the_last_sweep() -> anyhow::Result<()> {
    check(Side::Seller).await
}
