//! axe-core, the accessibility checker that runs in the browser: its npm package, one file of it.
//!
//! Invariant: exactly the version and the bytes that stand here; it never comes into the repository.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Tool, apt, on_path};
use crate::shell;

const PACKAGE: &str = "axe-core@4.14.1";
/// SHA-256 of the one file that is used.
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Finds it below target/tools or gets it.
pub fn get(tools: &Path) -> Result<Tool> {
    let folder = tools.join("axe");
    let script = folder.join("axe.min.js");
    if !script.is_file() {
        eprintln!("getting {PACKAGE} (npm, about 1 MB) into {}", folder.display());
        if on_path("npm").is_none() {
            apt::install(&["npm"]).context("it comes with npm")?;
        }
        install(&folder)?;
    }
    let sum = shell::read(Command::new("sha256sum").arg(&script))?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    ensure!(sum == SHA256, "{} is another file: {sum} instead of {SHA256}; remove it", script.display());
    Ok(Tool { version: PACKAGE.to_owned(), variables: vec![("LNCONTRACT_AXE", script)] })
}

/// Unpacks beside the folder and renames: an interrupted run leaves nothing that looks finished.
fn install(folder: &Path) -> Result<()> {
    let part = folder.with_extension(format!("{}.part", std::process::id()));
    std::fs::create_dir_all(&part).with_context(|| format!("{} can't be made", part.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--ignore-scripts", PACKAGE]).current_dir(&part);
    let packed = shell::read(&mut npm)?;
    let packed = packed.lines().last().context("npm names no file")?.trim();
    let mut tar = Command::new("tar");
    tar.args(["-xzf", packed, "--strip-components=1", "package/axe.min.js", "package/LICENSE"]);
    shell::read(tar.current_dir(&part))?;
    std::fs::rename(&part, folder).with_context(|| format!("{} can't be put in place", folder.display()))
}
