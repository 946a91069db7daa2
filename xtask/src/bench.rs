//! `bench`: figures that stand in docs, each made by one command.
//!
//! Invariant: a bench prints what it measured and on how many cores; it judges nothing.

mod build;
mod example;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::tools;

/// Shown by `cargo xtask`.
pub const HELP: &str = "measures; without a name it lists what there is to measure

bench build   a cold release build of the default binary, in a folder of its own: seconds and packages
bench pay     a payment through the program over one of the bare node, in turn, in one run; and how many entries a
              second are folded and verified
bench record  an entry at the end of a record of 10 and of 10,000 entries; 10,000 entries folded and replayed
bench lnd     an invoice, a payment and an opening, through the adapter of LND alone and through both companies'
              programs, over LND's own calls for the same
bench coverage  the coverage of 10, 100 and 1,000 contracts, each with a channel of its own, computed anew
bench pages   the list of contracts, the overview and a contract's page with 10, 1,000 and 100,000 contracts
              docs/performance.md has the figures.";

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
        run: || example::run("lncontract-app", "pay", &[], &[]),
    },
    Bench {
        name: "record",
        what: "an entry at the end of a short and a long record; 10,000 entries folded",
        run: || example::run("lncontract-record", "growth", &[], &[]),
    },
    Bench {
        name: "lnd",
        what: "an invoice, a payment, an opening: the adapter of LND and both programs over LND's own calls",
        run: || {
            let needs = [tools::bitcoind::get, tools::lnd::get];
            example::run("lncontract-lightning-lnd", "cost", &["own-calls"], &needs)?;
            example::run("lncontract", "through_lnd", &[], &needs)
        },
    },
    Bench {
        name: "coverage",
        what: "the coverage of 10, 100 and 1,000 contracts over as many channels",
        run: || example::run("lncontract", "coverage", &[], &[]),
    },
    Bench {
        name: "pages",
        what: "lists and pages with 10, 1,000 and 100,000 contracts",
        run: || example::run("lncontract", "pages", &[], &[]),
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
