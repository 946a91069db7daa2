//! Two companies with their programs and nodes, and what people do until the payments can begin.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context, bail};
use lncontract_app::{App, NewCompany, NewContract, NodeAccess, NotStarted, StartNode, SystemClock, Wiring};
use lncontract_core::{
    Hash,
    v1::{PayableId, Side},
};
use lncontract_devchain::DevChain;
use lncontract_lightning::{BoxFuture, Host, Lightning};
use lncontract_lightning_ldk::{LdkConfig, LdkNode};
use lncontract_store::{AttemptState, ReceivableState, SqliteStore, Store};
use tokio::time::Instant;

use crate::{
    CHANNEL_SAT,
    terms::{instalment_id, party, terms, until},
};

/// One company.
pub struct Company {
    pub app: Arc<App>,
    pub store: Arc<SqliteStore>,
    node: Arc<Starter>,
}

struct Starter {
    dir: PathBuf,
    listen: SocketAddr,
    chain: Arc<DevChain>,
    running: OnceLock<Arc<dyn Lightning>>,
}

impl StartNode for Starter {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        _: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let (dir, chain) = (self.dir.clone(), Arc::clone(&self.chain));
            let config =
                LdkConfig::new(dir, *seed, bitcoin::Network::Regtest, self.listen, chain, Arc::clone(&host));
            let trouble =
                |error: lncontract_lightning_ldk::StartError| NotStarted::Trouble(error.to_string());
            let node: Arc<dyn Lightning> = LdkNode::start(config).await.map_err(trouble)?;
            // There is one start in the life of a program.
            let _ = self.running.set(Arc::clone(&node));
            Ok(node)
        })
    }
}

impl Company {
    async fn start(dir: &Path, side: Side, chain: &Arc<DevChain>) -> anyhow::Result<Self> {
        let dir = dir.join(format!("{side:?}"));
        let store = Arc::new(SqliteStore::open(&dir).await?);
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (dir, chain) = (dir.join("node"), Arc::clone(chain));
        let node = Arc::new(Starter { dir, listen, chain, running: OnceLock::new() });
        let app = App::start(Wiring {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            node: Arc::clone(&node) as Arc<dyn StartNode>,
            network: "regtest".into(),
            own_node: None,
            node_address: listen.to_string(),
            peer_address: None,
            post: Arc::new(lncontract_app::NoPost),
        });
        let names = party(side);
        let (name, short_name) = (names.name, names.short_name);
        let password = "a long enough password".to_owned();
        app.new_company(NewCompany { name, short_name, user: "anna".into(), password }).await?;
        Ok(Company { app, store, node })
    }

    async fn give(&self, sat: u64) -> anyhow::Result<()> {
        let node = self.node.running.get().context("its node runs")?;
        self.node.chain.fund(&node.new_address().await?, sat)?;
        self.node.chain.mine(1);
        until("a deposit", async || Ok(node.balances().await?.onchain_spendable_sat == sat)).await
    }
}

/// When each step was there, counted from the order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    pub ordered: Duration,
    pub sending: Duration,
    pub claimed: Duration,
    pub sent: Duration,
}

/// Both.
pub struct Companies {
    chain: Arc<DevChain>,
    pub buyer: Company,
    seller: Company,
}

impl Companies {
    /// Both set up, acquainted, with money.
    pub async fn start(dir: &Path, chain: &Arc<DevChain>) -> anyhow::Result<Self> {
        let buyer = Company::start(dir, Side::Buyer, chain).await?;
        let seller = Company::start(dir, Side::Seller, chain).await?;
        for (us, them) in [(&buyer, &seller), (&seller, &buyer)] {
            let row = us.app.accept_invite(&them.app.invite().await?).await?;
            us.app.confirm_company_words(&row.id).await?;
        }
        buyer.give(CHANNEL_SAT + 1_000_000).await?;
        seller.give(1_000_000).await?;
        Ok(Companies { chain: Arc::clone(chain), buyer, seller })
    }

