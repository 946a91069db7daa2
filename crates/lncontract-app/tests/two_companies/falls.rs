//! What the node loses behind the books is told on the overview and on the page of the contract; what payments and
//! closes do is not. A channel that closes is told by both within one block.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use lncontract_app::CloseMode;
use lncontract_core::v1::Side;

use crate::support::{Company, Pair, TRANCHE, see, until};

/// Longer than a difference has to stay, and one comparison more.
const TOLD_WITHIN: Duration = Duration::from_secs(13);
const TAKEN_MSAT: u64 = 1_234_567;

async fn falls(company: &Company) -> anyhow::Result<Vec<String>> {
    let told = company.app().overview().await?.todos;
    Ok(told
        .into_iter()
        .map(|todo| todo.what)
        .filter(|todo| todo.title.contains("missing in the channels"))
        .map(|todo| todo.text.replace('\u{202f}', ""))
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unexplained_fall_of_a_channel_is_told_with_both_amounts_and_a_payment_is_not()
-> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    tokio::time::sleep(TOLD_WITHIN).await;
    for company in [&pair.buyer, &pair.seller] {
        assert_eq!(falls(company).await?, Vec::<String>::new(), "{:?}", company.side);
    }

    pair.buyer.faults.taken_msat.store(TAKEN_MSAT, SeqCst);
    until("the fall on the overview", || async { Ok(!falls(&pair.buyer).await?.is_empty()) }).await?;
    let told = falls(&pair.buyer).await?;
    let there_msat = pair.buyer.node().channels().await?[0].local_msat;
    assert_eq!(told.len(), 1, "once: {told:?}");
    for amount_msat in [there_msat, there_msat + TAKEN_MSAT] {
        assert!(told[0].contains(&format!("{amount_msat} msat")), "{amount_msat}: {told:?}");
    }
    see(pair.buyer.app(), contract, "the fall on the contract's page", |view| {
        view.alerts.iter().any(|alert| {
            alert.title == "1\u{202f}234\u{202f}567 msat are missing in the channels with Castor"
        })
    })
    .await?;
    assert_eq!(falls(&pair.seller).await?, Vec::<String>::new(), "its node lost nothing");

    pair.buyer.faults.taken_msat.store(0, SeqCst);
    until("the books in order again", || async { Ok(falls(&pair.buyer).await?.is_empty()) }).await
}

/// Both pages show the close before a block, or after one: never later.
async fn told_within_one_block(mode: CloseMode, word: &str) -> anyhow::Result<()> {
    for closer in [Side::Buyer, Side::Seller] {
        let (pair, contract) = Pair::with_money().await?;
        let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
        pair.open(contract, fund).await?;
        let before = pair.chain.height();
        pair.of(closer).app().close_channel(contract, fund, mode).await?;
        // The block is there as soon as the closing transaction is.
        until("the closing transaction", || async { Ok(!pair.chain.mempool().is_empty()) }).await?;
        pair.chain.mine(1);
        for company in [&pair.buyer, &pair.seller] {
            see(company.app(), contract, "the close", |view| {
                let card = &view.channels[0];
                let told =
                    mode == CloseMode::Cooperative || view.watch.iter().any(|todo| todo.title.contains(word));
                card.closing.as_ref().is_some_and(|closing| closing.alone == (mode == CloseMode::Forced))
                    && told
            })
            .await?;
        }
        assert_eq!(pair.chain.height(), before + 1, "{closer:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_together_is_told_by_both_within_one_block() -> anyhow::Result<()> {
    told_within_one_block(CloseMode::Cooperative, "was closed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_by_one_alone_is_told_by_both_within_one_block() -> anyhow::Result<()> {
    told_within_one_block(CloseMode::Forced, "closed by one company alone").await
}
