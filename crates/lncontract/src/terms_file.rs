//! Reads a terms file from the disk; what it says is read by `lncontract-app`, as on the pages.

use std::path::Path;

use anyhow::Context;
use lncontract_app::terms_file;
use lncontract_core::v1::Terms;

/// Reads the terms of a file.
///
/// # Errors
/// When the file can't be read (with line and column), or what it says is no contract: every fault, a line each.
pub fn read(file: &Path) -> anyhow::Result<Terms> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the terms file {}", file.display()))?;
    terms_file::read(&text).with_context(|| format!("the terms file {}", file.display()))
}
