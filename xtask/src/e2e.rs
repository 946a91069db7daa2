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
pub const HELP: &str = "two companies on a real bitcoind: the whole example on any mix of nodes; kills at random points

e2e example [--buyer lnd|ldk] [--seller lnd|ldk]
    The whole worked example, each company on a real LND or on the embedded node; without a choice all four mixes. At
    the end 150,000,000 sat are paid, the states equal, and both books equal to both nodes to the millisatoshi. What
    a node can't splice is a further channel: 5 channels instead of 2 channels and 3 splices.
e2e upgrade
    The same with both companies on the oldest LND that contracts take, each upgraded to today's during the play.
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
    let (buyer, seller) = (args.value("--buyer")?, args.value("--seller")?);
    let (runs, seed) = (number(args.value("--n")?)?, number(args.value("--seed")?)?);
    let only: Option<u64> = number(args.value("--run")?)?;
    let story = if args.flag("--whole") { Story::Whole } else { Story::Milestone };
    args.finish()?;
    match name.as_deref() {
        Some("example") => {
            let folder = Metadata::load()?.target_directory.join("tools");
            let had = [tools::bitcoind::get(&folder)?, tools::lnd::get(&folder)?];
            example(&had.iter().collect::<Vec<_>>(), &mixes(buyer.as_deref(), seller.as_deref())?)
        }
        Some("upgrade") => {
            let folder = Metadata::load()?.target_directory.join("tools");
            let had = [tools::bitcoind::get, tools::lnd::get, tools::lnd::get_old];
            let had = had.iter().map(|get| get(&folder)).collect::<Result<Vec<_>>>()?;
            upgrade(&had.iter().collect::<Vec<_>>())
        }
        Some("kill") => {
            let bitcoind = tools::bitcoind::get(&Metadata::load()?.target_directory.join("tools"))?;
            let (_, program) = bitcoind.variables.first().context("bitcoind has no variable")?;
            kill(program, story, runs.context("how many runs? --n N")?, seed, only)
        }
        Some(other) => bail!("there is no e2e {other}; --help lists what there is"),
        None => bail!("which? e2e example, e2e upgrade, or e2e kill --n N"),
    }
}

/// A kind of node for the buyer, and one for the seller.
pub type Mix = (&'static str, &'static str);

/// All of them.
pub const MIXES: [Mix; 4] = [("lnd", "lnd"), ("lnd", "ldk"), ("ldk", "lnd"), ("ldk", "ldk")];

fn mixes(buyer: Option<&str>, seller: Option<&str>) -> Result<Vec<Mix>> {
    let fits = |asked: Option<&str>, kind: &str| asked.is_none_or(|asked| asked == kind);
    let chosen: Vec<Mix> =
        MIXES.into_iter().filter(|mix| fits(buyer, mix.0) && fits(seller, mix.1)).collect();
    if chosen.is_empty() {
        bail!("a node is lnd or ldk: --buyer lnd|ldk --seller lnd|ldk");
    }
    Ok(chosen)
}

/// The whole example on each mix of nodes, with the programs that the tools name.
pub fn example(had: &[&tools::Tool], mixes: &[Mix]) -> Result<()> {
    for (buyer, seller) in mixes {
        mixed(had, &["--buyer", buyer, "--seller", seller])
            .with_context(|| format!("a buyer on {buyer} with a seller on {seller}"))?;
    }
    Ok(())
}

/// The whole example on LNDs that are upgraded during it.
pub fn upgrade(had: &[&tools::Tool]) -> Result<()> {
    mixed(had, &["--buyer", "lnd", "--seller", "lnd", "--upgrade"]).context("LNDs upgraded under way")
}

fn mixed(had: &[&tools::Tool], args: &[&str]) -> Result<()> {
    shell::run(shell::cargo()?.args(["build", "--locked", "--package", "lncontract", "--example", "mixed"]))?;
    let program = Metadata::load()?.target_directory.join("debug/examples/mixed");
    let mut command = std::process::Command::new(&program);
    command.args(args);
    for (variable, tool) in had.iter().flat_map(|tool| &tool.variables) {
        command.env(variable, tool);
    }
    shell::run(&mut command)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_or_both_or_none_may_be_chosen() {
        assert_eq!(mixes(None, None).unwrap().len(), 4);
        assert_eq!(mixes(Some("lnd"), None).unwrap(), [("lnd", "lnd"), ("lnd", "ldk")]);
        assert_eq!(mixes(Some("ldk"), Some("lnd")).unwrap(), [("ldk", "lnd")]);
        assert!(mixes(Some("cln"), None).is_err());
    }
}
