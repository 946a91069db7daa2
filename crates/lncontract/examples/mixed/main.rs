//! The whole worked example on a real bitcoind, each company on a node of its own kind: `cargo xtask e2e example`.
//!
//! Invariant: the same wiring and the same play as the sandbox; only the nodes and the chain are real programs. Where a
//! node can't splice, each splice of the plan is a further channel.

#[path = "../../../lncontract-lightning-lnd/tests/real/lnd.rs"]
mod lnd;
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Context;
use bitcoin::{Address, Network, Txid};
use clap::Parser;
use lncontract::{
    sandbox::{
        Company, Sandbox,
        play::{self, Play},
        time::{Miner, SandboxTime},
    },
    wire::{self, Place, Reached},
};
use lncontract_lightning_ldk::Bitcoind;
use lnd::Lnd;
use regtest::{LOGIN, Regtest};
use serde_json::json;

/// What the command line says. The programs are named by `LNCONTRACT_BITCOIND` and `LNCONTRACT_LND`.
#[derive(Parser)]
struct Args {
    /// The buyer's node
    #[arg(long)]
    buyer: Kind,
    /// The seller's node
    #[arg(long)]
    seller: Kind,
    /// Only to the first paid milestone
    #[arg(long)]
    first_milestone: bool,
    /// LND as it is out of the box but for large channels: one channel pending at a time
    #[arg(long)]
    one_pending: bool,
    /// LNDs begin as the oldest release that contracts take (LNCONTRACT_OLD_LND), and are upgraded during the play
    #[arg(long)]
    upgrade: bool,
    /// JSON lines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// A real LND
    Lnd,
    /// The embedded node
    Ldk,
}

const WIDE: &[&str] = &["--protocol.wumbo-channels", "--maxpendingchannels=10"];
const ONE_PENDING: &[&str] = &["--protocol.wumbo-channels"];

/// The variable that names the oldest LND that contracts take.
const OLD: &str = "LNCONTRACT_OLD_LND";
/// After how many times that the play mines the first LND is upgraded; the next one after as many more.
const UPGRADE_EVERY: u32 = 600;
/// A bitcoind of today needs it for an LND before 0.18.3.
const FOR_OLD: &str = "deprecatedrpc=warnings\n";

/// The LNDs of a play. They end after the programs that use them.
#[derive(Clone, Default)]
struct Lnds(Arc<Mutex<Vec<Lnd>>>);

impl Lnds {
    fn all(&self) -> MutexGuard<'_, Vec<Lnd>> {
        self.0.lock().expect("nothing panics under it")
    }

    /// Upgrades the next one that is old: stopped, and started as today's on its folder.
    fn upgrade_next(&self) {
        let new = lnd::program(lnd::NEW);
        if let Some(old) = self.all().iter_mut().find(|lnd| lnd.program != new) {
            eprintln!("mixed: upgrades the LND in {}", old.folder.display());
            old.end("TERM");
            old.program = new;
            old.begin();
        }
    }
}

/// A real chain, as a play asks for it.
struct RealChain {
    chain: Arc<Regtest>,
    mined: AtomicU32,
    lnds: Lnds,
}

impl Miner for RealChain {
    fn mine(&self, blocks: u32) {
        tokio::task::block_in_place(|| {
            self.chain.mine(blocks);
            if (self.mined.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(UPGRADE_EVERY) {
                self.lnds.upgrade_next();
            }
        });
    }
    fn send(&self, address: &Address, sat: u64) -> anyhow::Result<()> {
        tokio::task::block_in_place(|| self.chain.send(&address.to_string(), sat));
        Ok(())
    }
    fn knows(&self, txid: Txid) -> bool {
        let waiting = tokio::task::block_in_place(|| self.chain.call("getrawmempool", &json!([])));
        let id = txid.to_string();
        waiting.as_array().is_some_and(|waiting| waiting.iter().any(|waiting| waiting == id.as_str()))
    }
    fn height(&self) -> u32 {
        let height = tokio::task::block_in_place(|| self.chain.call("getblockcount", &json!([])));
        height.as_u64().and_then(|height| u32::try_from(height).ok()).unwrap_or(0)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Args::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("mixed: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> anyhow::Result<u8> {
    // In memory where that can be had: bitcoind and LND sync to disk at every block.
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm)? } else { tempfile::tempdir()? };
    let of_chain = dir.path().join("bitcoind");
    std::fs::create_dir(&of_chain)?;
    if args.upgrade {
        std::fs::write(of_chain.join("bitcoin.conf"), FOR_OLD)?;
    }
    let program = std::env::var_os("LNCONTRACT_BITCOIND").context("LNCONTRACT_BITCOIND names no bitcoind")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let start = move || Regtest::start(Path::new(&program), &of_chain, port);
    let chain = Arc::new(tokio::task::spawn_blocking(start).await?);
    let lnds = Lnds::default();
    let real = RealChain { chain: Arc::clone(&chain), mined: AtomicU32::new(0), lnds: lnds.clone() };
    let time = SandboxTime::on(Arc::new(real));
    let flags = if args.one_pending { ONE_PENDING } else { WIDE };
    let release = lnd::program(if args.upgrade { OLD } else { lnd::NEW });
    let mut companies = Vec::new();
    for (side, kind) in [("buyer", args.buyer), ("seller", args.seller)] {
        let folder = dir.path().join(side);
        std::fs::create_dir(&folder)?;
        let (app, node) = match kind {
            Kind::Lnd => {
                let (of_lnd, at, release) = (folder.join("lnd-itself"), port, release.clone());
                let lnd = tokio::task::spawn_blocking(move || Lnd::start(release, &of_lnd, at, LOGIN, flags))
                    .await?;
                let (access, address) = (lnd.access(), lnd.peers().to_string());
                lnds.all().push(lnd);
                wire::company_with_lnd(
                    &folder,
                    Network::Regtest,
                    Reached::by_node(address),
                    Some(access),
                    time.clock(),
                )
                .await?
            }
            Kind::Ldk => embedded(&folder, &chain, &time).await?,
        };
        companies.push(Company { side, app, node });
    }
    let seller = companies.pop().context("two were made")?;
    let buyer = companies.pop().context("two were made")?;
    let sandbox = Sandbox { time: Arc::new(time), buyer, seller, dir: dir.path().to_owned() };
    let play = if args.first_milestone { Play::FirstMilestone } else { Play::Example };
    let code = play::run(&sandbox, play, None, args.json).await;
    sandbox.stop().await;
    let old = lnds.all().iter().filter(|lnd| lnd.program != lnd::program(lnd::NEW)).count();
    tokio::task::block_in_place(|| lnds.all().iter_mut().for_each(|lnd| lnd.end("TERM")));
    anyhow::ensure!(old == 0, "the play ended before {old} of its LNDs were upgraded");
    code
}

async fn embedded(
    folder: &PathBuf,
    chain: &Regtest,
    time: &SandboxTime,
) -> anyhow::Result<(Arc<lncontract_app::App>, Arc<wire::Kept>)> {
    let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let source = Arc::new(Bitcoind::new(&chain.url(), LOGIN, LOGIN));
    let place = Place {
        dir: folder,
        network: Network::Regtest,
        listen,
        reached: Reached::by_node(listen.to_string()),
    };
    wire::company(place, source, time.clock()).await
}
