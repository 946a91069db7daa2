//! One Esplora, asked by the port.

use std::{sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{Chain, ChainError};
use lncontract_lightning_ldk::Esplora;

use crate::{
    server::{Manner, Server},
    support::{branch, waiting},
};

fn esplora(server: &Server) -> Esplora {
    Esplora::new(&server.url(), Network::Regtest).with_patience(Duration::from_secs(5))
}

fn served() -> (Arc<DevChain>, Server, Esplora) {
    let chain = DevChain::with_wall_clock();
    chain.mine(3);
    let server = Server::start(Arc::clone(&chain));
    let esplora = esplora(&server);
    (chain, server, esplora)
}

#[tokio::test]
async fn it_says_what_the_chain_says() {
    let (chain, server, esplora) = served();
    assert_eq!(esplora.is_on_its_network().await, Ok(true));
    assert_eq!(Esplora::new(&server.url(), Network::Signet).is_on_its_network().await, Ok(false));
    let tip = esplora.tip().await.expect("a tip");
    assert_eq!(tip, chain.tip_block());
    assert_eq!(esplora.block(tip.hash).await.ok(), chain.block_by_hash(tip.hash));
    // Far below, found header by header; work is counted from another base, its differences are the same.
    let deep = chain.block_at(chain.height() - 50).expect("a chain that long");
    let (ours, theirs) =
        (esplora.header(deep.hash).await.expect("a header"), chain.header_by_hash(deep.hash));
    let (top, theirs_top) =
        (esplora.header(tip.hash).await.expect("a header"), chain.header_by_hash(tip.hash));
    let (theirs, theirs_top) = (theirs.expect("known"), theirs_top.expect("known"));
    assert_eq!((ours.header, ours.height), (theirs.header, theirs.height));
    assert_eq!(top.chainwork - ours.chainwork, theirs_top.chainwork - theirs.chainwork);
    assert_eq!(esplora.fee_rate_sat_per_kwu(6).await, Ok(625));
    assert!(esplora.doubts().is_empty());
}

#[tokio::test]
async fn a_block_that_it_does_not_have_is_unknown_and_no_doubt() {
    let (chain, _server, esplora) = served();
    esplora.tip().await.expect("a tip");
    let other = branch(&chain).mine(1)[0].hash;
    assert_eq!(esplora.header(other).await.err(), Some(ChainError::UnknownBlock(other)));
    assert_eq!(esplora.block(other).await.err(), Some(ChainError::UnknownBlock(other)));
    assert!(esplora.doubts().is_empty());
}

#[tokio::test]
async fn a_branch_that_was_left_behind_keeps_its_place() {
    let (chain, _server, esplora) = served();
    let left = esplora.tip().await.expect("a tip");
    chain.reorg(2, 4).expect("two blocks are replaced by four");
    let tip = esplora.tip().await.expect("a tip");
    assert_eq!(tip, chain.tip_block());
    let (left, tip) =
        (esplora.header(left.hash).await.expect("kept"), esplora.header(tip.hash).await.expect("new"));
    assert!(tip.chainwork > left.chainwork);
    assert_eq!(tip.height, left.height + 2);
}

#[tokio::test]
async fn known_headers_are_not_asked_for_again() {
    let (chain, server, esplora) = served();
    for _ in 0..5 {
        esplora.tip().await.expect("a tip");
    }
    let hash = chain.tip_block().hash;
    assert_eq!((server.asked("/blocks/tip"), server.asked(&format!("/block/{hash}/header"))), (5, 1));
}

#[tokio::test]
async fn what_is_not_true_is_refused_and_told_until_the_end() {
    for (manner, words) in [
        (Manner::NoWork, "no proof of work"),
        (Manner::WrongHeader, "was given for block"),
        (Manner::Higher(1), "said to be at"),
    ] {
        let (chain, server, esplora) = served();
        esplora.tip().await.expect("a tip");
        chain.mine(1);
        server.behave(manner);
        let error = esplora.tip().await.expect_err("it is not true");
        assert!(matches!(&error, ChainError::Untrue(text) if text.contains(words)), "{manner:?}: {error}");
        server.behave(Manner::Honest);
        assert_eq!(
            esplora.tip().await,
            Ok(chain.tip_block()),
            "{manner:?}: the node goes on when it is honest again"
        );
        assert!(esplora.doubts()[0].contains(words), "{manner:?}: {:?}", esplora.doubts());
    }
}

#[tokio::test]
async fn a_wrong_height_is_seen_already_at_the_first_block() {
    let (_chain, server, esplora) = served();
    server.behave(Manner::Higher(7));
    let error = esplora.tip().await.expect_err("it is not true");
    assert!(matches!(&error, ChainError::Untrue(text) if text.contains("said to be at")), "{error}");
}

#[tokio::test]
async fn a_block_with_the_transactions_of_another_one_is_refused() {
    let (chain, server, esplora) = served();
    server.behave(Manner::WrongBody);
    let error = esplora.block(chain.tip_block().hash).await.expect_err("it is not true");
    assert!(matches!(&error, ChainError::Untrue(text) if text.contains("not its own")), "{error}");
}

#[tokio::test]
async fn a_ruinous_fee_rate_is_not_believed() {
    let (_chain, server, esplora) = served();
    server.behave(Manner::Ruinous);
    let error = esplora.fee_rate_sat_per_kwu(6).await.expect_err("nobody pays that");
    assert!(matches!(&error, ChainError::Untrue(text) if text.contains("500000")), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_is_unavailable_and_the_next_one_is_taken() {
    for (manner, words) in [
        (Manner::Silent, "no answer within"),
        (Manner::CutOff, ""),
        (Manner::Endless, "max_body_size"),
        (Manner::Elsewhere, ""),
        (Manner::Portal, "can't be read"),
    ] {
        let (chain, server, esplora) = served();
        let esplora = esplora.with_patience(Duration::from_millis(500));
        esplora.tip().await.expect("a tip");
        server.behave(manner);
        let error = esplora.tip().await.expect_err("no whole answer");
        let told = matches!(&error, ChainError::Unavailable(text) if text.contains(words));
        assert!(told, "{manner:?}: {error}");
        server.behave(Manner::Honest);
        assert_eq!(esplora.tip().await, Ok(chain.tip_block()), "{manner:?}");
        assert!(esplora.doubts().is_empty(), "{manner:?}: being away is no lie");
    }
}

#[tokio::test]
async fn who_wants_fewer_requests_is_left_alone_for_as_long_as_it_says() {
    let (chain, server, esplora) = served();
    esplora.tip().await.expect("a tip");
    server.behave(Manner::TooMany(1));
    let error = esplora.tip().await.expect_err("too many");
    assert!(matches!(&error, ChainError::Unavailable(text) if text.contains("429")), "{error}");
    server.behave(Manner::Honest);
    let asked = server.asked("/");
    let error = esplora.tip().await.expect_err("not asked yet");
    assert!(matches!(&error, ChainError::Unavailable(text) if text.contains("fewer requests")), "{error}");
    assert_eq!(server.asked("/"), asked);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(esplora.tip().await, Ok(chain.tip_block()));
}

#[tokio::test]
async fn a_transaction_goes_out_and_one_that_is_known_is_no_error() {
    let (chain, server, esplora) = served();
    let apart = branch(&chain);
    server.serve(Arc::clone(&apart));
    let transaction = waiting(&chain);
    let package = [transaction.clone()];
    assert_eq!(esplora.broadcast(&package).await, Ok(()));
    assert_eq!(apart.mempool(), [transaction.compute_txid()]);
    assert_eq!(esplora.broadcast(&package).await, Ok(()), "it has it already");
    let mut spent = transaction;
    spent.output[0].value += bitcoin::Amount::from_sat(1);
    let error = esplora.broadcast(&[spent]).await.expect_err("its signature does not fit");
    assert!(matches!(error, ChainError::Rejected(_)), "{error}");
}

#[tokio::test]
async fn a_package_goes_one_by_one_where_packages_are_not_taken() {
    for manner in [Manner::Honest, Manner::NoPackages] {
        let (chain, server, esplora) = served();
        let apart = branch(&chain);
        server.serve(Arc::clone(&apart));
        server.behave(manner);
        let package = [waiting(&chain), waiting(&chain)];
        assert_eq!(esplora.broadcast(&package).await, Ok(()), "{manner:?}");
        assert_eq!(apart.mempool().len(), 2, "{manner:?}");
        let alone = if manner == Manner::Honest { 0 } else { 2 };
        assert_eq!((server.asked("/txs/package"), server.asked("/tx")), (1, 1 + alone), "{manner:?}");
    }
}
