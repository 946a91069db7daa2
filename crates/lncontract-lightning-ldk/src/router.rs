//! Routing without a graph: one hop, over the channels that the payment names, split over several if need be.
//!
//! Invariant: no route has a second hop or a fee, and none uses a channel that was not named for that payment
//! hash.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bitcoin::secp256k1::{PublicKey, Secp256k1, Signing, Verification};
use lightning::{
    blinded_path::{
        IntroductionNode,
        message::{BlindedMessagePath, MessageContext, MessageForwardNode},
        payment::{BlindedPaymentPath, ReceiveTlvs},
    },
    ln::{
        channel_state::ChannelDetails,
        channelmanager::{MIN_FINAL_CLTV_EXPIRY_DELTA, PaymentId},
    },
    onion_message::messenger::{Destination, MessageRouter, OnionMessagePath},
    routing::router::{InFlightHtlcs, Path, Payee, Route, RouteHop, RouteParameters, Router},
    sign::ReceiveAuthKey,
};
use lightning_types::{
    features::{ChannelFeatures, NodeFeatures},
    payment::PaymentHash,
};

use crate::{health::lock, keys::NodeKeys};

/// What one channel can carry, in millisatoshi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Its place in the list that was given.
    pub(crate) index: usize,
    /// Smallest part.
    pub(crate) min_msat: u64,
    /// Largest part.
    pub(crate) max_msat: u64,
}

/// Splits an amount over channels into as few parts as can be: (place, part) each. `None`: not enough room.
pub(crate) fn split(amount_msat: u64, rooms: &[Room], parts_max: usize) -> Option<Vec<(usize, u64)>> {
    let fits = |room: &&Room| room.min_msat <= amount_msat && amount_msat <= room.max_msat;
    // The smallest channel that carries it whole, so that larger ones stay free for larger payments.
    if let Some(room) = rooms.iter().filter(fits).min_by_key(|room| room.max_msat) {
        return Some(vec![(room.index, amount_msat)]);
    }
    let mut usable: Vec<Room> =
        rooms.iter().copied().filter(|room| room.max_msat > 0 && room.min_msat <= room.max_msat).collect();
    usable.sort_by_key(|room| std::cmp::Reverse(room.max_msat));
    let mut left_msat = amount_msat;
    let mut parts: Vec<(Room, u64)> = Vec::new();
    for room in usable.into_iter().take(parts_max) {
        if left_msat == 0 {
            break;
        }
        let part_msat = left_msat.min(room.max_msat);
        parts.push((room, part_msat));
        left_msat -= part_msat;
    }
    if left_msat > 0 {
        return None;
    }
    raise_last_part(&mut parts)?;
    Some(parts.into_iter().map(|(room, part_msat)| (room.index, part_msat)).collect())
}

/// The last part may be below its channel's minimum: the first one, which is the largest,
/// gives what is lacking.
fn raise_last_part(parts: &mut [(Room, u64)]) -> Option<()> {
    let [first, .., last] = parts else {
        return parts.iter().all(|(room, part_msat)| *part_msat >= room.min_msat).then_some(());
    };
    let lacking_msat = last.0.min_msat.saturating_sub(last.1);
    if first.1 < first.0.min_msat + lacking_msat {
        return None;
    }
    first.1 -= lacking_msat;
    last.1 += lacking_msat;
    Some(())
}

/// LDK's router, with the channels that each payment may use.
pub(crate) struct DirectRouter {
    keys: Arc<NodeKeys>,
    named: Mutex<HashMap<PaymentHash, HashMap<[u8; 32], u64>>>,
}

impl DirectRouter {
    pub(crate) fn new(keys: Arc<NodeKeys>) -> Arc<Self> {
        Arc::new(DirectRouter { keys, named: Mutex::default() })
    }

    /// Names the channels of a payment with the most that may go over each, before it is sent.
    pub(crate) fn name(&self, hash: PaymentHash, channels: impl IntoIterator<Item = ([u8; 32], u64)>) {
        lock(&self.named).insert(hash, channels.into_iter().collect());
    }

