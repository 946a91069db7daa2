//! A company with its program on an LND of its own, and an LND that nobody's program uses.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use anyhow::Context;
use bitcoin::Network;
use lncontract_app::{App, NewCompany, NoPost, NodeAccess, NotStarted, StartNode, SystemClock, Wiring};
use lncontract_core::v1::{Party, Side};
use lncontract_lightning::{BoxFuture, Host, Lightning, NodeKey};
use lncontract_lightning_lnd::{LndAccess, LndConfig, LndNode, OwnCalls};
use lncontract_store::{SqliteStore, Store};

use crate::{
    lnd::{Lnd, NEW, program},
    regtest::{LOGIN, Regtest},
    terms::{party, until},
};

/// As an operator sets it for contracts.
const FLAGS: &[&str] = &["--protocol.wumbo-channels", "--maxpendingchannels=10"];

/// One company.
pub struct Company {
    pub app: Arc<App>,
    pub store: Arc<SqliteStore>,
    /// Its LND, asked with nothing between.
    pub own: OwnCalls,
    starter: Arc<Starter>,
    // Last: it ends after its program.
    lnd: Lnd,
}

struct Starter {
    access: LndAccess,
    dir: PathBuf,
    running: OnceLock<Arc<LndNode>>,
}

impl StartNode for Starter {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        _: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let (access, dir) = (self.access.clone(), self.dir.clone());
            let config = LndConfig { access, network: Network::Regtest, dir, secret: *seed, host };
            let node =
                LndNode::start(config).await.map_err(|error| NotStarted::Trouble(error.to_string()))?;
            // There is one start in the life of a program.
            let _ = self.running.set(Arc::clone(&node));
            Ok(node as Arc<dyn Lightning>)
        })
    }
}

impl Company {
    /// Starts LND and program, and sets the company up.
    pub async fn start(dir: &Path, side: Side, chain: SocketAddr) -> anyhow::Result<Self> {
        let dir = dir.join(side.to_string());
        let (lnd, own) = start_lnd(&dir, chain).await?;
        let store = Arc::new(SqliteStore::open(&dir.join("company")).await?);
        let notes = dir.join("notes");
        let starter = Arc::new(Starter { access: lnd.access(), dir: notes, running: OnceLock::new() });
        let app = App::start(Wiring {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            node: Arc::clone(&starter) as Arc<dyn StartNode>,
            own_node: None,
            network: "regtest".into(),
            node_address: lnd.peers().to_string(),
            peer_address: None,
            post: Arc::new(NoPost),
        });
        let Party { name, short_name, .. } = party(side);
        let password = "a long enough password".to_owned();
        app.new_company(NewCompany { name, short_name, user: "anna".into(), password }).await?;
        Ok(Self { app, store, own, starter, lnd })
    }

    /// Its node, as its program uses it.
    pub fn node(&self) -> anyhow::Result<&LndNode> {
        self.starter.running.get().map(Arc::as_ref).context("its node runs")
    }

    /// Gives it coins.
    pub async fn give(&self, chain: &Regtest, coins: usize, sat: u64) -> anyhow::Result<()> {
        for _ in 0..coins {
            let address = self.app.new_address().await?;
            tokio::task::block_in_place(|| chain.send(&address, sat));
        }
        tokio::task::block_in_place(|| chain.mine(1));
        let wanted = coins as u64 * sat;
        until("a deposit", async || Ok(self.node()?.balances().await?.onchain_spendable_sat >= wanted)).await
    }

    /// Stops the program, then LND.
    pub async fn stop(mut self) {
        self.app.stop().await;
        tokio::task::block_in_place(|| self.lnd.end("TERM"));
    }
}

/// An LND that takes what others open and send: the other end of what LND's own calls do.
pub struct Plain {
    pub own: OwnCalls,
    pub key: NodeKey,
    pub address: String,
    lnd: Lnd,
}

impl Plain {
    /// Starts it.
    pub async fn start(dir: &Path, chain: SocketAddr) -> anyhow::Result<Self> {
        let (lnd, own) = start_lnd(&dir.join("plain"), chain).await?;
        let (key, address) = (own.key().await, lnd.peers().to_string());
        Ok(Self { own, key, address, lnd })
    }

    /// Stops it.
    pub fn stop(mut self) {
        tokio::task::block_in_place(|| self.lnd.end("TERM"));
    }
}

async fn start_lnd(dir: &Path, chain: SocketAddr) -> anyhow::Result<(Lnd, OwnCalls)> {
    let folder = dir.join("lnd");
    let start = move || Lnd::start(program(NEW), &folder, chain, LOGIN, FLAGS);
    let lnd = tokio::task::spawn_blocking(start).await?;
    let own = OwnCalls::new(&lnd.access(), &std::fs::read(lnd.macaroon("admin"))?);
    Ok((lnd, own))
}
