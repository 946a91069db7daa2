//! What our node asks of us, answered from record and store.
//!
//! Money: a payment is claimed only for a live invoice of exactly its amount, and the store says so first; an
//! outcome is in the store before the node forgets its event.

use std::sync::{Arc, Weak};

use lncontract_core::{Bytes, Hash, v1::ChannelStage};
use lncontract_lightning::{
    Admission, BoxFuture, Claim, Host, InboundChannel, InboundSplice, NodeBooks, NodeEvent, NodeKey,
    NotRecorded, PaymentHash, SpliceAdmission,
};
use lncontract_store::{Change, Channels, MoveReceivable, NewLedger, ReceivableState, Setting, StoreError};

use crate::{App, AppError, app::Work, fund::opening_id, settlement::worker};

/// The setting that counts the node's starts, as its folder does.
pub const NODE_STARTS: &str = "node-starts";

/// The program, as its node sees it. Weak: the node does not keep the program alive.
pub(crate) struct AppHost {
    app: Weak<App>,
}

impl AppHost {
    pub(crate) fn new(app: &Arc<App>) -> Self {
        Self { app: Arc::downgrade(app) }
    }
}

impl Host for AppHost {
    fn books(&self) -> BoxFuture<'_, Result<Option<NodeBooks>, NotRecorded>> {
        Box::pin(async move {
            let app = self.app.upgrade().ok_or_else(stopping)?;
            app.node_books().await.map(Some).map_err(|error| NotRecorded(error.to_string()))
        })
    }

    fn count_start(&self, starts: u64) -> BoxFuture<'_, Result<(), NotRecorded>> {
        Box::pin(async move {
            let app = self.app.upgrade().ok_or_else(stopping)?;
            let count = Setting { key: NODE_STARTS.into(), value: starts.to_string() };
            let counted = app.store.commit(vec![Change::PutSetting(count)]).await;
            counted.map_err(|error| NotRecorded(error.to_string()))
        })
    }

    fn channel_requested(&self, request: InboundChannel) -> BoxFuture<'_, Admission> {
        Box::pin(async move {
            match self.app.upgrade() {
                Some(app) => app.admit_channel(request).await,
                None => Admission::Refuse { text: "the program is stopping; try again later".into() },
            }
        })
    }

    fn splice_requested(&self, request: InboundSplice) -> BoxFuture<'_, SpliceAdmission> {
        Box::pin(async move {
            match self.app.upgrade() {
                Some(app) => app.admit_splice(request).await,
                None => SpliceAdmission::Refuse { text: "the program is stopping; try again later".into() },
            }
        })
    }

    fn payment_claimable(&self, payment_hash: PaymentHash, amount_msat: u64) -> BoxFuture<'_, Claim> {
        Box::pin(async move {
            match self.app.upgrade() {
                Some(app) => app.claim(payment_hash, amount_msat).await,
                None => Claim::AskAgain,
            }
        })
    }

    fn event(&self, event: NodeEvent) -> BoxFuture<'_, Result<(), NotRecorded>> {
        Box::pin(async move {
            let app = self.app.upgrade().ok_or_else(stopping)?;
            if let NodeEvent::InvoiceWithdrawn { payment_hash } = event {
                return app.record_withdrawn(payment_hash).await;
            }
            app.record_event(event).await.map_err(|error| NotRecorded(error.to_string()))
        })
    }

    fn message(&self, from: NodeKey, bytes: Vec<u8>) {
        if let Some(app) = self.app.upgrade()
            && app.inbox.try_send((Bytes(from.serialize()), bytes)).is_err()
        {
            tracing::warn!(peer = %from, "a message was dropped: the inbox is full; the peer sends it again");
        }
    }
}

fn stopping() -> NotRecorded {
    NotRecorded("the program is stopping".into())
}

