//! An answer against the seller's word that the examination ran out: the signed time decides,
//! not the arrival.

use lncontract_app::Class;
use lncontract_core::{Hash, v1::Terms};
use lncontract_store::{ReceivableState, Store};

use crate::support::{MATERIALS, Pair, materials_payable, row_word, until};

const DAY_S: i64 = 86_400;

/// One day to examine and one hour of grace.
fn short(terms: &mut Terms) {
    terms.clauses.examination_days = 1;
    terms.clauses.grace_hours = 1;
}

/// A tender that both companies know of.
async fn tendered() -> anyhow::Result<(Pair, Hash, Hash)> {
    let (pair, contract) = Pair::signed_with(short).await?;
    let tender = pair.tender(contract).await?;
    pair.agree(contract).await?;
    Ok((pair, contract, tender))
}

async fn words(pair: &Pair, contract: Hash) -> anyhow::Result<(String, String)> {
    let (ours, theirs) = pair.agree(contract).await?;
    Ok((row_word(&ours, MATERIALS).to_owned(), row_word(&theirs, MATERIALS).to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_signed_in_time_counts_though_it_comes_after_the_deem() -> anyhow::Result<()> {
    let (mut pair, contract, tender) = tendered().await?;
    pair.seller.stop().await;
    pair.buyer.app().answer_tender(contract, tender, 0, vec!["page 3 is not signed".into()]).await?;
    pair.buyer.stop().await;
    pair.clock.advance(3 * DAY_S);

    pair.seller.start().await?;
    pair.seller.app().deem(contract, tender).await?;
    let invoice = pair.seller.app().make_invoice(contract, materials_payable()).await?;
    assert_eq!(row_word(&pair.seller.app().contract(contract).await?, MATERIALS), "Deemed accepted");

    pair.buyer.start().await?;
    assert_eq!(words(&pair, contract).await?, ("Rejected".into(), "Rejected".into()));
    let store = pair.seller.store();
    until("the invoice withdrawn at the seller's node", || async {
        let receivables = store.receivables(contract.0).await?;
        Ok(receivables.len() == 1 && receivables[0].state == ReceivableState::Cancelled)
    })
    .await?;
    let receivable = store.receivables(contract.0).await?.remove(0);
    let asked = pair.seller.host().payment_claimable(receivable.payment_hash, receivable.amount_msat).await;
    assert_eq!(asked, lncontract_lightning::Claim::FailBack);
    pair.buyer.app().pay(contract, invoice).await.unwrap_err();
    assert!(pair.buyer.store().attempts(contract.0).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_after_the_deadline_is_refused_and_the_tender_is_deemed_accepted() -> anyhow::Result<()> {
    let (mut pair, contract, tender) = tendered().await?;
    pair.seller.stop().await;
    pair.clock.advance(3 * DAY_S);
    let late = pair.buyer.app().answer_tender(contract, tender, 0, vec!["too late".into()]).await;
    let late = late.unwrap_err();
    assert_eq!(late.class, Class::Refused, "{late}");
    pair.seller.start().await?;
    pair.seller.app().deem(contract, tender).await?;
    assert_eq!(words(&pair, contract).await?, ("Deemed accepted".into(), "Deemed accepted".into()));
    let view = pair.buyer.app().contract(contract).await?;
    assert!(view.record.iter().all(|row| row.kind != "answer"), "the late answer was written");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_give_a_sign_of_life_a_day_and_stay_in_step() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    pair.clock.advance(DAY_S + 1);
    for company in [&pair.buyer, &pair.seller] {
        until("two heartbeats", || async {
            let view = company.app().contract(contract).await?;
            Ok(view.record.iter().filter(|row| row.kind == "heartbeat").count() == 2)
        })
        .await?;
    }
    let (ours, theirs) = pair.agree(contract).await?;
    assert!(ours.alerts.is_empty() && theirs.alerts.is_empty());
    Ok(())
}