    /// Forgets them, after its outcome.
    pub(crate) fn forget(&self, hash: &PaymentHash) {
        lock(&self.named).remove(hash);
    }

    fn route(
        &self,
        params: &RouteParameters,
        channels: &[&ChannelDetails],
        named: &HashMap<[u8; 32], u64>,
    ) -> Result<Route, &'static str> {
        let payment = &params.payment_params;
        let Payee::Clear { node_id, final_cltv_expiry_delta, features, .. } = &payment.payee else {
            return Err("offers are not paid by this node yet");
        };
        let has_failed = |channel: &ChannelDetails| {
            let scid = channel.get_outbound_payment_scid();
            scid.is_none_or(|scid| payment.previously_failed_channels.contains(&scid))
        };
        let ends_there =
            |channel: &ChannelDetails| channel.is_usable && channel.counterparty.node_id == *node_id;
        let named_ones = channels.iter().enumerate().filter_map(|(index, channel)| {
            let most_msat = *named.get(&channel.channel_id.0)?;
            ends_there(channel).then_some((index, *channel, most_msat))
        });
        let (failed, usable): (Vec<_>, Vec<_>) = named_ones.partition(|(_, channel, _)| has_failed(channel));
        // Money: the other channels have their shares of it on the way already; more would be taken of what is set
        // aside in them for something else.
        if failed.iter().any(|(_, _, most_msat)| *most_msat < u64::MAX) {
            return Err("a part over one of the named channels failed");
        }
        let room = |(index, channel, most_msat): (usize, &ChannelDetails, u64)| Room {
            index,
            min_msat: channel.next_outbound_htlc_minimum_msat,
            max_msat: channel.next_outbound_htlc_limit_msat.min(most_msat),
        };
        let rooms: Vec<Room> = usable.into_iter().map(room).collect();
        if rooms.is_empty() {
            return Err("none of the named channels can be used now");
        }
        let in_parts = features.as_ref().is_some_and(|features| features.supports_basic_mpp());
        let parts_max = if in_parts { usize::from(payment.max_path_count) } else { 1 };
        let parts = split(params.final_value_msat, &rooms, parts_max)
            .ok_or("the named channels have too little room for it")?;
        let paths = parts.into_iter().map(|(index, part_msat)| {
            one_hop(channels[index], *node_id, part_msat, *final_cltv_expiry_delta)
        });
        Ok(Route { paths: paths.collect(), route_params: Some(params.clone()) })
    }
}

fn one_hop(channel: &ChannelDetails, payee: PublicKey, part_msat: u64, cltv_delta: u32) -> Path {
    let hop = RouteHop {
        pubkey: payee,
        node_features: NodeFeatures::empty(),
        short_channel_id: channel.get_outbound_payment_scid().unwrap_or_default(),
        channel_features: ChannelFeatures::empty(),
        // For the last hop LDK reads the amount here; there is no hop that could take a fee.
        fee_msat: part_msat,
        cltv_expiry_delta: cltv_delta,
        maybe_announced_channel: false,
    };
    Path { hops: vec![hop], blinded_tail: None }
}

impl Router for DirectRouter {
    fn find_route(
        &self,
        _payer: &PublicKey,
        _params: &RouteParameters,
        _first_hops: Option<&[&ChannelDetails]>,
        _in_flight: InFlightHtlcs,
    ) -> Result<Route, &'static str> {
        Err("a payment without a hash names no channels")
    }

    // What is in flight is left out: the limits of our own channels already account for it.
    fn find_route_with_id(
        &self,
        _payer: &PublicKey,
        params: &RouteParameters,
        first_hops: Option<&[&ChannelDetails]>,
        _in_flight: InFlightHtlcs,
        payment_hash: PaymentHash,
        _payment_id: PaymentId,
    ) -> Result<Route, &'static str> {
        let named = lock(&self.named).get(&payment_hash).cloned().ok_or("no channels are named for it")?;
        self.route(params, first_hops.unwrap_or_default(), &named)
    }

    fn create_blinded_payment_paths<T: Signing + Verification>(
        &self,
        recipient: PublicKey,
        local_node_receive_key: ReceiveAuthKey,
        _first_hops: Vec<ChannelDetails>,
        tlvs: ReceiveTlvs,
        _amount_msats: Option<u64>,
        secp: &Secp256k1<T>,
    ) -> Result<Vec<BlindedPaymentPath>, ()> {
        // We are our own introduction node: the payer is connected to us.
        let delta = MIN_FINAL_CLTV_EXPIRY_DELTA;
        BlindedPaymentPath::one_hop(recipient, local_node_receive_key, tlvs, delta, &*self.keys, secp)
            .map(|path| vec![path])
    }
}

