//! Two nodes without a program: a host that takes every payment that it was told of, and keeps nothing.

use std::{net::SocketAddr, path::Path, sync::Arc};

use bitcoin::Network;
use lncontract_devchain::DevChain;
use lncontract_lightning::{
    ChannelId, ChannelState, Claim, Lightning, NewInvoice, NodeEvent, OpenChannel, OpeningId, Pay,
    conformance::ScriptedHost,
};
use lncontract_lightning_ldk::{LdkConfig, LdkNode, new_seed};
use std::time::Duration;
use tokio::time::Instant;

use crate::{CHANNEL_SAT, terms::until};

/// The bare pair, with an open channel.
pub struct Bare {
    buyer: Arc<LdkNode>,
    seller: Arc<LdkNode>,
    buyer_host: Arc<ScriptedHost>,
    seller_host: Arc<ScriptedHost>,
    channel: ChannelId,
}

impl Bare {
    /// Starts both and opens the channel.
    pub async fn start(dir: &Path, chain: &Arc<DevChain>) -> anyhow::Result<Self> {
        let (buyer, buyer_host) = node(&dir.join("bare-buyer"), chain).await?;
        let (seller, seller_host) = node(&dir.join("bare-seller"), chain).await?;
        for (node, sat) in [(&buyer, CHANNEL_SAT + 1_000_000), (&seller, 1_000_000)] {
            chain.fund(&node.new_address().await?, sat)?;
            chain.mine(1);
            until("a deposit", async || Ok(node.balances().await?.onchain_spendable_sat == sat)).await?;
        }
        let (opening, peer) = (OpeningId(1), seller.info().await?.key);
        seller_host.announce(CHANNEL_SAT, opening, 1_008);
        buyer.connect(peer, &seller.listen_addr().to_string()).await?;
        let channel = buyer.open_channel(OpenChannel { opening, peer, amount_sat: CHANNEL_SAT }).await?;
        for node in [&buyer, &seller] {
            until("the bare channel", async || {
                chain.mine(1);
                let channels = node.channels().await?;
                Ok(channels.iter().any(|channel| channel.state == ChannelState::Open { usable: true }))
            })
            .await?;
        }
        Ok(Bare { buyer, seller, buyer_host, seller_host, channel })
    }

    /// Pays once. Returns how long it took.
    pub async fn pay(&self, amount_msat: u64) -> anyhow::Result<Duration> {
        let new =
            NewInvoice { amount_msat, description_hash: [7; 32], expiry_s: 3_600, label: String::new() };
        let invoice = self.seller.create_invoice(new).await?;
        self.seller_host.answer(invoice.payment_hash, Claim::Take);
        let start = Instant::now();
        self.buyer.pay(Pay { bolt11: invoice.bolt11, channels: vec![self.channel.into()] }).await?;
        let hash = invoice.payment_hash;
        let sent = |event: &NodeEvent| match event {
            NodeEvent::PaymentSent { payment_hash, .. } if *payment_hash == hash => Some(()),
            _ => None,
        };
        self.buyer_host.wait_for("a bare payment", sent).await;
        let took = start.elapsed();
        let received = |event: &NodeEvent| match event {
            NodeEvent::PaymentReceived { payment_hash, .. } if *payment_hash == hash => Some(()),
            _ => None,
        };
        self.seller_host.wait_for("a bare receipt", received).await;
        Ok(took)
    }

    /// Stops both.
    pub async fn stop(&self) {
        self.buyer.stop().await;
        self.seller.stop().await;
    }
}

async fn node(dir: &Path, chain: &Arc<DevChain>) -> anyhow::Result<(Arc<LdkNode>, Arc<ScriptedHost>)> {
    let host = Arc::new(ScriptedHost::default());
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config =
        LdkConfig::new(dir.to_path_buf(), new_seed(), Network::Regtest, listen, chain.clone(), host.clone());
    Ok((LdkNode::start(config).await?, host))
}
