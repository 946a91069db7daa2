//! What the embedded node alone promises: its folder, its seed, its end, re-organisations.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{Lightning, LightningError, NodeEvent, conformance::ScriptedHost};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, StartError, new_seed, seed_of_words, words_of_seed};

fn config(dir: &Path, seed: [u8; 32], chain: &Arc<DevChain>) -> (LdkConfig, Arc<ScriptedHost>) {
    let host = Arc::new(ScriptedHost::default());
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let config =
        LdkConfig::new(dir.to_path_buf(), seed, Network::Regtest, any_port, chain.clone(), host.clone());
    (config, host)
}

async fn wait_for_spendable(node: &LdkNode, sat: u64) {
    for _ in 0..600 {
        let money = node.balances().await.expect("the node runs");
        if money.onchain_spendable_sat == sat {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {sat} sat: {:?}", node.balances().await);
}

async fn deposit(node: &LdkNode, chain: &DevChain, sat: u64) {
    let address = node.new_address().await.expect("an address");
    chain.fund(&address, sat).expect("the miner has enough");
    chain.mine(1);
    wait_for_spendable(node, sat).await;
}

fn refusal(result: Result<Arc<LdkNode>, StartError>) -> StartError {
    match result {
        Ok(_) => panic!("it must not start"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_has_one_node_at_a_time() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (config, _) = config(dir.path(), new_seed(), &chain);
    let node = LdkNode::start(config.clone()).await.expect("the first");
    let second = refusal(LdkNode::start(config.clone()).await);
    assert!(matches!(second, StartError::Locked(_)), "{second}");
    node.stop().await;
    let again = LdkNode::start(config).await.expect("the folder is free again");
    assert_eq!(again.key(), node.key());
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_seed_does_not_open_the_folder() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (right, _) = config(dir.path(), new_seed(), &chain);
    LdkNode::start(right).await.expect("the first").stop().await;
    let (wrong, _) = config(dir.path(), new_seed(), &chain);
    let refused = refusal(LdkNode::start(wrong).await);
    assert!(matches!(refused, StartError::State { part: "wallet", .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_is_away_refuses_the_start_and_a_lost_one_is_told() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (config, _) = config(dir.path(), new_seed(), &chain);
    chain.pause();
    let refused = refusal(LdkNode::start(config.clone()).await);
    assert!(matches!(refused, StartError::Chain(_)), "{refused}");
    chain.resume();
    let node = LdkNode::start(config).await.expect("the chain is back");
    let synced = |expect: bool| {
        let node = node.clone();
        async move {
            for _ in 0..600 {
                if node.info().await.expect("the node runs").synced == expect {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("synced never became {expect}");
        }
    };
    synced(true).await;
    chain.pause();
    synced(false).await;
    chain.resume();
    synced(true).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_words_alone_bring_the_deposits_back() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let seed = new_seed();
    let (first, _) = config(&dir.path().join("lost"), seed, &chain);
    let birthday_height = Some(chain.height());
    let node = LdkNode::start(first).await.expect("starts");
    deposit(&node, &chain, 5_000_000).await;
    node.stop().await;
    chain.mine(3);
    let seed = *seed_of_words(&words_of_seed(&seed)).expect("our own words");
    let (mut config, _) = config(&dir.path().join("new"), seed, &chain);
    config.birthday_height = birthday_height;
    let restored = LdkNode::start(config).await.expect("starts");
    assert_eq!(restored.key(), node.key());
    wait_for_spendable(&restored, 5_000_000).await;
    restored.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposit_follows_a_reorganisation() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (config, _) = config(dir.path(), new_seed(), &chain);
    let node = LdkNode::start(config.clone()).await.expect("starts");
    deposit(&node, &chain, 5_000_000).await;
    chain.reorg_empty(1, 2).expect("one block is replaced by two");
    wait_for_spendable(&node, 0).await;
    chain.mine(1);
    wait_for_spendable(&node, 5_000_000).await;
    // Also when it happens while the node is down.
    node.stop().await;
    chain.reorg_empty(1, 2).expect("one block is replaced by two");
    let node = LdkNode::start(config).await.expect("starts on the other branch");
    assert_eq!(node.balances().await.expect("the node runs").onchain_spendable_sat, 0);
    chain.mine(1);
    wait_for_spendable(&node, 5_000_000).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_stops_the_node_and_tells_the_host_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (config, host) = config(dir.path(), new_seed(), &chain);
    let node = LdkNode::start(config).await.expect("starts");
    // A file where the folder was: every write fails from here on, as on a dead disk.
    let state = dir.path().join("state");
    std::fs::rename(&state, dir.path().join("moved")).expect("moved");
    std::fs::write(&state, b"").expect("a file in its place");
    let refused = node.new_address().await;
    assert!(
        matches!(refused, Err(LightningError::Unavailable { .. } | LightningError::OutcomeUnknown { .. })),
        "an address that was not kept is not given out: {refused:?}"
    );
    let stopped = |event: &NodeEvent| match event {
        NodeEvent::Stopped { reason } => Some(reason.clone()),
        _ => None,
    };
    let reason = host.wait_for("the stop", stopped).await;
    assert!(reason.contains("could not be written"), "{reason}");
    assert!(matches!(node.info().await, Err(LightningError::Unavailable { .. })));
    node.stop().await;
}
