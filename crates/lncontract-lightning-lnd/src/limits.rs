//! What a channel can carry, by LND's own rules, as measured against it (docs/earmarks.md).
//!
//! The opener keeps back, beside its reserve, what the commitment would cost with two more payments in it at twice the
//! present fee rate: `2 * (1124 + 2 * 172) * rate / 1000`, less what it pays now (weights: BOLT 3, anchors). The other
//! side keeps its reserve only. Never promise the last 0.1 %: the rate moves.
//!
//! The commitment fee is computed too: what LND lists as `commit_fee` is what the present commitment pays in all, with
//! an anchor that is not there yet and fractions of a satoshi in it, while its balances are less the fee alone.

use lncontract_lightning::{Channel, ChannelState, OpeningId};

use crate::{
    api,
    channels::{ANCHORS_SAT, OpeningRow, Seen, sat},
    confirmations::Confirmations,
};

/// Weight of a commitment transaction with anchors, and of each payment in it (BOLT 3, appendix A).
const COMMITMENT_WEIGHT: u64 = 1_124;
const HTLC_WEIGHT: u64 = 172;

/// What the opener's balance is less by: commitment fee and anchors.
pub(crate) fn held_back_sat(open: &api::OpenChannel) -> u64 {
    if !open.initiator {
        return 0;
    }
    let in_flight_sat: u64 = open.pending_htlcs.iter().map(|htlc| sat(htlc.amount)).sum();
    let listed_sat = sat(open.local_balance) + sat(open.remote_balance) + in_flight_sat;
    let rest_sat = sat(open.capacity).saturating_sub(listed_sat);
    let fees =
        (0..=open.pending_htlcs.len() as u64).map(|htlcs| commitment_fee_sat(open, htlcs) + ANCHORS_SAT);
    // Each listed amount is rounded down, and payments below the dust limit weigh nothing. What fits no sum is another
    // kind of channel than ours.
    let rounded_sat = open.pending_htlcs.len() as u64 + 2;
    fees.rev().find(|held_sat| (*held_sat..*held_sat + rounded_sat).contains(&rest_sat)).unwrap_or(rest_sat)
}

fn commitment_fee_sat(open: &api::OpenChannel, htlcs: u64) -> u64 {
    (COMMITMENT_WEIGHT + htlcs * HTLC_WEIGHT) * sat(open.fee_per_kw) / 1_000
}

/// A channel in LND's list of open ones.
pub(crate) fn open(open: &api::OpenChannel, row: &OpeningRow, opening: OpeningId, usable: bool) -> Seen {
    let (ours, theirs) =
        (open.local_constraints.unwrap_or_default(), open.remote_constraints.unwrap_or_default());
    let held_sat = held_back_sat(open);
    let buffer_sat = fee_buffer_sat(open);
    let (our_buffer_sat, their_buffer_sat) = if open.initiator { (buffer_sat, 0) } else { (0, buffer_sat) };
    let outbound_sat = sat(open.local_balance).saturating_sub(ours.chan_reserve_sat + our_buffer_sat);
    let inbound_sat = sat(open.remote_balance).saturating_sub(theirs.chan_reserve_sat + their_buffer_sat);
    let in_flight_sat: u64 =
        open.pending_htlcs.iter().filter(|htlc| !htlc.incoming).map(|htlc| sat(htlc.amount)).sum();
    let in_flight_room_msat = ours.max_pending_amt_msat.saturating_sub(in_flight_sat * 1_000);
    let channel = Channel {
        capacity_sat: sat(open.capacity),
        local_msat: (sat(open.local_balance) + held_sat) * 1_000,
        outbound_capacity_msat: outbound_sat * 1_000,
        next_outbound_htlc_limit_msat: (outbound_sat * 1_000).min(in_flight_room_msat),
        inbound_capacity_msat: inbound_sat * 1_000,
        reserve_sat: ours.chan_reserve_sat,
        in_flight_limit_msat: ours.max_pending_amt_msat,
        our_delay_blocks: u16::try_from(ours.csv_delay).ok(),
        state: ChannelState::Open { usable },
        ..row.channel(opening)
    };
    Seen { channel, scid: Some(open.chan_id) }
}

