//! Messages between the two programs over the peer connection: one odd type, opaque bytes (BOLT 1,
//! custom range).
//!
//! Invariant: both directions are bounded. LDK asserts on a message that is too long, so that is checked
//! before; a message may be lost (peer gone, queue full): acknowledging is the program's part.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bitcoin::secp256k1::PublicKey;
use lightning::{
    io,
    ln::{
        msgs::{DecodeError, Init, LightningError as LdkError},
        peer_handler::CustomMessageHandler,
        wire::{CustomMessageReader, Type},
    },
    util::ser::{LengthLimitedRead, Writeable, Writer},
};
use lightning_types::features::{InitFeatures, NodeFeatures};
use lncontract_lightning::{Host, LightningError, MESSAGE_LEN_MAX};
use tokio::sync::mpsc;

use crate::{health::lock, watch::Bell};

/// Odd: a peer that does not know it ignores it. From 32,768 on: free for applications (BOLT 1).
pub(crate) const MESSAGE_TYPE: u16 = 0xA001;
/// Bytes that may wait to be sent, over all peers.
const OUTBOUND_BYTES_MAX: usize = 16 << 20;
/// Bytes that may wait to be taken by the program, over all peers.
const INBOUND_BYTES_MAX: usize = 16 << 20;

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Message(Vec<u8>);

impl Type for Message {
    fn type_id(&self) -> u16 {
        MESSAGE_TYPE
    }
}

impl Writeable for Message {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        writer.write_all(&self.0)
    }
}

/// The queues in both directions, and a bell for comings and goings of peers.
pub(crate) struct Messages {
    outbound: Mutex<Vec<(PublicKey, Message)>>,
    inbound: mpsc::UnboundedSender<(PublicKey, Vec<u8>)>,
    inbound_bytes: Arc<AtomicUsize>,
    bell: Arc<Bell>,
}

/// The end of the inbound queue from which the program is fed.
pub(crate) struct Inbox {
    queue: mpsc::UnboundedReceiver<(PublicKey, Vec<u8>)>,
    bytes: Arc<AtomicUsize>,
}

impl Messages {
    pub(crate) fn new(bell: Arc<Bell>) -> (Arc<Self>, Inbox) {
        let (inbound, queue) = mpsc::unbounded_channel();
        let inbound_bytes = Arc::new(AtomicUsize::new(0));
        let inbox = Inbox { queue, bytes: inbound_bytes.clone() };
        (Arc::new(Messages { outbound: Mutex::default(), inbound, inbound_bytes, bell }), inbox)
    }

    /// Queues a message; the caller then lets the peer manager process events.
    ///
    /// # Errors
    /// If it is too long, or too much waits already.
    pub(crate) fn queue(&self, to: PublicKey, bytes: Vec<u8>) -> Result<(), LightningError> {
        if bytes.len() > MESSAGE_LEN_MAX {
            let reason =
                format!("a message has {MESSAGE_LEN_MAX} bytes at most, this one has {}", bytes.len());
            return Err(LightningError::Refused { by: lncontract_lightning::By::Us, reason });
        }
        let mut outbound = lock(&self.outbound);
        let waiting: usize = outbound.iter().map(|(_, message)| message.0.len()).sum();
        if waiting + bytes.len() > OUTBOUND_BYTES_MAX {
            return Err(LightningError::Unavailable { reason: "too many messages wait to be sent".into() });
        }
        outbound.push((to, Message(bytes)));
        Ok(())
    }
}

impl Inbox {
    /// Hands messages to the host, for ever.
    pub(crate) async fn run(mut self, host: Arc<dyn Host>) {
        while let Some((from, bytes)) = self.queue.recv().await {
            self.bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
            host.message(from, bytes);
        }
    }
}

impl CustomMessageReader for Messages {
    type CustomMessage = Message;

    fn read<R: LengthLimitedRead>(
        &self,
        message_type: u16,
        reader: &mut R,
    ) -> Result<Option<Message>, DecodeError> {
        if message_type != MESSAGE_TYPE {
            return Ok(None);
        }
        // BOLT 8 bounds a message at 65,535 bytes, so the length is bounded before this is allocated.
        let length = usize::try_from(reader.remaining_bytes()).map_err(|_| DecodeError::ShortRead)?;
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).map_err(|_| DecodeError::ShortRead)?;
        Ok(Some(Message(bytes)))
    }
}

impl CustomMessageHandler for Messages {
    fn handle_custom_message(&self, message: Message, from: PublicKey) -> Result<(), LdkError> {
        let length = message.0.len();
        if self.inbound_bytes.load(Ordering::Relaxed) + length > INBOUND_BYTES_MAX {
            tracing::warn!(%from, length, "a message was dropped: too many wait to be read");
            return Ok(());
        }
        self.inbound_bytes.fetch_add(length, Ordering::Relaxed);
        // The other end is gone only while the node stops; then messages may be lost.
        let _ = self.inbound.send((from, message.0));
        Ok(())
    }

    fn get_and_clear_pending_msg(&self) -> Vec<(PublicKey, Message)> {
        std::mem::take(&mut *lock(&self.outbound))
    }

    fn peer_disconnected(&self, _peer: PublicKey) {
        self.bell.ring();
    }

    fn peer_connected(&self, _peer: PublicKey, _init: &Init, _inbound: bool) -> Result<(), ()> {
        self.bell.ring();
        Ok(())
    }

    fn provided_node_features(&self) -> NodeFeatures {
        NodeFeatures::empty()
    }

    fn provided_init_features(&self, _peer: PublicKey) -> InitFeatures {
        InitFeatures::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> PublicKey {
        use bitcoin::secp256k1::{Secp256k1, SecretKey};
        SecretKey::from_slice(&[1; 32]).expect("a key").public_key(&Secp256k1::new())
    }

    #[test]
    fn a_message_that_is_too_long_never_reaches_ldk() {
        let (messages, _inbox) = Messages::new(Bell::new());
        let at_most = messages.queue(peer(), vec![0; MESSAGE_LEN_MAX]);
        assert_eq!(at_most, Ok(()));
        let refused = messages.queue(peer(), vec![0; MESSAGE_LEN_MAX + 1]);
        assert!(matches!(refused, Err(LightningError::Refused { .. })));
        assert_eq!(messages.get_and_clear_pending_msg().len(), 1);
    }

    #[test]
    fn the_outbound_queue_is_bounded() {
        let (messages, _inbox) = Messages::new(Bell::new());
        let mut queued = 0;
        while messages.queue(peer(), vec![0; MESSAGE_LEN_MAX]).is_ok() {
            queued += 1;
            assert!(queued < 1_000, "it has to end");
        }
        assert_eq!(queued, OUTBOUND_BYTES_MAX / MESSAGE_LEN_MAX);
    }

    #[test]
    fn the_inbound_queue_is_bounded_and_drops_what_is_over() {
        let (messages, mut inbox) = Messages::new(Bell::new());
        let over = INBOUND_BYTES_MAX / MESSAGE_LEN_MAX + 5;
        for _ in 0..over {
            let message = Message(vec![0; MESSAGE_LEN_MAX]);
            assert!(messages.handle_custom_message(message, peer()).is_ok());
        }
        let mut taken = 0;
        while inbox.queue.try_recv().is_ok() {
            taken += 1;
        }
        assert_eq!(taken, over - 5);
    }
}
