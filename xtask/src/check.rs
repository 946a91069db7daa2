//! `check`: what has to hold before a commit, without running a test.
//!
//! Invariant: all steps run, so that one run shows everything that is wrong.

use anyhow::{Result, bail};

use crate::args::Args;
use crate::{deny, shell, tidy};

/// Shown by `cargo xtask`.
pub const HELP: &str = "format, clippy, documentation, tidy and deny: what has to hold before a commit

Steps: cargo fmt --check; cargo clippy --workspace --all-targets (warnings are errors); cargo doc --no-deps
(warnings are errors); cargo xtask tidy; cargo xtask deny. All run, then the failed ones are named.";

/// Runs all steps.
pub fn run(args: &[String]) -> Result<()> {
    Args::new(args).finish()?;
    type Step = fn() -> Result<()>;
    let steps: [(&str, Step); 5] = [
        ("fmt", fmt),
        ("clippy", clippy),
        ("doc", doc),
        ("tidy", || tidy::run(&[])),
        ("deny", || deny::run(&[])),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        if let Err(error) = step() {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    println!("check: fmt, clippy, doc, tidy and deny hold");
    Ok(())
}

fn fmt() -> Result<()> {
    shell::run(shell::cargo()?.args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    shell::run(shell::cargo()?.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Warnings are made errors through rustdoc's own variable: it does not touch what rustc has built.
fn doc() -> Result<()> {
    shell::run(shell::cargo()?.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
