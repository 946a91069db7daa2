//! The two tasks of a running company: one does what follows by itself (see `reconcile`),
//! one reads what peers send.
//!
//! Both hold the program weakly and end with it. A fault of one contract is logged and does not stop the
//! others; what could not be done now is found again at the next tick.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use lncontract_core::{Hash, NodeId};
use tokio::sync::mpsc;

use crate::{App, AppError, app::Work, error::Class};

/// How often everything is looked at without being woken.
const TICK: Duration = Duration::from_secs(1);

/// Starts both.
pub(crate) fn spawn(
    app: &Arc<App>,
    work: mpsc::UnboundedReceiver<Work>,
    inbox: mpsc::Receiver<(NodeId, Vec<u8>)>,
) {
    tokio::spawn(do_work(Arc::downgrade(app), work));
    tokio::spawn(read_inbox(Arc::downgrade(app), inbox));
}

async fn do_work(app: Weak<App>, mut queue: mpsc::UnboundedReceiver<Work>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let mut woken = tokio::select! {
            work = queue.recv() => match work {
                Some(work) => vec![work],
                None => return,
            },
            _ = tick.tick() => vec![Work::All],
        };
        // Many wakes in a row are one look.
        while let Ok(more) = queue.try_recv() {
            if !woken.contains(&more) {
                woken.push(more);
            }
        }
        let Some(app) = app.upgrade() else { return };
        if !app.is_unlocked().await {
            continue;
        }
        for contract in due(&app, &woken).await {
            if let Err(error) = app.look_after(contract).await {
                log(contract, &error);
            }
        }
    }
}

async fn due(app: &App, woken: &[Work]) -> Vec<Hash> {
    if woken.contains(&Work::All) {
        return match app.all_live().await {
            Ok(all) => all.into_iter().map(|(id, _)| id).collect(),
            Err(error) => {
                tracing::error!(%error, "the contracts can't be read; tried again in a moment");
                Vec::new()
            }
        };
    }
    let contract = |work: &Work| match work {
        Work::Contract(contract) => Some(*contract),
        Work::All => None,
    };
    woken.iter().filter_map(contract).collect()
}

fn log(contract: Hash, error: &AppError) {
    match error.class {
        Class::NotNow | Class::Locked => {
            tracing::debug!(%contract, %error, "not now; tried again in a moment")
        }
        Class::Refused | Class::NotFound => tracing::warn!(%contract, %error, "could not be brought forward"),
        Class::Fault => tracing::error!(%contract, %error, "could not be brought forward"),
    }
}

async fn read_inbox(app: Weak<App>, mut inbox: mpsc::Receiver<(NodeId, Vec<u8>)>) {
    while let Some((from, frame)) = inbox.recv().await {
        let Some(app) = app.upgrade() else { return };
        if let Err(error) = app.take_frame(from, &frame).await {
            tracing::warn!(peer = %from, %error, "a message of a peer was of no use");
        }
    }
}
