//! Mounts of one's own, on which a test fills a disk that nobody else has.
//!
//! Invariant: they are made in a user namespace, without rights, and end with the process that made them. Where a
//! system lets its users make none (some containers, some hardened kernels), the run says so and leaves its tests out:
//! nobody could install it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Tool, version};
use crate::shell;

/// As the tests do it.
const TRIAL: [&str; 5] = ["--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /tmp"];

/// Tries whether this user may.
pub fn get(_: &Path) -> Result<Tool> {
    shell::read(Command::new("unshare").args(TRIAL))
        .context("this user may make no mounts in a namespace of its own: user_namespaces(7)")?;
    Ok(Tool { version: version(Path::new("unshare"))?, variables: Vec::new() })
}
