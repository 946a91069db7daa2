//! Both companies in this process, with their pages: the play brings them to where it is interesting, and there they
//! are looked at and clicked.
//!
//! Invariant: nothing here knows a page; what the play does, it does through the same use cases as the pages.

use std::{future::pending, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use lncontract::sandbox::{
    self, Company, Sandbox,
    play::{self, Play},
    report::{How, Report},
};
use lncontract_core::{Hash, v1::Terms};
use tokio::net::TcpListener;

/// Both companies, and where their pages are.
pub struct Stage {
    /// Their programs, nodes, chain and clock.
    pub sandbox: Sandbox,
    /// The buyer's pages.
    pub buyer: String,
    /// The seller's pages.
    pub seller: String,
}

impl Stage {
    /// Starts both in this folder.
    pub async fn set(dir: &Path) -> Result<Self> {
        let sandbox = sandbox::start(dir.join("sandbox"), None).await?;
        let (buyer, seller) =
            (serve(&sandbox, &sandbox.buyer).await?, serve(&sandbox, &sandbox.seller).await?);
        Ok(Self { sandbox, buyer, seller })
    }

    /// Both companies meet, get money, and sign these terms. Returns the contract.
    pub async fn sign(&self, terms: &Terms) -> Result<Hash> {
        let (sandbox, mut report) = (&self.sandbox, self.report());
        let (buyer, seller) = (&sandbox.buyer, &sandbox.seller);
        play::set_up(buyer, &terms.buyer, &mut report).await?;
        play::set_up(seller, &terms.seller, &mut report).await?;
        play::meet(buyer, seller, &mut report).await?;
        play::give(sandbox, Play::Example, terms, &mut report).await?;
        let contract = play::offer(buyer, seller, terms.clone(), &mut report).await?;
        play::accept(buyer, seller, contract, &mut report).await?;
        Ok(contract)
    }

    /// For steps of the play that nobody reads.
    pub fn report(&self) -> Report {
        Report::new(How::Silent, self.sandbox.time.clock())
    }
}

async fn serve(sandbox: &Sandbox, company: &Company) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on 127.0.0.1")?;
    let address = format!("http://{}", listener.local_addr()?);
    let clock = Some(Arc::clone(&sandbox.time) as _);
    // The pages end with the test's runtime.
    tokio::spawn(lncontract_web::serve(listener, Arc::clone(&company.app), clock, pending()));
    Ok(address)
}
