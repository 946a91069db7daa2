//! `ci`: everything that has to hold on the main branch, in one run.
//!
//! Invariant: `cargo xtask test` with `CI=true` is this very function, so `.ci/run` and a developer run the
//! same.

use std::time::Instant;

use anyhow::Result;

use crate::args::Args;
use crate::{check, model, test};

/// Shown by `cargo xtask`.
pub const HELP: &str = "check, all tests with the real programs they need, and the bounded model check

The same as `CI=true cargo xtask test`. What could not be had (bitcoind, Chromium) is a failure.";

/// Runs the parts; the first that fails ends it.
pub fn run(args: &[String]) -> Result<()> {
    Args::new(args).finish()?;
    let start = Instant::now();
    check::run(&[])?;
    test::everything()?;
    model::run(&["--ci".to_owned()])?;
    println!("ci: all of it holds, {} s", start.elapsed().as_secs());
    Ok(())
}
