//! Both companies in this process, with their pages: the play brings them to where it is interesting, and there they
//! are looked at and clicked.
//!
//! Invariant: nothing here knows a page; what the play does, it does through the same use cases as the pages.

use std::{future::pending, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use bitcoin::Network;
use lncontract::{
    sandbox::{
        self, Sandbox,
        play::{self, Play},
        report::{How, Report},
    },
    wire::{self, Reached},
};
use lncontract_app::{App, NewCompany};
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
            (serve(&sandbox, &sandbox.buyer.app).await?, serve(&sandbox, &sandbox.seller.app).await?);
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

    /// A company whose node is still to be connected: its pages, and the user who signs in there.
    pub async fn without_node(&self) -> Result<(Arc<App>, String, &'static str)> {
        let dir = self.sandbox.dir.join("without-node");
        std::fs::create_dir(&dir)?;
        let clock = self.sandbox.time.clock();
        let (app, _) =
            wire::company_with_lnd(&dir, Network::Regtest, Reached::default(), None, clock).await?;
        let text = |text: &str| text.to_owned();
        let (name, user) = ("Vesta Power AG", "vesta");
        let new = NewCompany {
            name: text(name),
            short_name: text("Vesta"),
            user: text(user),
            password: text(play::PASSWORD),
        };
        app.new_company(new).await?;
        let address = serve(&self.sandbox, &app).await?;
        Ok((app, address, user))
    }
}

async fn serve(sandbox: &Sandbox, app: &Arc<App>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port on 127.0.0.1")?;
    let address = format!("http://{}", listener.local_addr()?);
    let clock = Some(Arc::clone(&sandbox.time) as _);
    // The pages end with the test's runtime.
    tokio::spawn(lncontract_web::serve(listener, Arc::clone(app), clock, pending()));
    Ok(address)
}
