//! A manipulated counterparty denies what it had acknowledged. What it signs is kept or refused as docs/record.md
//! says, is shown, has no effect, and nothing is paid for it; the honest company goes on.

use anyhow::Context;
use lncontract_app::{
    App,
    view::{ContractView, Tone},
};
use lncontract_core::{
    Hash,
    v1::{Ack, Answer, Header, Payload, Side},
};

use crate::support::{
    MATERIALS, Pair,
    forger::{Forger, NOTHING, ack},
    row_word, see,
};

const DAY_S: i64 = 86_400;

/// A tender before the buyer, and the seller in wrong hands.
async fn manipulated() -> anyhow::Result<(Pair, Hash, Hash, Forger)> {
    let (mut pair, contract) = Pair::signed().await?;
    // So that the tender has seen more than the offer: there is something to deny.
    pair.agree(contract).await?;
    let tender = pair.tender(contract).await?;
    pair.agree(contract).await?;
    let forger = Forger::of(&mut pair, Side::Seller, contract).await?;
    Ok((pair, contract, tender, forger))
}

/// What is refused is not kept; the page says why, also after a restart, and the buyer's own acts go on.
async fn refused(change: impl FnOnce(&mut Header, &Header), words: &str) -> anyhow::Result<()> {
    let (mut pair, contract, tender, forger) = manipulated().await?;
    let before = pair.buyer.entries(contract).await?;
    let change = |header: &mut Header| change(header, forger.last());
    let forged = forger.sign(pair.buyer.app().now(), ack(&forger.record), change)?;
    forger.send(&pair.buyer, &forged)?;
    for restarted in [false, true] {
        if restarted {
            pair.buyer.stop().await;
            pair.buyer.start().await?;
        }
        let told = |view: &ContractView| view.alerts.iter().any(|alert| alert.text.contains(words));
        see(pair.buyer.app(), contract, "the alert", told).await?;
        assert_eq!(pair.buyer.entries(contract).await?, before);
    }
    let buyer = pair.buyer.app();
    buyer.answer_tender(contract, tender, 1, Vec::new()).await?;
    // The real program comes back, and the alert goes with the next entry that stands.
    pair.seller.start().await?;
    let (ours, theirs) = pair.agree(contract).await?;
    assert!(ours.alerts.is_empty() && theirs.alerts.is_empty());
    pair.buyer.stop().await;
    pair.buyer.start().await?;
    assert!(pair.buyer.app().contract(contract).await?.alerts.is_empty(), "it stays gone");
    assert_eq!((row_word(&ours, MATERIALS), row_word(&theirs, MATERIALS)), ("Accepted", "Accepted"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_has_seen_less_than_the_one_before_it_is_refused() -> anyhow::Result<()> {
    refused(|header, last| header.seen.count = last.seen.count - 1, "the one before it had seen").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_dated_before_its_predecessor_is_refused() -> anyhow::Result<()> {
    refused(|header, last| header.time = last.time.plus_seconds(-DAY_S), "the one before it").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_has_seen_another_chain_is_refused() -> anyhow::Result<()> {
    refused(|header, _| header.seen.hash = NOTHING, "has seen").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_with_somebody_elses_signature_is_refused() -> anyhow::Result<()> {
    let (pair, contract, tender, forger) = manipulated().await?;
    let before = pair.buyer.entries(contract).await?;
    let forged = forger.sign_as_somebody_else(pair.buyer.app().now(), ack(&forger.record))?;
    forger.send(&pair.buyer, &forged)?;
    let buyer = pair.buyer.app();
    see(buyer, contract, "the alert", |view| {
        view.alerts.iter().any(|alert| alert.text.contains("signature"))
    })
    .await?;
    assert_eq!(pair.buyer.entries(contract).await?, before);
    buyer.answer_tender(contract, tender, 1, Vec::new()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_under_terms_that_nobody_knows_is_kept_without_effect() -> anyhow::Result<()> {
    let (mut pair, contract, tender, mut forger) = manipulated().await?;
    pair.buyer.app().answer_tender(contract, tender, 0, vec!["page 3 is not signed".into()]).await?;
    forger.catch_up(&pair.buyer).await?;
    let again = Payload::Tender(crate::support::evidence("the same again"));
    let forged = forger.sign(pair.buyer.app().now(), again, |header| header.terms = NOTHING)?;
    forger.send(&pair.buyer, &forged)?;
    let buyer = pair.buyer.app();
    see(buyer, contract, "the entry without effect", |view| {
        view.record.iter().any(|row| row.id == forged.id() && row.state.word.starts_with("Without effect"))
    })
    .await?;
    let view = buyer.contract(contract).await?;
    assert_eq!(row_word(&view, MATERIALS), "Rejected");
    // The seller's own program gets back what was signed with its key, and both go on.
    pair.seller.start().await?;
    let (ours, theirs) = pair.agree(contract).await?;
    assert!(theirs.record.iter().any(|row| row.id == forged.id()));
    assert_eq!((row_word(&ours, MATERIALS), row_word(&theirs, MATERIALS)), ("Rejected", "Rejected"));
    pair.earn(contract).await
}

/// The overview says it before everything else, and of which contract.
async fn told_first(app: &App, title: &str) -> anyhow::Result<()> {
    let todos = app.overview().await?.todos;
    let first = todos.first().context("something is to be done")?;
    assert_eq!((first.what.title.as_str(), first.what.tone), (title, Tone::Bad), "{todos:?}");
    assert!(first.contract.contains(','), "number and company: {first:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_of_another_state_is_kept_and_stops_payments() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.agree(contract).await?;
    let mut pair = pair;
    let forger = Forger::of(&mut pair, Side::Seller, contract).await?;
    let forged = forger.sign(pair.buyer.app().now(), Payload::Ack(Ack { state: NOTHING }), |_| {})?;
    forger.send(&pair.buyer, &forged)?;
    let buyer = pair.buyer.app();
    see(buyer, contract, "the alert", |view| {
        view.alerts.iter().any(|alert| alert.title.contains("read the record differently"))
    })
    .await?;
    let view = buyer.contract(contract).await?;
    let row = view.record.iter().find(|row| row.id == forged.id()).context("it is kept")?;
    assert_eq!(
        (row.state.word.as_str(), view.agreed.word.as_str()),
        ("Read differently", "Read differently")
    );
    told_first(buyer, "The two companies read the record differently").await?;
    let stopped = buyer.pay(contract, invoice).await.unwrap_err();
    assert!(stopped.todo.contains("payments are stopped"), "{stopped}");
    // Its program says what it computes with its next sign of life, and that it is the same.
    pair.seller.start().await?;
    // It has to hold what stands in its chain before it writes on: else that would be a second version.
    see(pair.seller.app(), contract, "its own entry", |view| {
        view.record.iter().any(|row| row.id == forged.id())
    })
    .await?;
    pair.clock.advance(DAY_S + 1);
    see(pair.buyer.app(), contract, "the end of the alert", |view| view.alerts.is_empty()).await?;
    let (ours, _) = pair.agree(contract).await?;
    assert!(ours.alerts.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_that_is_signed_after_the_deadline_changes_nothing() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    let tender = pair.tender(contract).await?;
    pair.agree(contract).await?;
    let forger = Forger::of(&mut pair, Side::Buyer, contract).await?;
    let seller = pair.seller.app();
    pair.clock.advance(12 * DAY_S);
    seller.deem(contract, tender).await?;
    // Dated now, or as late as the law lets it: neither was signed in time.
    let state = forger.record.state_hash();
    let late = Answer { tender, accepted: 0, reasons: vec!["too late".into()], state };
    let forged = forger.sign(seller.now(), Payload::Answer(late), |_| {})?;
    forger.send(&pair.seller, &forged)?;
    see(seller, contract, "the late answer without effect", |view| {
        view.record.iter().any(|row| row.id == forged.id() && row.state.word.starts_with("Without effect"))
    })
    .await?;
    assert_eq!(row_word(&seller.contract(contract).await?, MATERIALS), "Deemed accepted");
    seller.make_invoice(contract, crate::support::materials_payable()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_of_one_entry_stop_payments_also_after_a_restart() -> anyhow::Result<()> {
    use lncontract_store::Store;
    let (pair, contract) = Pair::signed().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.agree(contract).await?;
    let mut pair = pair;
    let forger = Forger::of(&mut pair, Side::Seller, contract).await?;
    let at = pair.buyer.app().now();
    let one = forger.sign(at, ack(&forger.record), |_| {})?;
    let other = forger.sign(at.plus_seconds(1), ack(&forger.record), |_| {})?;
    for entry in [&one, &other, &other] {
        forger.send(&pair.buyer, entry)?;
    }
    for restarted in [false, true] {
        if restarted {
            pair.buyer.stop().await;
            pair.buyer.start().await?;
        }
        let buyer = pair.buyer.app();
        see(buyer, contract, "the alert", |view| {
            view.alerts.iter().any(|alert| alert.title.contains("Two versions of one entry"))
        })
        .await?;
        told_first(buyer, "Two versions of one entry were signed").await?;
        let kept = pair.buyer.store().forks(contract.0).await?;
        assert_eq!(kept.iter().map(|fork| fork.hash).collect::<Vec<_>>(), [other.id().0]);
        assert_eq!((kept[0].held_hash, kept[0].bytes.as_slice()), (one.id().0, other.bytes()));
        let stopped = buyer.pay(contract, invoice).await.unwrap_err();
        assert!(stopped.todo.contains("payments are stopped"), "{stopped}");
        let report = lncontract_record::verify_bundle(&buyer.export_bundle(contract).await?)?;
        assert_eq!(report.forked, [Side::Seller]);
    }
    Ok(())
}