/// What the opener keeps back for a rise of fees.
fn fee_buffer_sat(open: &api::OpenChannel) -> u64 {
    let later_sat = 2 * (COMMITMENT_WEIGHT + 2 * HTLC_WEIGHT) * sat(open.fee_per_kw) / 1_000;
    later_sat.saturating_sub(commitment_fee_sat(open, open.pending_htlcs.len() as u64))
}

/// A channel in LND's list of those that wait for confirmations.
pub(crate) fn pending(
    pending: &api::PendingOpen,
    row: &OpeningRow,
    opening: OpeningId,
    waits: Confirmations,
) -> Seen {
    let reserve_sat = pending.channel.as_ref().map_or(0, |channel| sat(channel.local_chan_reserve_sat));
    let state = ChannelState::Pending { confirmations: waits.seen, needed: waits.needed };
    let channel = Channel { reserve_sat, state, local_msat: row.local_msat, ..row.channel(opening) };
    Seen { channel, scid: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(initiator: bool) -> api::OpenChannel {
        let constraints = |max_pending_amt_msat| {
            Some(api::Constraints { csv_delay: 1_008, chan_reserve_sat: 300_000, max_pending_amt_msat })
        };
        api::OpenChannel {
            capacity: 30_000_000,
            local_balance: 29_685_529,
            remote_balance: 311_001,
            fee_per_kw: 2_500,
            initiator,
            local_constraints: constraints(29_700_000_000),
            remote_constraints: constraints(29_700_000_000),
            ..api::OpenChannel::default()
        }
    }

    fn seen(open: &api::OpenChannel) -> Channel {
        use bitcoin::secp256k1::{Secp256k1, SecretKey};
        let peer = SecretKey::from_slice(&[1; 32]).expect("a key").public_key(&Secp256k1::new());
        super::open(open, &OpeningRow::ordered(peer, open.initiator, 30_000_000), OpeningId(1), true).channel
    }

    /// The figures of a binary search against a real LND.
    #[test]
    fn the_largest_payment_is_the_balance_less_reserve_and_fee_buffer() {
        let channel = seen(&sample(true));
        assert_eq!(channel.next_outbound_htlc_limit_msat, 29_380_999_000);
        assert_eq!(channel.local_msat, 29_688_999_000, "commitment fee and anchors are still ours");
        assert_eq!(channel.inbound_capacity_msat, 11_001_000, "the other side keeps its reserve only");
        let other = seen(&sample(false));
        assert_eq!(other.outbound_capacity_msat, 29_385_529_000);
        assert_eq!((other.reserve_sat, other.our_delay_blocks), (300_000, Some(1_008)));
    }

    #[test]
    fn what_the_opener_holds_back_is_known_to_the_satoshi() {
        let fresh = api::OpenChannel { local_balance: 29_996_530, remote_balance: 0, ..sample(true) };
        assert_eq!(
            held_back_sat(&fresh),
            3_470,
            "2,810 and two anchors, though one of them is not there yet"
        );
        // Half a satoshi on each side is in neither listed balance.
        let halves =
            api::OpenChannel { local_balance: 28_329_863, remote_balance: 1_666_666, ..sample(true) };
        assert_eq!(held_back_sat(&halves), 3_470);
        let other_kind = api::OpenChannel { local_balance: 29_900_000, remote_balance: 0, ..sample(true) };
        assert_eq!(held_back_sat(&other_kind), 100_000);
        assert_eq!(held_back_sat(&sample(false)), 0);
    }

    #[test]
    fn what_is_in_flight_counts_against_the_limit() {
        let mut open = sample(true);
        open.pending_htlcs = vec![api::Htlc { incoming: false, amount: 20_000_000 }];
        assert_eq!(seen(&open).next_outbound_htlc_limit_msat, 9_700_000_000);
        open.pending_htlcs = vec![api::Htlc { incoming: true, amount: 1_000 }];
        assert_eq!(seen(&open).next_outbound_htlc_limit_msat, 29_381_429_000);
    }
}
