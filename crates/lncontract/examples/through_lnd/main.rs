//! What two whole companies cost over LND's own calls: an invoice, a payment and an opening to pending, each in turn
//! with LND's own call for the same, on the same LNDs. The second part of `cargo xtask bench lnd`.
//!
//! Invariant: it measures and judges nothing. What LND does by itself goes to a third LND without a program, over a
//! channel that no contract knows. A payment of a contract begins with the order and ends when its outcome is in the
//! payer's store; an invoice ends with its signed entry, an opening when the buyer's record says that it is pending.

mod company;
#[path = "../../../lncontract-lightning-lnd/tests/real/lnd.rs"]
mod lnd;
#[expect(dead_code, reason = "its address is known before it starts")]
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;
#[path = "../../../lncontract-app/examples/pay/terms.rs"]
mod terms;

use std::{net::TcpListener, path::Path, time::Duration};

use anyhow::{Context, bail};
use lncontract_app::NewContract;
use lncontract_core::{
    Hash,
    v1::{PayableId, Side, Terms},
};
use lncontract_lightning::Lightning;
use lncontract_store::{AttemptState, Store};
use serde_json::json;
use tokio::time::Instant;

use company::{Company, Plain};
use regtest::Regtest;
use terms::{instalment_id, until};

/// Of each kind; the first ones warm up both and are not counted.
const TIMES: usize = 40;
const WARM_UP: usize = 5;
const OPENINGS: usize = 5;
/// The first tranche of the worked example.
const TRANCHE: &str = "channel-1";
const CHANNEL_SAT: u64 = 30_000_000;
/// The first milestone of the worked example, in so many instalments.
const AMOUNT_MSAT: u64 = 25_000_000_000 / TIMES as u64;

struct Bench {
    chain: Regtest,
    buyer: Company,
    seller: Company,
    plain: Plain,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let of_chain = dir.path().join("bitcoind");
    std::fs::create_dir(&of_chain)?;
    let program = std::env::var_os("LNCONTRACT_BITCOIND").context("LNCONTRACT_BITCOIND names no bitcoind")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let start = move || Regtest::start(Path::new(&program), &of_chain, port);
    let chain = tokio::task::spawn_blocking(start).await?;
    let bench = Bench {
        buyer: Company::start(dir.path(), Side::Buyer, port).await?,
        seller: Company::start(dir.path(), Side::Seller, port).await?,
        plain: Plain::start(dir.path(), port).await?,
        chain,
    };
    bench.meet().await?;
    let first = bench.openings().await?;
    let invoices = bench.invoices(first).await?;
    bench.payments(first, &invoices).await?;
    let Bench { buyer, seller, plain, chain: _chain } = bench;
    buyer.stop().await;
    seller.stop().await;
    plain.stop();
    Ok(())
}

impl Bench {
    /// Both are acquainted and have money; the buyer's LND knows the plain one.
    async fn meet(&self) -> anyhow::Result<()> {
        for (us, them) in [(&self.buyer, &self.seller), (&self.seller, &self.buyer)] {
            let row = us.app.accept_invite(&them.app.invite().await?).await?;
            us.app.confirm_company_words(&row.id).await?;
        }
        self.buyer.give(&self.chain, 2 * OPENINGS + 2, CHANNEL_SAT + 5_000_000).await?;
        self.seller.give(&self.chain, 1, 10_000_000).await?;
        self.follows().await?;
        self.buyer.own.connect(self.plain.key, &self.plain.address).await;
        Ok(())
    }

    /// Offered and accepted.
    async fn sign(&self, terms: Terms) -> anyhow::Result<Hash> {
        let (buyer, seller) = (&self.buyer.app, &self.seller.app);
        let counterparty = buyer.companies().await?.first().context("they have met")?.id.clone();
        let contract =
            buyer.offer(NewContract { counterparty, our_side: Side::Buyer, terms, valid_days: 14 }).await?;
        until("the offer", async || {
            Ok(seller.contract(contract).await.is_ok_and(|view| view.can_answer_offer))
        })
        .await?;
        seller.accept_offer(contract).await?;
        until("the contract", async || Ok(buyer.contract(contract).await?.version == 1)).await?;
        Ok(contract)
    }

    /// From `fund` to pending, and LND's own. Returns the first contract, whose channel is open.
    async fn openings(&self) -> anyhow::Result<Hash> {
        let (mut ours, mut own, mut first) = (Vec::new(), Vec::new(), None);
        for number in 0..OPENINGS {
            let contract = self.sign(terms::terms(TIMES)?).await?;
            first.get_or_insert(contract);
            for through in if number % 2 == 0 { [true, false] } else { [false, true] } {
                let begun = Instant::now();
                if through {
                    let mut changed = self.buyer.store.watch();
                    let fund = self.buyer.app.fund(contract, TRANCHE).await?;
                    while !self.is_pending(contract, fund).await? {
                        // A notice that was missed shows in the next look.
                        let _ = tokio::time::timeout(Duration::from_millis(100), changed.recv()).await;
                    }
                    ours.push(begun.elapsed());
                } else {
                    self.buyer.own.open(self.plain.key, CHANNEL_SAT).await;
                    own.push(begun.elapsed());
                }
                self.confirm(contract, own.len()).await?;
            }
        }
        report("an opening, from `fund` to pending", ours, own);
        first.context("there was one")
    }

