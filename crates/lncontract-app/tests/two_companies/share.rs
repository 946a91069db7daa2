//! One channel, two contracts: each pays what is its own, and money that was released is used once.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_app::{CloseMode, view::ContractView};
use lncontract_core::{
    Hash, Sat,
    v1::{Duty, Fund, Part, Payload, Side, Terms},
};
use lncontract_store::{AttemptState, Store};

use crate::{
    release::{self, RELEASED, STAGE_1},
    splice,
    support::{
        MATERIALS, Pair, TRANCHE, evidence,
        forger::{Forger, NOTHING},
        materials_payable, see, until,
    },
};

/// What the first milestone of the second contract is worth: less than its part, which has to hold the fees.
const SECOND_SAT: u64 = 3_000_000;

/// The first contract: 30,000,000 sat for materials, 16,000,000 for stage 1 to be spliced into the same channel.
fn first(terms: &mut Terms) {
    let tranches = &mut terms.funding.tranches;
    tranches[0].stages = vec![MATERIALS.into()];
    (tranches[1].amount, tranches[1].stages) = (Sat(16_000_000), vec![STAGE_1.into()]);
}

/// The second: its first tranche asks for what the first contract releases.
fn second(terms: &mut Terms) {
    terms.number = "SC-2".into();
    let tranche = &mut terms.funding.tranches[0];
    (tranche.amount, tranche.stages) = (RELEASED, vec![MATERIALS.into()]);
    let milestone =
        terms.milestones.iter_mut().find(|known| known.id == MATERIALS).expect("the example has it");
    let less = milestone.amount.0 - SECOND_SAT;
    milestone.amount = Sat(SECOND_SAT);
    terms.total = Sat(terms.total.0 - less);
    let row = terms.obligations.iter_mut().find(|row| row.id == materials_payable().row);
    if let Duty::Pay { amount, .. } = &mut row.expect("the example has it").duty {
        *amount = Sat(SECOND_SAT);
    }
}

/// Whether the part is open on the page, and seen by both.
fn is_open(view: &ContractView, fund: Hash) -> bool {
    let mut cards = view.channels.iter().filter(|card| card.fund == fund);
    cards.any(|card| card.state.word == "Open" && card.seen.word.contains("by us and"))
}

impl Pair {
    /// The first contract has paid for materials and released the rest; the second is signed.
    async fn with_a_release() -> anyhow::Result<(Self, [Hash; 2], Hash, Hash)> {
        let (pair, contract) = Self::signed_with(first).await?;
        pair.give_both().await?;
        let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
        pair.open(contract, fund).await?;
        pair.pay_materials(contract).await?;
        let released = pair.seller.app().release(contract, fund, RELEASED).await?;
        see(pair.buyer.app(), contract, "the release at the buyer", |view| {
            release::line(view, released).is_some_and(|line| line.can_take_back)
        })
        .await?;
        let other = pair.offer(second).await?;
        pair.accept(other).await?;
        Ok((pair, [contract, other], fund, released))
    }

    /// Both pages of both contracts say what the release is used for.
    async fn shared(&self, [a, b]: [Hash; 2], released: Hash, part: Hash) -> anyhow::Result<()> {
        for company in [&self.buyer, &self.seller] {
            see(company.app(), b, "the part, open", |view| is_open(view, part)).await?;
            see(company.app(), a, "the release, set aside again", |view| {
                let line = release::line(view, released);
                let named = line.and_then(|line| line.set_aside_for.as_ref());
                named.is_some_and(|named| named.contract == b && named.number == "SC-2")
                    && release::state(view, released) == "Set aside again"
            })
            .await?;
            let view = company.app().contract(b).await?;
            let of = view.channels[0].part_of.clone().expect("it is a part");
            assert_eq!((of.contract, view.channels[0].size_sat), (a, RELEASED.0));
        }
        Ok(())
    }

