//! `bench`: figures that stand in docs, each made by one command.
//!
//! Invariant: a bench prints what it measured and on how many cores; it judges nothing.

mod build;
mod pay;

use anyhow::{Result, bail};

use crate::args::Args;

/// Shown by `cargo xtask`.
pub const HELP: &str = "measures; without a name it lists what there is to measure

bench build   a cold release build of the default binary, in a folder of its own: seconds and packages
bench pay     a payment through the program over one of the bare node, in turn, in one run; and how many entries a
              second are folded and verified. docs/performance.md has the figures.";

struct Bench {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<()>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "build",
        what: "a cold release build of the default binary: seconds and packages",
        run: build::run,
    },
    Bench {
        name: "pay",
        what: "a payment through the program over one of the bare node; entries folded and verified a second",
        run: pay::run,
    },
];

/// Runs one, or lists them.
pub fn run(args: &[String]) -> Result<()> {
    let mut args = Args::new(args);
    let name = args.word();
    args.finish()?;
    let Some(name) = name else {
        for Bench { name, what, .. } in BENCHES {
            println!("  {name:<8} {what}");
        }
        return Ok(());
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(),
        None => bail!("there is no bench {name}; `cargo xtask bench` lists them"),
    }
}
