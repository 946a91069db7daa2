//! A full disk: what does not fit is refused whole, says which disk, and works once there is room.

use std::sync::Arc;

use lncontract_app::Class;
use lncontract_core::{
    Hash,
    v1::{Document, Tender},
};
use lncontract_record::hash::sha256;
use lncontract_store::{Change, Setting, SqliteStore, Store, StoreError};

use crate::support::{Company, MATERIALS, Pair, evidence, row_word, see};

/// A tender that needs pages of its own in the database.
fn long_tender() -> Tender {
    let document =
        |n: u32| Document { name: format!("delivery note {n}.pdf"), sha256: sha256(&n.to_be_bytes()) };
    Tender { documents: (0..60).map(document).collect(), ..evidence("Purchase orders") }
}

/// Takes the last free page.
async fn fill(store: &Arc<SqliteStore>) {
    for n in 0_u32.. {
        let setting = Setting { key: format!("filler {n}"), value: "x".repeat(4_000) };
        match store.commit(vec![Change::PutSetting(setting)]).await {
            Ok(()) => {}
            Err(StoreError::Full { .. }) => return,
            Err(error) => panic!("full, and not {error}"),
        }
    }
}

/// Everything that a half-written tender would change.
async fn footprint(company: &Company, contract: Hash) -> anyhow::Result<(usize, usize, u64, Hash)> {
    let store = company.store();
    let (entries, outbox) = (store.entries(contract.0).await?, store.outbox_waiting(contract.0).await?);
    let view = company.app().contract(contract).await?;
    let node = company.node().balances().await?;
    Ok((entries.len(), outbox.len(), node.onchain_total_sat, view.state_hash))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_a_tender_whole_and_takes_it_when_there_is_room() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    pair.seller.stop().await;
    pair.seller.pages_max = Some(1);
    pair.seller.start().await?;
    fill(pair.seller.store()).await;
    let before = footprint(&pair.seller, contract).await?;

    let app = pair.seller.app();
    let refused = app.tender(contract, long_tender()).await.unwrap_err();
    assert_eq!((refused.class, refused.code), (Class::NotNow, "disk-full"));
    let dir = pair.seller.dir.display().to_string();
    assert!(refused.todo.contains(&dir) && refused.todo.contains("free space"), "{refused}");
    assert_eq!(footprint(&pair.seller, contract).await?, before, "nothing is half-written");
    assert_eq!(
        row_word(&app.contract(contract).await?, MATERIALS),
        row_word(&pair.buyer.app().contract(contract).await?, MATERIALS)
    );
    assert!(pair.seller.node().info().await?.synced, "the node goes on");

    pair.seller.stop().await;
    pair.seller.pages_max = None;
    pair.seller.start().await?;
    assert_eq!(footprint(&pair.seller, contract).await?, before, "nothing came out of a half-written file");
    pair.seller.app().tender(contract, long_tender()).await?;
    see(pair.buyer.app(), contract, "the tender", |view| row_word(view, MATERIALS) == "Tendered").await?;
    pair.agree(contract).await?;
    Ok(())
}
