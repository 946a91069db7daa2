//! `doctor`'s look at the chain sources: each alone, and both against each other.
//!
//! Invariant: what is told here without waiting, the running program tells only when it lasts.

use std::time::Duration;

use bitcoin::Network;
use lncontract_lightning_ldk::{Compared, Source, Tolerance};

use super::Finding;
use crate::{
    chain::{self, Asked, ChainUse},
    config::ChainSettings,
};

/// Looks at every source. Returns the time of the newest block, in seconds since 1970 UTC, if there is one.
pub(super) async fn look(settings: &[ChainSettings], network: Network) -> (Vec<Finding>, Option<i64>) {
    let (mut findings, mut newest_s, mut sources) = (Vec::new(), None, Vec::new());
    for Asked { what, source, tip } in chain::ask(settings, network).await {
        findings.extend(source.chain.doubts().into_iter().map(|doubt| Finding::wrong(what, doubt, "")));
        match tip {
            Ok(tip) => {
                let text = format!("{} on {network}, at block {}", source.name, tip.height);
                findings.push(Finding::well(what, text));
                let header = source.chain.header(tip.hash).await.ok();
                newest_s = newest_s.max(header.map(|at| i64::from(at.header.time)));
                sources.push(source);
            }
            Err(error @ ChainUse::Unreachable { .. }) if settings.len() > 1 => {
                findings.push(Finding::look(what, error.to_string(), "one source alone can't be compared"));
            }
            Err(error) => {
                findings.push(Finding::wrong(what, error.to_string(), "the node does not start without it"));
            }
        }
    }
    if let Ok([first, second]) = <[Source; 2]>::try_from(sources) {
        findings.extend(compare(first, second, network).await);
    }
    (findings, newest_s)
}

async fn compare(first: Source, second: Source, network: Network) -> Vec<Finding> {
    let what = "sources";
    let at_once = Tolerance { time: Duration::ZERO, ..Tolerance::usual(network) };
    let doubts = Compared::start(first, second, network, at_once).compare().await;
    if doubts.is_empty() {
        return vec![Finding::well(what, "both have the same chain, and no fee rates far apart")];
    }
    doubts.into_iter().map(|doubt| Finding::look(what, doubt, "")).collect()
}
