//! Programs that tests need and that are no Rust packages: found, or had, in a way that is told.
//!
//! Invariant: a tool counts as there only after it has said its version. Nothing is had when `test --fast`
//! runs.

mod apt;
pub mod axe;
pub mod bitcoind;
pub mod chromium;
pub mod lnd;
pub mod namespaces;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// A tool that answers.
pub struct Tool {
    /// What it says of itself.
    pub version: String,
    /// The variables through which tests find it.
    pub variables: Vec<(&'static str, PathBuf)>,
}

/// What can be asked for. A test that needs it has `name` in its own name, and reads its variables.
pub struct Wanted {
    /// As in test names: `real_bitcoind` in `real_bitcoind_confirms_a_channel`.
    pub name: &'static str,
    /// Finds it, or gets it into the folder.
    pub get: fn(&Path) -> Result<Tool>,
    /// Whether the system gives it or nobody does: then a run without it says so, and does not fail.
    pub of_the_system: bool,
}

impl Wanted {
    /// A program: found or fetched, so that a run without it fails.
    const fn program(name: &'static str, get: fn(&Path) -> Result<Tool>) -> Self {
        Self { name, get, of_the_system: false }
    }
}

/// All of them.
pub const WANTED: &[Wanted] = &[
    Wanted::program("real_bitcoind", bitcoind::get),
    Wanted::program("real_lnd", lnd::get),
    Wanted::program("real_lnd_of_old", lnd::get_old),
    Wanted { name: "real_lnd_full_disk", get: namespaces::get, of_the_system: true },
    Wanted::program("real_chromium", chromium::get),
    Wanted::program("real_axe", axe::get),
];

/// The first line that a program prints for `--version`.
fn version(program: &Path) -> Result<String> {
    let said = shell::read(Command::new(program).arg("--version"))?;
    Ok(said.lines().next().context("it says no version")?.trim().to_owned())
}

/// A program by its name in the folders of PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_and_asked_for_its_version() {
        let cargo = on_path("cargo").unwrap();
        assert!(version(&cargo).unwrap().starts_with("cargo "));
        assert!(on_path("no-such-program-here").is_none());
    }

    #[test]
    fn a_program_that_is_not_there_has_no_version() {
        assert!(version(Path::new("no-such-program-here")).is_err());
    }
}
