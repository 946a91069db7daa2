//! The gate between peers and LDK's channels: a peer's splice waits here until the host has let it in.
//!
//! LDK lets every splice in or none, and has no event for it. So `splice_init` is held back, which the protocol
//! allows: the channel is quiet until it is answered. What is refused is handed to LDK with figures that can't
//! be right, since only LDK can end the quiet; its `tx_abort` then carries the host's words. What this node may not say
//! yet waits here too (see `remembered`). All other messages pass as they are.
//!
//! Invariant: no splice of a peer reaches LDK as it is that the host did not let in, and none is replaced
//! by another one afterwards. Money: otherwise the owner of an earmark could take it back without notice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bitcoin::{constants::ChainHash, secp256k1::PublicKey};
use lightning::ln::{
    msgs::{self, BaseMessageHandler, ChannelMessageHandler, Init, MessageSendEvent, SpliceInit, TxInitRbf},
    types::ChannelId as LdkChannelId,
};
use lightning_types::features::{InitFeatures, NodeFeatures};
use lncontract_lightning::{ChannelId, InboundSplice, OpeningId, SpliceAdmission, SpliceWay};
use tokio::sync::mpsc;

use super::{SpliceEnd, SpliceRow};
use crate::{
    health::lock,
    parts::Parts,
    remembered::{Waiting, on_disk},
    types::{ChainMonitor, ChannelManager},
};

/// How long the host may take; the peer's node waits too.
const HOST_WAIT: Duration = Duration::from_secs(30);
/// Splices that wait to be asked about; a peer that sends more is refused.
const WAITING_MAX: usize = 16;

/// A peer's splice that waits.
pub(crate) struct Asked {
    peer: PublicKey,
    message: SpliceInit,
}

/// See the head of this file.
pub(crate) struct Gate {
    manager: Arc<ChannelManager>,
    monitor: Arc<ChainMonitor>,
    unremembered: Waiting,
    waiting: mpsc::Sender<Asked>,
    /// The words for LDK's next `tx_abort` of a channel.
    words: Mutex<HashMap<LdkChannelId, String>>,
}

impl Gate {
    pub(crate) fn new(
        manager: Arc<ChannelManager>,
        monitor: Arc<ChainMonitor>,
    ) -> (Arc<Self>, mpsc::Receiver<Asked>) {
        let (waiting, asked) = mpsc::channel(WAITING_MAX);
        let (unremembered, words) = (Waiting::default(), Mutex::default());
        (Arc::new(Gate { manager, monitor, unremembered, waiting, words }), asked)
    }

    fn let_in(&self, asked: &Asked) {
        lock(&self.words).remove(&asked.message.channel_id);
        self.manager.handle_splice_init(asked.peer, &asked.message);
    }

    fn refuse(&self, asked: &Asked, text: String) {
        lock(&self.words).insert(asked.message.channel_id, text);
        let impossible = SpliceInit { funding_contribution_satoshis: i64::MIN, ..asked.message.clone() };
        self.manager.handle_splice_init(asked.peer, &impossible);
    }
}

/// Decides on what waits, one after the other, for ever.
pub(crate) async fn run(parts: Arc<Parts>, mut waiting: mpsc::Receiver<Asked>) -> Result<(), String> {
    while let Some(asked) = waiting.recv().await {
        let admitted = admit(&parts, &asked).await;
        // None of ours begins between the last look and LDK's answer.
        let _one_at_a_time = parts.openings.lock().await;
        let _ = parts.health.call(|| match admitted.and_then(|splice| free(&parts, &asked, splice)) {
            Ok(splice) => take(&parts, &asked, splice),
            Err(text) => {
                tracing::info!(peer = %asked.peer, text, "a splice was refused");
                parts.gate.refuse(&asked, text);
            }
        });
        let _ = parts.health.call(|| parts.peers.process_events());
        parts.bell.ring();
    }
    Ok(())
}

fn way_and_amount(message: &SpliceInit) -> (SpliceWay, u64) {
    let way = if message.funding_contribution_satoshis < 0 { SpliceWay::Out } else { SpliceWay::In };
    (way, message.funding_contribution_satoshis.unsigned_abs())
}

async fn admit(parts: &Parts, asked: &Asked) -> Result<OpeningId, String> {
    let channel = asked.message.channel_id;
    let live = parts.manager.list_channels();
    let details = live
        .iter()
        .find(|details| details.channel_id == channel && details.counterparty.node_id == asked.peer)
        .ok_or("this node has no such channel with you")?;
    let (way, amount_sat) = way_and_amount(&asked.message);
    let opening = OpeningId(details.user_channel_id);
    let request = InboundSplice { peer: asked.peer, opening, channel: ChannelId(channel.0), way, amount_sat };
    let decision = parts.config.host.splice_requested(request);
    match tokio::time::timeout(HOST_WAIT, decision).await {
        Ok(SpliceAdmission::Accept { splice }) => Ok(splice),
        Ok(SpliceAdmission::Refuse { text }) => Err(text),
        Err(_elapsed) => Err("this node's program did not decide in time; try again".into()),
    }
}

/// One splice of a channel at a time, and each once.
fn free(parts: &Parts, asked: &Asked, splice: OpeningId) -> Result<OpeningId, String> {
    if parts.splices.unended(asked.message.channel_id).is_some() {
        return Err("another splice of this channel is not locked yet; try again when it is".into());
    }
    let failed = |row: &SpliceRow| matches!(row.end, Some(SpliceEnd::Failed(_)));
    if parts.splices.get(splice).is_some_and(|row| !failed(&row)) {
        return Err("this splice was made or is on its way already".into());
    }
    Ok(splice)
}

