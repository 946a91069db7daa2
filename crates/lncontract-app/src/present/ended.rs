//! The page of a contract that has ended: its account, its evidence, our money of it on chain.
//!
//! Money: what came back is what transactions paid to our wallet, never a difference of balances.

use lncontract_core::{Hash, v1::Side};
use lncontract_lightning::{Channel, ChannelState};

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
        onchain: node.answers().then(|| onchain(live, node)),
        heads: sides.iter().map(head).collect(),
        terms_hash: state.terms_hash(),
    }))
}

/// Goes through our wallet's transactions: those that made the contract's channels, and those that ended them.
fn onchain(live: &Live, node: &NodeLook) -> OnchainView {
    let state = live.record.state();
    let of = |fund: &Hash| node.channels().iter().find(|channel| channel.opening == opening_id(*fund));
    let channels: Vec<&Channel> = state.channels.keys().filter_map(of).collect();
    let funded = state.channels.values().filter(|channel| !channel.reports.is_empty());
    let funded = funded.filter_map(|channel| channel.announced.as_ref().map(|part| part.amount.0));
    let mut view = OnchainView::default();
    if live.our_side == Side::Buyer {
        view.funded_sat = funded.sum();
    }
    for movement in node.movements() {
        let is_opening = |channel: &&&Channel| {
            channel.outbound && outputs(live, channel).contains(&movement.txid.to_string())
        };
        let closes = |channel: &&&Channel| match channel.state {
            ChannelState::Closed { closing_tx, .. } => closing_tx == Some(movement.txid),
            _ => false,
        };
        let sweeps = |channel: &&&Channel| {
            let mut closes = node.closes().iter().filter(|close| close.opening == channel.opening);
            closes.any(|close| close.spent_by.iter().any(|(_, by)| *by == movement.txid))
        };
        if channels.iter().any(|channel| closes(&channel) || sweeps(&channel)) {
            view.returned_sat += movement.received_sat;
        } else if channels.iter().any(|channel| is_opening(&channel)) {
            view.fees_sat += movement.fee_sat.unwrap_or(0);
        }
    }
    view.there_sat = channels
        .iter()
        .filter(|channel| !matches!(channel.state, ChannelState::Closed { .. } | ChannelState::Failed(_)))
        .map(|channel| channel.local_msat / 1_000)
        .sum();
    view
}

/// The ids of the transactions by which money went into a channel: its opening and its splices.
fn outputs(live: &Live, channel: &Channel) -> Vec<String> {
    let of_it = |fund: &Hash| opening_id(*fund) == channel.opening;
    let parts = live.record.state().channels.iter().filter(|(fund, part)| {
        of_it(fund) || part.announced.as_ref().and_then(|part| part.into).is_some_and(|base| of_it(&base))
    });
    let reports = parts.flat_map(|(_, part)| part.reports.values());
    reports.filter_map(|report| Some(report.outpoint.split_once(':')?.0.to_owned())).collect()
}
