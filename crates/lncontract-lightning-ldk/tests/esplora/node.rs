//! A node that has its blocks from an Esplora, alone and beside another source.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{Chain, Lightning, NodeInfo, conformance::ScriptedHost};
use lncontract_lightning_ldk::{
    Compared, Esplora, LdkConfig, LdkNode, Source, StartError, Tolerance, new_seed,
};

use crate::{
    server::{Manner, Server},
    support::branch,
};

fn config(dir: &Path, chain: Arc<dyn Chain>) -> LdkConfig {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let host = Arc::new(ScriptedHost::default());
    LdkConfig::new(dir.to_path_buf(), new_seed(), Network::Regtest, any_port, chain, host)
}

fn esplora(server: &Server) -> Arc<Esplora> {
    Arc::new(Esplora::new(&server.url(), Network::Regtest).with_patience(Duration::from_secs(2)))
}

/// Waits until the node says so of itself.
async fn wait(node: &LdkNode, what: &str, holds: impl Fn(&NodeInfo) -> bool) {
    for _ in 0..400 {
        if holds(&node.info().await.expect("the node runs")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {what}: {:?}", node.info().await);
}

async fn deposit(node: &LdkNode, chain: &DevChain, sat: u64) {
    let address = node.new_address().await.expect("an address");
    chain.fund(&address, sat).expect("the miner has enough");
    chain.mine(1);
    wait_for_spendable(node, sat).await;
}

async fn wait_for_spendable(node: &LdkNode, sat: u64) {
    for _ in 0..400 {
        if node.balances().await.expect("the node runs").onchain_spendable_sat == sat {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {sat} sat: {:?}", node.balances().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_follows_a_reorganisation_over_esplora_also_while_the_node_is_down() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let server = Server::start(Arc::clone(&chain));
    let mut config = config(dir.path(), esplora(&server));
    let node = LdkNode::start(config.clone()).await.expect("starts");
    deposit(&node, &chain, 5_000_000).await;
    chain.reorg_empty(1, 2).expect("one block is replaced by two");
    wait_for_spendable(&node, 0).await;
    chain.mine(1);
    wait_for_spendable(&node, 5_000_000).await;
    node.stop().await;
    chain.reorg_empty(1, 2).expect("one block is replaced by two");
    // A new start knows no header yet.
    config.chain = esplora(&server);
    let node = LdkNode::start(config).await.expect("starts on the other branch");
    assert_eq!(node.balances().await.expect("the node runs").onchain_spendable_sat, 0);
    chain.mine(1);
    wait_for_spendable(&node, 5_000_000).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_outlives_each_lie_of_its_esplora_and_says_so() {
    for manner in [Manner::NoWork, Manner::WrongBody, Manner::WrongHeader, Manner::Higher(2)] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let chain = DevChain::with_wall_clock();
        let server = Server::start(Arc::clone(&chain));
        let node = LdkNode::start(config(dir.path(), esplora(&server))).await.expect("starts");
        deposit(&node, &chain, 5_000_000).await;
        let before = chain.height();
        server.behave(manner);
        chain.mine(2);
        wait(&node, "out of step", |info| !info.synced && !info.chain_doubts.is_empty()).await;
        let info = node.info().await.expect("the node runs");
        assert_eq!(info.height, before, "{manner:?}: nothing untrue was taken");
        server.behave(Manner::Honest);
        wait(&node, "in step again", |info| info.synced && info.height == before + 2).await;
        assert!(
            !node.info().await.expect("the node runs").chain_doubts.is_empty(),
            "{manner:?}: it stays told"
        );
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_with_less_work_is_not_followed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let shorter = branch(&chain);
    let server = Server::start(Arc::clone(&chain));
    let node = LdkNode::start(config(dir.path(), esplora(&server))).await.expect("starts");
    chain.mine(3);
    let height = chain.height();
    wait(&node, "three blocks on", |info| info.synced && info.height == height).await;
    shorter.mine(2);
    server.serve(shorter);
    wait(&node, "out of step", |info| !info.synced).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(node.info().await.expect("the node runs").height, height, "nothing was taken back");
    server.serve(chain);
    wait(&node, "in step again", |info| info.synced && info.height == height).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_source_that_is_behind_is_refused_and_takes_nothing_back() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let shorter = branch(&chain);
    let server = Server::start(Arc::clone(&chain));
    let mut config = config(dir.path(), esplora(&server));
    config.poll = Duration::from_millis(20);
    let node = LdkNode::start(config.clone()).await.expect("starts");
    deposit(&node, &chain, 5_000_000).await;
    chain.mine(3);
    let height = chain.height();
    wait(&node, "three blocks on", |info| info.height == height).await;
    node.stop().await;
    let refused = |chain: Arc<Esplora>| {
        let config = LdkConfig { chain, ..config.clone() };
        async move {
            match LdkNode::start(config).await {
                Err(StartError::Chain(text)) => assert!(text.contains("it is behind"), "{text}"),
                Err(error) => panic!("another error: {error}"),
                Ok(_) => panic!("it must not start"),
            }
        }
    };
    server.behave(Manner::Behind(4));
    refused(esplora(&server)).await;
    server.behave(Manner::Honest);
    shorter.mine(2);
    server.serve(shorter);
    refused(esplora(&server)).await;
    // It catches up while it is waited for.
    server.serve(chain);
    server.behave(Manner::Behind(4));
    let start =
        LdkNode::start(LdkConfig { chain: esplora(&server), poll: Duration::from_millis(200), ..config });
    let (node, ()) = tokio::join!(start, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.behave(Manner::Honest);
    });
    let node = node.expect("starts where it was");
    assert_eq!(node.balances().await.expect("the node runs").onchain_spendable_sat, 5_000_000);
    assert_eq!(node.info().await.expect("the node runs").height, height);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_two_sources_a_node_goes_on_when_one_hides_blocks_and_when_one_is_cut_off() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let server = Server::start(Arc::clone(&chain));
    let at_once = Tolerance { blocks: 2, time: Duration::ZERO, every: Duration::from_millis(50) };
    let first = Source { name: "the Esplora".into(), chain: esplora(&server) };
    let second = Source { name: "our bitcoind".into(), chain: chain.clone() };
    let compared = Compared::start(first, second, Network::Regtest, at_once);
    let node = LdkNode::start(config(dir.path(), compared)).await.expect("starts");
    chain.mine(5);
    server.behave(Manner::Behind(5));
    let in_step = |info: &NodeInfo| info.synced && info.height == chain.height();
    let doubted = |info: &NodeInfo, words: &str| info.chain_doubts.iter().any(|doubt| doubt.contains(words));
    wait(&node, "at the hidden block", |info| in_step(info) && doubted(info, "5 blocks behind")).await;
    server.behave(Manner::Honest);
    wait(&node, "in no doubt", |info| in_step(info) && info.chain_doubts.is_empty()).await;
    // The primary is cut off: a deposit is seen, and a channel's money would be too.
    server.behave(Manner::CutOff);
    deposit(&node, &chain, 5_000_000).await;
    wait(&node, "told", |info| in_step(info) && doubted(info, "the Esplora gives no chain to compare")).await;
    server.behave(Manner::Honest);
    // And the other one, while the first is back.
    chain.mine(1);
    wait(&node, "in no doubt", |info| in_step(info) && info.chain_doubts.is_empty()).await;
    node.stop().await;
}