    /// The second contract's first milestone earned and paid.
    async fn pay_second(&self, contract: Hash) -> anyhow::Result<()> {
        let tender = self.seller.app().tender(contract, evidence("Orders of the second")).await?;
        until("the tender at the buyer", || async {
            Ok(self.buyer.app().tender_view(contract, tender).await.is_ok())
        })
        .await?;
        self.buyer.app().answer_tender(contract, tender, 1, Vec::new()).await?;
        see(self.seller.app(), contract, "the acceptance", |view| view.figures.earned_sat == SECOND_SAT)
            .await?;
        let invoice = self.invoice(contract).await?;
        self.payable(contract, invoice).await?;
        let prompt = self.buyer.app().pay_prompt(contract, invoice).await?;
        assert_eq!(prompt.over, [("channel 1".to_owned(), SECOND_SAT)]);
        self.buyer.app().pay(contract, invoice).await?;
        for company in [&self.buyer, &self.seller] {
            see(company.app(), contract, "the payment", |view| view.figures.paid_sat == SECOND_SAT).await?;
        }
        until("a payment that is decided", || async {
            let attempts = self.buyer.store().attempts(contract.0).await?;
            Ok(attempts.iter().all(|attempt| attempt.state == AttemptState::Succeeded))
        })
        .await
    }

