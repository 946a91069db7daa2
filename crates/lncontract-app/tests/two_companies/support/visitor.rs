//! A node that is no company's: it got hold of an invoice and pays it over a channel of its own.
//!
//! LDK never sends one payment hash twice, so a second payment of an invoice has to come from somewhere else.

use std::{net::SocketAddr, sync::Arc};

use bitcoin::Network;
use lncontract_lightning::{
    Admission, BoxFuture, ChannelState, Claim, Host, InboundChannel, InboundSplice, Lightning, NodeBooks,
    NodeEvent, NodeKey, NotRecorded, OpenChannel, OpeningId, Pay, PaymentHash, SpliceAdmission,
    conformance::ScriptedHost,
};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, new_seed};
use tempfile::TempDir;

use super::{Pair, until};

/// The size of its channel: enough for the milestone, and no contract announces it.
const VISITOR_SAT: u64 = 26_000_003;
const OPENING: OpeningId = OpeningId(26);

/// The host of a company's node, which also lets the visitor's channel in; the rest is the company's program.
pub struct Door(pub Arc<dyn Host>);

impl Host for Door {
    fn books(&self) -> BoxFuture<'_, Result<Option<NodeBooks>, NotRecorded>> {
        self.0.books()
    }
    fn count_start(&self, starts: u64) -> BoxFuture<'_, Result<(), NotRecorded>> {
        self.0.count_start(starts)
    }
    fn channel_requested(&self, request: InboundChannel) -> BoxFuture<'_, Admission> {
        if request.amount_sat == VISITOR_SAT {
            let accept = Admission::Accept { opening: OPENING, to_self_delay_blocks: 144 };
            return Box::pin(async { accept });
        }
        self.0.channel_requested(request)
    }
    fn splice_requested(&self, request: InboundSplice) -> BoxFuture<'_, SpliceAdmission> {
        self.0.splice_requested(request)
    }
    fn payment_claimable(&self, hash: PaymentHash, amount_msat: u64) -> BoxFuture<'_, Claim> {
        self.0.payment_claimable(hash, amount_msat)
    }
    fn event(&self, event: NodeEvent) -> BoxFuture<'_, Result<(), NotRecorded>> {
        self.0.event(event)
    }
    fn message(&self, from: NodeKey, bytes: Vec<u8>) {
        self.0.message(from, bytes);
    }
}

/// The visitor, with its channel to the seller.
pub struct Visitor {
    node: Arc<LdkNode>,
    host: Arc<ScriptedHost>,
    _dir: TempDir,
}

impl Visitor {
    pub async fn come(pair: &Pair) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let host = Arc::new(ScriptedHost::default());
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let (home, chain) = (dir.path().join("node"), Arc::clone(&pair.chain));
        let config =
            LdkConfig::new(home, new_seed(), Network::Regtest, any_port, chain, Arc::clone(&host) as _);
        let node = LdkNode::start(config).await?;
        pair.chain.fund(&node.new_address().await?, VISITOR_SAT + 1_000_000)?;
        pair.chain.mine(1);
        until("the visitor's money", || async {
            Ok(node.balances().await?.onchain_spendable_sat > VISITOR_SAT)
        })
        .await?;
        let peer = pair.seller.node().info().await?.key;
        node.connect(peer, &pair.seller.listen().to_string()).await?;
        node.open_channel(OpenChannel { opening: OPENING, peer, amount_sat: VISITOR_SAT }).await?;
        let visitor = Self { node, host, _dir: dir };
        until("the visitor's channel", || async {
            pair.chain.mine(1);
            let channels = visitor.node.channels().await?;
            Ok(channels.iter().any(|channel| channel.state == ChannelState::Open { usable: true }))
        })
        .await?;
        Ok(visitor)
    }

    /// Pays; waits for the end, which has to be a failure. Returns the node's words.
    pub async fn fail_to_pay(&self, bolt11: &str, hash: PaymentHash) -> anyhow::Result<String> {
        let channels = self.node.channels().await?.iter().map(|channel| channel.id.into()).collect();
        self.node.pay(Pay { bolt11: bolt11.to_owned(), channels }).await?;
        let ended = |event: &NodeEvent| match event {
            NodeEvent::PaymentFailed { payment_hash, reason } if *payment_hash == hash => {
                Some(Ok(reason.clone()))
            }
            NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == hash => Some(Err("it arrived")),
            _ => None,
        };
        let end = self.host.wait_for("the payment's end", ended).await;
        end.map_err(anyhow::Error::msg)
    }

    /// What is its own in the channel, and has to be all of it again.
    pub async fn has_all_back(&self) -> anyhow::Result<()> {
        until("the visitor's money back in its channel", || async {
            Ok(self.node.balances().await?.channels_msat == VISITOR_SAT * 1_000)
        })
        .await
    }
}
