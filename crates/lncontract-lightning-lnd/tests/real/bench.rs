//! Two companies' nodes on one chain of a real bitcoind: LNDs, or an LND beside an embedded node.
//!
//! Invariant: each bench has a chain, nodes and folders of its own, which go with it.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bitcoin::Network;
use lncontract_lightning::{
    BoxFuture, Chain, Lightning,
    conformance::{Bench, ScriptedHost, Side},
};
use lncontract_lightning_ldk::{Bitcoind, LdkConfig, LdkNode, new_seed};
use lncontract_lightning_lnd::{LndAccess, LndConfig, LndNode, StartError};

use crate::{
    lnd::{Lnd, NEW, program},
    regtest::{LOGIN, Regtest},
};

/// Which software a side runs.
#[derive(Clone, Copy)]
pub enum Kind {
    /// With these flags.
    Lnd(&'static [&'static str]),
    /// The oldest that contracts take, with these flags.
    OldLnd(&'static [&'static str]),
    Ldk,
}

/// An LND that takes channels of any size, and several at once.
pub const WIDE: Kind = Kind::Lnd(&["--protocol.wumbo-channels", "--maxpendingchannels=10"]);

/// The variable that names the oldest LND that contracts take.
const OLD: &str = "LNCONTRACT_OLD_LND";

/// What a bitcoind of today (28 or newer) needs in its settings for an LND before 0.18.3, which reads its warnings as one
/// text.
const FOR_OLD: &str = "deprecatedrpc=warnings\n";

/// A company's node: the adapter, and what stands behind it.
struct Seat {
    host: Arc<ScriptedHost>,
    behind: Mutex<Behind>,
}

enum Behind {
    Lnd { lnd: Lnd, config: LndConfig, node: Arc<LndNode> },
    Ldk { config: LdkConfig, node: Arc<LdkNode> },
}

impl Seat {
    fn node(&self) -> Arc<dyn Lightning> {
        match &*self.behind.lock().expect("no test panics under it") {
            Behind::Lnd { node, .. } => node.clone(),
            Behind::Ldk { node, .. } => node.clone(),
        }
    }
}

pub struct MixedBench {
    buyer: Seat,
    seller: Seat,
    pub chain: Arc<Regtest>,
    // Last, so that it is removed after nodes and chain have gone.
    _dir: tempfile::TempDir,
}

impl MixedBench {
    /// Lets go of the LND of a side, and takes it again with other access.
    pub async fn reconnect(&self, side: Side, access: LndAccess) {
        let seat = self.seat(side);
        seat.node().stop().await;
        let mut config = self.config(side);
        config.access = access;
        let started = LndNode::start(config.clone()).await.expect("the node starts again");
        if let Behind::Lnd { node, config: of, .. } =
            &mut *seat.behind.lock().expect("no test panics under it")
        {
            (*node, *of) = (started, config);
        }
    }

    /// Other software on the LND of a side: with books and a secret of its own.
    pub async fn other_software(&self, side: Side) -> (Arc<LndNode>, Arc<ScriptedHost>) {
        let host = Arc::new(ScriptedHost::default());
        let config = self.config(side);
        let dir = config.dir.with_extension("other");
        let config = LndConfig { dir, secret: [9; 32], host: host.clone(), ..config };
        (LndNode::start(config).await.expect("LND takes several"), host)
    }

    /// The same company's program started again on the LND of a side, with the notes in that folder beside its own.
    pub async fn other_start(&self, side: Side, notes: &str) -> Result<Arc<LndNode>, StartError> {
        let config = self.config(side);
        let dir = config.dir.with_file_name(notes);
        LndNode::start(LndConfig { dir, ..config }).await
    }

    pub fn config(&self, side: Side) -> LndConfig {
        match &*self.seat(side).behind.lock().expect("no test panics under it") {
            Behind::Lnd { config, .. } => config.clone(),
            Behind::Ldk { .. } => panic!("this side has no LND"),
        }
    }

    /// Does something with the LND of a side.
    pub fn with_lnd<T>(&self, side: Side, does: impl FnOnce(&mut Lnd) -> T) -> T {
        let mut behind = self.seat(side).behind.lock().expect("no test panics under it");
        match &mut *behind {
            Behind::Lnd { lnd, .. } => tokio::task::block_in_place(|| does(lnd)),
            Behind::Ldk { .. } => panic!("this side has no LND"),
        }
    }

