//! The steps of the first milestone, as the two companies' people take them.

use anyhow::Context;
use jiff::{Timestamp, tz::Offset};
use lncontract_app::{NewContract, view::ContractView};
use lncontract_core::{
    Hash,
    template::supply::worked_example,
    v1::{Document, Party, PayableId, Side, Tender, Terms},
};
use lncontract_record::hash::sha256;
use lncontract_store::Store;

use super::{BUYER_SAT, Company, Pair, SELLER_SAT, see, until};

/// The row that is tendered.
pub const MATERIALS: &str = "materials-on-order";
/// The tranche of the first channel: 30,000,000 sat.
pub const TRANCHE: &str = "channel-1";
/// What the first milestone is worth.
pub const MATERIALS_MSAT: i64 = 25_000_000_000;

pub fn materials_payable() -> PayableId {
    PayableId { row: "pay-materials-on-order".into(), tender: None }
}

/// A tender with one document.
pub fn evidence(words: &str) -> Tender {
    let document = Document { name: format!("{words}.pdf"), sha256: sha256(words.as_bytes()) };
    Tender { row: MATERIALS.into(), quantity: 1, documents: vec![document], note: String::new() }
}

pub fn row_word<'a>(view: &'a ContractView, row: &str) -> &'a str {
    let found = view.obligations.iter().find(|of| of.row == row);
    &found.expect("the row is one of the worked example").state.word
}

/// How a channel stands on a company's page.
pub fn state_of(view: &ContractView, fund: Hash) -> Option<&str> {
    view.channels.iter().find(|card| card.fund == fund).map(|card| card.state.word.as_str())
}

impl Pair {
    /// Offered and accepted: the worked example as `change` leaves it.
    pub async fn signed_with(change: impl FnOnce(&mut Terms)) -> anyhow::Result<(Self, Hash)> {
        let pair = Self::met().await?;
        let contract = pair.offer(change).await?;
        pair.accept(contract).await?;
        Ok((pair, contract))
    }

    pub async fn signed() -> anyhow::Result<(Self, Hash)> {
        Self::signed_with(|_| {}).await
    }

    /// Signed, with money on both sides.
    pub async fn with_money() -> anyhow::Result<(Self, Hash)> {
        let (pair, contract) = Self::signed().await?;
        pair.give_both().await?;
        Ok((pair, contract))
    }

    pub async fn give_both(&self) -> anyhow::Result<()> {
        self.give(Side::Buyer, BUYER_SAT).await?;
        self.give(Side::Seller, SELLER_SAT).await
    }

    pub async fn offer(&self, change: impl FnOnce(&mut Terms)) -> anyhow::Result<Hash> {
        let app = self.buyer.app();
        let party = |company: &Company| {
            let names = company.names();
            let (tax_id, address) = (String::new(), String::new());
            Party { name: names.name, short_name: names.short_name, tax_id, address }
        };
        let today = Offset::UTC.to_datetime(Timestamp::from_second(app.now().0)?).date();
        let mut terms = worked_example(today, party(&self.buyer), party(&self.seller), 0);
        change(&mut terms);
        let counterparty = app.companies().await?.first().context("they have met")?.id.clone();
        let new = NewContract { counterparty, our_side: Side::Buyer, terms, valid_days: 14 };
        Ok(app.offer(new).await?)
    }

    pub async fn accept(&self, contract: Hash) -> anyhow::Result<()> {
        let app = self.seller.app();
        see(app, contract, "the offer at the seller", |view| view.can_answer_offer).await?;
        app.accept_offer(contract).await?;
        see(self.buyer.app(), contract, "the acceptance at the buyer", |view| view.version == 1).await
    }

    /// Mines until the announced channel is open on both pages.
    pub async fn open(&self, contract: Hash, fund: Hash) -> anyhow::Result<()> {
        self.confirming(contract, fund).await?;
        let mut blocks = 0;
        for company in [&self.buyer, &self.seller] {
            loop {
                let view = company.app().contract(contract).await?;
                if state_of(&view, fund) == Some("Open") {
                    break;
                }
                // Named in full: which side lags behind, and what its node sees, is what one has to know.
                let there = company.node().channels().await?;
                let side = company.side;
                anyhow::ensure!(
                    blocks < 400,
                    "not open at the {side:?} after 400 blocks: {:?}, {there:?}",
                    view.channels
                );
                blocks += 1;
                self.chain.mine(1);
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Waits until the channel's funding transaction is in the buyer's record.
    pub async fn confirming(&self, contract: Hash, fund: Hash) -> anyhow::Result<()> {
        see(self.buyer.app(), contract, "the funding transaction", |view| {
            view.channels.iter().any(|card| card.fund == fund && card.outpoint.is_some())
        })
        .await
    }

    /// Tendered, and before the buyer.
    pub async fn tender(&self, contract: Hash) -> anyhow::Result<Hash> {
        let tender =
            self.seller.app().tender(contract, evidence("Purchase orders 4471-A and 4471-B")).await?;
        until("the tender at the buyer", || async {
            Ok(self.buyer.app().tender_view(contract, tender).await.is_ok())
        })
        .await?;
        Ok(tender)
    }

    /// Tendered and accepted, on both sides.
    pub async fn earn(&self, contract: Hash) -> anyhow::Result<()> {
        let tender = self.tender(contract).await?;
        self.buyer.app().answer_tender(contract, tender, 1, Vec::new()).await?;
        see(self.seller.app(), contract, "the acceptance", |view| view.figures.earned_sat == 25_000_000).await
    }

    pub async fn invoice(&self, contract: Hash) -> anyhow::Result<Hash> {
        Ok(self.seller.app().make_invoice(contract, materials_payable()).await?)
    }

    /// Waits until nothing stands in the way of paying.
    pub async fn payable(&self, contract: Hash, invoice: Hash) -> anyhow::Result<()> {
        until("a payable invoice at the buyer", || async {
            let prompt = self.buyer.app().pay_prompt(contract, invoice).await;
            Ok(prompt.is_ok_and(|prompt| prompt.obstacles.is_empty()))
        })
        .await
    }

    /// Waits until both records have `paid` and `received`, and checks that the money moved once.
    pub async fn received_once(&self, contract: Hash) -> anyhow::Result<()> {
        for company in [&self.buyer, &self.seller] {
            see(company.app(), contract, "paid and received", |view| {
                let facts = |kind| view.record.iter().filter(|row| row.kind == kind).count();
                (facts("paid"), facts("received")) == (1, 1)
            })
            .await?;
        }
        let (ours, theirs) = self.agree(contract).await?;
        assert_eq!((ours.figures.paid_sat, theirs.figures.paid_sat), (25_000_000, 25_000_000));
        let paid = self.buyer.store().ledger_sum_msat(None, "paid").await?;
        let received = self.seller.store().ledger_sum_msat(None, "received").await?;
        assert_eq!((paid, received), (-MATERIALS_MSAT, MATERIALS_MSAT));
        self.balance().await
    }
}

impl Company {
    /// How many entries its store holds.
    pub async fn entries(&self, contract: Hash) -> anyhow::Result<usize> {
        Ok(self.store().entries(contract.0).await?.len())
    }
}
