//! What the rules look at: the text files that git does not ignore, and the crates with what they depend on.
//!
//! Invariant: only this file reads the disk; the rules see values.

use std::fmt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;
use crate::workspace::{self, Metadata, Package};

/// The repository, as the rules see it.
pub struct Tree {
    /// Text files; what is not UTF-8 is left out.
    pub files: Vec<File>,
    /// Paths of what is no text: pictures, databases.
    pub binaries: Vec<String>,
    /// The workspace's own crates.
    pub crates: Vec<Crate>,
}

/// A text file.
pub struct File {
    /// From the top, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// A crate of the workspace.
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder from the top.
    pub folder: String,
    /// What its manifest asks for.
    pub needs: Vec<Need>,
}

/// A line of a manifest.
pub struct Need {
    /// The package.
    pub name: String,
    /// For tests only.
    pub dev: bool,
}

/// A place that breaks a rule.
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is there.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

impl File {
    /// A finding in this file.
    pub fn finding(&self, line: usize, text: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, text: text.into() }
    }
}

impl Crate {
    /// A finding in its manifest.
    pub fn finding(&self, text: impl Into<String>) -> Finding {
        Finding { path: format!("{}/Cargo.toml", self.folder), line: 0, text: text.into() }
    }
}

impl Tree {
    /// Reads the repository; files that are new and not yet added count too.
    pub fn load() -> Result<Self> {
        let root = workspace::root()?;
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root);
        let listed = shell::read(&mut git).context("tidy asks git which files are ours")?;
        let (mut files, mut binaries) = (Vec::new(), Vec::new());
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A file that is deleted but not yet committed is still listed.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) => files.push(File { path: path.to_owned(), text }),
                Err(_) => binaries.push(path.to_owned()),
            }
        }
        let metadata = Metadata::load()?;
        let crates = metadata.own().map(|package| own_crate(&root, package)).collect::<Result<_>>()?;
        Ok(Self { files, binaries, crates })
    }

    /// The files of one kind.
    pub fn ending(&self, end: &'static str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    /// Whether there is a file, or a folder with something in it.
    pub fn has(&self, path: &str) -> bool {
        let below =
            |file: &str| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let paths = self.files.iter().map(|file| &file.path).chain(&self.binaries);
        path.is_empty() || paths.into_iter().any(|file| below(file))
    }

    /// A file by its path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn own_crate(root: &std::path::Path, package: &Package) -> Result<Crate> {
    let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
    let folder = folder.strip_prefix(root).context("a crate lies outside the workspace")?;
    let need = |dependency: &workspace::Dependency| Need {
        name: dependency.name.clone(),
        dev: dependency.kind.as_deref() == Some("dev"),
    };
    Ok(Crate {
        name: package.name.clone(),
        folder: folder.to_string_lossy().into_owned(),
        needs: package.dependencies.iter().map(need).collect(),
    })
}

#[cfg(test)]
impl Tree {
    /// A tree of files only.
    pub fn sample(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
        Self { files: files.iter().map(file).collect(), binaries: vec![], crates: vec![] }
    }

    /// Adds a crate in `crates/`; a need that starts with `dev:` is for tests.
    pub fn with_crate(mut self, name: &str, needs: &[&str]) -> Self {
        let need = |need: &&str| Need {
            name: need.trim_start_matches("dev:").to_owned(),
            dev: need.starts_with("dev:"),
        };
        let needs = needs.iter().map(need).collect();
        self.crates.push(Crate { name: name.into(), folder: format!("crates/{name}"), needs });
        self
    }
}
