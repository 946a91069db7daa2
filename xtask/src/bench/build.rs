//! `bench build`: how long a newcomer waits: the default binary, release, from nothing.
//!
//! Invariant: the folder is emptied first; packages that cargo has downloaded already are not part of the
//! time.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::workspace::Metadata;

/// Builds and prints one line.
pub fn run() -> Result<()> {
    let target = Metadata::load()?.target_directory.join("bench-build");
    if target.exists() {
        std::fs::remove_dir_all(&target).with_context(|| format!("{} can't be emptied", target.display()))?;
    }
    shell::run(shell::cargo()?.args(["fetch", "--locked"]))?;
    let mut command = shell::cargo()?;
    command.args(["build", "--release", "--locked", "--message-format", "json-render-diagnostics"]);
    command.arg("--target-dir").arg(&target).stdout(Stdio::piped());
    eprintln!("$ {}", shell::line(&command));
    let cpu = children_cpu_s();
    let start = Instant::now();
    let output = command.spawn().and_then(|child| child.wait_with_output()).context("cargo build")?;
    if !output.status.success() {
        bail!("the build failed ({})", output.status);
    }
    let wall = start.elapsed().as_secs();
    let cpu = match (cpu, children_cpu_s()) {
        (Some(before), Some(after)) => format!("{} s CPU", after - before),
        _ => "CPU time not measured on this system".to_owned(),
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let packages = packages(&String::from_utf8_lossy(&output.stdout));
    println!("bench build: {wall} s wall, {cpu}, {packages} packages, {cores} cores");
    Ok(())
}

/// Different packages that cargo says it built.
fn packages(messages: &str) -> usize {
    let built = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let artifact = message["reason"] == "compiler-artifact";
        artifact.then(|| message["package_id"].as_str().map(str::to_owned))?
    });
    built.collect::<BTreeSet<String>>().len()
}

/// User and system seconds of our children that have ended: fields 16 and 17 of Linux' `/proc/self/stat`
/// (proc(5): `cutime`, `cstime`), in ticks of 1/100 s.
fn children_cpu_s() -> Option<u64> {
    ended_children_s(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The name in field 2 may hold spaces, so counting starts behind its closing parenthesis, at field 3.
fn ended_children_s(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seconds_of_the_children_are_read_behind_a_name_with_spaces() {
        let stat = "7 (x) task) S 1 2 3 4 5 6 7 8 9 10 11 12 4500 1500 20 0 1";
        assert_eq!(ended_children_s(stat), Some(60));
    }

    #[test]
    fn a_package_with_a_build_script_counts_once() {
        let line = |id: &str, reason: &str| format!("{{\"reason\":\"{reason}\",\"package_id\":\"{id}\"}}\n");
        let all = line("a", "compiler-artifact") + &line("a", "compiler-artifact");
        let all = all + &line("b", "compiler-artifact") + &line("c", "build-script-executed") + "no json\n";
        assert_eq!(packages(&all), 2);
    }
}
