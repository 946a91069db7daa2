//! Where the workspace is, and what `cargo metadata` says of it.
//!
//! Invariant: found at run time from the current folder; no path of the machine that built us is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell;

/// The top folder: the nearest one upwards that holds `Cargo.toml` and `xtask/`.
pub fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("the current folder can't be read")?;
    let top = here.ancestors().find(|dir| dir.join("Cargo.toml").is_file() && dir.join("xtask").is_dir());
    Ok(top.context("this is not inside the LNContract workspace")?.to_owned())
}

/// The part of `cargo metadata --format-version 1` that the tasks read.
#[derive(Deserialize)]
pub struct Metadata {
    /// All packages of the lock file that the workspace reaches, its own included.
    pub packages: Vec<Package>,
    /// Ids of the workspace's own.
    pub workspace_members: Vec<String>,
    /// Where cargo builds.
    pub target_directory: PathBuf,
    /// Which package brings which, optional ones that are switched off left out.
    pub resolve: Resolve,
}

/// The graph of what is linked.
#[derive(Default, Deserialize)]
pub struct Resolve {
    /// One for each package.
    pub nodes: Vec<Node>,
}

/// A package in the graph.
#[derive(Deserialize)]
pub struct Node {
    /// The package's id.
    pub id: String,
    /// Ids of the packages that it brings.
    pub dependencies: Vec<String>,
}

/// A package.
#[derive(Clone, Deserialize)]
pub struct Package {
    /// Cargo's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression.
    pub license: Option<String>,
    /// Registry or git; none for a folder.
    pub source: Option<String>,
    /// Its Cargo.toml.
    pub manifest_path: PathBuf,
    /// What it asks for.
    pub dependencies: Vec<Dependency>,
}

/// A line of a `[dependencies]` table.
#[derive(Clone, Deserialize)]
pub struct Dependency {
    /// The package's name, not what it is renamed to.
    pub name: String,
    /// None (normal), `dev` or `build`.
    pub kind: Option<String>,
}

impl Metadata {
    /// Asks cargo.
    pub fn load() -> Result<Self> {
        let text = shell::read(shell::cargo()?.args(["metadata", "--format-version", "1", "--locked"]))?;
        serde_json::from_str(&text).context("cargo metadata printed a form that is not known")
    }

    /// The workspace's own packages.
    pub fn own(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Who brings it: packages that depend on one of this name.
    pub fn bringers(&self, name: &str) -> Vec<&Package> {
        let id_of = |package: &Package| (package.name == name).then(|| package.id.clone());
        let ids: Vec<String> = self.packages.iter().filter_map(id_of).collect();
        let brings = |node: &&Node| node.dependencies.iter().any(|id| ids.contains(id));
        let by: Vec<&String> = self.resolve.nodes.iter().filter(brings).map(|node| &node.id).collect();
        self.packages.iter().filter(|package| by.contains(&&package.id)).collect()
    }

    /// Packages that are there in more than one version, with the versions.
    pub fn twice(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut versions = BTreeMap::<&str, Vec<&str>>::new();
        for package in &self.packages {
            versions.entry(&package.name).or_default().push(&package.version);
        }
        versions.retain(|_, versions| versions.len() > 1);
        versions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_finds_itself_and_its_crates() {
        let metadata = Metadata::load().unwrap();
        let own: Vec<&str> = metadata.own().map(|package| package.name.as_str()).collect();
        assert!(own.contains(&"xtask") && own.contains(&"lncontract-core"), "{own:?}");
        assert!(root().unwrap().join("crates/lncontract-core").is_dir());
    }
}
