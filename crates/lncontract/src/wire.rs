//! Wiring: a company's program from its folder, its chain and its addresses.
//! The only place that knows every crate.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use lncontract_app::{App, Clock, NodeAccess, NotStarted, OwnNode, StartNode, Wiring};
use lncontract_lightning::{BoxFuture, Chain, Host, Lightning};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, StartError, check_starts};
use lncontract_lightning_lnd::LndAccess;
use lncontract_store::{Options, SqliteStore};

use crate::{own_lnd::OwnLnd, post::Https};

/// The node's own folder in a data directory.
pub const NODE_DIR: &str = "node";
/// The notes about the company's own LND in a data directory.
pub const LND_DIR: &str = "lnd";

/// A node that is started when the company's keys are unlocked, and can be asked for from then on.
pub struct Kept {
    starter: Arc<dyn StartNode>,
    running: Mutex<Option<Arc<dyn Lightning>>>,
}

impl Kept {
    fn new(starter: Arc<dyn StartNode>) -> Arc<Self> {
        Arc::new(Self { starter, running: Mutex::default() })
    }

    /// The node that was started last.
    pub fn running(&self) -> Option<Arc<dyn Lightning>> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Option<Arc<dyn Lightning>>> {
        // A panic elsewhere leaves a whole value here.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StartNode for Kept {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        access: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let node = self.starter.start(seed, access, host).await?;
            *self.locked() = Some(Arc::clone(&node));
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
        access: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            if access.is_some() {
                let todo = "this company's own LND was connected on the page, and its channels are there: stop this \
                            program and start it without --bitcoind-url and --esplora-url";
                return Err(NotStarted::Trouble(todo.to_owned()));
            }
            let chain = Arc::clone(&self.chain);
            let config = LdkConfig::new(self.dir.clone(), *seed, self.network, self.listen, chain, host);
            let node = LdkNode::start(config).await.map_err(|error| not_started(&error))?;
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
        _: Option<&'a NodeAccess>,
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
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
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
    let node = Kept::new(Arc::new(Embedded { dir, network: place.network, listen: place.listen, chain }));
    let starter = Arc::clone(&node) as Arc<dyn StartNode>;
    Ok((program(place.dir, place.network, place.reached, (starter, None), clock).await?, node))
}

/// Opens a company's store and starts its program on the company's own LND; without `access`, on the one that is
/// connected on the page.
///
/// # Errors
/// As [`company`]. An LND that is not there is told on the page.
pub async fn company_with_lnd(
    dir: &Path,
    network: bitcoin::Network,
    reached: Reached,
    access: Option<LndAccess>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Arc<App>, Arc<Kept>)> {
    let lnd = Arc::new(OwnLnd { given: access, network, dir: dir.join(LND_DIR) });
    let node = Kept::new(Arc::clone(&lnd) as Arc<dyn StartNode>);
    let starter = Arc::clone(&node) as Arc<dyn StartNode>;
    Ok((program(dir, network, reached, (starter, Some(lnd)), clock).await?, node))
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
    let node = Arc::new(NoNode { dir: dir.join(NODE_DIR) });
    program(dir, network, reached, (node, None), clock).await
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
    (node, own_node): (Arc<dyn StartNode>, Option<Arc<OwnLnd>>),
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
        own_node: own_node.map(|own| own as Arc<dyn OwnNode>),
        network: network.to_string(),
        node_address: reached.node,
        peer_address: reached.peer,
        post: Arc::new(Https),
    }))
}
