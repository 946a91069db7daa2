//! On every connection heads are exchanged before anything is signed. (Alone a company signs: see `away`.)

use std::sync::atomic::Ordering::SeqCst;

use lncontract_app::Class;

use crate::support::{Pair, evidence, until};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_while_a_connected_peer_has_not_said_what_it_holds() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    pair.buyer.faults.mute.store(true, SeqCst);
    pair.seller.stop().await;
    pair.seller.start().await?;
    let seller = pair.seller.app();
    until("the connection", || async { Ok(seller.contract(contract).await?.connection.word == "Connected") })
        .await?;
    let before = pair.seller.entries(contract).await?;
    let error = seller.tender(contract, evidence("too early")).await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::NotNow, "not-in-step"));
    assert_eq!(pair.seller.entries(contract).await?, before);

    // A program that never says anything does not keep the other one from its rights.
    until("the signature without the silent peer", || async {
        Ok(seller.tender(contract, evidence("in time all the same")).await.is_ok())
    })
    .await?;
    pair.buyer.faults.mute.store(false, SeqCst);
    pair.agree(contract).await?;
    Ok(())
}
