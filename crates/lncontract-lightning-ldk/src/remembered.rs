//! What waits until this node remembers the channel: its signature of a peer's funding transaction.
//!
//! BOLT 2: a fundee remembers the channel from `funding_signed` on. LDK hands that message out before the channel is
//! on disk, since the fundee has nothing to lose. The funder has: its money would lie with a node that forgot it in a
//! crash, and come back only by a close of its own, after the notice. So the message waits for the disk.

use std::sync::Mutex;

use bitcoin::secp256k1::PublicKey;
use lightning::ln::{msgs::MessageSendEvent, types::ChannelId as LdkChannelId};

use crate::{health::lock, types::ChainMonitor};

/// Messages that wait, in their order.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Vec<MessageSendEvent>>);

impl Waiting {
    /// What may be sent now, of what has waited and of what has come.
    pub(crate) fn pass(
        &self,
        come: Vec<MessageSendEvent>,
        on_disk: impl Fn(&LdkChannelId) -> bool,
    ) -> Vec<MessageSendEvent> {
        let mut waiting = lock(&self.0);
        let must_wait = |event: &MessageSendEvent| match event {
            MessageSendEvent::SendFundingSigned { msg, .. } => !on_disk(&msg.channel_id),
            _ => false,
        };
        let (wait, pass) = waiting.drain(..).chain(come).partition(must_wait);
        *waiting = wait;
        pass
    }

    /// Nothing more is sent to a peer that is gone: it has forgotten the opening.
    pub(crate) fn forget(&self, peer: PublicKey) {
        lock(&self.0).retain(
            |event| !matches!(event, MessageSendEvent::SendFundingSigned { node_id, .. } if *node_id == peer),
        );
    }
}

/// Whether all that LDK knows of a channel is on disk.
pub(crate) fn on_disk(monitor: &ChainMonitor, channel: &LdkChannelId) -> bool {
    monitor.list_pending_monitor_updates().get(channel).is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use bitcoin::secp256k1::{Secp256k1, SecretKey, ecdsa::Signature};
    use lightning::ln::msgs::{FundingSigned, Stfu};

    use super::*;

    fn peer(seed: u8) -> PublicKey {
        PublicKey::from_secret_key(&Secp256k1::new(), &SecretKey::from_slice(&[seed; 32]).expect("a key"))
    }

    fn signed(peer_seed: u8, channel: u8) -> MessageSendEvent {
        let signature = Signature::from_compact(&[1; 64]).expect("the form of a signature");
        let msg = FundingSigned { channel_id: LdkChannelId([channel; 32]), signature };
        MessageSendEvent::SendFundingSigned { node_id: peer(peer_seed), msg }
    }

    fn other() -> MessageSendEvent {
        let msg = Stfu { channel_id: LdkChannelId([9; 32]), initiator: true };
        MessageSendEvent::SendStfu { node_id: peer(1), msg }
    }

    fn channels_signed(events: &[MessageSendEvent]) -> Vec<u8> {
        let channel = |event: &MessageSendEvent| match event {
            MessageSendEvent::SendFundingSigned { msg, .. } => Some(msg.channel_id.0[0]),
            _ => None,
        };
        events.iter().filter_map(channel).collect()
    }

    #[test]
    fn a_signature_waits_for_its_channel_on_disk_and_nothing_else_waits() {
        let waiting = Waiting::default();
        let first = waiting.pass(vec![signed(1, 1), other(), signed(1, 2)], |channel| channel.0[0] == 2);
        assert_eq!((first.len(), channels_signed(&first)), (2, vec![2]));
        assert!(waiting.pass(Vec::new(), |_| false).is_empty());
        let then = waiting.pass(vec![other()], |_| true);
        assert_eq!((then.len(), channels_signed(&then)), (2, vec![1]));
        assert!(waiting.pass(Vec::new(), |_| true).is_empty());
    }

    #[test]
    fn a_peer_that_went_away_is_sent_no_signature_any_more() {
        let waiting = Waiting::default();
        assert!(waiting.pass(vec![signed(1, 1), signed(2, 2)], |_| false).is_empty());
        waiting.forget(peer(1));
        assert_eq!(channels_signed(&waiting.pass(Vec::new(), |_| true)), [2]);
    }
}
