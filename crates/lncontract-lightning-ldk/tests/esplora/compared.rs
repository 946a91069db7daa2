//! Two sources as one: who is followed, and what is told.

use std::{sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{BlockRef, Chain, ChainError};
use lncontract_lightning_ldk::{Compared, Esplora, Source, Tolerance};

use crate::{
    server::{Manner, Server},
    support::{branch, waiting},
};

/// Told at once; looked at when a test says so.
const AT_ONCE: Tolerance = Tolerance { blocks: 2, time: Duration::ZERO, every: Duration::from_secs(3_600) };

fn source(name: &str, chain: Arc<dyn Chain>) -> Source {
    Source { name: name.to_owned(), chain }
}

struct Two {
    /// What the first source, in this process, has.
    own: Arc<DevChain>,
    /// What the Esplora has.
    theirs: Arc<DevChain>,
    server: Server,
    compared: Arc<Compared>,
}

/// Two sources that agree, the one in this process first, or the Esplora.
async fn two(esplora_first: bool) -> Two {
    let own = DevChain::with_wall_clock();
    own.mine(3);
    let theirs = branch(&own);
    let server = Server::start(Arc::clone(&theirs));
    let esplora = Esplora::new(&server.url(), Network::Regtest).with_patience(Duration::from_secs(2));
    let esplora = source("the Esplora", Arc::new(esplora));
    let ours = source("our bitcoind", own.clone());
    let (first, second) = if esplora_first { (esplora, ours) } else { (ours, esplora) };
    let compared = Compared::start(first, second, Network::Regtest, AT_ONCE);
    // The look that it begins with.
    assert_eq!(compared.compare().await, [""; 0]);
    Two { own, theirs, server, compared }
}

impl Two {
    async fn tip(&self) -> BlockRef {
        self.compared.tip().await.expect("one of them answers")
    }

    /// Looks, and expects one doubt with these words in it.
    async fn told(&self, words: &[&str]) {
        let doubts = self.compared.compare().await;
        assert_eq!(doubts.len(), 1, "{doubts:?}");
        words.iter().for_each(|word| assert!(doubts[0].contains(word), "{word:?} in {:?}", doubts[0]));
        assert_eq!(self.compared.doubts(), doubts);
    }
}

/// The same blocks for the other one.
fn copy(from: &DevChain, to: &DevChain) {
    for height in to.height() + 1..=from.height() {
        let hash = from.block_at(height).expect("mined").hash;
        to.submit_block(from.block_by_hash(hash).expect("mined")).expect("it fits");
    }
}

#[tokio::test]
async fn a_few_blocks_behind_is_usual_and_more_is_told_until_they_are_there() {
    let two = two(false).await;
    two.own.mine(2);
    assert_eq!(two.compared.compare().await, [""; 0]);
    two.own.mine(1);
    two.told(&["the Esplora is 3 blocks behind our bitcoind", "old state"]).await;
    assert_eq!(two.tip().await, two.own.tip_block());
    copy(&two.own, &two.theirs);
    assert_eq!(two.compared.compare().await, [""; 0]);
}

#[tokio::test]
async fn a_source_that_keeps_blocks_back_is_told_and_the_other_one_followed() {
    for esplora_first in [true, false] {
        let two = two(esplora_first).await;
        copy_after(&two.own, &two.theirs, 5);
        two.server.behave(Manner::Behind(5));
        two.told(&["the Esplora is 5 blocks behind our bitcoind", "follows our bitcoind"]).await;
        assert_eq!(two.tip().await, two.own.tip_block(), "first: {esplora_first}");
        // No look is needed to see it: what one source does not know, the other one is asked for.
        let newest = two.own.mine(1)[0];
        assert_eq!(two.compared.header(newest.hash).await.map(|at| at.height), Ok(newest.height));
    }
}

fn copy_after(from: &DevChain, to: &DevChain, blocks: u32) {
    from.mine(blocks);
    copy(from, to);
}

#[tokio::test]
async fn a_branch_with_less_work_is_told_and_never_followed() {
    let two = two(true).await;
    two.own.mine(5);
    two.theirs.mine(4);
    two.told(&["the Esplora is on another branch with less work than our bitcoind, 4 blocks long"]).await;
    assert_eq!(two.tip().await, two.own.tip_block());
    // When it has more work, it is the chain.
    two.theirs.mine(2);
    two.told(&["our bitcoind is on another branch with less work than the Esplora, 5 blocks long"]).await;
    assert_eq!(two.tip().await, two.theirs.tip_block());
    let (left, new) = (two.own.tip_block().hash, two.theirs.tip_block().hash);
    let (left, new) = (two.compared.header(left).await, two.compared.header(new).await);
    assert!(new.expect("known").chainwork > left.expect("known").chainwork, "both are measured alike");
}

#[tokio::test]
async fn branches_that_parted_long_before_the_first_look_are_measured_alike() {
    for theirs_first in [false, true] {
        let own = DevChain::with_wall_clock();
        let theirs = branch(&own);
        own.mine(7);
        theirs.mine(9);
        let server = Server::start(Arc::clone(&theirs));
        let esplora = source("the Esplora", Arc::new(Esplora::new(&server.url(), Network::Regtest)));
        let ours = source("our bitcoind", own.clone());
        let (first, second) = if theirs_first { (esplora, ours) } else { (ours, esplora) };
        let compared = Compared::start(first, second, Network::Regtest, AT_ONCE);
        let doubts = compared.compare().await;
        let told = "our bitcoind is on another branch with less work than the Esplora, 7 blocks long";
        assert!(matches!(&doubts[..], [doubt] if doubt.contains(told)), "{doubts:?}");
        assert_eq!(compared.tip().await, Ok(theirs.tip_block()));
    }
}

#[tokio::test]
async fn blocks_without_work_or_with_a_wrong_height_are_told_for_good_and_the_other_source_followed() {
    for (manner, words) in [(Manner::NoWork, "no proof of work"), (Manner::Higher(3), "said to be at")] {
        let two = two(true).await;
        copy_after(&two.own, &two.theirs, 1);
        two.server.behave(manner);
        assert_eq!(two.tip().await, two.own.tip_block(), "{manner:?}: already before the next look");
        two.told(&["the Esplora said what is not true", words, "use another one"]).await;
        two.server.behave(Manner::Honest);
        two.told(&[words]).await;
    }
}

#[tokio::test]
async fn a_wrong_block_of_one_source_is_taken_from_the_other_and_told() {
    let two = two(true).await;
    let newest = two.own.tip_block();
    two.server.behave(Manner::WrongBody);
    assert_eq!(two.compared.block(newest.hash).await.ok(), two.own.block_by_hash(newest.hash));
    two.told(&["the Esplora said what is not true", "not its own"]).await;
}

#[tokio::test]
async fn work_without_blocks_does_not_hold_the_node_up() {
    let two = two(true).await;
    two.own.mine(1);
    two.theirs.mine(3);
    two.server.behave(Manner::NoBodies);
    two.compared.compare().await;
    let bait = two.tip().await;
    assert_eq!(bait, two.theirs.tip_block(), "it has more work");
    assert!(two.compared.block(bait.hash).await.is_err(), "and nobody has the block");
    assert_eq!(two.tip().await, two.own.tip_block());
    let doubts = two.compared.compare().await;
    assert!(doubts.iter().any(|doubt| doubt.contains("nobody can have it")), "{doubts:?}");
    assert_eq!(two.tip().await, two.own.tip_block(), "also after the next look");
}

#[tokio::test]
async fn when_the_first_source_is_cut_off_the_other_one_is_used_and_that_is_told() {
    let two = two(false).await;
    two.own.pause();
    two.theirs.mine(2);
    assert_eq!(two.tip().await, two.theirs.tip_block(), "already before the next look");
    two.told(&["our bitcoind gives no chain to compare", "follows the Esplora alone"]).await;
    assert_eq!(two.tip().await, two.theirs.tip_block());
    copy(&two.theirs, &two.own);
    two.own.resume();
    assert_eq!(two.compared.compare().await, [""; 0]);
    assert_eq!(two.tip().await, two.own.tip_block());
}

#[tokio::test]
async fn when_both_are_cut_off_it_is_unavailable_and_nothing_else() {
    let two = two(false).await;
    two.own.pause();
    two.server.behave(Manner::CutOff);
    assert!(matches!(two.compared.tip().await, Err(ChainError::Unavailable(_))));
    let unknown = two.theirs.mine(1)[0].hash;
    assert!(matches!(two.compared.header(unknown).await, Err(ChainError::Unavailable(_))));
    two.compared.compare().await;
    two.own.resume();
    assert_eq!(two.tip().await, two.own.tip_block());
}

#[tokio::test]
async fn a_transaction_goes_to_both_and_one_that_takes_it_is_enough() {
    let two = two(false).await;
    let apart = branch(&two.own);
    two.server.serve(Arc::clone(&apart));
    let transaction = [waiting(&two.own)];
    let txid = transaction[0].compute_txid();
    assert_eq!(two.compared.broadcast(&transaction).await, Ok(()));
    for _ in 0..100 {
        if apart.mempool() == [txid] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(apart.mempool(), [txid], "the other one has it soon after");
    two.server.behave(Manner::Silent);
    let sent = tokio::time::timeout(Duration::from_secs(1), two.compared.broadcast(&transaction)).await;
    assert_eq!(sent.ok(), Some(Ok(())), "a silent one delays nothing");
    two.own.pause();
    two.server.behave(Manner::CutOff);
    let error = two.compared.broadcast(&transaction).await.expect_err("nobody takes it");
    assert!(matches!(error, ChainError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_transaction_that_one_refuses_while_the_other_is_away_is_refused_in_words() {
    let two = two(false).await;
    let mut transaction = waiting(&branch(&two.own));
    transaction.output[0].value += bitcoin::Amount::from_sat(1);
    two.server.behave(Manner::CutOff);
    let error = two.compared.broadcast(&[transaction]).await.expect_err("its signature does not fit");
    assert!(matches!(error, ChainError::Rejected(_)), "{error}");
}

#[tokio::test]
async fn fee_rates_far_apart_are_told_and_the_first_sources_are_used() {
    let two = two(false).await;
    two.own.set_fee_rate(2, 625 * 9);
    assert_eq!(two.compared.compare().await, [""; 0], "nine times as much is a matter of opinion");
    two.own.set_fee_rate(2, 625 * 10);
    two.told(&["fee rates differ", "our bitcoind says 6250", "the Esplora says 625"]).await;
    assert_eq!(two.compared.fee_rate_sat_per_kwu(6).await, Ok(6_250));
    two.own.pause();
    assert_eq!(two.compared.fee_rate_sat_per_kwu(6).await, Ok(625), "the other one's while it is away");
}

#[tokio::test]
async fn a_ruinous_fee_rate_of_the_first_source_is_told_and_the_other_ones_is_used() {
    let two = two(true).await;
    two.own.set_fee_rate(2, 700);
    // The Esplora's rates are kept for a while: this one has not been asked yet.
    let server = Server::start(Arc::clone(&two.theirs));
    server.behave(Manner::Ruinous);
    let esplora = source("the Esplora", Arc::new(Esplora::new(&server.url(), Network::Regtest)));
    let compared =
        Compared::start(esplora, source("our bitcoind", two.own.clone()), Network::Regtest, AT_ONCE);
    assert_eq!(compared.fee_rate_sat_per_kwu(6).await, Ok(700));
    let doubts = compared.compare().await;
    assert!(matches!(&doubts[..], [doubt] if doubt.contains("a fee rate of")), "{doubts:?}");
}

#[tokio::test]
async fn nothing_is_told_before_its_time() {
    let own = DevChain::with_wall_clock();
    let server = Server::start(branch(&own));
    let esplora = source("the Esplora", Arc::new(Esplora::new(&server.url(), Network::Regtest)));
    let patient = Tolerance { time: Duration::from_millis(300), ..AT_ONCE };
    let compared = Compared::start(source("our bitcoind", own.clone()), esplora, Network::Regtest, patient);
    compared.compare().await;
    own.mine(3);
    assert_eq!(compared.compare().await, [""; 0]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(compared.compare().await.len(), 1);
}

#[tokio::test]
async fn two_sources_are_looked_at_without_being_asked() {
    let own = DevChain::with_wall_clock();
    let server = Server::start(branch(&own));
    let esplora = source("the Esplora", Arc::new(Esplora::new(&server.url(), Network::Regtest)));
    let often = Tolerance { every: Duration::from_millis(50), ..AT_ONCE };
    let compared = Compared::start(source("our bitcoind", own.clone()), esplora, Network::Regtest, often);
    own.mine(3);
    for _ in 0..100 {
        if !compared.doubts().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never told");
}
