//! A real bitcoind: `BITCOIND_EXE`, PATH, the copy of an earlier run, or Debian's package unpacked below
//! target/.
//!
//! Invariant: tests find it by `LNCONTRACT_BITCOIND` alone, and one that answers `--version` stands behind
//! it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt::PrivateApt;
use super::{Tool, on_path, version};

const VARIABLE: &str = "LNCONTRACT_BITCOIND";

/// Debian stable has no bitcoind; trixie-backports has Bitcoin Knots. It needs newer libraries than Debian 12
/// has, so they come along and the program is started by their own loader. Libraries it loads only for a
/// screen or a package manager are left out.
const PACKAGES: &[&str] = &[
    "bitcoin-knots/trixie-backports",
    "libbsd0",
    "libc6",
    "libcom-err2",
    "libevent-core-2.1-7t64",
    "libevent-extra-2.1-7t64",
    "libevent-pthreads-2.1-7t64",
    "libgcc-s1",
    "libgssapi-krb5-2",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "liblzma5",
    "libmd0",
    "libnorm1t64",
    "libpgm-5.3-0t64",
    "libsodium23",
    "libsqlite3-0",
    "libstdc++6",
    "libxml2",
    "libzmq5",
    "zlib1g",
];

/// Finds it or gets it.
pub fn get(tools: &Path) -> Result<Tool> {
    if let Some(named) = std::env::var_os(VARIABLE).or_else(|| std::env::var_os("BITCOIND_EXE")) {
        return answering(PathBuf::from(named))
            .context("the bitcoind that the environment names does not answer");
    }
    let kept = tools.join("bitcoind/bitcoind");
    for found in on_path("bitcoind").into_iter().chain([kept.clone()]) {
        if let Ok(tool) = answering(found) {
            return Ok(tool);
        }
    }
    eprintln!("getting bitcoind (Debian's bitcoin-knots, about 16 MB) into {}", tools.display());
    install(&tools.join("bitcoind")).context("no package of it; name a bitcoind of yours in BITCOIND_EXE")?;
    answering(kept).context("the bitcoind that was unpacked does not answer")
}

fn answering(program: PathBuf) -> Result<Tool> {
    Ok(Tool { version: version(&program)?, variables: vec![(VARIABLE, program)] })
}

/// Unpacks beside the folder and renames: an interrupted run leaves nothing that looks finished.
fn install(folder: &Path) -> Result<()> {
    let part = folder.with_extension(format!("{}.part", std::process::id()));
    std::fs::create_dir_all(&part).with_context(|| format!("{} can't be made", part.display()))?;
    let apt = PrivateApt::new(&part.join("apt"), &["trixie", "trixie-backports"])?;
    apt.unpack(PACKAGES, &part.join("unpacked"))?;
    for program in ["bitcoind", "bitcoin-cli"] {
        write_starter(&part, program)?;
    }
    std::fs::remove_dir_all(part.join("apt")).context("the package lists can't be removed")?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be replaced", folder.display()))?;
    }
    std::fs::rename(&part, folder).with_context(|| format!("{} can't be put in place", folder.display()))
}

/// A starter finds its own folder, so the copy can be moved. `exec`: its process id is bitcoind's own.
fn write_starter(folder: &Path, program: &str) -> Result<()> {
    let loader = loader(&folder.join("unpacked/usr")).context("the packages hold no loader (ld-linux)")?;
    let loader = loader.strip_prefix(folder).expect("it was found below the folder").display().to_string();
    let arch = std::env::consts::ARCH;
    let text = format!(
        "#!/bin/sh\nhere=$(dirname \"$(readlink -f \"$0\")\")\n\
         exec \"$here/{loader}\" --library-path \"$here/unpacked/usr/lib/{arch}-linux-gnu\" \
         \"$here/unpacked/usr/bin/{program}\" \"$@\"\n"
    );
    let path = folder.join(program);
    std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
    make_executable(&path)
}

/// `lib64/ld-linux-x86-64.so.2` on x86-64, `lib/ld-linux-aarch64.so.1` on ARM, or beside the libraries.
fn loader(usr: &Path) -> Option<PathBuf> {
    let beside = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    let folders = ["lib64", "lib", &beside].map(|folder| usr.join(folder));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("ld-linux-"));
    named.next().map(|entry| entry.path())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode)
        .with_context(|| format!("{} can't be made executable", path.display()))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    anyhow::bail!("Debian's packages run on Linux only; name a bitcoind in BITCOIND_EXE")
}

#[cfg(test)]
mod tests;
