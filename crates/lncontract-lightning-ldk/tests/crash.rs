//! A payer that crashes again and again in the middle of payments: no channel is lost, and each invoice is paid once. One of
//! the two that crashes in the middle of openings: both have the channel, or neither. A crash is the end of the runtime that the node's tasks run in:
//! nothing more is written after it.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{
    Channel, ChannelId, ChannelState, Claim, Lightning, NewInvoice, OpenChannel, OpeningId, Pay,
    PaymentState, conformance::ScriptedHost,
};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, new_seed};
use tokio::runtime::Runtime;

const CRASHES: u64 = 12;
const OPENINGS: u64 = 12;
/// Enough for a channel to be open.
const BLOCKS_AWAY: u32 = 6;
const AMOUNT_MSAT: u64 = 100_000_007;
const CHANNEL_SAT: u64 = 10_000_000;

/// A node in a runtime of its own.
struct Cell {
    runtime: Runtime,
    node: Arc<LdkNode>,
}

impl Cell {
    fn start(config: LdkConfig) -> Cell {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let node = runtime.block_on(start(config));
        Cell { runtime, node }
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn crash(self) {
        // Waits for threads that are in the middle of something; no task runs on.
        self.runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

/// The lock of a node that crashed is free when its last task is gone.
async fn start(config: LdkConfig) -> Arc<LdkNode> {
    for _ in 0..100 {
        match LdkNode::start(config.clone()).await {
            Ok(node) => return node,
            Err(lncontract_lightning_ldk::StartError::Locked(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("the node does not start after a crash: {error}"),
        }
    }
    panic!("the folder stays locked")
}

fn config(dir: &Path, chain: &Arc<DevChain>) -> (LdkConfig, Arc<ScriptedHost>) {
    let host = Arc::new(ScriptedHost::default());
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = LdkConfig::new(
        dir.to_path_buf(),
        new_seed(),
        Network::Regtest,
        any_port,
        chain.clone(),
        host.clone(),
    );
    (config, host)
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never came: {what}");
}

async fn only_channel(node: &LdkNode) -> Option<Channel> {
    node.channels().await.expect("the node runs").pop()
}

async fn open_channel(node: &LdkNode, seller: &LdkNode, chain: &DevChain) -> ChannelId {
    deposit(node, chain, 2 * CHANNEL_SAT).await;
    deposit(seller, chain, 1_000_000).await;
    node.connect(seller.key(), &seller.listen_addr().to_string()).await.expect("connected");
    let open = OpenChannel { opening: OpeningId(1), peer: seller.key(), amount_sat: CHANNEL_SAT };
    let id = node.open_channel(open).await.expect("announced");
    until("the open channel", async || {
        chain.mine(1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        usable(node).await
    })
    .await;
    id
}

async fn usable(node: &LdkNode) -> bool {
    only_channel(node).await.is_some_and(|channel| channel.state == ChannelState::Open { usable: true })
}

/// Sends, also again after a crash, until the outcome is known. Money: always the same hash.
async fn pay_to_the_end(node: &LdkNode, bolt11: &str, hash: [u8; 32], channel: ChannelId) {
    until("the outcome", async || match node.payment(hash).await.expect("the node runs") {
        PaymentState::Sent { .. } => true,
        PaymentState::InFlight => false,
        PaymentState::Absent => {
            // Not usable yet right after a start: asked again.
            let _ = node.pay(Pay { bolt11: bolt11.into(), channels: vec![channel.into()] }).await;
            false
        }
        PaymentState::Failed { reason } => panic!("nothing fails here: {reason}"),
    })
    .await;
}

async fn deposit(node: &LdkNode, chain: &DevChain, sat: u64) {
    let address = node.new_address().await.expect("an address");
    chain.fund(&address, sat).expect("the miner has enough");
    chain.mine(1);
    until("the deposit", async || node.balances().await.expect("the node runs").onchain_spendable_sat == sat)
        .await;
}

/// What became of an opening on a node.
async fn state_of(node: &LdkNode, opening: OpeningId) -> Option<ChannelState> {
    let channels = node.channels().await.expect("the node runs");
    channels.into_iter().find(|channel| channel.opening == opening).map(|channel| channel.state)
}

/// How many monitors a node has written.
fn monitors(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir.join("state/monitors/[empty]")).into_iter().flatten().flatten();
    files.filter(|file| file.path().extension().is_none()).count()
}

/// Both have the channel, open, or neither has it. `true`: both.
async fn both_or_neither(
    buyer: (&LdkNode, OpeningId),
    seller: (&LdkNode, OpeningId),
    chain: &DevChain,
) -> bool {
    let open = Some(ChannelState::Open { usable: true });
    let mut both = false;
    until("one outcome on both sides", async || {
        let (ours, theirs) = (state_of(buyer.0, buyer.1).await, state_of(seller.0, seller.1).await);
        both = ours == open;
        match ours {
            None | Some(ChannelState::Failed(_)) => matches!(theirs, None | Some(ChannelState::Failed(_))),
            ours if ours == open => theirs == open,
            _ => {
                chain.mine(1);
                false
            }
        }
    })
    .await;
    both
}

/// One of the two crashes again and again while the buyer opens channels, and is back after some blocks.
fn crash_during_openings(buyer_crashes: bool) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let dirs = [dir.path().join("buyer"), dir.path().join("seller")];
    let (buyer_config, _) = config(&dirs[0], &chain);
    let (seller_config, seller_host) = config(&dirs[1], &chain);
    let (mut buyer, mut seller) = (Cell::start(buyer_config.clone()), Cell::start(seller_config.clone()));
    buyer.run(deposit(&buyer.node, &chain, 4 * CHANNEL_SAT));
    seller.run(deposit(&seller.node, &chain, CHANNEL_SAT));
    let crashing = &dirs[usize::from(!buyer_crashes)];
    let (mut opened, mut failed) = (0, 0);
    for n in 0..OPENINGS {
        let (ours, theirs) = (OpeningId(n.into()), OpeningId((OPENINGS + n).into()));
        // A size of its own, by which the payee's host knows it.
        let amount_sat = 200_000 + n;
        seller_host.announce(amount_sat, theirs, 144);
        connect(&buyer, &seller);
        let (node, known) = (buyer.node.clone(), monitors(crashing));
        let order = OpenChannel { opening: ours, peer: seller.node.key(), amount_sat };
        let ordered = buyer.runtime.spawn(async move { node.open_channel(order).await });
        // From before the first message to after the funding transaction was signed; every other time right after
        // the channel's monitor was written, which is when LDK's manager does not know of it yet.
        if n % 2 == 0 {
            std::thread::sleep(Duration::from_millis(2 * n));
        } else {
            let begun = std::time::Instant::now();
            while monitors(crashing) == known && begun.elapsed() < Duration::from_secs(20) {}
        }
        if buyer_crashes {
            buyer.crash();
            if n % 2 == 1 {
                broadcast_funding(&dirs[0], ours, &chain);
            }
            chain.mine(BLOCKS_AWAY);
            buyer = Cell::start(buyer_config.clone());
            connect(&buyer, &seller);
        } else {
            seller.crash();
            chain.mine(BLOCKS_AWAY);
            seller = Cell::start(seller_config.clone());
            connect(&buyer, &seller);
            // It was told what became of it, or may look for it.
            let _ = buyer.run(ordered).expect("the order ends");
        }
        if buyer.run(both_or_neither((&buyer.node, ours), (&seller.node, theirs), &chain)) {
            opened += 1;
        } else {
            failed += 1;
        }
    }
    // How many of the early crashes came before the peer knew of the opening depends on how fast the machine is.
    assert!(opened > 0, "no opening came as far as its monitor: {failed} failed");
    buyer.run(buyer.node.stop());
    seller.run(seller.node.stop());
}

/// Sends the funding transaction as the node would have done in its next step, had it not crashed, or did just before.
fn broadcast_funding(dir: &Path, opening: OpeningId, chain: &DevChain) {
    let row = dir.join("state/channels/[empty]").join(format!("{:032x}", opening.0));
    let row: serde_json::Value =
        serde_json::from_slice(&std::fs::read(row).expect("a row")).expect("the row is JSON");
    let funding = serde_json::from_value(row["funding_tx"].clone()).expect("its funding transaction");
    // It may be there.
    let _ = chain.submit(&[funding]);
}

fn connect(buyer: &Cell, seller: &Cell) {
    let (peer, address) = (seller.node.key(), seller.node.listen_addr().to_string());
    buyer.run(buyer.node.connect(peer, &address)).expect("connected");
}

#[test]
fn a_payee_that_crashes_during_openings_has_the_channel_or_neither_has_it() {
    crash_during_openings(false);
}

#[test]
fn a_payer_that_crashes_during_openings_has_the_channel_or_neither_has_it() {
    crash_during_openings(true);
}

#[test]
fn a_payer_that_crashes_during_payments_keeps_its_channel_and_pays_each_invoice_once() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let chain = DevChain::with_wall_clock();
    let (seller_config, seller_host) = config(&dir.path().join("seller"), &chain);
    let (buyer_config, _) = config(&dir.path().join("buyer"), &chain);
    seller_host.announce(CHANNEL_SAT, OpeningId(2), 144);
    let seller = Cell::start(seller_config);
    let mut buyer = Cell::start(buyer_config.clone());
    let channel = buyer.run(open_channel(&buyer.node, &seller.node, &chain));
    for n in 0..CRASHES {
        let new = NewInvoice {
            amount_msat: AMOUNT_MSAT,
            description_hash: [0; 32],
            expiry_s: 3_600,
            label: String::new(),
        };
        let invoice = seller.run(seller.node.create_invoice(new)).expect("an invoice");
        let (bolt11, hash) = (invoice.bolt11, invoice.payment_hash);
        seller_host.answer(hash, Claim::Take);
        let pay = Pay { bolt11: bolt11.clone(), channels: vec![channel.into()] };
        buyer.run(buyer.node.pay(pay)).expect("the payment is taken");
        // From before the first message to after the receipt.
        buyer.run(async { tokio::time::sleep(Duration::from_millis(n * 4)).await });
        buyer.crash();
        buyer = Cell::start(buyer_config.clone());
        buyer.run(until("the channel after the crash", async || usable(&buyer.node).await));
        buyer.run(pay_to_the_end(&buyer.node, &bolt11, hash, channel));
    }
    let paid_msat = CRASHES * AMOUNT_MSAT;
    let settled = async || seller.node.balances().await.expect("it runs").channels_msat == paid_msat;
    seller.run(until("all payments, each once", settled));
    let channel = buyer.run(only_channel(&buyer.node)).expect("the channel");
    assert_eq!(channel.local_msat, CHANNEL_SAT * 1_000 - paid_msat);
    buyer.run(buyer.node.stop());
    seller.run(seller.node.stop());
}