    /// Money for stage 1 into the channel that both share.
    async fn splice_stage_1(&self, contract: Hash) -> anyhow::Result<()> {
        self.give(Side::Buyer, 17_000_000).await?;
        let more = self.buyer.app().fund(contract, "splice-1").await?;
        for company in [&self.buyer, &self.seller] {
            see(company.app(), contract, "the splice's transaction", |view| {
                splice::line(view, more).is_some_and(|line| line.outpoint.is_some())
            })
            .await?;
        }
        self.mine_until(contract, "the locked splice", |view| {
            splice::line(view, more)
                .is_some_and(|line| line.state.word == "Open" && line.seen.word.contains("by us and"))
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_contract_released_pays_for_another_over_the_same_channel_and_nothing_else_does()
-> anyhow::Result<()> {
    let (mut pair, [a, b], fund, released) = Pair::with_a_release().await?;
    let buyer = pair.buyer.app();
    let free = buyer.free_parts(b).await?;
    assert_eq!(
        free.iter().map(|part| (part.part.release, part.amount_sat)).collect::<Vec<_>>(),
        [(released, RELEASED.0)]
    );
    let refused = buyer.fund_by_part(b, "channel-2", released).await.expect_err("60 million are asked for");
    assert_eq!(refused.code, "other-amount", "{refused}");
    let part = buyer.fund_by_part(b, TRANCHE, released).await?;
    assert!(buyer.free_parts(b).await?.is_empty());
    assert_eq!(buyer.fund_by_part(b, TRANCHE, released).await.expect_err("it is used").code, "not-free");
    pair.refuses_to_take(a, released, "set-aside").await;
    pair.shared([a, b], released, part).await?;
    // Behind the program's back the seller's node lets none of it out.
    let (channel, _) = pair.channel_of(fund).await?;
    pair.takes_alone(91, channel, RELEASED.0).await;

    // The 5 million that the buyer has in it are not released twice.
    pair.refuses_release(a, fund, RELEASED, "too-much", "other contracts have in it").await;

    pair.restart().await?;
    pair.shared([a, b], released, part).await?;
    pair.refuses_to_take(a, released, "set-aside").await;
    pair.pay_second(b).await?;
    pair.balance().await?;

    // Of the 2 million that are left 1 is the first contract's, for materials, and 1 the second's.
    let due = pair.ask_for_stage_1(a).await?;
    until("the invoice at the buyer", || async {
        let prompt = pair.buyer.app().pay_prompt(a, due).await;
        Ok(prompt.is_ok_and(|prompt| prompt.over.is_empty() && prompt.missing_sat == 15_000_000))
    })
    .await?;
    pair.splice_stage_1(a).await?;
    pair.payable(a, due).await?;
    let prompt = pair.buyer.app().pay_prompt(a, due).await?;
    assert_eq!(prompt.over, [("channel 1".to_owned(), 15_000_000)]);
    pair.buyer.app().pay(a, due).await?;
    for company in [&pair.buyer, &pair.seller] {
        see(company.app(), a, "stage 1 paid", |view| view.figures.paid_sat == 40_000_000).await?;
    }
    let view = pair.buyer.app().contract(b).await?;
    assert_eq!(
        (view.figures.earmarked_sat, view.figures.covered_sat),
        (RELEASED.0 - SECOND_SAT, RELEASED.0 - SECOND_SAT)
    );
    pair.balance().await?;

    let refused = pair.buyer.app().close_channel(b, part, CloseMode::Cooperative).await.unwrap_err();
    assert_eq!(refused.code, "part", "{refused}");
    pair.buyer.app().close_channel(a, fund, CloseMode::Cooperative).await?;
    for contract in [a, b] {
        pair.mine_until(contract, "the end of the channel", |view| view.channels[0].state.word == "Closed")
            .await?;
        pair.agree(contract).await?;
    }
    pair.balance().await?;
    pair.restart().await?;
    pair.agree(b).await?;
    pair.balance().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_named_when_the_buyer_went_away_is_neither_taken_out_nor_named_again()
-> anyhow::Result<()> {
    let (mut pair, [a, b], fund, released) = Pair::with_a_release().await?;
    pair.buyer.faults.mute.store(true, SeqCst);
    let part = pair.buyer.app().fund_by_part(b, TRANCHE, released).await?;
    pair.buyer.stop().await;
    let theirs = pair.seller.app().contract(b).await?;
    assert!(theirs.channels.is_empty(), "nothing was sent: {:?}", theirs.channels);
    pair.buyer.start().await?;
    pair.refuses_to_take(a, released, "set-aside").await;
    assert_eq!(
        pair.buyer.app().fund_by_part(b, TRANCHE, released).await.expect_err("it is named").code,
        "not-free"
    );
    let view = pair.buyer.app().contract(b).await?;
    assert!(!is_open(&view, part) && view.figures.earmarked_sat == 0, "the seller has not seen it: {view:?}");

    pair.buyer.faults.mute.store(false, SeqCst);
    pair.shared([a, b], released, part).await?;
    let (channel, _) = pair.channel_of(fund).await?;
    pair.takes_alone(92, channel, RELEASED.0).await;
    pair.agree(a).await?;
    pair.agree(b).await?;
    pair.balance().await
}

/// A buyer in wrong hands sets aside what is not there: the seller says why it is not seen, and reports nothing.
async fn not_seen(
    (mut pair, [a, b], fund, release): (Pair, [Hash; 2], Hash, Hash),
    words: &str,
) -> anyhow::Result<()> {
    pair.agree(b).await?;
    let before = pair.seller.app().contract(a).await?;
    let forger = Forger::of(&mut pair, Side::Buyer, b).await?;
    let terms = forger.record.state().terms.clone().expect("it is signed");
    let forged = Payload::Fund(Fund {
        tranche: TRANCHE.into(),
        amount: RELEASED,
        stages: vec![MATERIALS.into()],
        notice_blocks: terms.funding.notice_blocks,
        instrument: None,
        of: Some(Part { contract: a, channel: fund, release }),
    });
    forger.send(&pair.seller, &forger.sign(pair.seller.app().now(), forged, |_| ())?)?;
    let seller = pair.seller.app();
    see(seller, b, "the reason", |view| view.channels.iter().any(|card| card.trouble.contains(words)))
        .await?;
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let (first, second) = (seller.contract(a).await?, seller.contract(b).await?);
        assert_eq!((second.figures.earmarked_sat, second.figures.covered_sat), (0, 0));
        assert!(second.record.iter().all(|row| row.kind != "earmark"), "{:?}", second.record);
        let releases = |view: &ContractView| view.channels[0].releases.clone();
        assert_eq!(releases(&first), releases(&before));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_taken_out_is_not_set_aside_as_well() -> anyhow::Result<()> {
    let (pair, contracts, fund, released) = Pair::with_a_release().await?;
    pair.buyer.app().take_back(contracts[0], released).await?;
    assert!(pair.buyer.app().free_parts(contracts[1]).await?.is_empty());
    pair.mine_until(contracts[0], "the money out", |view| {
        let seen = |word: &str| word.contains("by us and");
        let line = release::line(view, released);
        line.is_some_and(|line| line.splice.state.word == "Taken back" && seen(&line.splice.seen.word))
    })
    .await?;
    not_seen((pair, contracts, fund, released), "taken out of the channel").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_nobody_released_is_not_seen() -> anyhow::Result<()> {
    let (pair, contracts, fund, _) = Pair::with_a_release().await?;
    not_seen((pair, contracts, fund, NOTHING), "has not released that much of that channel").await
}
