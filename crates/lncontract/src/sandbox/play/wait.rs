//! Waiting: every wait ends, with what it waited for or with an error that says what did not come.

use std::{future::Future, time::Duration};

use anyhow::Context;
use lncontract_app::{
    App,
    view::{ChannelCard, ContractView},
};
use lncontract_core::{Hash, status::Status};

use crate::sandbox::Sandbox;

/// How long a step may take before the play gives up.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
///
/// # Errors
/// When asking fails, or there is none in time.
pub async fn until<T, F>(what: &str, ask: impl Fn() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let looking = async {
        loop {
            tick.tick().await;
            if let Some(found) = ask().await? {
                return anyhow::Ok(found);
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .with_context(|| format!("{what} did not come within {PATIENCE:?}"))?
}

/// Looks at a contract's page until it shows what is waited for.
///
/// # Errors
/// When there is no such page, or it does not show it in time.
pub async fn see<T>(
    app: &App,
    contract: Hash,
    what: &str,
    look: impl Fn(&ContractView) -> Option<T>,
) -> anyhow::Result<T> {
    until(what, || async { Ok(look(&app.contract(contract).await?)) }).await
}

/// The contract as both companies see it now, once both see the same.
///
/// # Errors
/// When they do not come into step in time.
pub async fn in_step(sandbox: &Sandbox, contract: Hash) -> anyhow::Result<Status> {
    until("both records in step", || async {
        let ours = sandbox.buyer.app.contract(contract).await?;
        let theirs = sandbox.seller.app.contract(contract).await?;
        let equal = ours.state_hash == theirs.state_hash
            && ours.agreed.word == "Both companies agree"
            && theirs.agreed.word == "Both companies agree";
        Ok(if equal { Some(sandbox.buyer.app.status(contract).await?) } else { None })
    })
    .await
}

/// The card of a channel on a contract's page.
pub fn card(view: &ContractView, fund: Hash) -> Option<&ChannelCard> {
    view.channels.iter().find(|card| card.fund == fund)
}

/// What carries out a tranche, on a contract's page: a channel, or a splice as a line of its channel.
pub struct Funded {
    /// How much it sets aside.
    pub sat: u64,
    /// Its funding output, `txid:index`, once the page has it.
    pub outpoint: Option<String>,
    /// How it stands.
    pub word: String,
}

/// Looks for a `fund` entry on a contract's page.
pub fn funded(view: &ContractView, fund: Hash) -> Option<Funded> {
    let channels = view.channels.iter().map(|card| (card.fund, card.size_sat, &card.outpoint, &card.state));
    let splices = view.channels.iter().flat_map(|card| &card.splices);
    let splices = splices.map(|line| (line.fund, line.amount_sat, &line.outpoint, &line.state));
    let (_, sat, outpoint, state) = channels.chain(splices).find(|(of, ..)| *of == fund)?;
    Some(Funded { sat, outpoint: outpoint.clone(), word: state.word.clone() })
}
