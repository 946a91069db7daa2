//! `test`: the workspace's tests, with the real programs they need, and a summary of what was run.
//!
//! Invariant: a full run in which something could not be had ends with an error, after everything else was
//! run.

mod count;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::tools::{Tool, WANTED};
use crate::workspace::Metadata;
use crate::{ci, e2e, shell};
use count::Count;

/// Shown by `cargo xtask`.
pub const HELP: &str = "all tests, getting what they need; --fast: those that run no node and no program

A test that needs a real program has its name in its own: real_bitcoind..., real_lnd..., real_chromium..., real_axe....
It reads LNCONTRACT_BITCOIND, LNCONTRACT_LND, LNCONTRACT_OLD_LND, LNCONTRACT_CHROMIUM and LNCONTRACT_CHROMEDRIVER,
LNCONTRACT_AXE, and fails where they are not set.
test          finds or gets them (bitcoind: BITCOIND_EXE, PATH, or Debian's package unpacked into target/tools; LND:
              LND_EXE, PATH, or built with Go into target/tools; the oldest LND that contracts take: OLD_LND_EXE, or
              built; a disk to fill: a mount in a user namespace; Chromium: PATH, or installed by apt-get; axe-core:
              npm) and runs everything. What can't be had is named, its tests are left out, and the run fails; but
              not for the mount, which only the system can give.
              Ends with 10 runs of `e2e kill`, `e2e example` on each mix of nodes, and `e2e upgrade`.
test --fast   the unit tests of every crate, and all tests of the pure crates and the store: nothing that
              runs a node, a program or a play. Needs no network once the dependencies are there.
With CI=true in the environment, `test` is `cargo xtask ci`: check first, then this, then `model --ci`.";

/// What `--fast` runs: arguments of `cargo test`.
const FAST: [&[&str]; 2] = [
    &["--workspace", "--lib", "--bins"],
    &["-p", "lncontract-core", "-p", "lncontract-record", "-p", "lncontract-store", "--test", "*"],
];

/// Chooses between the three.
pub fn run(args: &[String]) -> Result<()> {
    let mut args = Args::new(args);
    let fast = args.flag("--fast");
    args.finish()?;
    match (fast, std::env::var("CI").is_ok_and(|ci| ci == "true")) {
        (true, _) => self::fast(),
        (false, true) => ci::run(&[]),
        (false, false) => everything(),
    }
}

fn fast() -> Result<()> {
    let without: Vec<&str> = WANTED.iter().map(|wanted| wanted.name).collect();
    let mut passed = true;
    for what in FAST {
        let (count, well) = cargo_test(what, &[], &without)?;
        println!("\ntest --fast: {count}");
        passed &= well;
    }
    println!("  left out   nodes, programs, plays (cargo xtask test runs them)");
    if !passed {
        bail!("tests failed");
    }
    Ok(())
}

/// All tests, for real.
pub fn everything() -> Result<()> {
    let folder = Metadata::load()?.target_directory.join("tools");
    let mut had: Vec<(&str, Tool)> = Vec::new();
    let mut missing: Vec<(&str, String)> = Vec::new();
    let mut refused: Vec<(&str, String)> = Vec::new();
    for wanted in WANTED {
        match (wanted.get)(&folder) {
            Ok(tool) => had.push((wanted.name, tool)),
            Err(error) if wanted.of_the_system => refused.push((wanted.name, format!("{error:#}"))),
            Err(error) => missing.push((wanted.name, format!("{error:#}"))),
        }
    }
    let without: Vec<&str> = missing.iter().chain(&refused).map(|(name, _)| *name).collect();
    let tools: Vec<&Tool> = had.iter().map(|(_, tool)| tool).collect();
    let (count, passed) = cargo_test(&["--workspace"], &tools, &without)?;
    let kills = kill_runs(&had);
    let examples = missing.is_empty().then(|| e2e::example(&tools, &e2e::MIXES));
    let upgrade = missing.is_empty().then(|| e2e::upgrade(&tools));
    println!("\ntest: {count}");
    for (name, tool) in &had {
        println!("  {name:<18} tests run: {}, with {}", count.named(name), tool.version);
    }
    for (name, why) in &missing {
        println!("  {name:<18} NOT RUN, it could not be had: {why}");
    }
    for (name, why) in &refused {
        println!("  {name:<18} NOT RUN, this system does not let us: {why}");
    }
    if let Some(Ok(())) = &kills {
        println!("  e2e kill           {} runs hold", e2e::RUNS);
    }
    if let Some(Ok(())) = &examples {
        println!("  e2e example        {} mixes of nodes hold", e2e::MIXES.len());
    }
    if let Some(Ok(())) = &upgrade {
        println!("  e2e upgrade        both LNDs, under way");
    }
    match (passed, missing.is_empty()) {
        (false, _) => bail!("tests failed"),
        (true, false) => {
            let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
            bail!("not everything could be had: {}", names.join(", "))
        }
        (true, true) => [kills, examples, upgrade].into_iter().flatten().collect(),
    }
}

/// The kill runs, if there is a bitcoind; where there is none the whole run fails anyway.
fn kill_runs(had: &[(&str, Tool)]) -> Option<Result<()>> {
    let (_, bitcoind) = had.iter().find(|(name, _)| *name == "real_bitcoind")?;
    let (_, program) = bitcoind.variables.first()?;
    Some(e2e::kill(program, e2e::Story::Milestone, e2e::RUNS, None, None))
}

/// Runs cargo test to its end, also past a failure, shows what it prints, and counts.
fn cargo_test(what: &[&str], tools: &[&Tool], without: &[&str]) -> Result<(Count, bool)> {
    let start = Instant::now();
    let mut command = shell::cargo()?;
    command.args(["test", "--no-fail-fast"]).args(what);
    for (index, name) in without.iter().enumerate() {
        command.args(if index == 0 { &["--", "--skip"][..] } else { &["--skip"] }).arg(name);
    }
    for (variable, program) in tools.iter().flat_map(|tool| &tool.variables) {
        command.env(variable, program);
    }
    let (mut count, passed) = show_and_count(&mut command)?;
    count.seconds = start.elapsed().as_secs();
    Ok((count, passed))
}

fn show_and_count(command: &mut Command) -> Result<(Count, bool)> {
    let line = shell::line(command);
    eprintln!("$ {line}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("{line} could not be started"))?;
    let stdout = child.stdout.take().context("its output is ours")?;
    let mut count = Count::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("the tests printed something that is no text")?;
        println!("{line}");
        count.line(&line);
    }
    let status = child.wait().with_context(|| format!("{line} could not be waited for"))?;
    Ok((count, status.success()))
}
