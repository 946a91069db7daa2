//! Two nodes with one channel between them, on a chain in the process.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bitcoin::{Network, OutPoint, Transaction, Txid};
use lncontract_devchain::DevChain;
use lncontract_lightning::{
    Channel, ChannelState, Claim, Lightning, NewInvoice, OpenChannel, OpeningId, Pay, PaymentState,
    conformance::ScriptedHost,
};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, new_seed};

/// The size of the channel.
pub const CHANNEL_SAT: u64 = 10_000_000;
/// The delay that a contract asks of the opener's own output, in blocks: a week.
pub const NOTICE_BLOCKS: u16 = 1_008;

/// One of the two.
pub struct Seat {
    pub config: LdkConfig,
    pub host: Arc<ScriptedHost>,
    pub node: Arc<LdkNode>,
}

impl Seat {
    pub async fn new(dir: &Path, chain: &Arc<DevChain>) -> Seat {
        let host = Arc::new(ScriptedHost::default());
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let (seed, network) = (new_seed(), Network::Regtest);
        let config = LdkConfig::new(dir.to_path_buf(), seed, network, any_port, chain.clone(), host.clone());
        let node = LdkNode::start(config.clone()).await.expect("the node starts");
        Seat { config, host, node }
    }

    /// Starts it on the folder that its settings name.
    pub async fn start(&mut self) {
        self.node = LdkNode::start(self.config.clone()).await.expect("the node starts again");
    }

    pub async fn onchain_sat(&self) -> u64 {
        self.node.balances().await.expect("the node runs").onchain_total_sat
    }

    pub async fn only_channel(&self) -> Channel {
        self.node.channels().await.expect("the node runs").pop().expect("there is one channel")
    }

    async fn deposit(&self, chain: &DevChain, sat: u64) {
        let address = self.node.new_address().await.expect("an address");
        chain.fund(&address, sat).expect("the miner has enough");
        chain.mine(1);
        until("the deposit", async || self.onchain_sat().await == sat).await;
    }
}

/// Connects the two and opens the channel: all of it the buyer's.
pub async fn open(buyer: &Seat, seller: &Seat, chain: &DevChain) {
    buyer.deposit(chain, 2 * CHANNEL_SAT).await;
    seller.deposit(chain, 1_000_000).await;
    seller.host.announce(CHANNEL_SAT, OpeningId(2), NOTICE_BLOCKS);
    connect(buyer, seller).await;
    let open = OpenChannel { opening: OpeningId(1), peer: seller.node.key(), amount_sat: CHANNEL_SAT };
    buyer.node.open_channel(open).await.expect("announced");
    until("the open channel", async || {
        chain.mine(1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        usable(buyer).await
    })
    .await;
}

pub async fn connect(buyer: &Seat, seller: &Seat) {
    let address = seller.node.listen_addr().to_string();
    buyer.node.connect(seller.node.key(), &address).await.expect("connected");
}

async fn usable(seat: &Seat) -> bool {
    seat.only_channel().await.state == ChannelState::Open { usable: true }
}

/// Pays over the only channel, and waits until both sides have the new balance.
pub async fn pay(buyer: &Seat, seller: &Seat, amount_msat: u64) {
    until("a usable channel", async || usable(buyer).await).await;
    let before_msat = seller.only_channel().await.local_msat;
    let new = NewInvoice { amount_msat, description_hash: [0; 32], expiry_s: 3_600, label: String::new() };
    let invoice = seller.node.create_invoice(new).await.expect("an invoice");
    seller.host.answer(invoice.payment_hash, Claim::Take);
    let channels = vec![buyer.only_channel().await.id.into()];
    buyer.node.pay(Pay { bolt11: invoice.bolt11, channels }).await.expect("the payment is taken");
    until("the receipt", async || {
        let state = buyer.node.payment(invoice.payment_hash).await.expect("the node runs");
        matches!(state, PaymentState::Sent { .. })
    })
    .await;
    let settled_msat = before_msat + amount_msat;
    for (seat, expect_msat) in [(seller, settled_msat), (buyer, CHANNEL_SAT * 1_000 - settled_msat)] {
        until("the new balance", async || seat.only_channel().await.local_msat == expect_msat).await;
    }
}

pub async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never came: {what}");
}

/// Waits until the node has seen every block.
pub async fn follow(seat: &Seat, chain: &DevChain) {
    let height = async || seat.node.info().await.expect("the node runs").height;
    until("the tip", async || height().await == chain.height()).await;
}

/// The confirmed transactions from that height on, by their id.
pub fn confirmed(chain: &DevChain, from_height: u32) -> BTreeMap<Txid, Transaction> {
    let blocks = (from_height..=chain.height()).filter_map(|height| chain.block_at(height));
    let blocks = blocks.filter_map(|at| chain.block_by_hash(at.hash));
    blocks.flat_map(|block| block.txdata).map(|tx| (tx.compute_txid(), tx)).collect()
}

/// The one transaction that spends this output.
pub fn spender(transactions: &BTreeMap<Txid, Transaction>, spent: OutPoint) -> Option<&Transaction> {
    transactions.values().find(|tx| tx.input.iter().any(|input| input.previous_output == spent))
}

/// The sum of what a transaction pays out.
pub fn outputs_sat(transaction: &Transaction) -> u64 {
    transaction.output.iter().map(|output| output.value.to_sat()).sum()
}
