//! Our balance on a channel, without what is in flight.
//!
//! LDK gives no such figure, so `local_msat` is put together
//! from `outbound_capacity_msat`, which is (balance - in flight - the opener's two anchors of 330 sat -
//! reserve; see `held_sat` for what a splice changes), cut off at zero; where it is cut off, from the same
//! figure of the peer's side. Commitment fees are not deducted, so the figure changes with payments only,
//! and a ledger can be compared to the millisatoshi.

use lightning::ln::channel_state::ChannelDetails;

use crate::splices::signed;

/// Two anchors of 330 sat, paid by the opener (BOLT 3).
const ANCHORS_MSAT: u64 = 660_000;
/// LDK's dust limit, the least reserve there is.
const DUST_LIMIT_SAT: u64 = 354;

/// See the head of this file.
pub(crate) fn local_msat(details: &ChannelDetails) -> u64 {
    let capacity_msat = details.channel_value_satoshis * 1_000;
    let (held_sat, held_by_peer_sat) = held_sat(details);
    let anchors = |opener: bool| if opener { ANCHORS_MSAT } else { 0 };
    let ours = Side {
        capacity_msat: details.outbound_capacity_msat,
        held_sat,
        anchors_msat: anchors(details.is_outbound),
    };
    let theirs = Side {
        capacity_msat: details.inbound_capacity_msat,
        held_sat: held_by_peer_sat,
        anchors_msat: anchors(!details.is_outbound),
    };
    let in_flight_msat: u64 = details.pending_outbound_htlcs.iter().map(|htlc| htlc.amount_msat).sum::<u64>()
        + details.pending_inbound_htlcs.iter().map(|htlc| htlc.amount_msat).sum::<u64>();
    balance(capacity_msat, ours, theirs, in_flight_msat)
}

/// What each side can't send besides its anchors: its reserve. While a splice is not locked, LDK's capacities
/// are the smaller ones of both fundings, so it is the larger of (reserve - what that side adds) of both; the
/// reserve after a splice is 1 % of the new size (BOLT 2), or the dust limit.
fn held_sat(details: &ChannelDetails) -> (u64, u64) {
    let now = (
        details.unspendable_punishment_reserve.unwrap_or(0),
        details.counterparty.unspendable_punishment_reserve,
    );
    let then = |now: u64, capacity_sat: u64, added_sat: i64| {
        let reserve_sat = if now == 0 { 0 } else { (capacity_sat / 100).max(DUST_LIMIT_SAT) };
        now.max(reserve_sat.saturating_add_signed(added_sat.saturating_neg()))
    };
    signed(details).into_iter().fold(now, |(ours, theirs), splice| {
        let grown_sat = splice.capacity_sat.cast_signed() - details.channel_value_satoshis.cast_signed();
        let (capacity_sat, ours_sat) = (splice.capacity_sat, splice.change_sat);
        (then(ours, capacity_sat, ours_sat), then(theirs, capacity_sat, grown_sat - ours_sat))
    })
}

/// One side of a channel as LDK tells it.
#[derive(Clone, Copy)]
struct Side {
    capacity_msat: u64,
    held_sat: u64,
    anchors_msat: u64,
}

impl Side {
    /// The balance, unless the capacity was cut off at zero.
    fn balance_msat(self) -> Option<u64> {
        let balance = self.capacity_msat + self.held_sat * 1_000 + self.anchors_msat;
        (self.capacity_msat > 0).then_some(balance)
    }
}

fn balance(channel_msat: u64, ours: Side, theirs: Side, in_flight_msat: u64) -> u64 {
    let from_theirs = || {
        let theirs_msat = theirs.balance_msat()?;
        channel_msat.checked_sub(theirs_msat + in_flight_msat)
    };
    // Both cut off: all but the reserves is in flight, or the channel is about to be funded.
    ours.balance_msat().or_else(from_theirs).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A channel of 30,000,000 sat with 1 % reserve on both sides, opened by us;
    /// our balance and what is in flight.
    fn check(ours_msat: u64, in_flight_msat: u64) {
        let channel_msat = 30_000_000_000;
        let theirs_msat = channel_msat - ours_msat - in_flight_msat;
        let side = |balance_msat: u64, anchors_msat: u64| Side {
            capacity_msat: balance_msat.saturating_sub(anchors_msat + 300_000_000),
            held_sat: 300_000,
            anchors_msat,
        };
        let (ours, theirs) = (side(ours_msat, ANCHORS_MSAT), side(theirs_msat, 0));
        assert_eq!(balance(channel_msat, ours, theirs, in_flight_msat), ours_msat, "seen from the opener");
        assert_eq!(balance(channel_msat, theirs, ours, in_flight_msat), theirs_msat, "seen from the other");
    }

    #[test]
    fn balances_are_exact_to_the_millisatoshi_from_both_sides() {
        check(30_000_000_000, 0);
        check(29_999_999_999, 0);
        check(5_000_000_001, 0);
        check(300_660_000, 0);
        check(300_660_001, 0);
        check(20_000_000_000, 4_999_999_999);
    }
}
