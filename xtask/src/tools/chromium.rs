//! A real browser and its driver: those on PATH, or Debian's packages, installed.
//!
//! Invariant: both or neither. Unlike bitcoind they are installed into the system: a browser needs dozens of
//! its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Tool, on_path, version};
use crate::shell;

const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Finds them or installs them.
pub fn get(_: &Path) -> Result<Tool> {
    if let Some(found) = find() {
        return found;
    }
    eprintln!("installing chromium and chromium-driver (apt-get)");
    // A fresh machine has no package lists; one with lists may have old ones.
    shell::read(Command::new("apt-get").args(["--quiet", "update"]))
        .context("the package lists could not be had (apt-get needs the rights of root)")?;
    let mut install = Command::new("apt-get");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install", "chromium", "chromium-driver"]);
    shell::read(install.env("DEBIAN_FRONTEND", "noninteractive"))
        .context("chromium and chromium-driver could not be installed")?;
    find().context("the packages are installed but chromium and chromedriver are not on PATH")?
}

/// Nothing if one of the two is not on PATH.
fn find() -> Option<Result<Tool>> {
    let browser = BROWSERS.iter().find_map(|name| named("LNCONTRACT_CHROMIUM", name))?;
    let driver = named("LNCONTRACT_CHROMEDRIVER", "chromedriver")?;
    Some(answering(browser, driver))
}

fn named(variable: &str, program: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).or_else(|| on_path(program))
}

fn answering(browser: PathBuf, driver: PathBuf) -> Result<Tool> {
    version(&driver)?;
    let version = version(&browser)?;
    Ok(Tool {
        version,
        variables: vec![("LNCONTRACT_CHROMIUM", browser), ("LNCONTRACT_CHROMEDRIVER", driver)],
    })
}
