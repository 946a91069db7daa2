//! Channels in the play: announced, watched stage by stage while blocks come, closed together at the end.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bitcoin::OutPoint;
use lncontract_app::CloseMode;
use lncontract_core::Hash;
use lncontract_lightning::{ChannelState, LightningError, OpenChannel, OpenFailure, OpeningId, SpliceState};
use serde_json::json;

use super::{
    follow::Course,
    node,
    wait::{card, funded, see, until},
};
use crate::sandbox::{Company, Sandbox, report::Report};

/// More blocks than any opening needs.
const OPENING_BLOCKS_MAX: u32 = 12;

/// The buyer's node opens a channel that nobody announced: the seller's refuses, and says why.
///
/// # Errors
/// When it is not refused.
pub async fn refuse_unannounced(sandbox: &Sandbox, report: &mut Report) -> anyhow::Result<()> {
    let peer = node(&sandbox.seller)?.info().await?.key;
    let node = node(&sandbox.buyer)?;
    let refused = node.open_channel(OpenChannel { opening: OpeningId(1), peer, amount_sat: 1_000_000 }).await;
    let Err(LightningError::Open(OpenFailure::Policy { text })) = refused else {
        bail!("a channel that nobody announced was not refused by the seller: {refused:?}");
    };
    report.step("channel.refused", "seller", json!({ "text": text }));
    Ok(())
}

/// Carries out a tranche of the funding plan, until both companies see it open.
///
/// # Errors
/// When a stage does not come.
pub async fn fund(course: &Course<'_>, tranche: &str, report: &mut Report) -> anyhow::Result<()> {
    let fund = announce(course, tranche, report).await?;
    confirm(course, fund, report).await
}

/// Asks for the channel or splice of a tranche. Returns its fund entry.
///
/// # Errors
/// When it is refused.
pub async fn announce(course: &Course<'_>, tranche: &str, report: &mut Report) -> anyhow::Result<Hash> {
    let (buyer, contract) = (&course.sandbox.buyer, course.contract);
    let fund = buyer.app.fund(contract, tranche).await?;
    let size = see(&buyer.app, contract, "the announced channel", |view| {
        funded(view, fund).map(|funded| funded.sat)
    })
    .await?;
    let step = json!({ "fund": fund.to_string(), "tranche": tranche, "sat": size });
    report.step("channel.requested", buyer.side, step);
    Ok(fund)
}

/// Mines until both companies see it open, and tells each stage.
///
/// # Errors
/// When a stage does not come.
pub async fn confirm(course: &Course<'_>, fund: Hash, report: &mut Report) -> anyhow::Result<()> {
    let (sandbox, contract) = (course.sandbox, course.contract);
    let buyer = &sandbox.buyer;
    let outpoint = see(&buyer.app, contract, "the funding transaction", |view| {
        funded(view, fund).and_then(|funded| funded.outpoint)
    })
    .await?;
    broadcast(sandbox, &outpoint).await?;
    let mut told = None;
    for blocks in 0..=OPENING_BLOCKS_MAX {
        let stage = until("the channel's next stage", || async {
            Ok(match stage(buyer, fund).await? {
                Stage::Pending(confirmations) if told == Some(confirmations) => None,
                Stage::Other => None,
                next => Some(next),
            })
        })
        .await?;
        let Stage::Pending(confirmations) = stage else { break };
        told = Some(confirmations);
        let step = json!({ "outpoint": outpoint, "confirmations": confirmations });
        report.step("channel.pending", buyer.side, step);
        ensure!(blocks < OPENING_BLOCKS_MAX, "the channel was not open after {OPENING_BLOCKS_MAX} blocks");
        sandbox.time.chain().mine(1);
    }
    for company in [buyer, &sandbox.seller] {
        see(&company.app, contract, "the open channel", |view| {
            funded(view, fund).filter(|funded| funded.word == "Open").map(|_| ())
        })
        .await?;
        report.step("channel.open", company.side, json!({ "outpoint": outpoint }));
    }
    Ok(())
}

/// Waits for a funding transaction: both nodes know its output before either may give it to the chain, and a block that
/// comes in between confirms nothing.
async fn broadcast(sandbox: &Sandbox, outpoint: &str) -> anyhow::Result<()> {
    let outpoint: OutPoint = outpoint.parse().context("the page names the funding output as txid:index")?;
    until("the funding transaction on the chain", || async {
        Ok(sandbox.time.chain().knows(outpoint.txid).then_some(()))
    })
    .await
}

enum Stage {
    Other,
    Pending(u32),
    Open,
}

async fn stage(company: &Company, fund: Hash) -> anyhow::Result<Stage> {
    let channels = node(company)?.channels().await?;
    let id = lncontract_app::opening_id(fund);
    if let Some(splice) = channels.iter().flat_map(|channel| &channel.splices).find(|splice| splice.id == id)
    {
        return Ok(match &splice.state {
            SpliceState::Pending { confirmations, .. } => Stage::Pending(*confirmations),
            SpliceState::Locked => Stage::Open,
            SpliceState::Failed(failure) => bail!("the splice failed: {failure}"),
            SpliceState::Requested => Stage::Other,
        });
    }
    let channel = channels.into_iter().find(|channel| channel.opening == id);
    Ok(match channel.map(|channel| channel.state) {
        Some(ChannelState::Pending { confirmations, .. }) => Stage::Pending(confirmations),
        Some(ChannelState::Open { usable: true }) => Stage::Open,
        Some(ChannelState::Failed(failure)) => bail!("the channel failed: {failure}"),
        _ => Stage::Other,
    })
}

/// Closes what is open, together, and mines until both see it closed.
///
/// # Errors
/// When a channel does not close.
pub async fn close_all(sandbox: &Sandbox, contract: Hash, report: &mut Report) -> anyhow::Result<()> {
    let view = sandbox.buyer.app.contract(contract).await?;
    for fund in view.channels.iter().filter(|card| card.can_close).map(|card| card.fund) {
        sandbox.buyer.app.close_channel(contract, fund, CloseMode::Cooperative).await?;
        report.step("channel.closing", "buyer", json!({ "fund": fund.to_string() }));
        for blocks in 0.. {
            if is_closed(&sandbox.buyer, contract, fund).await?
                && is_closed(&sandbox.seller, contract, fund).await?
            {
                break;
            }
            ensure!(blocks < 100, "the channel was not closed after 10 seconds and a block each");
            tokio::time::sleep(Duration::from_millis(100)).await;
            sandbox.time.chain().mine(1);
        }
        report.step("channel.closed", "buyer", json!({ "fund": fund.to_string() }));
    }
    Ok(())
}

async fn is_closed(company: &Company, contract: Hash, fund: Hash) -> anyhow::Result<bool> {
    let view = company.app.contract(contract).await?;
    Ok(card(&view, fund).is_some_and(|card| card.state.word == "Closed"))
}
