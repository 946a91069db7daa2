//! The task of a running fake node: hands events to its host until they are recorded, asks about payments.
//!
//! Invariant: the lock is never held while the host is asked.
//! An event stays first in its queue until recorded.

use std::{sync::Arc, time::Duration};

use super::{FakeNetwork, state::Run};
use crate::{NodeEvent, NotRecorded};

/// How long it waits before it asks an undecided host, or tells an event, again.
const AGAIN: Duration = Duration::from_millis(20);

pub(super) async fn run(network: Arc<FakeNetwork>, seat: usize, run: u64) {
    loop {
        let changed = network.changed.notified();
        let told = deliver(&network, seat, run).await;
        if network.state().seats[seat].run != Run::Running(run) {
            return;
        }
        let asked = ask(&network, seat).await;
        if told.is_ok() && asked == Progress::Made {
            continue;
        }
        let _ = tokio::time::timeout(AGAIN, changed).await;
    }
}

/// Tells what waits, in order. A node that broke still tells that it stopped.
async fn deliver(network: &FakeNetwork, seat: usize, run: u64) -> Result<(), NotRecorded> {
    loop {
        let next = {
            let state = network.state();
            let seat = &state.seats[seat];
            // A later start of the same node has its own task.
            let mine = seat.run == Run::Running(run) || (!seat.runs() && seat.starts == run);
            let stopped = seat.outbox.iter().find(|event| matches!(event, NodeEvent::Stopped { .. }));
            let event = if seat.runs() { seat.outbox.front() } else { stopped };
            event.filter(|_| mine).cloned().map(|event| (event, seat.host.clone()))
        };
        let Some((event, host)) = next else { return Ok(()) };
        host.event(event.clone()).await?;
        let mut state = network.state();
        let outbox = &mut state.seats[seat].outbox;
        if let Some(at) = outbox.iter().position(|waiting| *waiting == event) {
            outbox.remove(at);
        }
    }
}

#[derive(PartialEq, Eq)]
enum Progress {
    Made,
    None,
}

async fn ask(network: &FakeNetwork, seat: usize) -> Progress {
    let (waiting, host) = {
        let state = network.state();
        (state.undecided(seat), state.seats[seat].host.clone())
    };
    let before = waiting.len();
    for (hash, amount_msat) in waiting {
        let claim = host.payment_claimable(hash, amount_msat).await;
        network.change(|state| state.decide(seat, hash, claim));
    }
    let after = network.state().undecided(seat).len();
    if after < before { Progress::Made } else { Progress::None }
}
