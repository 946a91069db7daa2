//! The company's own LND, from the command line or from the page: started as its node, and looked at.
//!
//! Invariant: what the command line names wins; the page then changes nothing. Nothing is kept here.

use std::{path::PathBuf, sync::Arc};

use bitcoin::hex::FromHex;
use lncontract_app::{
    AppError, NodeAccess, NotStarted, OwnNode, StartNode,
    view::{AbilityRow, NodeReport, RoleRow},
};
use lncontract_lightning::{BoxFuture, Host, Lightning, LightningError};
use lncontract_lightning_lnd::{AccessError, LndAccess, LndConfig, LndNode, ROLES, Report, report};

use crate::wire::chain_of;

/// An LND, or the place for one.
pub(crate) struct OwnLnd {
    /// As the command line names it; `None`: the page does.
    pub(crate) given: Option<LndAccess>,
    /// The chain it has to be on.
    pub(crate) network: bitcoin::Network,
    /// Our notes about it.
    pub(crate) dir: PathBuf,
}

impl StartNode for OwnLnd {
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        access: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>> {
        Box::pin(async move {
            let access = match (&self.given, access) {
                (Some(given), _) => given.clone(),
                (None, Some(kept)) => {
                    meaning(kept).map_err(|error| NotStarted::Trouble(error.to_string()))?
                }
                (None, None) => {
                    let todo = "no node is connected yet: connect the company's LND on the page “Our LND”; or, for the \
                                embedded node, stop this program and start it with --bitcoind-url or --esplora-url";
                    return Err(NotStarted::LeftOut(todo.to_owned()));
                }
            };
            let (network, dir) = (self.network, self.dir.clone());
            let node = LndNode::start(LndConfig { access, network, dir, secret: *seed, host }).await;
            let node = node.map_err(|error| NotStarted::Trouble(chain_of(&error)))?;
            Ok(node as Arc<dyn Lightning>)
        })
    }
}

impl OwnNode for OwnLnd {
    fn by_options(&self) -> bool {
        self.given.is_some()
    }

    fn look<'a>(&'a self, access: Option<&'a NodeAccess>) -> BoxFuture<'a, Result<NodeReport, AppError>> {
        Box::pin(async move {
            let access = match (&self.given, access) {
                (Some(given), _) => given.clone(),
                (None, Some(typed)) => meaning(typed).map_err(|error| refused(&error))?,
                (None, None) => return Err(refused(&AccessError::NoMacaroon)),
            };
            let report = report(&access, self.network).await.map_err(unanswered)?;
            Ok(shown(report))
        })
    }
}

/// What was typed, as this LND's access.
fn meaning(typed: &NodeAccess) -> Result<LndAccess, AccessError> {
    if !typed.connect.trim().is_empty() {
        return LndAccess::of_lndconnect(&typed.connect);
    }
    let binary = |text: &String| Vec::from_hex(text.trim()).map_err(|_| AccessError::Macaroon);
    let macaroons: Result<Vec<_>, _> = typed.macaroons.iter().map(binary).collect();
    LndAccess::new(&typed.address, typed.certificate.as_bytes(), &macaroons?)
}

fn refused(error: &AccessError) -> AppError {
    let code = match error {
        AccessError::Address(_) => "node-address",
        AccessError::Certificate => "node-certificate",
        AccessError::Macaroon | AccessError::NoMacaroon => "node-macaroon",
        AccessError::Connect => "node-connect",
    };
    let text = error.to_string();
    let (title, todo) = text.split_once(": ").unwrap_or((&text, "change it"));
    AppError::refused(code, title, format!("{todo}; nothing was kept"))
}

fn unanswered(error: LightningError) -> AppError {
    let (code, title, todo) = match error {
        LightningError::Misconfigured { reason } => ("node-unusable", "LND does not let us in", reason),
        LightningError::Unavailable { reason } => ("node-unreached", "LND is not reached", reason),
        other => ("node-unreached", "LND gave no usable answer", other.to_string()),
    };
    AppError::refused(code, title, todo)
}

fn shown(report: Report) -> NodeReport {
    let missing = |name: &str| report.missing.iter().find(|(role, _)| *role == name);
    let roles = ROLES.iter().map(|role| RoleRow {
        name: role.name.to_owned(),
        what: role.what.to_owned(),
        missing: missing(role.name)
            .map(|(_, uris)| uris.iter().map(|uri| (*uri).to_owned()).collect())
            .unwrap_or_default(),
        command: role.lncli(),
    });
    let roles = roles.collect();
    let abilities = report.abilities.iter().map(|ability| AbilityRow {
        what: ability.what.to_owned(),
        can: ability.can,
        so: ability.so.to_owned(),
        line: ability.line.unwrap_or_default().to_owned(),
    });
    NodeReport {
        abilities: abilities.collect(),
        roles,
        key: report.key,
        alias: report.alias,
        software: format!("LND {}", report.version),
        network: report.network,
        height: report.height,
        synced: report.synced,
        addresses: report.addresses,
        obstacle: report.obstacle.unwrap_or_default(),
    }
}