impl App {
    /// What record and ledger say of our node. A record that can't be read leaves its part out: the node has
    /// to run all the same, to guard its channels.
    async fn node_books(&self) -> Result<NodeBooks, AppError> {
        let starts = self.store.setting(NODE_STARTS).await?.unwrap_or_else(|| "0".into());
        let starts = starts.parse().map_err(|_| AppError::fault("the count of the node's starts"))?;
        let mut books = NodeBooks { starts, ..NodeBooks::default() };
        let with_channels = [Channels::Moving, Channels::Open, Channels::Ended];
        match self.live_with(&with_channels).await {
            Ok(contracts) => {
                let mut announced = Vec::new();
                for live in contracts {
                    let live = live.lock().await;
                    for (fund, channel) in &live.record.state().channels {
                        announced.push(opening_id(*fund));
                        let said = channel.reports.get(&live.our_side);
                        // A splice is in the folder with its channel, and a part with that of another contract.
                        let opens = channel
                            .announced
                            .as_ref()
                            .is_some_and(|fund| fund.into.is_none() && fund.of.is_none());
                        if opens && said.is_some_and(|said| said.stage == ChannelStage::Open) {
                            books.opened.push(opening_id(*fund));
                        }
                    }
                }
                books.announced = Some(announced);
            }
            Err(error) => tracing::error!(%error, "the node's channels are not compared with the record"),
        }
        for line in self.ledger_lines().await? {
            let hash = |kind: &str| line.key.strip_prefix(kind).and_then(|hash| hash.parse::<Hash>().ok());
            books.sent.extend(hash("paid:").map(|hash| hash.0));
            books.received.extend(hash("received:").map(|hash| hash.0));
        }
        Ok(books)
    }

    /// Takes a payment if its invoice is live and the amount exact; the store says `claimed` first.
    async fn claim(&self, hash: PaymentHash, amount_msat: u64) -> Claim {
        let receivable = match self.store.receivable(hash).await {
            Ok(Some(receivable)) => receivable,
            Ok(None) => return Claim::FailBack,
            Err(error) => {
                tracing::error!(%error, "a payment waits: the store does not answer");
                return Claim::AskAgain;
            }
        };
        // Asked again after a crash between the store's word and the node's: it is ours already.
        if receivable.state == ReceivableState::Claimed && receivable.amount_msat == amount_msat {
            return Claim::Take;
        }
        if receivable.state != ReceivableState::Live || receivable.amount_msat != amount_msat {
            return Claim::FailBack;
        }
        let moved = Change::MoveReceivable(MoveReceivable {
            payment_hash: hash,
            from: vec![ReceivableState::Live],
            to: ReceivableState::Claimed,
            invoice_entry_hash: None,
            at: self.clock.now().0,
        });
        match self.store.commit(vec![moved]).await {
            Ok(()) => Claim::Take,
            // Somebody was faster: cancelled or claimed. The next question finds out which.
            Err(_) => Claim::AskAgain,
        }
    }

    async fn record_event(&self, event: NodeEvent) -> Result<(), StoreError> {
        match event {
            NodeEvent::PaymentSent { payment_hash, preimage, fee_msat } => {
                worker::record_sent(self, payment_hash, preimage, fee_msat).await?;
            }
            NodeEvent::PaymentFailed { payment_hash, reason } => {
                worker::record_failed(self, payment_hash, reason).await?;
            }
            NodeEvent::PaymentReceived { payment_hash, amount_msat, .. } => {
                self.record_received(payment_hash, amount_msat).await?;
            }
            NodeEvent::Stopped { reason } => {
                tracing::error!(%reason, "the node has stopped; record and pages stay up");
            }
            NodeEvent::Channel(channel) => self.wake_channel(channel.opening),
            NodeEvent::Peer { .. } | NodeEvent::Block { .. } | NodeEvent::InvoiceWithdrawn { .. } => {}
        }
        self.wake(Work::All);
        Ok(())
    }

    async fn record_received(&self, hash: PaymentHash, amount_msat: u64) -> Result<(), StoreError> {
        let Some(receivable) = self.store.receivable(hash).await? else {
            tracing::error!(hash = %Bytes(hash), "a payment came in that no invoice of ours asked for");
            return Ok(());
        };
        if receivable.state == ReceivableState::Received {
            return Ok(());
        }
        let at = self.clock.now().0;
        let line = NewLedger {
            key: format!("received:{}", Bytes(hash)),
            contract_id: Some(receivable.contract_id),
            kind: "received".into(),
            amount_msat: i64::try_from(amount_msat).unwrap_or(i64::MAX),
            fee_msat: 0,
            at,
            detail: String::new(),
        };
        let moved = Change::MoveReceivable(MoveReceivable {
            payment_hash: hash,
            from: vec![ReceivableState::Live, ReceivableState::Claimed],
            to: ReceivableState::Received,
            invoice_entry_hash: None,
            at,
        });
        self.store.commit(vec![moved, Change::Ledger(line)]).await
    }
}
