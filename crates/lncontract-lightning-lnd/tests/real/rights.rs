//! What this program may do at an LND: works with the macaroons that it bakes, fails closed without one, says what an LND
//! can do, and waits for one that is locked or away.

use bitcoin::Network;
use lncontract_lightning::{
    Claim, Lightning, LightningError, NewInvoice, OpenChannel, Pay,
    conformance::{Bench, Side},
};
use lncontract_lightning_lnd::{LndAccess, LndConfig, LndNode, ROLES, StartError, report};

use crate::{
    bench::{Kind, MixedBench, WIDE, bench},
    steps::{mine_until_open, opening, order, ready, until},
};

/// Access with baked macaroons of some roles only.
async fn baked(bench: &MixedBench, side: Side, roles: &[&str]) -> LndAccess {
    let (admin, rpc, certificate) =
        bench.with_lnd(side, |lnd| (lnd.access(), lnd.rpc().to_string(), lnd.certificate()));
    let mut macaroons = Vec::new();
    for role in ROLES.iter().filter(|role| roles.contains(&role.name)) {
        macaroons.push(role.bake(&admin).await.expect("the admin's macaroon bakes"));
    }
    assert_eq!(macaroons.len(), roles.len(), "all of {roles:?} are roles");
    LndAccess::new(&rpc, &certificate, &macaroons).expect("what was baked can be used")
}

/// A buyer with the roles of a buyer and a seller with those of a seller do all that a contract asks for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_does_all_that_a_contract_asks_for_with_the_macaroons_that_were_baked() {
    let bench = bench(WIDE, WIDE).await;
    let buyer = baked(&bench, Side::Buyer, &["watch", "messages", "fund", "pay"]).await;
    bench.reconnect(Side::Buyer, buyer).await;
    let seller = baked(&bench, Side::Seller, &["watch", "messages", "fund", "invoice", "admit"]).await;
    bench.reconnect(Side::Seller, seller).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    mine_until_open(&bench, 1).await;
    let (buyer, seller) = (bench.node(Side::Buyer), bench.node(Side::Seller));
    let new = NewInvoice {
        amount_msat: 1_000_000,
        description_hash: [7; 32],
        expiry_s: 600,
        label: "stage 1".into(),
    };
    let invoice = seller.create_invoice(new).await.expect("an invoice");
    bench.host(Side::Seller).answer(invoice.payment_hash, Claim::Take);
    let channels = buyer.channels().await.expect("it runs");
    buyer.pay(Pay { bolt11: invoice.bolt11, channels: vec![channels[0].id.into()] }).await.expect("taken");
    until("the money", || async {
        let there = seller.channels().await.ok()?;
        there.iter().any(|channel| channel.local_msat == 1_000_000).then_some(())
    })
    .await;
    let key = seller.info().await.expect("it runs").key;
    buyer.send_message(key, b"a frame".to_vec()).await.expect("connected");
    bench.host(Side::Seller).wait_for_messages(1).await;
    buyer.onchain_movements().await.expect("it may look");
    buyer.forced_closes().await.expect("it may look");
}

/// Without a role its calls fail closed, and name the right and what bakes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_names_the_right_that_a_macaroon_lacks() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    let watch = baked(&bench, Side::Buyer, &["watch", "messages"]).await;
    let told = report(&watch, Network::Regtest).await.expect("it may look");
    let missing: Vec<&str> = told.missing.iter().map(|(role, _)| *role).collect();
    assert_eq!(missing, ["invoice", "admit", "pay", "fund"]);
    bench.reconnect(Side::Buyer, watch).await;
    let peer = bench.node(Side::Seller).info().await.expect("it runs").key;
    let order = OpenChannel { opening: opening(1), peer, amount_sat: 10_000_000 };
    let refused = bench.node(Side::Buyer).open_channel(order).await;
    let Err(LightningError::Misconfigured { reason }) = refused else { panic!("not told: {refused:?}") };
    assert!(
        reason.contains("uri:/walletrpc.WalletKit/EstimateFee"),
        "the first right that it needs: {reason}"
    );
    assert!(reason.contains("lncontract lnd bake"), "{reason}");
    assert_eq!(bench.node(Side::Buyer).channels().await.expect("it may look"), vec![], "nothing stays of it");
    let none = bench.node(Side::Buyer).new_address().await;
    assert!(matches!(none, Err(LightningError::Misconfigured { .. })), "{none:?}");
}

