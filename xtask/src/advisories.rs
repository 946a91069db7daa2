//! `advisories`: known faults of the packages we use, from the RustSec database.
//!
//! Invariant: never "ok" when the database was not there; then it says "not checked" and fails.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::{shell, workspace};

/// Shown by `cargo xtask`.
pub const HELP: &str = "known faults of our dependencies (RustSec), where the database can be had

Needs cargo-deny (cargo install --locked cargo-deny) and the network: the database is a git repository.
Without either it says \"not checked\" and fails. It is no part of ci: its answer changes
without a change of ours.";

/// Asks cargo-deny, which fetches the database.
pub fn run(args: &[String]) -> Result<()> {
    Args::new(args).finish()?;
    if shell::read(Command::new("cargo-deny").arg("--version")).is_err() {
        bail!("not checked: cargo-deny is not installed (cargo install --locked cargo-deny)");
    }
    let output = Command::new("cargo-deny")
        .args(["check", "advisories"])
        .current_dir(workspace::root()?)
        .output()
        .context("not checked: cargo-deny could not be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    if output.status.success() {
        println!("advisories: none stands against our dependencies");
        return Ok(());
    }
    bail!(if had_no_database(&said) {
        "not checked: the advisory database could not be had"
    } else {
        "an advisory stands against a dependency"
    })
}

/// cargo-deny's exit code does not tell a missing database from a finding; its words do.
fn had_no_database(said: &str) -> bool {
    ["failed to fetch advisory database", "failed to load advisory database", "FETCH_HEAD"]
        .iter()
        .any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_could_not_be_fetched_is_told_from_a_finding() {
        assert!(had_no_database("[ERROR] failed to fetch advisory database https://example.org/db: timeout"));
        assert!(!had_no_database("error[vulnerability]: a crate is broken"));
    }
}
