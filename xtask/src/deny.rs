//! `deny`: licences, banned packages and sources of everything that is linked, by the list in deny.toml.
//!
//! Invariant: deny.toml is in cargo-deny's form and the only list. A setting of it that is not understood
//! here is an error, so that the two can't give different answers unnoticed.

mod license;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::args::Args;
use crate::workspace::{self, Metadata, Package};

/// Shown by `cargo xtask`.
pub const HELP: &str = "licences, bans and sources of all dependencies, by the list in deny.toml

Reads `cargo metadata`; needs no network and no cargo-deny. Packages in several versions are listed, not
refused.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    version: u8,
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
    /// Packages that may bring it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
    allow_registry: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Warn,
    Deny,
}

/// Prints what is wrong; fails if anything is.
pub fn run(args: &[String]) -> Result<()> {
    Args::new(args).finish()?;
    let path = workspace::root()?.join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let metadata = Metadata::load()?;
    let wrong = refusals(&text, &metadata)?;
    wrong.iter().for_each(|line| eprintln!("{line}"));
    let twice = metadata.twice();
    let names: Vec<&str> = twice.keys().copied().collect();
    println!(
        "deny: {} packages, {} in several versions: {}",
        metadata.packages.len(),
        twice.len(),
        names.join(" ")
    );
    if !wrong.is_empty() {
        bail!("{} refused by deny.toml", wrong.len());
    }
    Ok(())
}

/// One line for each thing that the list does not allow.
fn refusals(policy: &str, metadata: &Metadata) -> Result<Vec<String>> {
    let policy: Policy =
        toml::from_str(policy).context("deny.toml has a setting that xtask does not know")?;
    anyhow::ensure!(policy.licenses.version == 2, "deny.toml: [licenses] is not version 2");
    let strict = policy.sources.unknown_registry == Level::Deny && policy.sources.unknown_git == Level::Deny;
    anyhow::ensure!(strict, "deny.toml: unknown sources have to be denied");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = format!("{} {}", package.name, package.version);
        if let Some(why) = license_refusal(&policy.licenses, package) {
            wrong.push(format!("licence: {name}: {why}"));
        }
        if let Some(source) = source_refusal(&policy.sources, metadata, package) {
            wrong.push(format!("source: {name} comes from {source}"));
        }
    }
    wrong.extend(ban_refusals(&policy.bans, metadata));
    if policy.bans.multiple_versions == Level::Deny {
        wrong.extend(metadata.twice().keys().map(|name| format!("ban: {name} is there in several versions")));
    }
    Ok(wrong)
}

fn license_refusal(licenses: &Licenses, package: &Package) -> Option<String> {
    let Some(expression) = &package.license else { return Some("its manifest names none".to_owned()) };
    let excepted = licenses.exceptions.iter().filter(|exception| exception.package == package.name);
    let excepted: Vec<&String> = excepted.flat_map(|exception| &exception.allow).collect();
    let allowed = |id: &str| licenses.allow.iter().chain(excepted.iter().copied()).any(|allow| allow == id);
    match license::satisfied(expression, &allowed) {
        Some(true) => None,
        Some(false) => Some(format!("{expression} is not on the list")),
        None => Some(format!("{expression} is no SPDX expression")),
    }
}

/// A folder is fine if it is one of our own crates.
fn source_refusal<'a>(sources: &Sources, metadata: &Metadata, package: &'a Package) -> Option<&'a str> {
    let Some(source) = package.source.as_deref() else {
        return (!metadata.workspace_members.contains(&package.id))
            .then_some("a folder outside the workspace");
    };
    let url = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
    let known = url.is_some_and(|url| sources.allow_registry.iter().any(|allow| allow == url));
    (!known).then_some(source)
}

/// Who brings something that is banned and may not.
fn ban_refusals(bans: &Bans, metadata: &Metadata) -> Vec<String> {
    let mut wrong = Vec::new();
    for ban in &bans.deny {
        let bringers = metadata.bringers(&ban.package).into_iter().map(|package| &package.name);
        for by in bringers.filter(|by| !ban.wrappers.contains(by)) {
            wrong.push(format!("ban: {} is brought by {by}: {}", ban.package, ban.reason));
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