/// The report says what a plain LND can't do for contracts, with the line of lnd.conf.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_says_what_it_can_do_for_contracts() {
    let bench = bench(Kind::Lnd(&[]), WIDE).await;
    for (side, large) in [(Side::Buyer, false), (Side::Seller, true)] {
        let access = bench.with_lnd(side, |lnd| lnd.access());
        let told = report(&access, Network::Regtest).await.expect("it runs");
        assert_eq!((told.network.as_str(), told.missing.len()), ("regtest", 0));
        assert!(told.version.starts_with("0."), "{told:?}");
        assert_eq!(told.abilities[0].can, Some(large), "{told:?}");
        assert_eq!(told.abilities[0].line.is_some(), !large);
        assert_eq!(told.obstacle, None);
        let elsewhere = report(&access, Network::Signet).await.expect("it runs");
        let obstacle = elsewhere.obstacle.expect("another chain is no use");
        assert!(obstacle.contains("regtest") && obstacle.contains("signet"), "{obstacle}");
    }
}

/// Macaroons that LND made by itself have rights of other kinds: what they are good for is asked of LND.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_tells_what_its_own_macaroons_are_good_for() {
    let bench = bench(WIDE, WIDE).await;
    let access = bench.with_lnd(Side::Buyer, |lnd| {
        let readonly = std::fs::read(lnd.macaroon("readonly")).expect("it wrote one");
        LndAccess::new(&lnd.rpc().to_string(), &lnd.certificate(), &[readonly])
            .expect("its own files are good")
    });
    let told = report(&access, Network::Regtest).await.expect("it may look");
    let missing: Vec<&str> = told.missing.iter().map(|(role, _)| *role).collect();
    assert_eq!(missing, ["messages", "invoice", "admit", "pay", "fund"], "{told:?}");
    assert_eq!(told.obstacle, None, "it may watch");
}

/// A wrong certificate, a foreign macaroon, nobody there: each is named, and nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_with_another_certificate_or_macaroon_is_refused_by_name() {
    let bench = bench(WIDE, WIDE).await;
    let (buyer, seller) =
        (bench.with_lnd(Side::Buyer, |lnd| lnd.access()), bench.with_lnd(Side::Seller, |lnd| lnd.access()));
    let check = async |access: LndAccess, words: &str| {
        let error = report(&access, Network::Regtest).await.expect_err("it can't be used").to_string();
        assert!(error.contains(words), "{error}");
    };
    check(LndAccess { certificate: seller.certificate.clone(), ..buyer.clone() }, "another certificate")
        .await;
    check(LndAccess { macaroons: seller.macaroons.clone(), ..buyer.clone() }, "bake it again").await;
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    check(LndAccess { address: nobody.to_string(), ..buyer }, "no connection to LND at").await;
}

/// An LND whose wallet is locked, or that is not there, is told as that; everything goes on when it is back. A program
/// that has used it before starts all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_that_is_locked_or_away_is_told_and_waited_for() {
    let bench = bench(WIDE, WIDE).await;
    ready(&bench).await;
    order(&bench, 1, 10_000_000).await.expect("announced");
    let node = bench.node(Side::Buyer);
    bench.with_lnd(Side::Buyer, |lnd| lnd.end("KILL"));
    let away = node.info().await;
    assert!(matches!(away, Err(LightningError::Unavailable { .. })), "{away:?}");
    bench.with_lnd(Side::Buyer, |lnd| lnd.begin_locked());
    let reason = until("the locked wallet", || async {
        match node.info().await {
            Err(LightningError::Misconfigured { reason }) => Some(reason),
            _ => None,
        }
    })
    .await;
    assert!(reason.contains("lncli unlock"), "{reason}");
    let known = bench.other_start(Side::Buyer, "notes").await;
    known.expect("it was used before").stop().await;
    let stranger = bench.other_start(Side::Buyer, "no-notes").await;
    assert!(matches!(stranger, Err(StartError::Lnd(LightningError::Misconfigured { .. }))));
    bench.with_lnd(Side::Buyer, |lnd| {
        lnd.end("KILL");
        lnd.begin();
    });
    until("LND again", || async { node.info().await.ok() }).await;
    mine_until_open(&bench, 1).await;
}

/// An LND with another wallet is not taken for the one of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_lnd_with_another_key_is_not_taken_for_the_one_of_before() {
    let bench = bench(WIDE, WIDE).await;
    let access = bench.with_lnd(Side::Seller, |lnd| lnd.access());
    bench.node(Side::Buyer).stop().await;
    let config = LndConfig { access, ..bench.config(Side::Buyer) };
    let other = LndNode::start(config).await.map(|_| ());
    assert!(matches!(other, Err(StartError::OtherNode { .. })), "{other:?}");
}
