//! Debian packages: installed into the system, or unpacked into a folder without installing them, by an apt with lists
//! and a cache of its own, signed by Debian's keyring.
//!
//! Invariant: what is unpacked writes nothing outside the given folder, so it needs no rights and leaves the system as
//! it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const ARCHIVE: &str = "http://deb.debian.org/debian";

/// Installs packages into the system.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("installing {} (apt-get)", packages.join(" and "));
    // A fresh machine has no package lists; one with lists may have old ones.
    shell::read(Command::new("apt-get").args(["--quiet", "update"]))
        .context("the package lists could not be had (apt-get needs the rights of root)")?;
    let mut install = Command::new("apt-get");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install"]).args(packages);
    shell::read(install.env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}

/// An apt of our own.
pub struct PrivateApt {
    folder: PathBuf,
}

impl PrivateApt {
    /// Sets it up for these suites and fetches their lists.
    pub fn new(folder: &Path, suites: &[&str]) -> Result<Self> {
        ensure!(Path::new(KEYRING).is_file(), "Debian's archive keyring is missing ({KEYRING})");
        for needed in ["lists/partial", "cache/archives/partial", "debs"] {
            std::fs::create_dir_all(folder.join(needed)).context("the folder for apt can't be made")?;
        }
        let archive = archive(&configured_sources());
        let sources: String = suites
            .iter()
            .map(|suite| format!("deb [signed-by={KEYRING}] {archive} {suite} main\n"))
            .collect();
        std::fs::write(folder.join("sources.list"), sources).context("apt's sources can't be written")?;
        let apt = Self { folder: folder.to_owned() };
        shell::read(apt.command().arg("update")).context("the package lists could not be had")?;
        Ok(apt)
    }

    /// Downloads the packages and unpacks them into `root`; a name may carry `/suite`.
    pub fn unpack(&self, packages: &[&str], root: &Path) -> Result<()> {
        let debs = self.folder.join("debs");
        let mut download = self.command();
        download.arg("download").args(packages).current_dir(&debs);
        shell::read(&mut download).context("the packages could not be had")?;
        std::fs::create_dir_all(root).context("the folder to unpack into can't be made")?;
        for deb in std::fs::read_dir(&debs).context("the packages can't be listed")? {
            shell::read(Command::new("dpkg").arg("-x").arg(deb?.path()).arg(root))?;
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        let here = |what: &str, name: &str| format!("{what}={}", self.folder.join(name).display());
        let options = [
            here("Dir::Etc::SourceList", "sources.list"),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            here("Dir::State::Lists", "lists"),
            here("Dir::Cache", "cache"),
            // As root, apt would hand downloads to a user who may not write into our folder.
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=3".to_owned(),
        ];
        options.iter().for_each(|option| {
            command.args(["-o", option]);
        });
        command.arg("--quiet");
        command
    }
}

/// The archives that this system uses, one `URI origin` a line; empty where apt has none.
fn configured_sources() -> String {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI) $(ORIGIN)"]);
    shell::read(&mut apt).unwrap_or_default()
}

/// The system's own mirror of Debian (it may be the only one it can reach), else Debian's.
fn archive(sources: &str) -> String {
    let uris = sources.lines().filter_map(|line| line.split_once(' '));
    let debian = uris.filter(|(uri, origin)| *origin == "Debian" && !uri.contains("security"));
    let mirror = debian.map(|(uri, _)| uri.trim_end_matches('/')).next();
    mirror.unwrap_or(ARCHIVE).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_mirror_is_used_and_others_are_not() {
        let sources = [
            "https://deb.example.org/node Node",
            "http://m/debian-security/ Debian",
            "http://m/debian/ Debian",
        ];
        assert_eq!(archive(&sources.join("\n")), "http://m/debian");
        assert_eq!(archive("https://deb.example.org/node Node\n"), ARCHIVE);
        assert_eq!(archive(""), ARCHIVE);
    }
}
