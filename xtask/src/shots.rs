//! `shots`: pictures of every page, for people who look at them.
//!
//! Invariant: the pages are those that the checker (axe) looks at in `cargo xtask test`, in the same states.

use anyhow::{Context, Result};

use crate::args::Args;
use crate::shell;
use crate::tools;
use crate::workspace::Metadata;

/// Shown by `cargo xtask`.
pub const HELP: &str = "pictures of every page at 1440 and 390 px, light and dark, into target/shots

Both companies play the worked example in one process; on the way each page is opened in Chromium, looked at by axe-core
and pictured. Ends with an error where axe finds a violation; the pictures are there all the same.";

/// Takes them.
pub fn run(args: &[String]) -> Result<()> {
    Args::new(args).finish()?;
    let target = Metadata::load()?.target_directory;
    let tools = target.join("tools");
    let shots = target.join("shots");
    match std::fs::remove_dir_all(&shots) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("the pictures of an earlier run can't be removed");
        }
        _ => {}
    }
    std::fs::create_dir_all(&shots).with_context(|| format!("{} can't be made", shots.display()))?;
    let mut test = shell::cargo()?;
    test.args(["test", "--locked", "--package", "lncontract", "--test", "browser", "--", "real_axe"]);
    for tool in [tools::chromium::get(&tools)?, tools::axe::get(&tools)?] {
        test.envs(tool.variables);
    }
    let taken = shell::run(test.env("LNCONTRACT_SHOTS", &shots));
    println!("the pictures are in {}", shots.display());
    taken
}
