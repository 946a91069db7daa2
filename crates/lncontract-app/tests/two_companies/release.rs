//! Money back on chain while its channel goes on: what is not released does not leave, what is leaves once.

use std::sync::atomic::Ordering::SeqCst;

use lncontract_app::view::{ContractView, ReleaseLine};
use lncontract_core::{
    Hash, Sat,
    v1::{Instrument, PayableId, Side},
};
use lncontract_lightning::{ChannelId, LightningError, OpenFailure, OpeningId, OrderSplice, SpliceWay};
use lncontract_store::Store;

use crate::support::{MATERIALS, Pair, TRANCHE, evidence, see, until};

/// What is released of the 5,000,000 sat that are left of the first channel.
pub(crate) const RELEASED: Sat = Sat(4_000_000);
pub(crate) const STAGE_1: &str = "stage-1-assembly";

pub(crate) fn line(view: &ContractView, release: Hash) -> Option<&ReleaseLine> {
    view.channels.iter().flat_map(|card| &card.releases).find(|line| line.splice.fund == release)
}

pub(crate) fn state(view: &ContractView, release: Hash) -> &str {
    line(view, release).map_or("", |line| line.splice.state.word.as_str())
}

impl Pair {
    /// A channel of 30,000,000 sat for materials alone, one of 16,000,000 for stage 1.
    async fn with_two_channels() -> anyhow::Result<(Self, Hash, Hash)> {
        let (pair, contract) = Self::signed_with(|terms| {
            let tranches = &mut terms.funding.tranches;
            tranches[0].stages = vec![MATERIALS.into()];
            (tranches[1].amount, tranches[1].instrument) = (Sat(16_000_000), Instrument::Channel);
            tranches[1].stages = vec![STAGE_1.into()];
        })
        .await?;
        pair.give_both().await?;
        let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
        pair.open(contract, fund).await?;
        pair.give(Side::Buyer, 17_000_000).await?;
        let second = pair.buyer.app().fund(contract, "splice-1").await?;
        pair.open(contract, second).await?;
        Ok((pair, contract, fund))
    }

    /// Materials earned, invoiced and paid.
    pub(crate) async fn pay_materials(&self, contract: Hash) -> anyhow::Result<()> {
        self.earn(contract).await?;
        let invoice = self.invoice(contract).await?;
        self.payable(contract, invoice).await?;
        self.buyer.app().pay(contract, invoice).await?;
        self.received_once(contract).await
    }

    /// Stage 1 earned, its invoice before the buyer.
    async fn invoice_stage_1(&self, contract: Hash) -> anyhow::Result<Hash> {
        let invoice = self.ask_for_stage_1(contract).await?;
        self.payable(contract, invoice).await?;
        Ok(invoice)
    }

    /// Stage 1 earned and invoiced.
    pub(crate) async fn ask_for_stage_1(&self, contract: Hash) -> anyhow::Result<Hash> {
        let mut tender = evidence("Report of stage 1");
        tender.row = STAGE_1.into();
        let tender = self.seller.app().tender(contract, tender).await?;
        until("the tender at the buyer", || async {
            Ok(self.buyer.app().tender_view(contract, tender).await.is_ok())
        })
        .await?;
        self.buyer.app().answer_tender(contract, tender, 1, Vec::new()).await?;
        see(self.seller.app(), contract, "the acceptance", |view| view.figures.earned_sat == 40_000_000)
            .await?;
        let payable = PayableId { row: format!("pay-{STAGE_1}"), tender: None };
        Ok(self.seller.app().make_invoice(contract, payable).await?)
    }

    /// Has the buyer's node take money out behind its program's back.
    pub(crate) async fn takes_alone(&self, id: u128, channel: ChannelId, amount_sat: u64) {
        let order = OrderSplice { id: OpeningId(id), channel, way: SpliceWay::Out, amount_sat };
        let refused = self.buyer.node().splice(order).await;
        let by_peer = matches!(&refused, Err(LightningError::Splice(OpenFailure::Policy { .. })));
        assert!(by_peer, "{amount_sat} sat: {refused:?}");
    }

    pub(crate) async fn refuses_release(
        &self,
        contract: Hash,
        fund: Hash,
        amount: Sat,
        code: &str,
        words: &str,
    ) {
        let refused =
            self.seller.app().release(contract, fund, amount).await.expect_err("nothing is released");
        assert_eq!(refused.code, code, "{refused}");
        assert!(refused.to_string().contains(words) || refused.todo.contains(words), "{refused:?}");
    }

