//! The port's conformance suite on two embedded nodes: over a chain in the process, over a real bitcoind, and the
//! cases that move money on the chain over an Esplora.
//!
//! Invariant: nodes and cases are the same for both; only the chain is another one.

mod regtest;
#[path = "../esplora/server.rs"]
mod server;

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use bitcoin::{Block, BlockHash, Network, Transaction};
use lncontract_devchain::DevChain;
use lncontract_lightning::{
    BlockRef, BoxFuture, Chain, ChainError, HeaderAt, Lightning,
    conformance::{Bench, ScriptedHost, Side},
};
use lncontract_lightning_ldk::{Bitcoind, Esplora, LdkConfig, LdkNode, new_seed};
use regtest::{LOGIN, Regtest};

/// What mines, and sends coins.
trait Miner: Send + Sync + 'static {
    fn mine(&self, blocks: u32);
    fn send(&self, address: &bitcoin::Address, sat: u64);
}

impl Miner for DevChain {
    fn mine(&self, blocks: u32) {
        DevChain::mine(self, blocks);
    }
    fn send(&self, address: &bitcoin::Address, sat: u64) {
        self.fund(address, sat).expect("the miner has enough");
    }
}

impl Miner for Regtest {
    fn mine(&self, blocks: u32) {
        Regtest::mine(self, blocks);
    }
    fn send(&self, address: &bitcoin::Address, sat: u64) {
        Regtest::send(self, &address.to_string(), sat);
    }
}

/// A chain source with fee rates that rise when a test says so: a chain of one's own has no market.
struct Rates {
    chain: Arc<dyn Chain>,
    times: AtomicU32,
}

impl Chain for Rates {
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
        self.chain.tip()
    }
    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
        self.chain.header(hash)
    }
    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
        self.chain.block(hash)
    }
    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
        self.chain.broadcast(package)
    }
    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move {
            let rate = self.chain.fee_rate_sat_per_kwu(target_blocks).await?;
            // What nodes hold themselves above, so that a tenfold one is above it, too.
            Ok(rate.max(253) * self.times.load(Ordering::SeqCst))
        })
    }
    fn doubts(&self) -> Vec<String> {
        self.chain.doubts()
    }
}

struct Seat {
    config: LdkConfig,
    host: Arc<ScriptedHost>,
    node: Mutex<Arc<LdkNode>>,
}

struct LdkBench {
    miner: Arc<dyn Miner>,
    rates: Arc<Rates>,
    buyer: Seat,
    seller: Seat,
    // Last, so that it is removed after the nodes and the chain have gone.
    _dir: tempfile::TempDir,
}

impl LdkBench {
    fn seat(&self, side: Side) -> &Seat {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

async fn seat(dir: &std::path::Path, name: &str, chain: &Arc<dyn Chain>) -> Seat {
    let host = Arc::new(ScriptedHost::default());
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let config =
        LdkConfig::new(dir.join(name), new_seed(), Network::Regtest, any_port, chain.clone(), host.clone());
    let node = LdkNode::start(config.clone()).await.expect("the node starts");
    Seat { config, host, node: Mutex::new(node) }
}

async fn bench(dir: tempfile::TempDir, chain: Arc<dyn Chain>, miner: Arc<dyn Miner>) -> LdkBench {
    // RUST_LOG=debug shows what the nodes did; a second call of the same process changes nothing.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let rates = Arc::new(Rates { chain, times: AtomicU32::new(1) });
    let chain: Arc<dyn Chain> = rates.clone();
    let buyer = seat(dir.path(), "buyer", &chain).await;
    let seller = seat(dir.path(), "seller", &chain).await;
    LdkBench { miner, rates, buyer, seller, _dir: dir }
}

async fn on_devchain() -> LdkBench {
    let chain = DevChain::with_wall_clock();
    bench(tempfile::tempdir().expect("a temporary folder"), chain.clone(), chain).await
}

async fn on_esplora() -> LdkBench {
    let chain = DevChain::with_wall_clock();
    let server = server::Server::start(chain.clone());
    let esplora = Esplora::new(&server.url(), Network::Regtest);
    bench(tempfile::tempdir().expect("a temporary folder"), Arc::new(esplora), chain).await
}

async fn on_bitcoind() -> LdkBench {
    let program = std::env::var_os("LNCONTRACT_BITCOIND");
    let program =
        PathBuf::from(program.expect("`cargo xtask test` names a bitcoind; --fast leaves this out"));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("bitcoind");
    std::fs::create_dir(&folder).expect("the folder is new");
    let start = move || {
        // Free now; bitcoind takes it in a moment.
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
        Regtest::start(&program, &folder, port)
    };
    let regtest = tokio::task::spawn_blocking(start).await.expect("bitcoind starts");
    let chain = Bitcoind::new(&regtest.url(), LOGIN, LOGIN);
    bench(dir, Arc::new(chain), Arc::new(regtest)).await
}

impl Bench for LdkBench {
    fn node(&self, side: Side) -> Arc<dyn Lightning> {
        self.seat(side).node.lock().expect("no test panics under it").clone()
    }
    fn host(&self, side: Side) -> Arc<ScriptedHost> {
        self.seat(side).host.clone()
    }
    fn address(&self, side: Side) -> String {
        self.seat(side).node.lock().expect("no test panics under it").listen_addr().to_string()
    }
    fn mine(&self, blocks: u32) -> BoxFuture<'_, ()> {
        let miner = Arc::clone(&self.miner);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || miner.mine(blocks)).await.expect("the blocks are mined");
        })
    }
    fn fund(&self, side: Side, sat: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let address = self.node(side).new_address().await.expect("an address");
            let miner = Arc::clone(&self.miner);
            let give = move || {
                miner.send(&address, sat);
                miner.mine(1);
            };
            tokio::task::spawn_blocking(give).await.expect("the coin is confirmed");
        })
    }
    fn fees_rise(&self) {
        self.rates.times.store(10, Ordering::SeqCst);
    }
    fn restart(&self, side: Side) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let seat = self.seat(side);
            let old = seat.node.lock().expect("no test panics under it").clone();
            old.stop().await;
            // The same port, so that the peer finds it again by itself.
            let mut config = seat.config.clone();
            config.listen = old.listen_addr();
            let node = LdkNode::start(config).await.expect("the node starts again");
            *seat.node.lock().expect("no test panics under it") = node;
        })
    }
}

lncontract_lightning::conformance_tests!(on_devchain; common, splices, retakes, treasury);

/// What a node asks of its chain: coins, channels from opening to close, splices, restarts. The other cases ask it
/// nothing else; the forced close waits for 1,008 blocks, half a minute of writing for two nodes already without HTTP.
mod esplora {
    lncontract_lightning::conformance_tests!(
        @each super::on_esplora;
        a_deposit_is_counted_once_it_is_confirmed,
        an_announced_opening_shows_its_stages_on_both_sides,
        a_payment_arrives_to_the_millisatoshi,
        payments_go_on_after_a_restart_of_either_side,
        a_splice_in_shows_its_stages_and_payments_go_on,
        a_splice_out_pays_our_wallet_and_is_asked_for,
        a_cooperative_close_returns_all_but_fees,
    );
}

/// The same cases; their names begin with the program that they need.
mod real_bitcoind {
    lncontract_lightning::conformance_tests!(super::on_bitcoind; common, splices, retakes, treasury);
}
