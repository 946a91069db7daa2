//! The start: is it the LND that we know, on our chain, new enough? Then everything that runs beside it.
//!
//! Invariant: an LND that is away or locked keeps nobody from starting who has used it before: the calls say what to
//! do, and it goes on by itself when LND is there. One with another key is never taken for it.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use bitcoin::Network;
use lncontract_lightning::{LightningError, NodeKey};
use tokio::sync::{Mutex as AsyncMutex, watch as signal};

use crate::{
    acceptor,
    api::{self, Info, path},
    channels::{HEIGHT, Looked},
    config::{LndConfig, StartError},
    invoices, movements,
    notes::Table,
    parts::{Parts, keep},
    payments, peers,
    rpc::{Fault, Kind, Rpc},
    watch,
};

/// The oldest LND that this program works with: hold invoices, `outgoing_chan_ids`, memos of channels.
pub(crate) const VERSION_FLOOR: (u32, u32) = (0, 18);
pub(crate) const VERSION_FLOOR_TEXT: &str = "0.18";
/// How long a start waits for an LND that is just starting itself.
const START_WAIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The row with LND's key.
const IDENTITY: &str = "identity";

pub(crate) async fn start(config: LndConfig) -> Result<Arc<Parts>, StartError> {
    let notes =
        |error: std::io::Error| StartError::Notes { dir: config.dir.clone(), reason: error.to_string() };
    fs::create_dir_all(&config.dir).map_err(notes)?;
    let identities = Table::<String>::load(&config.dir, IDENTITY)?;
    let known = identities.get(IDENTITY).and_then(|key| key.parse::<NodeKey>().ok());
    let rpc = Rpc::new(&config.access);
    let key = match (first_info(&rpc, known.is_some()).await, known) {
        (Ok(info), _) => {
            check(&info, config.network)?;
            let key = info.identity_pubkey.parse::<NodeKey>().map_err(|_| no_key(&info))?;
            if known.is_some_and(|known| known != key) {
                let known = known.map(|known| known.to_string()).unwrap_or_default();
                return Err(StartError::OtherNode { found: key.to_string(), known });
            }
            identities.put(IDENTITY, key.to_string()).map_err(notes)?;
            key
        }
        (Err(fault), Some(known)) => {
            tracing::debug!(reason = fault.text, "LND is not there yet; everything that needs it waits");
            known
        }
        (Err(fault), None) => return Err(StartError::Lnd(fault.reading())),
    };
    let cursors = Table::load(&config.dir, "cursors")?;
    let height = cursors.get(HEIGHT).and_then(|height: u64| u32::try_from(height).ok()).unwrap_or(0);
    let parts = Arc::new(Parts {
        rpc,
        key,
        openings: Table::load(&config.dir, "openings")?,
        addresses: Table::load(&config.dir, "addresses")?,
        cursors,
        invoices: Table::load(&config.dir, "invoices")?,
        sending: Mutex::default(),
        ordering: AsyncMutex::default(),
        looked: AsyncMutex::new(Looked::from(height)),
        movements: AsyncMutex::new(movements::Movements::default()),
        edges: Mutex::default(),
        refusals: Mutex::default(),
        live: Mutex::default(),
        bell: signal::Sender::new(0),
        stopped: signal::Sender::new(false),
        config,
    });
    keep(&parts, "channels", watch::run);
    keep(&parts, "channel events", watch::channel_events);
    keep(&parts, "peer events", peers::comings_and_goings);
    keep(&parts, "connections", peers::supervise);
    keep(&parts, "messages", peers::receive);
    keep(&parts, "inbound channels", acceptor::run);
    keep(&parts, "invoices", invoices::run);
    keep(&parts, "payments", payments::run);
    Ok(parts)
}

fn no_key(info: &Info) -> StartError {
    let reason = format!("LND says that its key is {:?}", info.identity_pubkey);
    StartError::Lnd(LightningError::Misconfigured { reason })
}

/// Its first answer. One that is starting is waited for, the longer if nobody knows it yet.
async fn first_info(rpc: &Rpc, known: bool) -> Result<Info, Fault> {
    let end = tokio::time::Instant::now() + if known { LOOK_EVERY } else { START_WAIT };
    loop {
        let answer = match serving(rpc).await {
            Ok(()) => rpc.call::<_, Info>(path::GET_INFO, api::Nothing {}).await,
            Err(fault) => Err(fault),
        };
        match answer {
            Err(Fault { kind: Kind::Away, .. }) if tokio::time::Instant::now() < end => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            other => return other,
        }
    }
}

/// Whether it serves, as it says itself; that question needs no macaroon.
pub(crate) async fn serving(rpc: &Rpc) -> Result<(), Fault> {
    let state: api::State = rpc.call(path::GET_STATE, api::Nothing {}).await?;
    match state.state {
        api::state::LOCKED => Err(locked()),
        api::state::NON_EXISTING => Err(no_wallet()),
        api::state::SERVER_ACTIVE | api::state::RPC_ACTIVE => Ok(()),
        _ => Err(Fault { kind: Kind::Away, text: "LND is starting; ask again in a moment".into() }),
    }
}

fn locked() -> Fault {
    Fault { kind: Kind::Setup, text: "LND's wallet is locked: unlock it (`lncli unlock`)".into() }
}

fn no_wallet() -> Fault {
    Fault { kind: Kind::Setup, text: "LND has no wallet yet: make one (`lncli create`)".into() }
}

/// Chain and version.
pub(crate) fn check(info: &Info, network: Network) -> Result<(), StartError> {
    let found = info.chains.first().map_or("no chain", |chain| chain.network.as_str());
    let wanted = match network {
        Network::Bitcoin => "mainnet",
        Network::Testnet => "testnet",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
        _ => "another chain",
    };
    if found != wanted {
        return Err(StartError::Network { found: found.to_owned(), wanted: network });
    }
    if version(&info.version).is_none_or(|found| found < VERSION_FLOOR) {
        return Err(StartError::TooOld { found: info.version.clone(), wanted: VERSION_FLOOR_TEXT });
    }
    Ok(())
}

/// The first two numbers of `0.20.1-beta commit=v0.20.1-beta`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, network: &str) -> Info {
        let chains = vec![api::ChainName { network: network.into() }];
        Info { version: version.into(), chains, ..Info::default() }
    }

    fn check_version(version: &str, fits: bool) {
        assert_eq!(check(&info(version, "regtest"), Network::Regtest).is_ok(), fits, "{version}");
    }

    #[test]
    fn an_old_lnd_is_refused_with_the_floor() {
        check_version("0.20.1-beta commit=v0.20.1-beta", true);
        check_version("0.18.0-beta", true);
        check_version("1.0.0", true);
        check_version("0.17.5-beta commit=x", false);
        check_version("", false);
        let error = check(&info("0.17.5-beta", "regtest"), Network::Regtest).expect_err("too old");
        assert!(error.to_string().contains("0.18 or newer"), "{error}");
    }

    #[test]
    fn an_lnd_of_another_chain_is_refused() {
        let error = check(&info("0.20.1-beta", "mainnet"), Network::Signet).expect_err("mainnet");
        assert!(matches!(&error, StartError::Network { found, .. } if found == "mainnet"), "{error}");
        assert!(check(&info("0.20.1-beta", "signet"), Network::Signet).is_ok());
    }
}
