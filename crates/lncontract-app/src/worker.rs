//! The four tasks of a running company: one looks after its contracts (see `reconcile`), one reads what peers' nodes
//! send, one asks peers over HTTPS (see `courier`), one compares the books with the node (see `falls`).
//!
//! Invariant: a contract is looked after by one task at a time, and contracts do not wait for each other: a node's
//! call that takes long holds up its own contract only. At most [`LOOKS_MAX`] are looked after at once, the
//! others in turn. A contract for which nothing is under way is not looked at until its row says so, its peer comes or
//! goes, or somebody wakes it (see `rest`): it costs nothing, however many there are. When the program is told to
//! stop, no look begins, and those under way end before the node does: what they had done is in the store, the rest is
//! found by the next start's looks.
//!
//! All hold the program weakly and end with it. A fault of one contract is logged and does not stop the
//! others; what could not be done now is found again at the next tick.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Weak},
    time::Duration,
};

use lncontract_core::{Hash, NodeId};
use lncontract_store::Channels;
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
    time::Instant,
};

use crate::{App, AppError, app::Work, error::Class, falls::COMPARE_EVERY, rest::Next};

/// How often what is awake is looked at without being woken, and what is due is asked for.
const TICK: Duration = Duration::from_secs(1);
/// How often it is asked whose time to be asked over HTTPS has come.
const LOOK_FOR_QUESTIONS_EVERY: Duration = Duration::from_millis(250);
/// How often all with an open channel are looked at, should a word of the node about one have been lost.
const LOOK_AT_OPEN_EVERY: Duration = Duration::from_secs(60);
/// How many contracts that are due are taken up with one tick.
const DUE_MAX: u32 = 500;
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
    tokio::spawn(ask_peers(Arc::downgrade(app), stop.clone()));
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
            Some(ended) = looks.under_way.join_next_with_id() => looks.note_end(&app, ended).await,
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
    /// What stands in `due`.
    queued: HashSet<Hash>,
    under_way: JoinSet<Next>,
    contracts: HashMap<Id, Hash>,
    /// What stands in `contracts`.
    busy: HashSet<Hash>,
    /// Those that wait for something that nobody may tell of: looked at with every tick.
    awake: HashSet<Hash>,
    /// The companies that were reached at the last tick.
    connected: HashSet<NodeId>,
    /// When all with channels were looked at last.
    all_looked_at: Option<Instant>,
}

impl Looks {
    async fn wake(&mut self, app: &Weak<App>, work: Work) {
        match (work, app.upgrade()) {
            (Work::Contract(contract), _) => self.add(contract),
            (Work::All, Some(app)) if app.is_unlocked().await => {
                self.awake.clone().into_iter().for_each(|contract| self.add(contract));
                match self.found_due(&app).await {
                    Ok(due) => due.into_iter().for_each(|contract| self.add(contract)),
                    Err(error) => {
                        tracing::error!(%error, "the contracts can't be read; tried again in a moment")
                    }
                }
            }
            (Work::All, _) => {}
        }
    }

    /// Those whose time has come, those whose peer came or went, after a start those that have had a channel (what was
    /// under way for them is found by the look), and once a minute those with an open one.
    async fn found_due(&mut self, app: &App) -> Result<Vec<Hash>, AppError> {
        let mut due = app.due_by_now(DUE_MAX).await?;
        if self.all_looked_at.is_none_or(|at| at.elapsed() >= LOOK_AT_OPEN_EVERY) {
            let before = [Channels::Moving, Channels::Open, Channels::Ended];
            let which = if self.all_looked_at.is_none() { &before[..] } else { &[Channels::Open] };
            due.extend(app.with_channels(which).await?);
            self.all_looked_at = Some(Instant::now());
        }
        let connected = app.reached().await;
        for peer in connected.symmetric_difference(&self.connected) {
            due.extend(app.contracts_with(*peer).await?);
        }
        self.connected = connected;
        Ok(due)
    }

    fn add(&mut self, contract: Hash) {
        if self.queued.insert(contract) {
            self.due.push_back(contract);
        }
    }

    /// Begins those that are due, but none of a contract whose last one has not ended.
    fn begin(&mut self, app: &Arc<App>) {
        let mut waiting = Vec::new();
        while self.under_way.len() < LOOKS_MAX {
            let Some(contract) = self.due.pop_front() else { break };
            if self.busy.contains(&contract) {
                waiting.push(contract);
                continue;
            }
            self.queued.remove(&contract);
            self.busy.insert(contract);
            let app = Arc::clone(app);
            let task = self.under_way.spawn(async move {
                app.look_after(contract).await.unwrap_or_else(|error| {
                    log(contract, &error);
                    Next::Soon
                })
            });
            self.contracts.insert(task.id(), contract);
        }
        self.due.extend(waiting);
    }

    async fn note_end(&mut self, app: &Weak<App>, ended: Result<(Id, Next), JoinError>) {
        let (id, next) = ended.unwrap_or_else(|error| {
            tracing::error!(%error, "a look at a contract broke off; the next one begins anew");
            (error.id(), Next::Soon)
        });
        let Some(contract) = self.contracts.remove(&id) else { return };
        self.busy.remove(&contract);
        match next {
            Next::Soon => drop(self.awake.insert(contract)),
            Next::WhenWoken => {
                self.awake.remove(&contract);
                if let Some(app) = app.upgrade() {
                    app.put_away(contract).await;
                }
            }
        }
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
        if let Err(error) = app.take_message(from, &frame).await {
            tracing::warn!(peer = %from, %error, "a message of a peer was of no use");
        }
    }
}

async fn ask_peers(app: Weak<App>, mut stop: watch::Receiver<bool>) {
    let mut asks = JoinSet::new();
    loop {
        // Held while nothing is asked for a moment only.
        let Some(running) = app.upgrade() else { return };
        running.ask_due(&mut asks).await;
        tokio::select! {
            _ = stop.changed() => return,
            () = running.mail.notified() => {}
            Some(_) = asks.join_next() => {}
            () = tokio::time::sleep(LOOK_FOR_QUESTIONS_EVERY) => {}
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
