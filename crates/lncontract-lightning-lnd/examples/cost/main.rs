//! What this adapter adds to LND's own calls: an invoice, a payment, an opening to pending, each in turn with LND's own
//! call for the same, on the same two LNDs. `cargo xtask bench lnd` builds and starts it.
//!
//! Invariant: it measures and judges nothing. LND's own invoice is a plain one and its payment settles by itself; ours
//! is a hold invoice that waits for the program's word. That difference is part of what is measured.

#[path = "../../tests/real/lnd.rs"]
mod lnd;
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;

use std::{net::TcpListener, path::Path, sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_lightning::{
    ChannelState, Claim, Lightning, NewInvoice, NodeEvent, OpenChannel, OpeningId, Pay,
    conformance::ScriptedHost,
};
use lncontract_lightning_lnd::{LndConfig, LndNode, OwnCalls};
use tokio::time::Instant;

use lnd::{Lnd, NEW, program};
use regtest::{LOGIN, Regtest};

/// Of each kind; the first ones warm up both and are not counted.
const TIMES: usize = 45;
const WARM_UP: usize = 5;
const OPENINGS: usize = 6;
const AMOUNT_MSAT: u64 = 25_000_000;
const CHANNEL_SAT: u64 = 10_000_000;

struct Company {
    host: Arc<ScriptedHost>,
    node: Arc<LndNode>,
    bare: OwnCalls,
    // Last: it ends after its program.
    lnd: Lnd,
}

async fn company(dir: &Path, chain: &Regtest) -> Company {
    let address = chain.url().trim_start_matches("http://").parse().expect("it listens on this machine");
    let folder = dir.join("lnd");
    let start = move || Lnd::start(program(NEW), &folder, address, LOGIN, &["--maxpendingchannels=10"]);
    let lnd = tokio::task::spawn_blocking(start).await.expect("lnd starts");
    let host = Arc::new(ScriptedHost::default());
    let config = LndConfig {
        access: lnd.access(),
        network: Network::Regtest,
        dir: dir.join("notes"),
        secret: [7; 32],
        host: host.clone(),
    };
    let node = LndNode::start(config).await.expect("the node starts");
    let macaroon = std::fs::read(lnd.macaroon("admin")).expect("lnd wrote one");
    let bare = OwnCalls::new(&lnd.access(), &macaroon);
    Company { host, node, bare, lnd }
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let of_chain = dir.path().join("bitcoind");
    std::fs::create_dir(&of_chain).expect("a folder");
    let program = std::env::var_os("LNCONTRACT_BITCOIND").expect("LNCONTRACT_BITCOIND names a bitcoind");
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let start = move || Regtest::start(Path::new(&program), &of_chain, port);
    let chain = tokio::task::spawn_blocking(start).await.expect("bitcoind starts");
    let mut buyer = company(&dir.path().join("buyer"), &chain).await;
    let mut seller = company(&dir.path().join("seller"), &chain).await;
    for _ in 0..2 * OPENINGS + 2 {
        let address = buyer.node.new_address().await.expect("an address");
        chain.send(&address.to_string(), 2 * CHANNEL_SAT);
    }
    mine(&chain, [&buyer, &seller], 1).await;
    let address = seller.lnd.peers().to_string();
    buyer.node.connect(seller.node.key(), &address).await.expect("the seller answers");
    openings(&chain, &buyer, &seller).await;
    invoices(&seller).await;
    payments(&buyer, &seller).await;
    for company in [&buyer, &seller] {
        company.node.stop().await;
    }
    tokio::task::block_in_place(|| [&mut buyer, &mut seller].map(|company| company.lnd.end("TERM")));
}

/// Mines, and waits until both are at the tip.
async fn mine(chain: &Regtest, companies: [&Company; 2], blocks: u32) {
    tokio::task::block_in_place(|| chain.mine(blocks));
    let height = chain.call("getblockcount", &serde_json::json!([])).as_u64().unwrap_or(0);
    for company in companies {
        loop {
            let info = company.node.info().await.expect("it runs");
            if info.synced && u64::from(info.height) >= height {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// From the order to pending. Coins are checked, the row is written and the lists are looked at before LND is asked.
async fn openings(chain: &Regtest, buyer: &Company, seller: &Company) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for n in 0..OPENINGS {
        let opening = OpeningId(100 + n as u128);
        for through in if n % 2 == 0 { [true, false] } else { [false, true] } {
            let amount_sat = CHANNEL_SAT + n as u64 + if through { 0 } else { 100 };
            seller.host.announce(amount_sat, OpeningId(amount_sat.into()), 144);
            let begun = Instant::now();
            if through {
                let order = OpenChannel { opening, peer: seller.node.key(), amount_sat };
                buyer.node.open_channel(order).await.expect("announced");
                ours.push(begun.elapsed());
            } else {
                buyer.bare.open(seller.node.key(), amount_sat).await;
                bare.push(begun.elapsed());
            }
            mine(chain, [buyer, seller], 6).await;
            while !all_usable(buyer).await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    report("an opening, from the order to pending", ours, bare);
}

async fn all_usable(company: &Company) -> bool {
    let channels = company.node.channels().await.expect("it runs");
    channels.iter().all(|channel| channel.state == ChannelState::Open { usable: true })
}

fn new_invoice() -> NewInvoice {
    NewInvoice { amount_msat: AMOUNT_MSAT, description_hash: [7; 32], expiry_s: 3_600, label: "bench".into() }
}

async fn invoices(seller: &Company) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for n in 0..TIMES {
        for through in if n % 2 == 0 { [true, false] } else { [false, true] } {
            let begun = Instant::now();
            if through {
                seller.node.create_invoice(new_invoice()).await.expect("an invoice");
                ours.push(begun.elapsed());
            } else {
                seller.bare.add_invoice(AMOUNT_MSAT).await;
                bare.push(begun.elapsed());
            }
        }
    }
    report("an invoice", ours.split_off(WARM_UP), bare.split_off(WARM_UP));
}

/// From the order until the payer's program has recorded the receipt, or until LND's call says that it arrived.
async fn payments(buyer: &Company, seller: &Company) {
    let channel = buyer.node.channels().await.expect("it runs")[0].id;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for n in 0..TIMES {
        for through in if n % 2 == 0 { [true, false] } else { [false, true] } {
            if through {
                let invoice = seller.node.create_invoice(new_invoice()).await.expect("an invoice");
                let hash = invoice.payment_hash;
                seller.host.answer(hash, Claim::Take);
                let begun = Instant::now();
                buyer
                    .node
                    .pay(Pay { bolt11: invoice.bolt11, channels: vec![channel.into()] })
                    .await
                    .expect("taken");
                let sent = |event: &NodeEvent| match event {
                    NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == hash => Some(()),
                    _ => None,
                };
                buyer.host.wait_for("the receipt", sent).await;
                ours.push(begun.elapsed());
            } else {
                let invoice = seller.bare.add_invoice(AMOUNT_MSAT).await;
                let begun = Instant::now();
                buyer.bare.pay(&invoice).await;
                bare.push(begun.elapsed());
            }
        }
    }
    report("a payment", ours.split_off(WARM_UP), bare.split_off(WARM_UP));
}

fn report(what: &str, mut ours: Vec<Duration>, mut bare: Vec<Duration>) {
    ours.sort();
    bare.sort();
    let median = |all: &[Duration]| all[all.len() / 2].as_micros();
    let (ours, bare, times) = (median(&ours), median(&bare), ours.len());
    let hundredths = ours * 100 / bare.max(1);
    println!(
        "bench lnd: {what}: through the adapter {}.{} ms, LND's own call {}.{} ms, ratio of the medians {}.{:02} ({times} each)",
        ours / 1_000,
        ours % 1_000 / 100,
        bare / 1_000,
        bare % 1_000 / 100,
        hundredths / 100,
        hundredths % 100,
    );
}
