//! A real browser and its driver: those on PATH, or Debian's packages, installed.
//!
//! Invariant: both or neither. Unlike bitcoind they are installed into the system: a browser needs dozens of
//! its files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Tool, apt, on_path, version};

const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Finds them or installs them.
pub fn get(_: &Path) -> Result<Tool> {
    if let Some(found) = find() {
        return found;
    }
    apt::install(&["chromium", "chromium-driver"])?;
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
