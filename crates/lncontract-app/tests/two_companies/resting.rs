//! A contract whose channel is open and quiet is left alone until its node does something with it.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use lncontract_app::CloseMode;

use crate::support::{Pair, TRANCHE, until};

/// How long it is watched: an awake contract is looked at every second, each time with several questions.
const WATCHED: Duration = Duration::from_secs(6);
/// What the comparison of the books asks in that time.
const COMPARISONS: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn an_open_channel_is_left_alone_and_its_end_is_noticed() -> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.agree(contract).await?;
    for company in [&pair.buyer, &pair.seller] {
        let looks = &company.faults.looks;
        until("a rest", || async {
            let before = looks.load(SeqCst);
            tokio::time::sleep(WATCHED).await;
            Ok(looks.load(SeqCst) - before <= COMPARISONS)
        })
        .await?;
    }
    pair.seller.app().close_channel(contract, fund, CloseMode::Cooperative).await?;
    until("the end in both records", || async {
        pair.chain.mine(1);
        let mut ended = true;
        for company in [&pair.buyer, &pair.seller] {
            let view = company.app().contract(contract).await?;
            ended &= view.record.iter().filter(|row| row.kind == "close").count() >= 2;
        }
        Ok(ended)
    })
    .await
}
