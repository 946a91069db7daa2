//! A bench that is an example of a crate: built, then run on its own.
//!
//! Invariant: what is compared is measured in one run, in turn; the machine and its load stand beside the figures.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::shell;
use crate::tools::Tool;
use crate::workspace::Metadata;

/// Finds a program or gets it into a folder.
type Get = fn(&Path) -> Result<Tool>;

/// Says what machine it is, builds, and measures, with the programs that it needs.
pub fn run(package: &str, example: &str, features: &[&str], needs: &[Get]) -> Result<()> {
    let folder = Metadata::load()?.target_directory.join("tools");
    let had: Vec<Tool> = needs.iter().map(|get| get(&folder)).collect::<Result<_>>()?;
    let features = features.join(",");
    let which = ["--release", "--locked", "-p", package, "--features", &features, "--example", example];
    shell::run(shell::cargo()?.arg("build").args(which))?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let read =
        |path: &str| std::fs::read_to_string(path).unwrap_or_else(|_| "not told by this system".into());
    let memory = read("/proc/meminfo");
    println!("cores {cores}, {}", memory.lines().next().unwrap_or_default());
    println!("{}", shell::read(Command::new("uname").args(["-srm"]))?.trim());
    println!("{}", shell::read(Command::new("rustc").arg("--version"))?.trim());
    println!("load before: {}", read("/proc/loadavg").trim());
    for tool in &had {
        println!("with {}", tool.version);
    }
    let mut command = shell::cargo()?;
    for (variable, program) in had.iter().flat_map(|tool| &tool.variables) {
        command.env(variable, program);
    }
    shell::run(command.args(["run", "--quiet"]).args(which))?;
    println!("load after:  {}", read("/proc/loadavg").trim());
    Ok(())
}
