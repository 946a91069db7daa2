//! What a contract's page shows of parts: the other contracts they are of or for, and why one is not seen by us.

use std::collections::BTreeMap;

use lncontract_core::{Hash, state::ChannelState as Known};

use crate::{App, AppError, live::Live, view::PartLine};

/// What has to be asked of other contracts.
#[derive(Debug, Default)]
pub(crate) struct PartsLook {
    /// Why a part does not count for us yet, by its `fund` entry.
    pub(super) why_not: BTreeMap<Hash, String>,
    /// What a release is set aside for, by the `release` entry.
    pub(super) used: BTreeMap<Hash, Hash>,
    /// What is left of other contracts' parts, by the `fund` entry of the channel.
    pub(super) beside: BTreeMap<Hash, u64>,
    numbers: BTreeMap<Hash, String>,
}

impl PartsLook {
    pub(super) fn line(&self, contract: Hash) -> PartLine {
        let number = self.numbers.get(&contract).cloned();
        PartLine { contract, number: number.unwrap_or_else(|| "unknown to us".into()) }
    }
}

impl App {
    /// Looks at what a contract shares with others; nothing is asked where it has released nothing and has no part.
    pub(super) async fn parts_look(&self, live: &tokio::sync::Mutex<Live>) -> Result<PartsLook, AppError> {
        let (contract, peer, parts, released) = {
            let live = live.lock().await;
            let channels = &live.record.state().channels;
            let parts: Vec<Hash> =
                channels.values().filter_map(Known::part).map(|part| part.contract).collect();
            let released = channels.values().any(|known| known.released.is_some());
            (live.record.contract(), live.peer.clone(), parts, released)
        };
        let mut look = PartsLook::default();
        if !parts.is_empty() {
            let there = self.node_channels().await;
            for (fund, _, why_not) in self.parts_to_report(contract, &there).await? {
                look.why_not.extend(why_not.map(|why| (fund, why)));
            }
        }
        if released {
            let used = self.used_parts(&peer, contract).await?;
            for (_, used) in used.iter().filter(|(_, used)| !used.ended) {
                *look.beside.entry(used.channel).or_default() += used.left.0;
            }
            look.used = used.into_iter().map(|(release, used)| (release, used.contract)).collect();
        }
        look.numbers = self.numbers(parts.into_iter().chain(look.used.values().copied())).await?;
        Ok(look)
    }
}
