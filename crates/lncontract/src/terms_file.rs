//! Reads a terms file from the disk; what it says is read by `lncontract-app`, as on the pages.

use std::path::Path;

use anyhow::{Context, bail};
use lncontract_app::terms_file;
use lncontract_core::v1::Terms;

/// Reads the terms of a file.
///
/// # Errors
/// When the file can't be read (with line and column), or what it says is no contract: every fault, a line each.
pub fn read(file: &Path) -> anyhow::Result<Terms> {
    terms_file::read(&text(file)?).with_context(|| named(file))
}

/// Reads the terms of a file that is to be played to its end.
///
/// # Errors
/// As [`read`]; and when its funding plan can never pay what falls due: every such payment, a line each.
pub fn read_to_play(file: &Path) -> anyhow::Result<Terms> {
    let terms = read(file)?;
    let never = terms_file::never_payable(&text(file)?).with_context(|| named(file))?;
    if never.is_empty() {
        return Ok(terms);
    }
    let lines: String = never.iter().map(|unpayable| format!("\n  {unpayable}")).collect();
    bail!("{} can be signed, but not played to its end:{lines}", named(file))
}

fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| named(file))
}

fn named(file: &Path) -> String {
    format!("the terms file {}", file.display())
}
