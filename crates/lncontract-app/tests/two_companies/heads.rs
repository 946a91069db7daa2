//! On every connection heads are exchanged before anything is signed. (Alone a company signs: see `away`.)

use std::sync::atomic::Ordering::SeqCst;

use lncontract_app::Class;
use lncontract_core::{Hash, v1::Side};

use crate::support::{
    Pair, evidence,
    forger::{Forger, NOTHING, ack},
    see, until,
};

impl Pair {
    /// The seller is connected, has heard no heads, and signs nothing.
    async fn the_seller_waits(&self, contract: Hash) -> anyhow::Result<()> {
        let seller = self.seller.app();
        until("the connection", || async {
            Ok(seller.contract(contract).await?.connection.word == "Connected")
        })
        .await?;
        let before = self.seller.entries(contract).await?;
        let error = seller.tender(contract, evidence("too early")).await.expect_err("too early");
        assert_eq!((error.class, error.code), (Class::NotNow, "not-in-step"));
        assert_eq!(self.seller.entries(contract).await?, before);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_while_a_connected_peer_has_not_said_what_it_holds() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    pair.buyer.faults.mute.store(true, SeqCst);
    pair.seller.stop().await;
    pair.seller.start().await?;
    pair.the_seller_waits(contract).await?;

    // A program that never says anything does not keep the other one from its rights.
    let seller = pair.seller.app();
    until("the signature without the silent peer", || async {
        Ok(seller.tender(contract, evidence("in time all the same")).await.is_ok())
    })
    .await?;
    pair.buyer.faults.mute.store(false, SeqCst);
    pair.agree(contract).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_an_earlier_run_refused_does_not_stand_for_the_peers_heads() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    let forger = Forger::of(&mut pair, Side::Buyer, contract).await?;
    let forged =
        forger.sign(pair.seller.app().now(), ack(&forger.record), |header| header.seen.hash = NOTHING)?;
    forger.send(&pair.seller, &forged)?;
    see(pair.seller.app(), contract, "the alert", |view| !view.alerts.is_empty()).await?;
    pair.seller.stop().await;
    pair.buyer.faults.mute.store(true, SeqCst);
    pair.buyer.start().await?;
    pair.seller.start().await?;
    pair.the_seller_waits(contract).await?;
    assert!(!pair.seller.app().contract(contract).await?.alerts.is_empty(), "it is told all the while");
    Ok(())
}
