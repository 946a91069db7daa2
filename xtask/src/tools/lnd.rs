//! A real LND: `LND_EXE`, PATH, the copy of an earlier run, or built with Go from the module proxy into target/.
//!
//! Invariant: tests find it by `LNCONTRACT_LND` alone. What is built is exactly the release that is named here: the
//! module's own checksum stands here too, and its `go.sum` has those of everything it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{Tool, on_path, version};
use crate::shell;

const VARIABLE: &str = "LNCONTRACT_LND";
const MODULE: &str = "github.com/lightningnetwork/lnd";
const RELEASE: &str = "v0.20.1-beta";
/// Of the module's zip, as Go's checksum database has it (`h1`: golang.org/x/mod/sumdb/dirhash).
const SUM: &str = "h1:wDMNgks5uST1CY+WwjIZ4+McPMMFpr2pIIGJp7ytDI4=";
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

/// Finds it or builds it.
pub fn get(tools: &Path) -> Result<Tool> {
    if let Some(named) = std::env::var_os(VARIABLE).or_else(|| std::env::var_os("LND_EXE")) {
        return answering(PathBuf::from(named)).context("the lnd that the environment names does not answer");
    }
    let kept = tools.join("lnd").join(RELEASE).join("lnd");
    // The one that is built for tests starts faster than one that guards a real wallet, so it comes first.
    for found in [kept.clone()].into_iter().chain(on_path("lnd")) {
        if let Ok(tool) = answering(found) {
            return Ok(tool);
        }
    }
    let go = on_path("go")
        .context("there is no Go to build it with: install Go 1.24.11 or newer, or name an lnd in LND_EXE")?;
    eprintln!("building LND {RELEASE} with Go into {} (5 minutes on two cores)", tools.display());
    build(&go, kept.parent().expect("it lies in a folder"))?;
    answering(kept).context("the lnd that was built does not answer")
}

fn answering(program: PathBuf) -> Result<Tool> {
    Ok(Tool { version: version(&program)?, variables: vec![(VARIABLE, program)] })
}

/// Builds in the module's own folder, where its `replace` lines and its `go.sum` are those of the main module.
fn build(go: &Path, folder: &Path) -> Result<()> {
    let release = format!("{MODULE}@{RELEASE}");
    let module = shell::read(Command::new(go).args(["mod", "download", "-json", &release]).current_dir("/"))
        .context("the module proxy does not have it")?;
    let module: Module =
        serde_json::from_str(&module).context("Go says something else about a module now")?;
    ensure!(module.sum == SUM, "the module proxy has another {release}: {} instead of {SUM}", module.sum);
    let part = folder.with_file_name(format!("{RELEASE}.{}.part", std::process::id()));
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
        std::fs::remove_dir_all(folder).with_context(|| format!("{} can't be replaced", folder.display()))?;
    }
    std::fs::rename(&part, folder).with_context(|| format!("{} can't be put in place", folder.display()))
}
