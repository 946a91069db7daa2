//! Blocks: every part of the node hears of each, in order, and again from the fork after a re-organisation.
//!
//! Invariant: our table of closing transactions hears of a block before the wallet does, and the wallet's
//! place on disk stands for both. A chain source that is away is asked again for ever;
//! meanwhile the node is not synced.

use std::{sync::Arc, time::Duration};

use bitcoin::{Block, block::Header};
use lightning::chain::{BlockLocator, Listen, transaction::TransactionData};
use lightning_block_sync::{
    HeaderCache, SpvClient,
    poll::{ChainPoller, ChainTip, ValidatedBlockHeader},
};

use crate::{
    chain_source::ChainSource, channels::ChannelBook, health::Health, parts::Parts, wallet::OnchainWallet,
};

/// How often fee rates are asked for without a new block.
const FEES_EVERY: Duration = Duration::from_secs(60);

/// The wallet with the table of closing transactions in front of it.
pub(crate) struct WalletAndBook {
    pub(crate) wallet: Arc<OnchainWallet>,
    pub(crate) book: Arc<ChannelBook>,
    pub(crate) health: Arc<Health>,
}

impl Listen for WalletAndBook {
    fn filtered_block_connected(&self, header: &Header, data: &TransactionData, height: u32) {
        self.wallet.filtered_block_connected(header, data, height);
    }

    fn block_connected(&self, block: &Block, height: u32) {
        if let Err(error) = self.book.block_connected(block, height) {
            self.health.fault(format!("the table of channels could not be written: {error}; free the disk"));
        }
        self.wallet.block_connected(block, height);
    }

    fn blocks_disconnected(&self, fork_point: BlockLocator) {
        self.wallet.blocks_disconnected(fork_point);
    }
}

/// Everyone who hears of blocks.
struct Everyone(Arc<Parts>);

impl Listen for Everyone {
    fn filtered_block_connected(&self, header: &Header, data: &TransactionData, height: u32) {
        self.0.wallet_and_book.filtered_block_connected(header, data, height);
    }

    fn block_connected(&self, block: &Block, height: u32) {
        self.0.wallet_and_book.block_connected(block, height);
        self.0.manager.block_connected(block, height);
        self.0.monitor.block_connected(block, height);
        self.0.sweeper.block_connected(block, height);
        self.0.broadcaster.block_connected(block);
        self.0.bell.ring();
    }

    fn blocks_disconnected(&self, fork_point: BlockLocator) {
        self.0.wallet_and_book.blocks_disconnected(fork_point);
        self.0.manager.blocks_disconnected(fork_point);
        self.0.monitor.blocks_disconnected(fork_point);
        self.0.sweeper.blocks_disconnected(fork_point);
        self.0.bell.ring();
    }
}

/// Follows the chain, for ever.
pub(crate) async fn run(
    parts: Arc<Parts>,
    tip: ValidatedBlockHeader,
    cache: HeaderCache,
) -> Result<(), String> {
    let source = ChainSource(parts.config.chain.clone());
    let poller = ChainPoller::new(&source, parts.config.network);
    let everyone = Everyone(parts.clone());
    let mut client = SpvClient::new(tip, poller, cache, &everyone);
    let mut fees_due = tokio::time::Instant::now();
    loop {
        match client.poll_best_tip().await {
            Ok((at, moved)) => {
                let reached = matches!(at, ChainTip::Common) || moved;
                parts.set_source(Some(reached));
                if moved {
                    fees_due = tokio::time::Instant::now();
                    parts.sweep().await;
                }
            }
            Err(error) => {
                let error = error.into_inner();
                if parts.set_source(None) {
                    tracing::warn!(%error, "the chain source does not answer; it is asked again");
                }
            }
        }
        if fees_due <= tokio::time::Instant::now() {
            fees_due += FEES_EVERY;
            if let Err(error) = parts.fees.refresh(&*parts.config.chain).await {
                tracing::debug!(%error, "no fee rates; the last ones stay");
            }
        }
        tokio::time::sleep(parts.config.poll).await;
    }
}
