//! A pair of companies, and what people do with their programs.
//!
//! Each company can be stopped and started again on its folder: that is also how a connection is cut.

mod company;
pub mod faults;
pub mod forger;
mod steps;
mod visitor;
mod wires;

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use lncontract_app::{App, MovableClock, view::ContractView};
use lncontract_core::{Hash, v1::Side};
use lncontract_devchain::DevChain;
use tempfile::TempDir;

pub use company::Company;
pub use steps::{MATERIALS, TRANCHE, evidence, materials_payable, row_word};
pub use visitor::Visitor;
pub use wires::Wires;

/// How long anything may take before a test says what did not come.
pub const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// What the chain gives each company that has deposits, in satoshi.
pub const BUYER_SAT: u64 = 31_000_000;
/// The seller's anchor reserve.
pub const SELLER_SAT: u64 = 1_000_000;

/// A buyer and a seller.
pub struct Pair {
    pub chain: Arc<DevChain>,
    pub clock: Arc<MovableClock>,
    pub wires: Arc<Wires>,
    pub buyer: Company,
    pub seller: Company,
    _dir: TempDir,
}

impl Pair {
    /// Both set up, acquainted, connected; no money.
    pub async fn met() -> anyhow::Result<Self> {
        Self::met_with(|_| {}).await
    }

    /// The same, of companies that are changed before they are started.
    pub async fn met_with(change: impl Fn(&mut Company)) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let chain = DevChain::with_wall_clock();
        let (clock, wires) = (Arc::new(MovableClock::default()), Arc::new(Wires::default()));
        let company =
            |side| Company::new(dir.path(), side, Arc::clone(&chain), Arc::clone(&clock), Arc::clone(&wires));
        let (mut buyer, mut seller) = (company(Side::Buyer)?, company(Side::Seller)?);
        for company in [&mut buyer, &mut seller] {
            change(company);
            company.start().await?;
            company.set_up().await?;
        }
        for (us, them) in [(&buyer, &seller), (&seller, &buyer)] {
            let row = us.app().accept_invite(&them.app().invite().await?).await?;
            us.app().confirm_company_words(&row.id).await?;
        }
        Ok(Self { chain, clock, wires, buyer, seller, _dir: dir })
    }

    /// Gives a company confirmed money.
    pub async fn give(&self, side: Side, sat: u64) -> anyhow::Result<()> {
        let node = self.of(side).node();
        self.chain.fund(&node.new_address().await?, sat)?;
        self.chain.mine(1);
        until("the deposit", || async { Ok(node.balances().await?.onchain_spendable_sat >= sat) }).await
    }

    pub fn of(&self, side: Side) -> &Company {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }

    pub fn of_mut(&mut self, side: Side) -> &mut Company {
        match side {
            Side::Buyer => &mut self.buyer,
            Side::Seller => &mut self.seller,
        }
    }

    /// Stops both and starts them again on their folders.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.buyer.stop().await;
        self.seller.stop().await;
        self.buyer.start().await?;
        self.seller.start().await
    }

    /// Waits until both hold the same record and say so. Returns both pages.
    pub async fn agree(&self, contract: Hash) -> anyhow::Result<(ContractView, ContractView)> {
        until_some("both companies in step", || async {
            let ours = self.buyer.app().contract(contract).await?;
            let theirs = self.seller.app().contract(contract).await?;
            let said = |view: &ContractView| view.agreed.word == "Both companies agree";
            let equal = ours.state_hash == theirs.state_hash && ours.record.len() == theirs.record.len();
            Ok((equal && said(&ours) && said(&theirs)).then_some((ours, theirs)))
        })
        .await
    }

    /// Checks that the books of both are equal to their nodes.
    pub async fn balance(&self) -> anyhow::Result<()> {
        for company in [&self.buyer, &self.seller] {
            let account = company.app().account().await?;
            anyhow::ensure!(account.ledger_msat == account.node_msat, "{:?}: {account:?}", company.side);
        }
        Ok(())
    }
}

/// Looks at a contract's page until it shows what is waited for.
pub async fn see(
    app: &App,
    contract: Hash,
    what: &str,
    look: impl Fn(&ContractView) -> bool,
) -> anyhow::Result<()> {
    until(what, || async { Ok(app.contract(contract).await.is_ok_and(|view| look(&view))) }).await
}

/// Asks until it is so.
pub async fn until<F>(what: &str, ask: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    until_some(what, || async { Ok(ask().await?.then_some(())) }).await
}

/// Asks until there is an answer.
pub async fn until_some<T, F>(what: &str, ask: impl Fn() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let looking = async {
        loop {
            if let Some(found) = ask().await? {
                return anyhow::Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let end = tokio::time::timeout(PATIENCE, looking).await;
    end.with_context(|| format!("{what} did not come within {PATIENCE:?}"))?
}
