//! `e2e`: whole programs against each other, over a real chain.
//!
//! Invariant: what was tried is printed with its seed; a run that failed keeps its folders and says where.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::shell;
use crate::tools;
use crate::workspace::Metadata;

/// Shown by `cargo xtask`.
pub const HELP: &str = "two companies on a real bitcoind, killed at random points of a payment or of the whole example

e2e kill --n N [--seed S] [--run K]
    N runs: two `serve` on one bitcoind; from `fund` to `received`, SIGKILL of either at points drawn from S (drawn and
    printed if it is left out). After each: 25,000,000 sat received exactly once in both records, both books and on
    both nodes, the channel open, no alert. --run plays that one of the N only. A failed run keeps its folders.
e2e kill --whole --n N [--seed S] [--run K]
    The same with the whole worked example, 14 months by a clock that moves: from the first tranche to the final account
    and the closed channels. After each: 150,000,000 sat received, each payment once, 155,000,000 sat set aside in 2
    channels and 3 splices, 12 units accepted, no channel closed alone, every satoshi explained.";

/// Which story is told while the companies are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The first milestone.
    Milestone,
    /// The whole worked example.
    Whole,
}

/// How many runs belong to `cargo xtask test`.
pub const RUNS: u64 = 10;

/// Plays what is named.
pub fn run(args: &[String]) -> Result<()> {
    let mut args = Args::new(args);
    let name = args.word();
    let number =
        |text: Option<String>| text.map(|text| text.parse().with_context(|| text.clone())).transpose();
    let (runs, seed) = (number(args.value("--n")?)?, number(args.value("--seed")?)?);
    let only: Option<u64> = number(args.value("--run")?)?;
    let story = if args.flag("--whole") { Story::Whole } else { Story::Milestone };
    args.finish()?;
    match name.as_deref() {
        Some("kill") => {
            let bitcoind = tools::bitcoind::get(&Metadata::load()?.target_directory.join("tools"))?;
            let (_, program) = bitcoind.variables.first().context("bitcoind has no variable")?;
            kill(program, story, runs.context("how many runs? --n N")?, seed, only)
        }
        Some(other) => bail!("there is no e2e {other}; --help lists what there is"),
        None => bail!("which? e2e kill --n N"),
    }
}

/// The kill runs, with the program as `cargo xtask test` builds it.
pub fn kill(bitcoind: &Path, story: Story, runs: u64, seed: Option<u64>, only: Option<u64>) -> Result<()> {
    let build = ["build", "--locked", "--package", "lncontract", "--bin", "lncontract", "--example", "kill"];
    shell::run(shell::cargo()?.args(build))?;
    let target = Metadata::load()?.target_directory;
    let dir = target.join(format!("e2e/kill-{}", std::process::id()));
    let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000);
    let mut command = std::process::Command::new(target.join("debug/examples/kill"));
    command.arg("--bitcoind").arg(bitcoind).arg("--program").arg(target.join("debug/lncontract"));
    command.args(["--story", if story == Story::Whole { "whole" } else { "milestone" }]);
    command.arg("--dir").arg(dir).args(["--n", &runs.to_string(), "--seed", &seed.to_string()]);
    if let Some(only) = only {
        command.args(["--run", &only.to_string()]);
    }
    shell::run(&mut command)
}
