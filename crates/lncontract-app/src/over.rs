//! Which of the contract's channels a payment goes over.
//!
//! Invariant: those of its stage first, then general ones, never another contract's; as few as it takes.

use lncontract_core::{
    state::{Announced, InvoiceState},
    v1::Side,
};
use lncontract_lightning::{Channel, ChannelId, ChannelState};

use crate::{fund::opening_id, live::Live, present::words};

/// A channel for a payment: title, what one payment can carry over it now, id.
pub(crate) type Over = (String, u64, ChannelId);

/// The open channels that a payment may use: those of its stage first, then the general ones,
/// never another contract's. A channel is of a stage if its tranche or a splice into it is.
pub(crate) fn usable(live: &Live, known: &InvoiceState, channels: &[Channel]) -> Vec<Over> {
    let state = live.record.state();
    let row = state
        .terms
        .as_ref()
        .and_then(|terms| terms.obligations.iter().find(|row| row.id == known.payable.row));
    let stage = row.and_then(|row| row.milestone.clone());
    let mut found: Vec<(bool, String, u64, ChannelId)> = Vec::new();
    for (fund, channel) in &state.channels {
        let Some(announced) = &channel.announced else { continue };
        let seen = channels.iter().find(|seen| seen.opening == opening_id(*fund));
        let Some(seen) = seen.filter(|seen| seen.state == (ChannelState::Open { usable: true })) else {
            continue;
        };
        let splices = state.channels.values().filter_map(|splice| splice.announced.as_ref());
        let parts = splices.filter(|splice| splice.into == Some(*fund)).chain([announced]);
        let of_stage = |part: &Announced| part.stages.iter().any(|of| Some(of) == stage.as_ref());
        let (ours, general): (Vec<bool>, Vec<bool>) =
            parts.map(|part| (of_stage(part), part.stages.is_empty())).unzip();
        let (ours, general) = (ours.contains(&true), general.contains(&true));
        // Earmarks are the buyer's; what the seller owes it pays over any channel of the contract.
        if ours || general || live.our_side == Side::Seller {
            let at_once = seen.next_outbound_htlc_limit_msat / 1_000;
            found.push((!ours, announced.tranche.clone(), at_once, seen.id));
        }
    }
    found.sort();
    found.into_iter().map(|(_, title, at_once, id)| (title, at_once, id)).collect()
}

/// The channels for one payment: the first that carries it alone, else as many as it takes, in their order.
pub(crate) fn enough(over: Vec<Over>, amount_sat: u64) -> Vec<Over> {
    if let Some(alone) = over.iter().find(|(_, at_once, _)| *at_once >= amount_sat) {
        return vec![alone.clone()];
    }
    let mut carried_sat = 0;
    let mut chosen = Vec::new();
    for channel in over.into_iter().filter(|(_, at_once, _)| *at_once > 0) {
        if carried_sat >= amount_sat {
            break;
        }
        carried_sat += channel.1;
        chosen.push(channel);
    }
    chosen
}

/// Why these channels do not carry the invoice, and what helps.
pub(crate) fn too_little(over: &[Over], amount_sat: u64, there: &[Channel]) -> String {
    let carry_sat: u64 = over.iter().map(|(_, at_once, _)| at_once).sum();
    let parts = over.iter().map(|(title, at_once, _)| format!("{} over {title}", words::sat(*at_once)));
    let limited = |id: &ChannelId| {
        let channel = there.iter().find(|channel| channel.id == *id)?;
        let more = channel.outbound_capacity_msat > channel.next_outbound_htlc_limit_msat;
        more.then_some(channel.in_flight_limit_msat / 1_000)
    };
    let limits: Vec<_> = over.iter().filter_map(|(title, _, id)| Some((title, limited(id)?))).collect();
    let fixed = limits.iter().map(|(title, limit)| {
        format!("; {title} holds more, but carries {} at a time since it was opened", words::sat(*limit))
    });
    format!(
        "not payable in one go: one payment can carry {} now ({}){}; the invoice asks for {}: fund a further channel \
         of at least {} and what it holds back, then it is split over all of them",
        words::sat(carry_sat),
        parts.collect::<Vec<_>>().join(", "),
        fixed.collect::<String>(),
        words::sat(amount_sat),
        words::sat(amount_sat - carry_sat),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(amount_sat: u64, at_once_sat: &[u64], expected: &[u8]) {
        let id = |place: usize| ChannelId([place as u8; 32]);
        let over = at_once_sat.iter().enumerate();
        let over = over.map(|(place, at_once)| (format!("channel {place}"), *at_once, id(place)));
        let chosen = enough(over.collect(), amount_sat);
        let chosen: Vec<u8> = chosen.into_iter().map(|(_, _, id)| id.0[0]).collect();
        assert_eq!(chosen, expected, "{amount_sat} over {at_once_sat:?}");
    }

    #[test]
    fn one_channel_carries_a_payment_if_one_can_and_else_as_few_as_it_takes_in_their_order() {
        check(5, &[5, 9], &[0]);
        check(7, &[5, 9], &[1]);
        check(10, &[5, 9, 9], &[0, 1]);
        check(10, &[0, 5, 5, 9], &[1, 2]);
        check(30, &[5, 9], &[0, 1]);
        check(1, &[], &[]);
    }
}
