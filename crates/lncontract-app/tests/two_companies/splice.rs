//! A splice of the funding plan, from its announcement to the end of its channel; a payment over two channels.

use lncontract_app::view::{ContractView, SpliceLine};
use lncontract_core::{
    Hash, Sat,
    v1::{Instrument, Side},
};
use lncontract_lightning::{
    Channel, CloseMode, LightningError, OpenFailure, OpeningId, OrderSplice, SpliceWay,
};

use crate::support::{Pair, TRANCHE, see, until};

/// The first splice of the plan: 20,000,000 sat into the first channel.
const SPLICE: &str = "splice-1";

pub(crate) fn line(view: &ContractView, fund: Hash) -> Option<&SpliceLine> {
    view.channels.iter().flat_map(|card| &card.splices).find(|line| line.fund == fund)
}

impl Pair {
    /// Mines until both pages show it.
    pub(crate) async fn mine_until(
        &self,
        contract: Hash,
        what: &str,
        look: impl Fn(&ContractView) -> bool,
    ) -> anyhow::Result<()> {
        for company in [&self.buyer, &self.seller] {
            for _ in 0..400 {
                if look(&company.app().contract(contract).await?) {
                    break;
                }
                self.chain.mine(1);
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            see(company.app(), contract, what, &look).await?;
        }
        Ok(())
    }

    /// Opens the first channel and splices 20,000,000 sat into it.
    async fn spliced(&self, contract: Hash) -> anyhow::Result<(Hash, Hash)> {
        let fund = self.buyer.app().fund(contract, TRANCHE).await?;
        self.open(contract, fund).await?;
        self.give(Side::Buyer, 21_000_000).await?;
        let splice = self.buyer.app().fund(contract, SPLICE).await?;
        for company in [&self.buyer, &self.seller] {
            see(company.app(), contract, "the splice's transaction", |view| {
                line(view, splice).is_some_and(|line| line.outpoint.is_some())
            })
            .await?;
        }
        self.mine_until(contract, "the locked splice", |view| {
            line(view, splice)
                .is_some_and(|line| line.state.word == "Open" && line.seen.word.contains("by us and"))
        })
        .await?;
        Ok((fund, splice))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_splice_of_the_plan_adds_to_its_channel_and_ends_with_it() -> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    let (fund, splice) = pair.spliced(contract).await?;
    for company in [&pair.buyer, &pair.seller] {
        let view = company.app().contract(contract).await?;
        assert_eq!(view.channels.len(), 1, "one channel: {:?}", view.channels);
        assert_eq!(view.channels[0].size_sat, 50_000_000);
        assert_eq!(view.figures.earmarked_sat, 50_000_000);
        assert!(view.figures.covered_sat > 49_000_000, "{:?}", view.figures);
        assert_eq!(view.channels[0].seen.word, line(&view, splice).expect("the splice").seen.word);
        let limit_sat = view.channels[0].in_flight_limit_sat;
        assert!(limit_sat.is_none_or(|sat| sat == 30_000_000), "fixed at the opening: {limit_sat:?}");
        // Materials are covered, 25 of the 49 million, and stage 1 with what is left.
        let words: Vec<_> = view.milestones.iter().map(|row| row.state.word.as_str()).collect();
        assert_eq!(words[..3], ["Covered", "Covered", "Covered in part"]);
        let coverage = view.coverage.expect("the node answers");
        assert!(coverage.past.last().is_some_and(|point| point.covered_sat > 49_000_000), "{coverage:?}");
        assert!(
            coverage.payments.iter().all(|row| row.missing_sat == 0),
            "the plan covers all: {coverage:?}"
        );
    }
    pair.balance().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    pair.buyer.app().close_channel(contract, fund, CloseMode::Cooperative).await?;
    pair.mine_until(contract, "the closed channel", |view| {
        view.channels[0].state.word == "Closed"
            && line(view, splice).is_some_and(|line| line.state.word == "Closed")
    })
    .await?;
    until("the money in both wallets", || async {
        let balances = pair.seller.node().balances().await?;
        Ok(balances.onchain_total_sat > 25_000_000 && balances.closing_sat == 0)
    })
    .await?;
    pair.agree(contract).await?;
    pair.balance().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_splice_is_made_once_after_a_restart_and_no_other_is_let_in() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    pair.give(Side::Buyer, 21_000_000).await?;
    let channel = pair.buyer.node().channels().await?[0].id;
    for (id, way) in [(71, SpliceWay::In), (72, SpliceWay::Out)] {
        let order = OrderSplice { id: OpeningId(id), channel, way, amount_sat: 20_000_000 };
        let refused = pair.buyer.node().splice(order).await;
        assert!(matches!(refused, Err(LightningError::Splice(OpenFailure::Policy { .. }))), "{refused:?}");
    }
    let splice = pair.buyer.app().fund(contract, SPLICE).await?;
    pair.restart().await?;
    see(pair.buyer.app(), contract, "the splice's transaction", |view| {
        line(view, splice).is_some_and(|line| line.outpoint.is_some())
    })
    .await?;
    pair.restart().await?;
    pair.mine_until(contract, "the locked splice", |view| {
        line(view, splice).is_some_and(|line| line.state.word == "Open")
    })
    .await?;
    let view = pair.buyer.app().contract(contract).await?;
    assert_eq!(view.channels[0].size_sat, 50_000_000, "once: {:?}", view.channels);
    pair.agree(contract).await?;
    // The books say that the splice is open: the folder has it as a part of its channel, and is not an old one.
    pair.restart().await?;
    pair.agree(contract).await?;
    pair.balance().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_no_channel_carries_goes_over_two_of_the_contract() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed_with(|terms| {
        let tranches = &mut terms.funding.tranches;
        (tranches[0].amount, tranches[1].amount) = (Sat(15_000_000), Sat(15_000_000));
        tranches[1].instrument = Instrument::Channel;
    })
    .await?;
    pair.give_both().await?;
    let first = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, first).await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    until("an invoice that one channel does not carry", || async {
        let prompt = pair.buyer.app().pay_prompt(contract, invoice).await;
        let split = |obstacle: &String| obstacle.contains("fund a further channel");
        Ok(prompt.is_ok_and(|prompt| prompt.obstacles.len() == 1 && prompt.obstacles.iter().all(split)))
    })
    .await?;
    let second = pair.buyer.app().fund(contract, SPLICE).await?;
    pair.open(contract, second).await?;
    pair.payable(contract, invoice).await?;
    let prompt = pair.buyer.app().pay_prompt(contract, invoice).await?;
    let parts: Vec<u64> = prompt.over.iter().map(|(_, amount_sat)| *amount_sat).collect();
    assert_eq!((parts.len(), parts.iter().sum::<u64>(), prompt.missing_sat), (2, 25_000_000, 0));
    let before = pair.buyer.node().channels().await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    let after = pair.buyer.node().channels().await?;
    let left_msat =
        |there: &[Channel], id| there.iter().find(|seen| seen.id == id).map(|seen| seen.local_msat);
    let mut gone: Vec<u64> = Vec::new();
    for id in before.iter().map(|seen| seen.id) {
        let (before, after) = (left_msat(&before, id), left_msat(&after, id));
        gone.push((before.expect("it was there") - after.expect("it still is")) / 1_000);
    }
    gone.sort_by_key(|sat| std::cmp::Reverse(*sat));
    assert_eq!(gone, parts, "over each what the page said");
    Ok(())
}