    fn seat(&self, side: Side) -> &Seat {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

/// In memory where that can be had: bitcoind and LND sync to disk at every block.
fn folder() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    let made = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

async fn seat(kind: Kind, dir: PathBuf, chain: Arc<Regtest>) -> Seat {
    let host = Arc::new(ScriptedHost::default());
    let behind = match kind {
        Kind::Lnd(flags) | Kind::OldLnd(flags) => {
            let folder = dir.join("lnd");
            let release = if matches!(kind, Kind::OldLnd(_)) { OLD } else { NEW };
            let start = move || Lnd::start(program(release), &folder, address(&chain), LOGIN, flags);
            let lnd = tokio::task::spawn_blocking(start).await.expect("lnd starts");
            let config = LndConfig {
                access: lnd.access(),
                network: Network::Regtest,
                dir: dir.join("notes"),
                secret: [7; 32],
                host: host.clone(),
            };
            let node = LndNode::start(config.clone()).await.expect("the node starts");
            Behind::Lnd { lnd, config, node }
        }
        Kind::Ldk => {
            let source: Arc<dyn Chain> = Arc::new(Bitcoind::new(&chain.url(), LOGIN, LOGIN));
            let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
            let config = LdkConfig::new(dir, new_seed(), Network::Regtest, any_port, source, host.clone());
            let node = LdkNode::start(config.clone()).await.expect("the node starts");
            Behind::Ldk { config, node }
        }
    };
    Seat { host, behind: Mutex::new(behind) }
}

pub async fn bench(buyer: Kind, seller: Kind) -> MixedBench {
    // RUST_LOG=debug shows what the nodes did; a second call of the same process changes nothing.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let dir = folder();
    let of_chain = dir.path().join("bitcoind");
    std::fs::create_dir(&of_chain).expect("the folder is new");
    if [buyer, seller].iter().any(|kind| matches!(kind, Kind::OldLnd(_))) {
        std::fs::write(of_chain.join("bitcoin.conf"), FOR_OLD).expect("a line is written");
    }
    let start = move || {
        let program = std::env::var_os("LNCONTRACT_BITCOIND");
        let program =
            PathBuf::from(program.expect("`cargo xtask test` names a bitcoind; --fast leaves this out"));
        // Free now; bitcoind takes it in a moment.
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
        Regtest::start(&program, &of_chain, port)
    };
    let chain = Arc::new(tokio::task::spawn_blocking(start).await.expect("bitcoind starts"));
    let (buyer, seller) = tokio::join!(
        seat(buyer, dir.path().join("buyer"), chain.clone()),
        seat(seller, dir.path().join("seller"), chain.clone())
    );
    MixedBench { buyer, seller, chain, _dir: dir }
}

pub async fn lnd_pays_lnd() -> MixedBench {
    bench(WIDE, WIDE).await
}

pub async fn lnd_pays_ldk() -> MixedBench {
    bench(WIDE, Kind::Ldk).await
}

pub async fn ldk_pays_lnd() -> MixedBench {
    bench(Kind::Ldk, WIDE).await
}

impl Bench for MixedBench {
    fn node(&self, side: Side) -> Arc<dyn Lightning> {
        self.seat(side).node()
    }
    fn host(&self, side: Side) -> Arc<ScriptedHost> {
        self.seat(side).host.clone()
    }
    fn address(&self, side: Side) -> String {
        match &*self.seat(side).behind.lock().expect("no test panics under it") {
            Behind::Lnd { lnd, .. } => lnd.peers().to_string(),
            Behind::Ldk { node, .. } => node.listen_addr().to_string(),
        }
    }
    fn mine(&self, blocks: u32) -> BoxFuture<'_, ()> {
        let chain = Arc::clone(&self.chain);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || chain.mine(blocks)).await.expect("the blocks are mined");
        })
    }
    fn fund(&self, side: Side, sat: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let address = self.node(side).new_address().await.expect("an address");
            let chain = Arc::clone(&self.chain);
            let give = move || {
                chain.send(&address.to_string(), sat);
                chain.mine(1);
            };
            tokio::task::spawn_blocking(give).await.expect("the coin is confirmed");
        })
    }
    fn restart(&self, side: Side) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let seat = self.seat(side);
            seat.node().stop().await;
            let again = {
                let mut behind = seat.behind.lock().expect("no test panics under it");
                match &mut *behind {
                    Behind::Lnd { lnd, config, .. } => {
                        tokio::task::block_in_place(|| lnd.restart());
                        Err(config.clone())
                    }
                    Behind::Ldk { config, node } => {
                        // The same port, so that the peer finds it again by itself.
                        let mut config = config.clone();
                        config.listen = node.listen_addr();
                        Ok(config)
                    }
                }
            };
            match again {
                Ok(config) => {
                    let started = LdkNode::start(config).await.expect("the node starts again");
                    let mut behind = seat.behind.lock().expect("no test panics under it");
                    if let Behind::Ldk { node, .. } = &mut *behind {
                        *node = started;
                    }
                }
                Err(config) => {
                    let started = LndNode::start(config).await.expect("the node starts again");
                    let mut behind = seat.behind.lock().expect("no test panics under it");
                    if let Behind::Lnd { node, .. } = &mut *behind {
                        *node = started;
                    }
                }
            }
        })
    }
}

/// `HOST:PORT` of the chain's RPC interface.
fn address(chain: &Regtest) -> SocketAddr {
    let url = chain.url();
    url.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("it listens on this machine")
}
