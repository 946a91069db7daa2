//! The other company is off: what is signed waits in the outbox and is delivered when it is back.

use lncontract_store::Store;

use crate::support::{MATERIALS, Pair, evidence, row_word, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_waits_while_the_other_company_is_off() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    pair.buyer.stop().await;
    let seller = pair.seller.app();
    let tender = seller.tender(contract, evidence("Purchase orders")).await?;
    let store = pair.seller.store();
    let is_waiting = || async {
        let waiting = store.outbox_waiting(contract.0).await?;
        anyhow::Ok(waiting.iter().any(|row| row.entry_hash == tender.0))
    };
    assert!(is_waiting().await?);
    until("the seller to see that the buyer is away", || async {
        Ok(seller.contract(contract).await?.connection.word == "Away")
    })
    .await?;
    assert_eq!(seller.contract(contract).await?.agreed.word, "Sent, waiting");
    assert!(is_waiting().await?);

    pair.buyer.start().await?;
    until("the delivery", || async { Ok(!is_waiting().await?) }).await?;
    let (ours, theirs) = pair.agree(contract).await?;
    assert_eq!((row_word(&ours, MATERIALS), row_word(&theirs, MATERIALS)), ("Tendered", "Tendered"));
    Ok(())
}
