//! Two companies on a real bitcoind, killed at random points between `fund` and `received`, or of the whole play from
//! the first tranche to the closed channels, again and again. `cargo xtask e2e kill` builds it and starts it with
//! `--story milestone|whole --bitcoind FILE --program FILE --dir DIR --n N --seed S [--run K]`.
//!
//! Invariant: it only does what people do (REST), what the chain and the clock do, and SIGKILL. A run that does not end
//! with every amount received exactly once, everywhere, keeps its folders and says where they are.

mod clock;
mod company;
mod passed;
mod plan;
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;
mod rest;
mod scene;
mod served;
mod story;
mod verdict;
mod whole;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, bail, ensure};

use plan::Plan;
use scene::{Scene, Setting};

/// What the command line says.
pub struct Arguments {
    /// The bitcoind.
    pub bitcoind: PathBuf,
    /// Our program.
    pub program: PathBuf,
    /// An empty folder for all of it.
    pub dir: PathBuf,
    whole: bool,
    runs: u64,
    seed: u64,
    only: Option<u64>,
}

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let done = match given.first().map(String::as_str) {
        Some("company") => served::run(&given),
        _ => arguments(&given).and_then(|arguments| play(&arguments)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The value of an option.
fn value(options: &[String], name: &str) -> Option<String> {
    let place = options.iter().position(|option| option == name)?;
    options.get(place + 1).cloned()
}

fn arguments(given: &[String]) -> anyhow::Result<Arguments> {
    let needed = |name: &str| value(given, name).with_context(|| format!("{name} is missing"));
    let number =
        |name: &str| value(given, name).map(|text| text.parse().with_context(|| format!("{name} {text}")));
    Ok(Arguments {
        bitcoind: needed("--bitcoind")?.into(),
        program: needed("--program")?.into(),
        dir: needed("--dir")?.into(),
        whole: match needed("--story")?.as_str() {
            "whole" => true,
            "milestone" => false,
            other => bail!("there is no story {other}: milestone or whole"),
        },
        runs: number("--n").context("--n is missing")??,
        seed: number("--seed").context("--seed is missing")??,
        only: number("--run").transpose()?,
    })
}

/// Plays one run. Returns how often somebody was killed, the plan in words, and what came of it.
fn tell(scene: &Scene, folder: &Path, seed: u64, run: u64) -> (usize, String, anyhow::Result<()>) {
    let ready = scene.copy_to(folder);
    if scene.setting.clock_moves {
        let plan = Plan::of_whole(seed, run);
        let told = ready.and_then(|()| whole::tell(scene, folder, &plan));
        (plan.kills.len(), plan.to_string(), told)
    } else {
        let plan = Plan::of_milestone(seed, run);
        let told = ready.and_then(|()| story::tell(scene, folder, &plan));
        (plan.kills.len(), plan.to_string(), told)
    }
}

fn play(arguments: &Arguments) -> anyhow::Result<()> {
    let seed = arguments.seed;
    let setting = if arguments.whole { Setting::WHOLE } else { Setting::MILESTONE };
    let scene = Scene::prepare(arguments, setting).context("the scene could not be prepared")?;
    let (mut done, mut kills, mut failed) = (0_u64, 0, Vec::new());
    for run in (1..=arguments.runs).filter(|run| arguments.only.is_none_or(|only| only == *run)) {
        let (start, folder) = (Instant::now(), arguments.dir.join(format!("run-{run}")));
        let (killed, plan, outcome) = tell(&scene, &folder, seed, run);
        let seconds = start.elapsed().as_secs_f32();
        (done, kills) = (done + 1, kills + killed);
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
    let name = if arguments.whole { "kill --whole" } else { "kill" };
    println!("e2e {name}: {} of {done} runs hold, {kills} kills, seed {seed}", done - failed.len() as u64);
    if !failed.is_empty() {
        bail!("runs {failed:?} failed; once more: cargo xtask e2e {name} --seed {seed} --n N --run K");
    }
    ensure!(done > 0, "no run was asked for");
    std::fs::remove_dir_all(&arguments.dir).context("the folder of the runs can't be removed")
}