/// Onion messages go to connected peers only.
pub(crate) struct DirectMessageRouter {
    pub(crate) keys: Arc<NodeKeys>,
}

impl MessageRouter for DirectMessageRouter {
    fn find_path(
        &self,
        _sender: PublicKey,
        peers: Vec<PublicKey>,
        destination: Destination,
    ) -> Result<OnionMessagePath, ()> {
        let first = match &destination {
            Destination::Node(node) => *node,
            Destination::BlindedPath(path) => match path.introduction_node() {
                IntroductionNode::NodeId(node) => *node,
                IntroductionNode::DirectedShortChannelId(..) => return Err(()),
            },
        };
        if !peers.contains(&first) {
            return Err(());
        }
        Ok(OnionMessagePath { intermediate_nodes: vec![], destination, first_node_addresses: vec![] })
    }

    fn create_blinded_paths<T: Signing + Verification>(
        &self,
        recipient: PublicKey,
        local_node_receive_key: ReceiveAuthKey,
        context: MessageContext,
        _peers: Vec<MessageForwardNode>,
        secp: &Secp256k1<T>,
    ) -> Result<Vec<BlindedMessagePath>, ()> {
        Ok(vec![BlindedMessagePath::one_hop(
            recipient,
            local_node_receive_key,
            context,
            false,
            &*self.keys,
            secp,
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: u64, rooms: &[(u64, u64)], parts_max: usize, expect: Option<&[(usize, u64)]>) {
        let rooms: Vec<Room> = rooms
            .iter()
            .enumerate()
            .map(|(index, (min_msat, max_msat))| Room { index, min_msat: *min_msat, max_msat: *max_msat })
            .collect();
        let parts = split(amount, &rooms, parts_max);
        if let Some(parts) = &parts {
            assert_eq!(parts.iter().map(|(_, part)| part).sum::<u64>(), amount, "value is conserved");
            assert!(parts.iter().all(|(index, part)| *part <= rooms[*index].max_msat));
        }
        assert_eq!(parts.as_deref(), expect, "{amount} over {rooms:?} in {parts_max} parts");
    }

    #[test]
    fn an_amount_is_split_into_as_few_parts_as_can_be() {
        let rooms = [(1, 100), (1, 60), (1, 40)];
        check(50, &rooms, 10, Some(&[(1, 50)]));
        check(100, &rooms, 10, Some(&[(0, 100)]));
        check(150, &rooms, 10, Some(&[(0, 100), (1, 50)]));
        check(200, &rooms, 10, Some(&[(0, 100), (1, 60), (2, 40)]));
        check(201, &rooms, 10, None);
        check(150, &rooms, 1, None);
        check(0, &[(1, 100)], 10, Some(&[]));
        check(5, &[], 10, None);
    }

    #[test]
    fn no_part_is_below_the_minimum_of_its_channel() {
        check(105, &[(1, 100), (10, 60)], 10, Some(&[(0, 95), (1, 10)]));
        check(101, &[(99, 100), (10, 60)], 10, None);
        check(5, &[(10, 100)], 10, None);
        check(50, &[(0, 0), (1, 60)], 10, Some(&[(1, 50)]));
    }
}