/// The row first, then LDK.
fn take(parts: &Parts, asked: &Asked, splice: OpeningId) {
    let (way, amount_sat) = way_and_amount(&asked.message);
    let row = SpliceRow {
        channel: asked.message.channel_id.0,
        number: 0,
        ours: false,
        way,
        amount_sat,
        fee_sat: 0,
        inputs: Vec::new(),
        handed: false,
        funding: None,
        capacity_sat: None,
        end: None,
    };
    let kept = parts.splices.put(splice, row).and_then(|()| {
        parts.gate.let_in(asked);
        parts.splices.update(splice, |row| row.handed = true)
    });
    if let Err(error) = kept {
        parts.disk_fault(&error);
    }
}

impl BaseMessageHandler for Gate {
    fn get_and_clear_pending_msg_events(&self) -> Vec<MessageSendEvent> {
        let mut events = self.manager.get_and_clear_pending_msg_events();
        for event in &mut events {
            if let MessageSendEvent::SendTxAbort { msg, .. } = event
                && let Some(words) = lock(&self.words).remove(&msg.channel_id)
            {
                msg.data = words.into_bytes();
            }
        }
        self.unremembered.pass(events, |channel| on_disk(&self.monitor, channel))
    }
    fn peer_disconnected(&self, peer: PublicKey) {
        self.unremembered.forget(peer);
        self.manager.peer_disconnected(peer);
    }
    fn provided_node_features(&self) -> NodeFeatures {
        self.manager.provided_node_features()
    }
    fn provided_init_features(&self, peer: PublicKey) -> InitFeatures {
        self.manager.provided_init_features(peer)
    }
    fn peer_connected(&self, peer: PublicKey, message: &Init, inbound: bool) -> Result<(), ()> {
        self.manager.peer_connected(peer, message, inbound)
    }
}

/// Messages that pass as they are.
macro_rules! pass {
    ($($name:ident($message:ty);)+) => {
        $(fn $name(&self, peer: PublicKey, message: $message) {
            self.manager.$name(peer, message);
        })+
    };
}

impl ChannelMessageHandler for Gate {
    fn handle_splice_init(&self, peer: PublicKey, message: &SpliceInit) {
        let asked = Asked { peer, message: message.clone() };
        if let Err(error) = self.waiting.try_send(asked) {
            self.refuse(&error.into_inner(), "too many splices wait at this node; try again later".into());
        }
    }

    /// A replacement is refused by a fee rate that is never enough: the host let in one splice, not its
    /// successors.
    fn handle_tx_init_rbf(&self, peer: PublicKey, message: &TxInitRbf) {
        let text = "this node takes no replacement of a splice; wait until it is locked";
        lock(&self.words).insert(message.channel_id, text.into());
        let refused = TxInitRbf { feerate_sat_per_1000_weight: 0, ..message.clone() };
        self.manager.handle_tx_init_rbf(peer, &refused);
    }

    fn handle_commitment_signed_batch(
        &self,
        peer: PublicKey,
        channel: LdkChannelId,
        batch: Vec<msgs::CommitmentSigned>,
    ) {
        self.manager.handle_commitment_signed_batch(peer, channel, batch);
    }

    fn get_chain_hashes(&self) -> Option<Vec<ChainHash>> {
        self.manager.get_chain_hashes()
    }

    fn message_received(&self) {
        self.manager.message_received();
    }

    pass! {
        handle_open_channel(&msgs::OpenChannel);
        handle_open_channel_v2(&msgs::OpenChannelV2);
        handle_accept_channel(&msgs::AcceptChannel);
        handle_accept_channel_v2(&msgs::AcceptChannelV2);
        handle_funding_created(&msgs::FundingCreated);
        handle_funding_signed(&msgs::FundingSigned);
        handle_channel_ready(&msgs::ChannelReady);
        handle_peer_storage(msgs::PeerStorage);
        handle_peer_storage_retrieval(msgs::PeerStorageRetrieval);
        handle_shutdown(&msgs::Shutdown);
        handle_closing_signed(&msgs::ClosingSigned);
        handle_stfu(&msgs::Stfu);
        handle_splice_ack(&msgs::SpliceAck);
        handle_splice_locked(&msgs::SpliceLocked);
        handle_tx_add_input(&msgs::TxAddInput);
        handle_tx_add_output(&msgs::TxAddOutput);
        handle_tx_remove_input(&msgs::TxRemoveInput);
        handle_tx_remove_output(&msgs::TxRemoveOutput);
        handle_tx_complete(&msgs::TxComplete);
        handle_tx_signatures(&msgs::TxSignatures);
        handle_tx_ack_rbf(&msgs::TxAckRbf);
        handle_tx_abort(&msgs::TxAbort);
        handle_update_add_htlc(&msgs::UpdateAddHTLC);
        handle_update_fulfill_htlc(msgs::UpdateFulfillHTLC);
        handle_update_fail_htlc(&msgs::UpdateFailHTLC);
        handle_update_fail_malformed_htlc(&msgs::UpdateFailMalformedHTLC);
        handle_commitment_signed(&msgs::CommitmentSigned);
        handle_revoke_and_ack(&msgs::RevokeAndACK);
        handle_update_fee(&msgs::UpdateFee);
        handle_announcement_signatures(&msgs::AnnouncementSignatures);
        handle_channel_reestablish(&msgs::ChannelReestablish);
        handle_channel_update(&msgs::ChannelUpdate);
        handle_error(&msgs::ErrorMessage);
    }
}
