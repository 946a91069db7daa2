//! LDK's log lines, handed to `tracing` under the target `ldk`.
//!
//! Invariant: writes nothing itself; the program's filter decides what is kept.

use lightning::util::logger::{Level, Logger, Record};

/// The logger that every LDK object gets.
pub(crate) struct NodeLog;

impl Logger for NodeLog {
    fn log(&self, record: Record) {
        let (module, line, text) = (record.module_path, record.line, record.args);
        match record.level {
            Level::Gossip | Level::Trace => tracing::trace!(target: "ldk", module, line, "{text}"),
            Level::Debug => tracing::debug!(target: "ldk", module, line, "{text}"),
            // LDK's "info" tells every reconnection; for an operator that is detail.
            Level::Info => tracing::debug!(target: "ldk", module, line, "{text}"),
            Level::Warn => tracing::warn!(target: "ldk", module, line, "{text}"),
            Level::Error => tracing::error!(target: "ldk", module, line, "{text}"),
        }
    }
}
