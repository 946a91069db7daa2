//! Whether the node runs: one flag that faults, panics and an orderly stop all raise,
//! and that every call asks.
//!
//! Invariant: once raised it stays raised; the first reason is the one that is told.
//! The process is never ended.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lncontract_lightning::LightningError;
use tokio::{sync::watch, task::JoinHandle};

/// Seconds and nanoseconds since 1970 UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "LDK and its peers live in real time; no contract date comes from here"
)]
pub(crate) fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Locks a mutex of our own. A thread that panicked while holding one has stopped the node already; what it
/// guards is still whole, since each of our critical sections changes one value.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why the node is ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was asked to.
    Ordered,
    /// Something broke.
    Fault(String),
}

/// The flag.
pub(crate) struct Health {
    ending: watch::Sender<Option<Ending>>,
}

impl Health {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Health { ending: watch::Sender::new(None) })
    }

    /// Raises the flag because something broke; the node is then stopped and the host told.
    pub(crate) fn fault(&self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!(reason, "the node has to stop");
        self.raise(Ending::Fault(reason));
    }

    /// Raises the flag because it was asked for.
    pub(crate) fn order(&self) {
        self.raise(Ending::Ordered);
    }

    fn raise(&self, ending: Ending) {
        self.ending.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(ending);
            }
            first
        });
    }

    /// The reason, once raised.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending.borrow().clone()
    }

    /// Waits until it is raised.
    pub(crate) async fn ended(&self) -> Ending {
        let mut changes = self.ending.subscribe();
        loop {
            if let Some(ending) = changes.borrow_and_update().clone() {
                return ending;
            }
            if changes.changed().await.is_err() {
                return Ending::Ordered;
            }
        }
    }

    /// Refuses a call when the node does not run.
    pub(crate) fn check(&self) -> Result<(), LightningError> {
        match self.ending() {
            None => Ok(()),
            Some(Ending::Ordered) => {
                Err(LightningError::Unavailable { reason: "the node was stopped; start it again".into() })
            }
            Some(Ending::Fault(reason)) => Err(LightningError::Unavailable {
                reason: format!("the node has stopped: {reason}; start it again"),
            }),
        }
    }

    /// Calls into LDK. A panic there (a write that failed, a broken assumption) stops the node,
    /// not the caller.
    pub(crate) fn call<T>(&self, f: impl FnOnce() -> T) -> Result<T, LightningError> {
        self.check()?;
        catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
            let text = panic_text(&*panic);
            self.fault(format!("it failed inside: {text}"));
            LightningError::OutcomeUnknown { reason: format!("the node failed inside: {text}") }
        })
    }

    /// Spawns a task whose panic or early error stops the node.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: &'static str,
        task: impl Future<Output = Result<(), String>> + Send + 'static,
    ) -> JoinHandle<()> {
        let health = self.clone();
        let inner = tokio::spawn(task);
        let abort = AbortOnDrop(inner.abort_handle());
        tokio::spawn(async move {
            let _abort = abort;
            match inner.await {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => health.fault(format!("{name}: {reason}")),
                Err(error) if error.is_panic() => {
                    health.fault(format!("{name}: {}", panic_text(&*error.into_panic())));
                }
                Err(_cancelled) => {}
            }
        })
    }
}

/// Ends the inner task when the outer one is aborted.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
        .unwrap_or_else(|| "no reason given".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_task_stops_the_node_and_not_the_process() {
        let health = Health::new();
        assert_eq!(health.check(), Ok(()));
        let task = health.spawn("a task", async { panic!("disk full") });
        assert_eq!(health.ended().await, Ending::Fault("a task: disk full".into()));
        task.await.expect("the outer task ends well");
        health.order();
        assert_eq!(
            health.ending(),
            Some(Ending::Fault("a task: disk full".into())),
            "the first reason stays"
        );
        assert!(matches!(health.check(), Err(LightningError::Unavailable { .. })));
    }

    #[tokio::test]
    async fn a_panic_in_a_call_is_an_unknown_outcome_and_later_calls_are_unavailable() {
        let health = Health::new();
        assert_eq!(health.call(|| 7), Ok(7));
        let first = health.call(|| -> u32 { panic!("broken") });
        assert!(matches!(first, Err(LightningError::OutcomeUnknown { .. })));
        assert!(matches!(health.call(|| 7), Err(LightningError::Unavailable { .. })));
    }
}