    /// Offered and accepted. Returns the contract.
    pub async fn sign(&self, payments: usize) -> anyhow::Result<Hash> {
        let counterparty = self.buyer.app.companies().await?.first().context("they have met")?.id.clone();
        let new =
            NewContract { counterparty, our_side: Side::Buyer, terms: terms(payments)?, valid_days: 14 };
        let contract = self.buyer.app.offer(new).await?;
        let seller = &self.seller.app;
        until("the offer", async || {
            Ok(seller.contract(contract).await.is_ok_and(|view| view.can_answer_offer))
        })
        .await?;
        seller.accept_offer(contract).await?;
        until("the contract", async || Ok(self.buyer.app.contract(contract).await?.version == 1)).await?;
        Ok(contract)
    }

    /// Opens the first channel.
    pub async fn open_channel(&self, contract: Hash) -> anyhow::Result<()> {
        self.buyer.app.fund(contract, "channel-1").await?;
        for app in [&self.buyer.app, &self.seller.app] {
            until("the channel", async || {
                let view = app.contract(contract).await?;
                if view.channels.iter().any(|card| card.state.word.starts_with("Confirming")) {
                    self.chain.mine(1);
                }
                Ok(view.channels.iter().any(|card| card.state.word == "Open"))
            })
            .await?;
        }
        Ok(())
    }

    /// Makes all invoices, and waits until they can be paid.
    pub async fn invoices(&self, contract: Hash, payments: usize) -> anyhow::Result<Vec<Hash>> {
        let mut invoices = Vec::new();
        for number in 0..payments {
            let payable = PayableId { row: instalment_id(number), tender: None };
            invoices.push(self.seller.app.make_invoice(contract, payable).await?);
        }
        for invoice in &invoices {
            until("a payable invoice", async || {
                let prompt = self.buyer.app.pay_prompt(contract, *invoice).await;
                Ok(prompt.is_ok_and(|prompt| prompt.obstacles.is_empty()))
            })
            .await?;
        }
        self.quiet(contract, 0).await?;
        Ok(invoices)
    }

    /// Pays one. Returns how long it took until the outcome was stored, and the steps on the way.
    pub async fn pay(&self, contract: Hash, invoice: Hash) -> anyhow::Result<(Duration, Steps)> {
        let hash = self.buyer.app.pay_prompt(contract, invoice).await?.payment_hash.0;
        let (mut ours, mut theirs) = (self.buyer.store.watch(), self.seller.store.watch());
        let mut steps = Steps::default();
        let start = Instant::now();
        self.buyer.app.pay(contract, invoice).await?;
        steps.ordered = start.elapsed();
        while steps.sent.is_zero() {
            let attempt = self.buyer.store.attempt(hash).await?.context("it was stored")?.state;
            let receivable = self.seller.store.receivable(hash).await?.context("it was asked for")?.state;
            let now = start.elapsed();
            if attempt != AttemptState::Requested && steps.sending.is_zero() {
                steps.sending = now;
            }
            if receivable != ReceivableState::Live && steps.claimed.is_zero() {
                steps.claimed = now;
            }
            match attempt {
                AttemptState::Succeeded => steps.sent = now,
                AttemptState::Failed => bail!("a payment failed"),
                // A notice that was missed shows in the next look.
                _ => tokio::select! { _ = ours.recv() => {} _ = theirs.recv() => {} },
            }
        }
        Ok((steps.sent, steps))
    }

    /// Waits until so many payments are in both records, and nothing is on its way.
    pub async fn quiet(&self, contract: Hash, received: usize) -> anyhow::Result<()> {
        for app in [&self.buyer.app, &self.seller.app] {
            until("a quiet record", async || {
                let view = app.contract(contract).await?;
                let count = view.record.iter().filter(|row| row.kind == "received").count();
                Ok(count == received && view.agreed.word == "Both companies agree")
            })
            .await?;
        }
        Ok(())
    }

    /// The record as anybody can check it.
    pub async fn bundle(&self, contract: Hash) -> anyhow::Result<Vec<u8>> {
        Ok(self.buyer.app.export_bundle(contract).await?)
    }

    /// Stops both.
    pub async fn stop(&self) {
        self.buyer.app.stop().await;
        self.seller.app.stop().await;
    }
}
