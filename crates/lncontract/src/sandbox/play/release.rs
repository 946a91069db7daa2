//! Money that is not needed any more, in the play: the seller releases it, the buyer takes it back, and the channel
//! goes on with the rest until it is closed.

use std::time::Duration;

use anyhow::ensure;
use lncontract_app::view::{ContractView, ReleaseLine};
use lncontract_core::{Hash, Sat};
use serde_json::json;

use super::wait::see;
use crate::sandbox::{Sandbox, report::Report};

/// Less is not worth a transaction: it comes back when the channel is closed.
const LEAST_SAT: u64 = 100_000;
/// More blocks than a splice needs, with a tenth of a second for each.
const BLOCKS_MAX: u32 = 100;

/// Releases what may be released of each channel, and takes it back.
///
/// # Errors
/// When it is refused, or does not come.
pub async fn release_all(sandbox: &Sandbox, contract: Hash, report: &mut Report) -> anyhow::Result<()> {
    for company in [&sandbox.buyer, &sandbox.seller] {
        if !super::node(company)?.info().await?.splice {
            // It comes back when the channels close.
            return Ok(());
        }
    }
    for (fund, amount) in releasable(sandbox, contract).await? {
        let release = release(sandbox, contract, fund, amount, report).await?;
        take_back(sandbox, contract, release, report).await?;
    }
    Ok(())
}

/// What may be released, by the channels that were opened for it.
///
/// # Errors
/// When there is no such contract.
pub async fn releasable(sandbox: &Sandbox, contract: Hash) -> anyhow::Result<Vec<(Hash, Sat)>> {
    let view = sandbox.seller.app.contract(contract).await?;
    let worth_it = view.channels.iter().filter(|channel| channel.releasable_sat >= LEAST_SAT);
    Ok(worth_it.map(|channel| (channel.fund, Sat(channel.releasable_sat))).collect())
}

/// Releases it, until the buyer may take it back.
///
/// # Errors
/// When it is refused, or the buyer does not hear of it.
pub async fn release(
    sandbox: &Sandbox,
    contract: Hash,
    fund: Hash,
    amount: Sat,
    report: &mut Report,
) -> anyhow::Result<Hash> {
    let release = sandbox.seller.app.release(contract, fund, amount).await?;
    report.step("channel.released", "seller", json!({ "fund": fund.to_string(), "sat": amount.0 }));
    see(&sandbox.buyer.app, contract, "the release at the buyer", |view| {
        line(view, release).filter(|line| line.can_take_back).map(|_| release)
    })
    .await
}

/// Takes it back, until both see that.
///
/// # Errors
/// When it is refused, or does not come.
pub async fn take_back(
    sandbox: &Sandbox,
    contract: Hash,
    release: Hash,
    report: &mut Report,
) -> anyhow::Result<()> {
    let buyer = &sandbox.buyer;
    buyer.app.take_back(contract, release).await?;
    for blocks in 0.. {
        let (ours, theirs) =
            (buyer.app.contract(contract).await?, sandbox.seller.app.contract(contract).await?);
        let is_back = |view| line(view, release).is_some_and(|line| line.splice.state.word == "Taken back");
        if is_back(&ours) && is_back(&theirs) {
            break;
        }
        ensure!(blocks < BLOCKS_MAX, "what was released was not taken back after {BLOCKS_MAX} blocks");
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.time.chain().mine(1);
    }
    report.step("channel.taken_back", buyer.side, json!({ "release": release.to_string() }));
    Ok(())
}

fn line(view: &ContractView, release: Hash) -> Option<&ReleaseLine> {
    view.channels.iter().flat_map(|channel| &channel.releases).find(|line| line.splice.fund == release)
}
