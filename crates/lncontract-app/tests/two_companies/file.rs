//! The record by a file: two companies between which nothing else goes through.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_app::Taken;
use lncontract_core::Hash;

use crate::support::{Company, MATERIALS, Pair, evidence, row_word, until};

/// Takes what the other one exported.
async fn bring(contract: Hash, from: &Company, to: &Company) -> anyhow::Result<Taken> {
    Ok(to.app().take_file(from.app().export_bundle(contract).await?).await?)
}

async fn cut_off() -> anyhow::Result<Pair> {
    Pair::met_with(|company| company.faults.mute.store(true, SeqCst)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_files_alone_a_contract_comes_from_the_offer_to_an_accepted_tender() -> anyhow::Result<()> {
    let pair = cut_off().await?;
    let (buyer, seller) = (&pair.buyer, &pair.seller);
    let contract = pair.offer(|_| {}).await?;
    let first = bring(contract, buyer, seller).await?;
    assert_eq!((first.contract, first.new, first.known, first.lacking), (contract, 1, 0, 0));
    signed(|| seller.app().accept_offer(contract)).await?;
    let back = bring(contract, seller, buyer).await?;
    assert!(back.new >= 1 && back.known == 1, "{back:?}");
    assert_eq!(buyer.app().contract(contract).await?.version, 1);
    signed(|| seller.app().tender(contract, evidence("Purchase orders"))).await?;
    bring(contract, seller, buyer).await?;
    let view = buyer.app().contract(contract).await?;
    let tender = view.record.iter().find(|row| row.kind == "tender").map(|row| row.id);
    let tender = tender.ok_or_else(|| anyhow::anyhow!("the tender is at the buyer"))?;
    signed(|| buyer.app().answer_tender(contract, tender, 1, Vec::new())).await?;
    bring(contract, buyer, seller).await?;
    let theirs = seller.app().contract(contract).await?;
    assert_eq!(row_word(&theirs, MATERIALS), "Accepted");
    Ok(())
}

/// The nodes are connected and silent: an act of a person may have to be repeated until the peer counts as away.
async fn signed<T, F: Future<Output = Result<T, lncontract_app::AppError>>>(
    act: impl Fn() -> F,
) -> anyhow::Result<()> {
    until("the signature", || async {
        match act().await {
            Ok(_) => Ok(true),
            Err(error) if error.code == "not-in-step" => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_changes_nothing_and_an_older_one_says_what_it_lacks() -> anyhow::Result<()> {
    let pair = cut_off().await?;
    let (buyer, seller) = (&pair.buyer, &pair.seller);
    let contract = pair.offer(|_| {}).await?;
    let old = buyer.app().export_bundle(contract).await?;
    bring(contract, buyer, seller).await?;
    signed(|| seller.app().accept_offer(contract)).await?;
    let held = seller.entries(contract).await?;
    let again = seller.app().take_file(old).await?;
    assert_eq!((again.new, again.known, again.lacking, again.ahead), (0, 1, held as u64 - 1, 0));
    assert_eq!(seller.entries(contract).await?, held);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_or_is_of_others_is_refused_and_nothing_is_taken() -> anyhow::Result<()> {
    let pair = cut_off().await?;
    let contract = pair.offer(|_| {}).await?;
    let whole = pair.buyer.app().export_bundle(contract).await?;
    let seller = pair.seller.app();
    let mut changed = whole.clone();
    let place = changed.len() / 2;
    changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
    for (what, bytes) in
        [("changed", changed), ("cut", whole[..whole.len() - 9].to_vec()), ("no record", b"{}".to_vec())]
    {
        let error = seller.take_file(bytes).await.expect_err(what);
        assert_eq!(error.code, "file-unreadable", "{what}: {error}");
    }
    let others = Pair::met_with(|company| company.faults.mute.store(true, SeqCst)).await?;
    let error = others.seller.app().take_file(whole).await.expect_err("two other companies");
    assert_eq!(error.code, "not-ours");
    assert!(seller.contracts(None).await?.is_empty());
    Ok(())
}
