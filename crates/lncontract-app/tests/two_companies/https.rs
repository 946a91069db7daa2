//! The record over HTTPS: in place of the nodes' connection, beside it, and towards those who are not to learn of it.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_core::{
    Bytes, Time, XOnlyKey,
    v1::{KeyStatement, Side},
};
use lncontract_record::{
    SecretKey,
    envelope::{Envelope, Kind},
};
use lncontract_store::Store;

use crate::support::{Company, MATERIALS, Pair, TRANCHE, evidence, row_word, see, until};

const BUYER: &str = "https://meridian.example";
const SELLER: &str = "https://castor.example";

/// Reached over HTTPS, and its node carries no messages.
fn over_https_only(company: &mut Company) {
    reached(company);
    company.faults.mute.store(true, SeqCst);
}

fn reached(company: &mut Company) {
    let address = if company.side == Side::Buyer { BUYER } else { SELLER };
    company.https = Some(address.to_owned());
}

/// The record key of the other company, as one knows it.
async fn record_key(at: &Company) -> anyhow::Result<XOnlyKey> {
    let statement: KeyStatement = serde_json::from_str(&at.store().peers().await?.remove(0).key_statement)?;
    Ok(statement.record_key)
}

/// What the page says of the other company.
async fn way(of: &Company) -> anyhow::Result<(String, String)> {
    let row = of.app().companies().await?.remove(0);
    Ok((row.connection.word.to_string(), row.way))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_messages_of_the_nodes_all_goes_over_https_from_the_invite_to_the_payment()
-> anyhow::Result<()> {
    let pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.give_both().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    for company in [&pair.buyer, &pair.seller] {
        assert_eq!(
            way(company).await?,
            ("Connected over HTTPS".into(), "The record goes over HTTPS.".into())
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reachable_side_is_enough() -> anyhow::Result<()> {
    let pair = Pair::met_with(|company| {
        company.faults.mute.store(true, SeqCst);
        if company.side == Side::Seller {
            reached(company);
        }
    })
    .await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.tender(contract).await?;
    let (ours, theirs) = pair.agree(contract).await?;
    assert_eq!((row_word(&ours, MATERIALS), row_word(&theirs, MATERIALS)), ("Tendered", "Tendered"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_while_the_way_is_cut_arrives_once_it_is_open_again() -> anyhow::Result<()> {
    let mut pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.agree(contract).await?;
    pair.wires.cut(true);
    until("both to see that nothing goes through", || async {
        let words = (way(&pair.buyer).await?.1, way(&pair.seller).await?.1);
        Ok(words.0.contains("connection refused") && words.1.contains("It is tried again in"))
    })
    .await?;
    // The nodes are connected and say nothing: after a while a company signs alone.
    let seller = pair.seller.app();
    until("the signature without the silent peer", || async {
        Ok(seller.tender(contract, evidence("Purchase orders")).await.is_ok())
    })
    .await?;
    assert_eq!(pair.seller.store().outbox_waiting(contract.0).await?.len(), 1, "it waits in the outbox");
    // Also through a restart.
    pair.seller.stop().await;
    pair.seller.start().await?;
    assert_eq!(pair.seller.store().outbox_waiting(contract.0).await?.len(), 1);
    pair.wires.cut(false);
    let (ours, _) = pair.agree(contract).await?;
    assert_eq!(row_word(&ours, MATERIALS), "Tendered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_the_way_in_the_middle_loses_nothing_and_doubles_nothing() -> anyhow::Result<()> {
    let pair = Pair::met_with(reached).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.agree(contract).await?;
    until("HTTPS to stand by", || async {
        let said = [way(&pair.buyer).await?, way(&pair.seller).await?];
        Ok(said
            .iter()
            .all(|(word, way)| word == "Connected" && way.ends_with("HTTPS answers too, and stands by.")))
    })
    .await?;
    for mute in [true, false] {
        for company in [&pair.buyer, &pair.seller] {
            company.faults.mute.store(mute, SeqCst);
        }
        pair.wires.lose_answers(if mute { 2 } else { 0 });
        let seller = pair.seller.app();
        until("a tender", || async {
            Ok(seller.tender(contract, evidence("Purchase orders")).await.is_ok())
        })
        .await?;
        let view = seller.contract(contract).await?;
        let tender = view.record.iter().find(|row| row.kind == "tender").map(|row| row.id);
        let tender = tender.ok_or_else(|| anyhow::anyhow!("the tender is in the record"))?;
        until("the tender at the buyer", || async {
            Ok(pair.buyer.app().tender_view(contract, tender).await.is_ok())
        })
        .await?;
        let reasons = vec!["The orders are not signed.".to_owned()];
        until("the answer", || async {
            Ok(pair.buyer.app().answer_tender(contract, tender, 0, reasons.clone()).await.is_ok())
        })
        .await?;
        let (ours, theirs) = pair.agree(contract).await?;
        assert_eq!(ours.record.len(), theirs.record.len());
        let tenders = ours.record.iter().filter(|row| row.kind == "tender").count();
        assert_eq!(tenders, if mute { 1 } else { 2 });
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_in_their_place_is_not_believed() -> anyhow::Result<()> {
    let pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.agree(contract).await?;
    let held = pair.buyer.entries(contract).await?;
    let old = pair.wires.questions().pop().ok_or_else(|| anyhow::anyhow!("something was asked"))?;
    let old_answer = Envelope::open(&old)?;
    for stranger in [b"<html>".to_vec(), Vec::new(), old] {
        pair.wires.answer_with(Some(stranger));
        until("the doubt on the page", || async {
            Ok(way(&pair.buyer).await?.1.contains("what answers there is not signed by this company"))
        })
        .await?;
        pair.wires.answer_with(None);
        until("the right one again", || async {
            Ok(way(&pair.buyer).await?.1 == "The record goes over HTTPS.")
        })
        .await?;
    }
    assert_eq!(old_answer.envelope.kind, Kind::Question);
    assert_eq!(pair.buyer.entries(contract).await?, held);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_whatever_it_sends() -> anyhow::Result<()> {
    let pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.agree(contract).await?;
    let asked = pair.wires.questions();
    let stranger = SecretKey::from_bytes(&[7; 32])?;
    let to = pair.buyer.app();
    let (buyers, sellers) = (record_key(&pair.seller).await?, record_key(&pair.buyer).await?);
    let now = to.now();
    let by_stranger = |envelope: Envelope| envelope.seal(&stranger).0;
    let question = |from, to| Envelope {
        kind: Kind::Question,
        to,
        from,
        time: now,
        token: Bytes([1; 32]),
        frames: vec![],
    };
    let mut changed = asked[0].clone();
    changed[40] ^= 1;
    let all: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("garbage", vec![0xAB; 4_000]),
        ("more than is taken", vec![0; (1 << 20) + 1]),
        ("an unknown company", by_stranger(question(stranger.public(), buyers))),
        ("an unknown company, to nobody", by_stranger(question(stranger.public(), Bytes([3; 32])))),
        ("a known company's name, another key", by_stranger(question(sellers, buyers))),
        (
            "an answer without a question",
            by_stranger(Envelope { kind: Kind::Answer, ..question(stranger.public(), buyers) }),
        ),
        (
            "a question of an hour ago",
            by_stranger(Envelope { time: Time(now.0 - 3_600), ..question(stranger.public(), buyers) }),
        ),
        ("a changed one", changed),
    ];
    let heads = pair.buyer.entries(contract).await?;
    for (what, body) in all {
        assert_eq!(to.answer(&body).await, None, "{what}");
    }
    for body in &asked {
        assert_eq!(to.answer(body).await, None, "a question is answered once, by whom it is for");
    }
    assert_eq!(pair.buyer.entries(contract).await?, heads);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_named_to_a_counterparty() -> anyhow::Result<()> {
    let pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.agree(contract).await?;
    pair.seller.lag_s.store(400, SeqCst);
    until("both name the clocks", || async {
        let (ours, theirs) = (way(&pair.buyer).await?.1, way(&pair.seller).await?.1);
        Ok(ours.contains("seconds ahead of theirs") && theirs.contains("seconds behind theirs"))
    })
    .await?;
    pair.seller.lag_s.store(0, SeqCst);
    see(pair.buyer.app(), contract, "the connection", |view| view.connection.word == "Connected over HTTPS")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_moves_gives_a_new_invite_and_keeps_its_trust() -> anyhow::Result<()> {
    let mut pair = Pair::met_with(over_https_only).await?;
    let contract = pair.offer(|_| {}).await?;
    pair.accept(contract).await?;
    pair.seller.stop().await;
    pair.seller.https = Some("https://new.castor.example".into());
    pair.seller.start().await?;
    let row = pair.buyer.app().accept_invite(&pair.seller.app().invite().await?).await?;
    assert!(row.words_confirmed_at.is_some(), "the keys are those that were compared");
    assert_eq!(row.peer_address.as_deref(), Some("https://new.castor.example"));
    pair.tender(contract).await?;
    // A contract that is begun with the new address, or with the old one, is one of the same companies.
    let second = pair.offer(|terms| terms.number = "SC-2".into()).await?;
    pair.accept(second).await
}
