//! The port's conformance suite on two embedded nodes over a chain in the process.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{
    BoxFuture, Lightning,
    conformance::{Bench, ScriptedHost, Side},
};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, new_seed};

struct Seat {
    config: LdkConfig,
    host: Arc<ScriptedHost>,
    node: Mutex<Arc<LdkNode>>,
}

struct LdkBench {
    _dir: tempfile::TempDir,
    chain: Arc<DevChain>,
    buyer: Seat,
    seller: Seat,
}

impl LdkBench {
    fn seat(&self, side: Side) -> &Seat {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }
}

async fn seat(dir: &std::path::Path, name: &str, chain: &Arc<DevChain>) -> Seat {
    let host = Arc::new(ScriptedHost::default());
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let config =
        LdkConfig::new(dir.join(name), new_seed(), Network::Regtest, any_port, chain.clone(), host.clone());
    let node = LdkNode::start(config.clone()).await.expect("the node starts");
    Seat { config, host, node: Mutex::new(node) }
}

async fn make() -> LdkBench {
    // RUST_LOG=debug shows what the nodes did; a second call of the same process changes nothing.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let buyer = seat(dir.path(), "buyer", &chain).await;
    let seller = seat(dir.path(), "seller", &chain).await;
    LdkBench { _dir: dir, chain, buyer, seller }
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
        Box::pin(async move {
            self.chain.mine(blocks);
        })
    }
    fn fund(&self, side: Side, sat: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let address = self.node(side).new_address().await.expect("an address");
            self.chain.fund(&address, sat).expect("the miner has enough");
            self.chain.mine(1);
        })
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

lncontract_lightning::conformance_tests!(make);
