//! Two companies on a real bitcoind, killed at random points between `fund` and `received`, again and again.
//! `cargo xtask e2e kill` builds it and starts it with
//! `--bitcoind FILE --program FILE --dir DIR --n N --seed S [--run K]`.
//!
//! Invariant: it only does what people do (REST), what the chain does (blocks), and SIGKILL. A run that does not end
//! with 25,000,000 sat received exactly once, everywhere, keeps its folders and says where they are.

mod company;
mod plan;
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;
mod rest;
mod scene;
mod story;
mod verdict;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context, bail, ensure};

use plan::Plan;
use scene::Scene;

/// What the command line says.
pub struct Arguments {
    /// The bitcoind.
    pub bitcoind: PathBuf,
    /// Our program.
    pub program: PathBuf,
    /// An empty folder for all of it.
    pub dir: PathBuf,
    runs: u64,
    seed: u64,
    only: Option<u64>,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| play(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> anyhow::Result<Arguments> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    ensure!(all.len().is_multiple_of(2), "each option has a value");
    let value = |name: &str| all.chunks(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let needed = |name: &str| value(name).with_context(|| format!("{name} is missing"));
    let number = |name: &str| value(name).map(|text| text.parse().with_context(|| format!("{name} {text}")));
    Ok(Arguments {
        bitcoind: needed("--bitcoind")?.into(),
        program: needed("--program")?.into(),
        dir: needed("--dir")?.into(),
        runs: number("--n").context("--n is missing")??,
        seed: number("--seed").context("--seed is missing")??,
        only: number("--run").transpose()?,
    })
}

fn play(arguments: &Arguments) -> anyhow::Result<()> {
    let seed = arguments.seed;
    let scene = Scene::prepare(arguments).context("the scene could not be prepared")?;
    let (mut done, mut kills, mut failed) = (0_u64, 0, Vec::new());
    for run in (1..=arguments.runs).filter(|run| arguments.only.is_none_or(|only| only == *run)) {
        let plan = Plan::of(seed, run);
        let (start, folder) = (Instant::now(), arguments.dir.join(format!("run-{run}")));
        let outcome = scene.copy_to(&folder).and_then(|()| story::tell(&scene, &folder, &plan));
        let seconds = start.elapsed().as_secs_f32();
        (done, kills) = (done + 1, kills + plan.kills.len());
        match outcome {
            Ok(()) => {
                println!("run {run:>3}  ok, {seconds:.1} s   {plan}");
                std::fs::remove_dir_all(&folder).context("a run's folder can't be removed")?;
            }
            Err(error) => {
                println!("run {run:>3}  FAILED after {seconds:.1} s   {plan}\n    {error:#}");
                println!(
                    "    seed {seed}, run {run}; both companies, the chain and logs: {}",
                    folder.display()
                );
                failed.push(run);
            }
        }
    }
    println!("e2e kill: {} of {done} runs hold, {kills} kills, seed {seed}", done - failed.len() as u64);
    if !failed.is_empty() {
        bail!("runs {failed:?} failed; once more: cargo xtask e2e kill --seed {seed} --n N --run K");
    }
    ensure!(done > 0, "no run was asked for");
    std::fs::remove_dir_all(&arguments.dir).context("the folder of the runs can't be removed")
}
