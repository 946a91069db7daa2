//! Real LNDs, today's and the oldest that contracts take: named by a variable, found, the copy of an earlier run, or
//! built with Go from the module proxy into target/.
//!
//! Invariant: tests find them by `LNCONTRACT_LND` and `LNCONTRACT_OLD_LND` alone. What is built is exactly the release
//! that is named here: the module's own checksum stands here too, and its `go.sum` has those of everything it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{Tool, on_path, version};
use crate::shell;

const MODULE: &str = "github.com/lightningnetwork/lnd";

/// A release, and how it is named.
struct Release {
    version: &'static str,
    /// Of the module's zip, as Go's checksum database has it (`h1`: golang.org/x/mod/sumdb/dirhash).
    sum: &'static str,
    /// The variable by which tests find it.
    variable: &'static str,
    /// The variable by which somebody names one of theirs.
    theirs: &'static str,
    /// Whether an `lnd` in PATH will do: not where it has to be an old one.
    any: bool,
}

/// What nearly all tests run on.
const NEW: Release = Release {
    version: "v0.20.1-beta",
    sum: "h1:wDMNgks5uST1CY+WwjIZ4+McPMMFpr2pIIGJp7ytDI4=",
    variable: "LNCONTRACT_LND",
    theirs: "LND_EXE",
    any: true,
};
/// The floor itself (`crates/lncontract-lightning-lnd/src/start.rs`), where upgrades begin: the harshest of 0.18. The
/// last ones of that line can't be built from the module proxy: their `go.mod` takes parts from folders that are in no
/// module.
const OLD: Release = Release {
    version: "v0.18.0-beta",
    sum: "h1:3cH7npkUh156FI5kb6bZbiO+Fl3YD+Bu2UbFKoLZ4lo=",
    variable: "LNCONTRACT_OLD_LND",
    theirs: "OLD_LND_EXE",
    any: false,
};
/// `lowscrypt` makes a wallet open in a tenth of the time, with weak derivation of its key: for tests only.
const TAGS: &str = "lowscrypt signrpc walletrpc chainrpc invoicesrpc routerrpc peersrpc";

/// What `go mod download -json` says.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "Dir")]
    dir: PathBuf,
    #[serde(rename = "Sum")]
    sum: String,
}

/// Finds or builds today's.
pub fn get(tools: &Path) -> Result<Tool> {
    NEW.get(tools)
}

/// Finds or builds the oldest.
pub fn get_old(tools: &Path) -> Result<Tool> {
    OLD.get(tools)
}

impl Release {
    fn get(&self, tools: &Path) -> Result<Tool> {
        let named = [self.variable, self.theirs].into_iter().find_map(std::env::var_os);
        if let Some(named) = named {
            return self
                .answering(PathBuf::from(named))
                .context("the lnd that the environment names does not answer");
        }
        let kept = tools.join("lnd").join(self.version).join("lnd");
        // The one that is built for tests starts faster than one that guards a real wallet, so it comes first.
        let in_path = on_path("lnd").filter(|_| self.any);
        for found in [kept.clone()].into_iter().chain(in_path) {
            if let Ok(tool) = self.answering(found) {
                return Ok(tool);
            }
        }
        let go = on_path("go").with_context(|| {
            let theirs = self.theirs;
            format!(
                "there is no Go to build it with: install Go 1.24.11 or newer, or name an lnd in {theirs}"
            )
        })?;
        eprintln!("building LND {} with Go into {} (minutes on two cores)", self.version, tools.display());
        self.build(&go, kept.parent().expect("it lies in a folder"))?;
        self.answering(kept).context("the lnd that was built does not answer")
    }

    fn answering(&self, program: PathBuf) -> Result<Tool> {
        Ok(Tool { version: version(&program)?, variables: vec![(self.variable, program)] })
    }

    /// Builds in the module's own folder, where its `replace` lines and its `go.sum` are those of the main module.
    fn build(&self, go: &Path, folder: &Path) -> Result<()> {
        let release = format!("{MODULE}@{}", self.version);
        let module =
            shell::read(Command::new(go).args(["mod", "download", "-json", &release]).current_dir("/"))
                .context("the module proxy does not have it")?;
        let module: Module =
            serde_json::from_str(&module).context("Go says something else about a module now")?;
        ensure!(
            module.sum == self.sum,
            "the module proxy has another {release}: {} instead of {}",
            module.sum,
            self.sum
        );
        let part = folder.with_file_name(format!("{}.{}.part", self.version, std::process::id()));
        std::fs::create_dir_all(&part).with_context(|| format!("{} can't be made", part.display()))?;
        let mut command = Command::new(go);
        command.args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            "-s -w",
            "-tags",
            TAGS,
            "-o",
        ]);
        command.arg(&part).arg("./cmd/lnd").current_dir(&module.dir);
        command.env("CGO_ENABLED", "0").env_remove("GOFLAGS");
        shell::run(&mut command).context("Go could not build it")?;
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .with_context(|| format!("{} can't be replaced", folder.display()))?;
        }
        std::fs::rename(&part, folder).with_context(|| format!("{} can't be put in place", folder.display()))
    }
}
