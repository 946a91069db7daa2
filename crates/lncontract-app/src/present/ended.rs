//! The page of a contract that has ended: its account, its evidence, our money of it on chain.
//!
//! Money: what came back is what transactions paid to our wallet, never a difference of balances.

use lncontract_core::{Contract, Hash, v1::Side};
use lncontract_lightning::{Channel, ChannelState, OnchainMovement, Splice, SpliceWay};

use super::look::NodeLook;
use crate::{
    AppError, final_account,
    fund::opening_id,
    live::Live,
    view::{EndedView, OnchainView},
};

/// Account and evidence of a contract that both have closed; nothing before.
pub(crate) fn ended(live: &Live, node: &NodeLook) -> Result<Option<EndedView>, AppError> {
    let state = live.record.state();
    let Some(terms) = state.terms.as_ref().filter(|_| state.is_closed()) else { return Ok(None) };
    let sides = [live.our_side, live.our_side.other()];
    let name = |side: Side| terms.party(side).name.clone();
    let signed = sides.iter().filter_map(|side| Some((name(*side), state.accounts.get(side)?.at)));
    let heads = live.record.heads();
    let head = |side: &Side| (name(*side), heads.of(*side).count, heads.of(*side).hash);
    Ok(Some(EndedView {
        account: final_account::view(live)?,
        signed: signed.collect(),
        onchain: node.answers().then(|| onchain(live.our_side, state, node)),
        heads: sides.iter().map(head).collect(),
        terms_hash: state.terms_hash(),
    }))
}

/// Goes through our wallet's transactions: those that made the contract's channels, and those that ended them.
fn onchain(ours: Side, state: &Contract, node: &NodeLook) -> OnchainView {
    let of = |fund: &Hash| node.channels().iter().find(|channel| channel.opening == opening_id(*fund));
    let channels: Vec<&Channel> = state.channels.keys().filter_map(of).collect();
    let funded = state.channels.values().filter(|channel| !channel.reports.is_empty());
    let funded = funded.filter_map(|channel| channel.announced.as_ref());
    // A part went in with the channel of another contract, and comes back there.
    let funded = funded.filter(|part| part.of.is_none()).map(|part| part.amount.0);
    let mut view = OnchainView::default();
    if ours == Side::Buyer {
        view.funded_sat = funded.sum();
    }
    for movement in node.movements() {
        for channel in &channels {
            let (returned_sat, fee_sat) = moved(state, node, channel, movement);
            view.returned_sat += returned_sat;
            view.fees_sat += fee_sat;
        }
    }
    for close in node.closes() {
        let opened = channels.iter().find(|channel| channel.opening == close.opening && channel.outbound);
        let paid_out_sat: u64 = close.outputs_sat.iter().sum();
        view.fees_sat += opened.map_or(0, |channel| channel.capacity_sat.saturating_sub(paid_out_sat));
    }
    let there = channels
        .iter()
        .filter(|channel| !matches!(channel.state, ChannelState::Closed { .. } | ChannelState::Failed(_)));
    view.there_sat = there.map(|channel| channel.local_msat / 1_000).sum();
    view
}

/// What a transaction of our wallet brought back from a channel, and what it cost us. The opener pays for what opens
/// and closes a channel; each pays for its own sweep.
fn moved(state: &Contract, node: &NodeLook, channel: &Channel, movement: &OnchainMovement) -> (u64, u64) {
    let opener = |fee_sat: u64| if channel.outbound { fee_sat } else { 0 };
    if let ChannelState::Closed { forced: false, closing_tx } = channel.state
        && closing_tx == Some(movement.txid)
    {
        return (movement.received_sat, opener(channel.capacity_sat.saturating_sub(movement.outputs_sat)));
    }
    let out = |splice: &&Splice| splice.way == SpliceWay::Out && splice.ours;
    let mut outs = channel.splices.iter().filter(out);
    if let Some(splice) =
        outs.find(|splice| splice.funding.is_some_and(|output| output.txid == movement.txid))
    {
        return (movement.received_sat, splice.fee_sat);
    }
    let mut closes = node.closes().iter().filter(|close| close.opening == channel.opening);
    let swept = closes.find_map(|close| {
        let these = close.spent_by.iter().filter(|(_, by)| *by == movement.txid);
        let values = these.filter_map(|(index, _)| close.outputs_sat.get(usize::try_from(*index).ok()?));
        Some(values.sum::<u64>()).filter(|sum| *sum > 0)
    });
    match swept {
        Some(swept_sat) => (movement.received_sat, swept_sat.saturating_sub(movement.received_sat)),
        None if transactions(state, channel).contains(&movement.txid.to_string()) => {
            (0, opener(movement.fee_sat.unwrap_or(0)))
        }
        None => (0, 0),
    }
}

/// The ids of the transactions by which money went into a channel and out of it: its opening and its splices.
fn transactions(state: &Contract, channel: &Channel) -> Vec<String> {
    let of_it = |fund: &Hash| opening_id(*fund) == channel.opening;
    let parts = state
        .channels
        .iter()
        .filter(|(fund, part)| of_it(fund) || part.base().is_some_and(|base| of_it(&base)));
    let reports = parts.flat_map(|(_, part)| part.reports.values());
    reports.filter_map(|report| Some(report.outpoint.split_once(':')?.0.to_owned())).collect()
}

#[cfg(test)]
mod tests;