    pub(crate) async fn refuses_to_take(&self, contract: Hash, release: Hash, code: &str) {
        let refused = self.buyer.app().take_back(contract, release).await.expect_err("nothing is taken");
        assert_eq!(refused.code, code, "{refused}");
    }

    pub(crate) async fn channel_of(&self, fund: Hash) -> anyhow::Result<(ChannelId, u64)> {
        let id = u128::from_be_bytes(fund.0[..16].try_into()?);
        let there = self.buyer.node().channels().await?;
        let channel = there.iter().find(|channel| channel.opening == OpeningId(id)).expect("it is open");
        Ok((channel.id, channel.capacity_sat))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_released_goes_back_on_chain_once_and_nothing_else_does() -> anyhow::Result<()> {
    let (mut pair, contract, fund) = Pair::with_two_channels().await?;
    let owed = "still owed on \"materials-on-order\"";
    pair.refuses_release(contract, fund, RELEASED, "not-allowed", owed).await;
    pair.pay_materials(contract).await?;
    let (channel, size_sat) = pair.channel_of(fund).await?;
    pair.takes_alone(81, channel, RELEASED.0).await;
    pair.refuses_to_take(contract, fund, "not-released").await;
    pair.refuses_release(contract, fund, Sat(4_900_000), "too-much", "can be taken out").await;

    let release = pair.seller.app().release(contract, fund, RELEASED).await?;
    see(pair.buyer.app(), contract, "the release at the buyer", |view| {
        line(view, release).is_some_and(|line| line.can_take_back)
    })
    .await?;
    let view = pair.buyer.app().contract(contract).await?;
    assert_eq!(view.figures.earmarked_sat, 46_000_000 - 25_000_000 - RELEASED.0);
    assert!(view.figures.covered_sat < 17_000_000, "1 of 30 and 16 million are left: {:?}", view.figures);
    pair.takes_alone(82, channel, 3_000_000).await;
    let refused = pair.seller.app().take_back(contract, release).await.unwrap_err();
    assert_eq!(refused.code, "not-ours");

    // Signed over nothing that is under way: a payment goes first.
    let invoice = pair.invoice_stage_1(contract).await?;
    pair.buyer.faults.orders_lost.store(true, SeqCst);
    pair.buyer.app().pay(contract, invoice).await?;
    pair.refuses_to_take(contract, release, "in-flight").await;
    pair.buyer.faults.orders_lost.store(false, SeqCst);
    see(pair.buyer.app(), contract, "stage 1 paid", |view| view.figures.paid_sat == 40_000_000).await?;
    until("a payment that is decided", || async {
        Ok(pair.buyer.store().attempts_unfinished().await?.is_empty())
    })
    .await?;

    pair.buyer.app().take_back(contract, release).await?;
    pair.refuses_to_take(contract, release, "taken-back").await;
    pair.restart().await?;
    for company in [Side::Buyer, Side::Seller] {
        for _ in 0..400 {
            let view = pair.of(company).app().contract(contract).await?;
            let seen = line(&view, release).is_some_and(|line| line.splice.seen.word.contains("by us and"));
            if state(&view, release) == "Taken back" && seen {
                break;
            }
            pair.chain.mine(1);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let view = pair.of(company).app().contract(contract).await?;
        assert_eq!(state(&view, release), "Taken back", "{company:?}: {:?}", view.channels);
    }
    let (channel, smaller_sat) = pair.channel_of(fund).await?;
    let cost_sat = size_sat - RELEASED.0 - smaller_sat;
    assert!((100..20_000).contains(&cost_sat), "the fee comes on top: {cost_sat} sat");
    pair.refuses_to_take(contract, release, "taken-back").await;
    pair.takes_alone(83, channel, 300_000).await;
    until("the money in the wallet", || async {
        Ok(pair.buyer.node().balances().await?.onchain_total_sat >= RELEASED.0)
    })
    .await?;
    pair.agree(contract).await?;
    pair.balance().await?;
    // The folder has the splice as a part of its channel, and is not an old one.
    pair.restart().await?;
    pair.agree(contract).await?;
    pair.balance().await
}