    async fn is_pending(&self, contract: Hash, fund: Hash) -> anyhow::Result<bool> {
        let view = self.buyer.app.contract(contract).await?;
        let card = view.channels.iter().find(|card| card.fund == fund);
        Ok(card.is_some_and(|card| card.state.word.starts_with("Confirming")))
    }

    /// Mines until every channel is open, on both sides and in both records.
    async fn confirm(&self, contract: Hash, own: usize) -> anyhow::Result<()> {
        until("the channel", async || {
            tokio::task::block_in_place(|| self.chain.mine(1));
            let mut open = self.buyer.own.active_with(self.plain.key).await >= own;
            for app in [&self.buyer.app, &self.seller.app] {
                let view = app.contract(contract).await?;
                open &= view.channels.iter().all(|card| card.state.word == "Open");
            }
            Ok(open)
        })
        .await?;
        self.follows().await?;
        self.quiet(contract).await
    }

    /// Waits until the buyer's LND has seen all blocks: it opens nothing before.
    async fn follows(&self) -> anyhow::Result<()> {
        let height = tokio::task::block_in_place(|| self.chain.call("getblockcount", &json!([]))).as_u64();
        until("the last block", async || {
            let info = self.buyer.node()?.info().await?;
            Ok(info.synced && Some(u64::from(info.height)) == height)
        })
        .await
    }

    /// An invoice with its signed entry, and LND's own. Returns the entries.
    async fn invoices(&self, contract: Hash) -> anyhow::Result<Vec<Hash>> {
        let (mut ours, mut own, mut made) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..TIMES {
            for through in if number % 2 == 0 { [true, false] } else { [false, true] } {
                let begun = Instant::now();
                if through {
                    let payable = PayableId { row: instalment_id(number), tender: None };
                    made.push(self.seller.app.make_invoice(contract, payable).await?);
                    ours.push(begun.elapsed());
                } else {
                    self.seller.own.add_invoice(AMOUNT_MSAT).await;
                    own.push(begun.elapsed());
                }
            }
            self.quiet(contract).await?;
        }
        report("an invoice", ours.split_off(WARM_UP), own.split_off(WARM_UP));
        Ok(made)
    }

    async fn payments(&self, contract: Hash, invoices: &[Hash]) -> anyhow::Result<()> {
        let (mut ours, mut own) = (Vec::new(), Vec::new());
        for (number, invoice) in invoices.iter().enumerate() {
            for through in if number % 2 == 0 { [true, false] } else { [false, true] } {
                if through {
                    ours.push(self.pay(contract, *invoice).await?);
                    self.quiet(contract).await?;
                } else {
                    let invoice = self.plain.own.add_invoice(AMOUNT_MSAT).await;
                    let begun = Instant::now();
                    self.buyer.own.pay(&invoice).await;
                    own.push(begun.elapsed());
                }
            }
        }
        report("a payment", ours.split_off(WARM_UP), own.split_off(WARM_UP));
        Ok(())
    }

    async fn pay(&self, contract: Hash, invoice: Hash) -> anyhow::Result<Duration> {
        let prompt = self.buyer.app.pay_prompt(contract, invoice).await?;
        anyhow::ensure!(prompt.obstacles.is_empty(), "it can't be paid: {:?}", prompt.obstacles);
        let (hash, mut changed) = (prompt.payment_hash.0, self.buyer.store.watch());
        let begun = Instant::now();
        self.buyer.app.pay(contract, invoice).await?;
        loop {
            match self.buyer.store.attempt(hash).await?.context("it was stored")?.state {
                AttemptState::Succeeded => return Ok(begun.elapsed()),
                AttemptState::Failed => bail!("a payment failed"),
                // A notice that was missed shows in the next look.
                _ => drop(tokio::time::timeout(Duration::from_millis(100), changed.recv()).await),
            }
        }
    }

    /// Waits until nothing is on its way between the two.
    async fn quiet(&self, contract: Hash) -> anyhow::Result<()> {
        for app in [&self.buyer.app, &self.seller.app] {
            until("a quiet record", async || {
                Ok(app.contract(contract).await?.agreed.word == "Both companies agree")
            })
            .await?;
        }
        Ok(())
    }
}

fn report(what: &str, mut ours: Vec<Duration>, mut own: Vec<Duration>) {
    ours.sort();
    own.sort();
    let median = |all: &[Duration]| all[all.len() / 2];
    let (ours, own, times) = (median(&ours), median(&own), ours.len());
    println!(
        "bench lnd: {what}: through both programs {:.1} ms, LND's own call {:.1} ms, ratio of the medians {:.2} ({times} each)",
        ours.as_secs_f64() * 1e3,
        own.as_secs_f64() * 1e3,
        ours.as_secs_f64() / own.as_secs_f64(),
    );
}
