//! Wiring: a company's program from its folder, its chain and its addresses.
//! The only place that knows every crate.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use anyhow::Context;
use lncontract_app::{App, Clock, NotStarted, StartNode, Wiring};
use lncontract_lightning::{BoxFuture, Chain, Host, Lightning};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, StartError, check_starts};
use lncontract_lightning_lnd::{LndAccess, LndConfig, LndNode};
use lncontract_store::{Options, SqliteStore};

use crate::post::Https;

/// The node's own folder in a data directory.
pub const NODE_DIR: &str = "node";
/// The notes about the company's own LND in a data directory.
pub const LND_DIR: &str = "lnd";

/// A node that is started when the company's keys are unlocked, and can be asked for from then on.
pub struct Kept {
    starter: Box<dyn StartNode>,
    running: OnceLock<Arc<dyn Lightning>>,
}

impl Kept {
    fn new(starter: impl StartNode) -> Arc<Self> {
        Arc::new(Self { starter: Box::new(starter), running: OnceLock::new() })
    }

    /// The node, once it was started.
    pub fn running(&self) -> Option<Arc<dyn Lightning>> {
        self.running.get().cloned()
    }
}

impl StartNode for Kept {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let node = self.starter.start(seed, host).await?;
            // The first start wins; there is no second one in a process.
            let _ = self.running.set(Arc::clone(&node));
            Ok(node)
        })
    }
}

/// The embedded node.
struct Embedded {
    dir: PathBuf,
    network: bitcoin::Network,
    listen: SocketAddr,
    chain: Arc<dyn Chain>,
}

impl StartNode for Embedded {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let chain = Arc::clone(&self.chain);
            let config = LdkConfig::new(self.dir.clone(), *seed, self.network, self.listen, chain, host);
            let node = LdkNode::start(config).await.map_err(|error| not_started(&error))?;
            Ok(node as Arc<dyn Lightning>)
        })
    }
}

/// The company's own LND.
struct OwnLnd {
    access: LndAccess,
    network: bitcoin::Network,
    dir: PathBuf,
}

impl StartNode for OwnLnd {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let config = LndConfig {
                access: self.access.clone(),
                network: self.network,
                dir: self.dir.clone(),
                secret: *seed,
                host,
            };
            let node = LndNode::start(config).await;
            let node = node.map_err(|error| NotStarted::Trouble(chain_of(&error)))?;
            Ok(node as Arc<dyn Lightning>)
        })
    }
}

/// In the place of a node that is left out: an old folder does no harm then, an old database does.
struct NoNode {
    dir: PathBuf,
}

impl StartNode for NoNode {
    fn start<'a>(
        &'a self,
        _: &'a [u8; 32],
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let books = host.books().await.map_err(|error| NotStarted::Trouble(error.to_string()))?;
            match books.map(|books| check_starts(&self.dir, &books)) {
                Some(Err(error @ StartError::OldBooks { .. })) => Err(not_started(&error)),
                _ => {
                    let todo = "it was left out: stop this program and start it without --no-node";
                    Err(NotStarted::LeftOut(todo.to_owned()))
                }
            }
        })
    }
}

fn not_started(error: &StartError) -> NotStarted {
    let todo = chain_of(error);
    match error {
        StartError::OldFolder { .. } => {
            NotStarted::OldCopy(format!("{todo}. `serve --no-node` shows record and pages meanwhile"))
        }
        StartError::OldBooks { .. } => NotStarted::OldCopy(todo),
        _ => NotStarted::Trouble(todo),
    }
}

/// An error with its causes, for people.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Where a company lives.
pub struct Place<'a> {
    /// Its folder: the database, and the node's own folder in it.
    pub dir: &'a Path,
    /// The chain it is on.
    pub network: bitcoin::Network,
    /// Where its node listens.
    pub listen: SocketAddr,
    /// Where others reach it.
    pub reached: Reached,
}

/// Where others reach a company: stands in its invites.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Its node, `host:port`; empty without one.
    pub node: String,
    /// Its program over HTTPS, if it is.
    pub peer: Option<String>,
}

impl Reached {
    /// By its node alone.
    pub fn by_node(address: impl Into<String>) -> Self {
        Self { node: address.into(), peer: None }
    }
}

/// Opens a company's store and starts its program; its node starts when its keys are unlocked.
///
/// # Errors
/// When the folder is in use, the database is newer than this program, or the disk is full.
pub async fn company(
    place: Place<'_>,
    chain: Arc<dyn Chain>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Arc<App>, Arc<Kept>)> {
    let dir = place.dir.join(NODE_DIR);
    let node = Kept::new(Embedded { dir, network: place.network, listen: place.listen, chain });
    let starter = Arc::clone(&node) as Arc<dyn StartNode>;
    Ok((program(place.dir, place.network, place.reached, starter, clock).await?, node))
}

/// Opens a company's store and starts its program on the company's own LND.
///
/// # Errors
/// As [`company`]. An LND that is not there is told on the page.
pub async fn company_with_lnd(
    dir: &Path,
    network: bitcoin::Network,
    reached: Reached,
    access: LndAccess,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Arc<App>, Arc<Kept>)> {
    let node = Kept::new(OwnLnd { access, network, dir: dir.join(LND_DIR) });
    let starter = Arc::clone(&node) as Arc<dyn StartNode>;
    Ok((program(dir, network, reached, starter, clock).await?, node))
}

/// Opens a company's store and starts its program with no node: record and pages only.
///
/// # Errors
/// As [`company`].
pub async fn company_without_node(
    dir: &Path,
    network: bitcoin::Network,
    peer: Option<String>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<App>> {
    let reached = Reached { node: String::new(), peer };
    program(dir, network, reached, Arc::new(NoNode { dir: dir.join(NODE_DIR) }), clock).await
}

/// The most pages that the database may have, from the environment: how a test of the built program fills a disk.
const PAGES_VARIABLE: &str = "LNCONTRACT_DATABASE_PAGES_MAX";

fn options() -> anyhow::Result<Options> {
    let pages = std::env::var(PAGES_VARIABLE).ok().filter(|pages| !pages.is_empty());
    let pages = pages.map(|pages| pages.parse().with_context(|| format!("{PAGES_VARIABLE}: {pages:?}")));
    Ok(Options { max_page_count: pages.transpose()? })
}

async fn program(
    dir: &Path,
    network: bitcoin::Network,
    reached: Reached,
    node: Arc<dyn StartNode>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<App>> {
    let store = SqliteStore::open_with(dir, options()?)
        .await
        .with_context(|| format!("data directory {}", dir.display()))?;
    let store = Arc::new(store);
    Ok(App::start(Wiring {
        store,
        clock,
        node,
        network: network.to_string(),
        node_address: reached.node,
        peer_address: reached.peer,
        post: Arc::new(Https),
    }))
}
