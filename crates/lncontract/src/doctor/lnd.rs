//! The company's own LND: does it answer, is it on our chain, what may we do, what can it do.

use bitcoin::Network;
use lncontract_lightning_lnd::{LndAccess, Report, report};

use super::Finding;

const WHAT: &str = "lnd";

/// Asks it.
pub(super) async fn look(access: &LndAccess, network: Network) -> Vec<Finding> {
    match report(access, network).await {
        Ok(report) => judge(&report),
        Err(error) => {
            vec![Finding::wrong(WHAT, error.to_string(), "nothing that needs a node works until then")]
        }
    }
}

fn judge(report: &Report) -> Vec<Finding> {
    let Report { version, network: on, height, .. } = report;
    let text = format!("LND {version} on {on}, at block {height}");
    let mut findings = vec![if let Some(obstacle) = &report.obstacle {
        Finding::wrong(WHAT, text, obstacle.clone())
    } else if !report.synced {
        Finding::look(WHAT, format!("{text}, behind the chain"), "wait until it has caught up")
    } else {
        Finding::well(WHAT, text)
    }];
    for (role, missing) in &report.missing {
        let text = format!("no macaroon names {} of the rights of `{role}`", missing.len());
        findings.push(Finding::look("lnd rights", text, "`lncontract lnd bake` prints what makes them"));
    }
    for ability in &report.abilities {
        let what = "lnd can";
        match (ability.can, ability.line) {
            (Some(true), _) => findings.push(Finding::well(what, ability.what)),
            (Some(false), Some(line)) => {
                let todo = format!("{}; in lnd.conf: {line}", ability.so);
                findings.push(Finding::look(what, format!("no {}", ability.what), todo));
            }
            (Some(false), None) => {
                findings.push(Finding::well(what, format!("no {}: {}", ability.what, ability.so)))
            }
            (None, _) => {}
        }
    }
    findings
}
