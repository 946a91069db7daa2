//! A bench that is an example of a crate: built, then run on its own.
//!
//! Invariant: what is compared is measured in one run, in turn; the machine and its load stand beside the figures.

use std::process::Command;

use anyhow::Result;

use crate::shell;

/// Says what machine it is, builds, and measures.
pub fn run(package: &str, example: &str) -> Result<()> {
    let which = ["--release", "--locked", "-p", package, "--example", example];
    shell::run(shell::cargo()?.arg("build").args(which))?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let read =
        |path: &str| std::fs::read_to_string(path).unwrap_or_else(|_| "not told by this system".into());
    let memory = read("/proc/meminfo");
    println!("cores {cores}, {}", memory.lines().next().unwrap_or_default());
    println!("{}", shell::read(Command::new("uname").args(["-srm"]))?.trim());
    println!("{}", shell::read(Command::new("rustc").arg("--version"))?.trim());
    println!("load before: {}", read("/proc/loadavg").trim());
    shell::run(shell::cargo()?.args(["run", "--quiet"]).args(which))?;
    println!("load after:  {}", read("/proc/loadavg").trim());
    Ok(())
}
