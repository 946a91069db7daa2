//! The three tasks of a running company: one looks after its contracts (see `reconcile`), one reads what peers
//! send, one compares the books with the node (see `falls`).
//!
//! Invariant: a contract is looked after by one task at a time, and contracts do not wait for each other: a node's
//! call that takes long holds up its own contract only. At most [`LOOKS_MAX`] are looked after at once, the
//! others in turn. When the program is told to stop, no look begins, and those under way end before the node does:
//! what they had done is in the store, the rest is found by the next start's looks.
//!
//! All hold the program weakly and end with it. A fault of one contract is logged and does not stop the
//! others; what could not be done now is found again at the next tick.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use lncontract_core::{Hash, NodeId};
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
};

use crate::{App, AppError, app::Work, error::Class, falls::COMPARE_EVERY};

/// How often everything is looked at without being woken.
const TICK: Duration = Duration::from_secs(1);
/// How many contracts are looked after at once.
const LOOKS_MAX: usize = 32;
/// How long looks under way may take when the program stops, before they are cut off: each step is in the store
/// before the next, so that it is as after a crash.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Starts them. Returns the one that looks after contracts, which ends when `stop` says so.
pub(crate) fn spawn(
    app: &Arc<App>,
    work: mpsc::UnboundedReceiver<Work>,
    inbox: mpsc::Receiver<(NodeId, Vec<u8>)>,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(read_inbox(Arc::downgrade(app), inbox));
    tokio::spawn(compare_books(Arc::downgrade(app), stop.clone()));
    tokio::spawn(do_work(Arc::downgrade(app), work, stop))
}

async fn do_work(app: Weak<App>, mut queue: mpsc::UnboundedReceiver<Work>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = Looks::default();
    loop {
        tokio::select! {
            // Told, or the program is gone.
            _ = stop.changed() => break,
            Some(work) = queue.recv() => looks.wake(&app, work).await,
            Some(ended) = looks.under_way.join_next_with_id() => looks.note_end(ended),
            _ = tick.tick() => looks.wake(&app, Work::All).await,
        }
        // Many wakes in a row are one look.
        while let Ok(more) = queue.try_recv() {
            looks.wake(&app, more).await;
        }
        let Some(app) = app.upgrade() else { break };
        if app.is_unlocked().await {
            looks.begin(&app);
        }
    }
    looks.end().await;
}

/// The looks that are due and those under way.
#[derive(Default)]
struct Looks {
    due: VecDeque<Hash>,
    under_way: JoinSet<()>,
    contracts: HashMap<Id, Hash>,
}

impl Looks {
    async fn wake(&mut self, app: &Weak<App>, work: Work) {
        match (work, app.upgrade()) {
            (Work::Contract(contract), _) => self.add(contract),
            (Work::All, Some(app)) if app.is_unlocked().await => match app.contract_ids().await {
                Ok(all) => all.into_iter().for_each(|contract| self.add(contract)),
                Err(error) => tracing::error!(%error, "the contracts can't be read; tried again in a moment"),
            },
            (Work::All, _) => {}
        }
    }

    fn add(&mut self, contract: Hash) {
        if !self.due.contains(&contract) {
            self.due.push_back(contract);
        }
    }

    /// Begins those that are due, but none of a contract whose last one has not ended.
    fn begin(&mut self, app: &Arc<App>) {
        for contract in std::mem::take(&mut self.due) {
            let is_busy = self.contracts.values().any(|busy| *busy == contract);
            if is_busy || self.under_way.len() >= LOOKS_MAX {
                self.due.push_back(contract);
                continue;
            }
            let app = Arc::clone(app);
            let task = self.under_way.spawn(async move {
                if let Err(error) = app.look_after(contract).await {
                    log(contract, &error);
                }
            });
            self.contracts.insert(task.id(), contract);
        }
    }

    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a look at a contract broke off; the next one begins anew");
                error.id()
            }
        };
        self.contracts.remove(&id);
    }

    async fn end(mut self) {
        let all = async { while self.under_way.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_PATIENCE, all).await.is_err() {
            self.under_way.shutdown().await;
        }
    }
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

async fn compare_books(app: Weak<App>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(COMPARE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        let Some(app) = app.upgrade() else { return };
        if app.is_unlocked().await
            && let Err(error) = app.compare_books().await
        {
            tracing::debug!(%error, "the books could not be compared with the node; tried again in a moment");
        }
    }
}
