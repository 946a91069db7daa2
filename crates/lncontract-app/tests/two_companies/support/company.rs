//! One company of a test: its folder outlives its program.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use anyhow::Context;
use lncontract_app::{App, Clock, MovableClock, NewCompany, NodeAccess, NotStarted, StartNode, Wiring};
use lncontract_core::{Time, v1::Side};
use lncontract_devchain::DevChain;
use lncontract_lightning::{BoxFuture, Host, Lightning};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, StartError};
use lncontract_store::{Options, SqliteStore, Store, StoreError};
use tokio::time::Instant;

use super::{
    faults::{Faults, FaultyNode},
    visitor::Door,
    wires::Wires,
};

const PASSWORD: &str = "a long enough password";
/// How long a lock of the program that was stopped may outlive it.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// A company; `running` while its program is on.
pub struct Company {
    pub side: Side,
    pub dir: PathBuf,
    /// What goes wrong with its node.
    pub faults: Arc<Faults>,
    /// The recovery words of its first run.
    pub words: OnceLock<String>,
    listen: SocketAddr,
    chain: Arc<DevChain>,
    clock: Arc<MovableClock>,
    /// How far its clock is behind, in seconds.
    pub lag_s: Arc<AtomicI64>,
    /// HTTPS to the other one.
    wires: Arc<Wires>,
    /// Where it is reached over HTTPS, if it is.
    pub https: Option<String>,
    /// The most pages that its database may have: a full disk.
    pub pages_max: Option<u32>,
    running: Option<Running>,
}

struct Running {
    app: Arc<App>,
    store: Arc<SqliteStore>,
    node: Arc<EmbeddedNode>,
}

/// The embedded node, with a look at it and at what it is told to ask.
struct EmbeddedNode {
    dir: PathBuf,
    listen: SocketAddr,
    chain: Arc<DevChain>,
    faults: Arc<Faults>,
    started: OnceLock<(Arc<dyn Lightning>, Arc<dyn Host>)>,
}

/// The clock of a machine that may be wrong.
struct Lagging {
    clock: Arc<MovableClock>,
    by_s: Arc<AtomicI64>,
}

impl Clock for Lagging {
    fn now(&self) -> Time {
        self.clock.now().plus_seconds(-self.by_s.load(SeqCst))
    }
}

impl StartNode for EmbeddedNode {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        _: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        let host: Arc<dyn Host> = Arc::new(Door(host));
        Box::pin(async move {
            let end = Instant::now() + LOCK_WAIT;
            loop {
                let (dir, chain) = (self.dir.clone(), Arc::clone(&self.chain));
                let network = bitcoin::Network::Regtest;
                let config = LdkConfig::new(dir, *seed, network, self.listen, chain, Arc::clone(&host));
                match LdkNode::start(config).await {
                    Ok(node) => {
                        let node: Arc<dyn Lightning> =
                            Arc::new(FaultyNode { inner: node, faults: Arc::clone(&self.faults) });
                        // There is one start in the life of a program.
                        let _ = self.started.set((Arc::clone(&node), host));
                        return Ok(node);
                    }
                    Err(StartError::Locked(_) | StartError::Listen { .. }) if Instant::now() < end => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    Err(error @ (StartError::OldFolder { .. } | StartError::OldBooks { .. })) => {
                        return Err(NotStarted::OldCopy(error.to_string()));
                    }
                    Err(error) => return Err(NotStarted::Trouble(error.to_string())),
                }
            }
        })
    }
}

impl Company {
    pub fn new(
        dir: &Path,
        side: Side,
        chain: Arc<DevChain>,
        clock: Arc<MovableClock>,
        wires: Arc<Wires>,
    ) -> anyhow::Result<Self> {
        let dir = dir.join(format!("{side:?}"));
        // The same port in all its lives: the other company has it in the invite.
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (faults, words) = (Arc::default(), OnceLock::new());
        let (https, pages_max, running) = (None, None, None);
        let lag_s = Arc::default();
        Ok(Self { side, dir, faults, words, listen, chain, clock, lag_s, wires, https, pages_max, running })
    }

    /// Where its node listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// First run.
    pub async fn set_up(&self) -> anyhow::Result<()> {
        let words = self.app().new_company(self.names()).await?;
        // There is one first run in the life of a company.
        let _ = self.words.set(words.join(" "));
        Ok(())
    }

    pub fn names(&self) -> NewCompany {
        let (name, short_name) = match self.side {
            Side::Buyer => ("Meridian Systems Integration GmbH", "Meridian"),
            Side::Seller => ("Castor Subsystems s.r.o.", "Castor"),
        };
        let (user, password) = ("anna".into(), PASSWORD.into());
        NewCompany { name: name.into(), short_name: short_name.into(), user, password }
    }

    /// Starts the program on its folder and, after the first run, unlocks its keys.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + LOCK_WAIT;
        let store = loop {
            match SqliteStore::open_with(&self.dir, Options { max_page_count: self.pages_max }).await {
                Err(StoreError::InUse { .. }) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => break Arc::new(other.context("the company's folder")?),
            }
        };
        let node = Arc::new(EmbeddedNode {
            dir: self.dir.join("node"),
            listen: self.listen,
            chain: Arc::clone(&self.chain),
            faults: Arc::clone(&self.faults),
            started: OnceLock::new(),
        });
        let app = App::start(Wiring {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(Lagging { clock: Arc::clone(&self.clock), by_s: Arc::clone(&self.lag_s) }),
            node: Arc::clone(&node) as Arc<dyn StartNode>,
            network: "regtest".into(),
            own_node: None,
            node_address: self.listen.to_string(),
            peer_address: self.https.clone(),
            post: Arc::clone(&self.wires) as _,
        });
        if let Some(address) = &self.https {
            self.wires.open(address, &app);
        }
        if app.is_set_up().await? {
            app.unlock_with(PASSWORD).await?;
        }
        self.running = Some(Running { app, store, node });
        Ok(())
    }

    /// Ends the program; the folder stays.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.app.stop().await;
        }
    }

    /// Whether its program runs.
    pub fn is_on(&self) -> bool {
        self.running.is_some()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the test started this company")
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running().app
    }

    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.running().store
    }

    pub fn node(&self) -> Arc<dyn Lightning> {
        let (node, _) = self.running().node.started.get().expect("its node runs in this test");
        Arc::clone(node)
    }

    /// What its node asks.
    pub fn host(&self) -> Arc<dyn Host> {
        let (_, host) = self.running().node.started.get().expect("its node runs in this test");
        Arc::clone(host)
    }
}
