//! `lnd`: the company's own LND: the exact rights that this program needs, and whether it can be used.
//!
//! Invariant: only `bake --with` changes something: it makes macaroons at LND and writes them to files that only their
//! owner can read. Nothing is kept about the macaroon that bakes.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lncontract_lightning_lnd::{Ability, LndAccess, ROLES, Report, Role, report};
use serde_json::json;

use crate::{config::Typed, say::say};

/// What the command line says.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the commands that bake this program's macaroons, or bake them
    Bake(Bake),
    /// Ask an LND who it is, what we may do there, and what it can do for contracts
    Test(Box<Test>),
}

#[derive(clap::Args)]
struct Bake {
    /// Bake them now, with this macaroon (LND's admin.macaroon); it is read once and not kept
    #[arg(long, value_name = "FILE", requires_all = ["lnd_address", "lnd_certificate_file"])]
    with: Option<PathBuf>,
    /// LND's gRPC interface
    #[arg(long, env = "LNCONTRACT_LND_ADDRESS", value_name = "HOST:PORT")]
    lnd_address: Option<String>,
    /// LND's own tls.cert
    #[arg(long, env = "LNCONTRACT_LND_CERTIFICATE_FILE", value_name = "FILE")]
    lnd_certificate_file: Option<PathBuf>,
    /// Where the macaroons are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Only these roles [default: all]
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Test {
    #[command(flatten)]
    typed: Typed,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Does what the command line says. Returns the exit code.
///
/// # Errors
/// When LND can't be asked, or a file can't be read or written: says what to do.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    match args.command {
        Command::Bake(bake) => self::bake(bake).await,
        Command::Test(test) => self::test(*test).await,
    }
}

async fn bake(args: Bake) -> anyhow::Result<u8> {
    for name in &args.role {
        let known: Vec<&str> = ROLES.iter().map(|role| role.name).collect();
        ensure!(known.contains(&name.as_str()), "there is no role {name:?}: there are {}", known.join(", "));
    }
    let roles =
        || ROLES.iter().filter(|role| args.role.is_empty() || args.role.iter().any(|name| name == role.name));
    let Some(with) = &args.with else {
        return Ok(print(roles(), args.json));
    };
    let read = |file: &Path| std::fs::read(file).with_context(|| format!("{} can't be read", file.display()));
    let (address, certificate) = (args.lnd_address.as_deref(), args.lnd_certificate_file.as_deref());
    let (address, certificate) =
        address.zip(certificate).context("baking needs --lnd-address and --lnd-certificate-file")?;
    let access = LndAccess::new(address, &read(certificate)?, &[read(with)?])?;
    let mut written = Vec::new();
    for role in roles() {
        let macaroon = role.bake(&access).await?;
        let file = args.out.join(role.file());
        write_private(&file, &macaroon).with_context(|| format!("{} can't be written", file.display()))?;
        if !args.json {
            say!("{:<9} {}", role.name, file.display());
        }
        written.push(file.display().to_string());
    }
    if args.json {
        say!("{}", json!({ "written": written }));
    } else {
        say!("Give them to serve: --lnd-macaroon-file {}", written.join(","));
    }
    Ok(0)
}

fn print<'a>(roles: impl Iterator<Item = &'a Role>, json: bool) -> u8 {
    if json {
        let all: Vec<_> = roles
            .map(|role| {
                json!({ "role": role.name, "what": role.what, "uris": role.uris, "root_key_id": role.root_key_id,
                        "command": role.lncli() })
            })
            .collect();
        say!("{}", json!(all));
        return 0;
    }
    say!("# Run these where lncli works. Leave out what a person should do by hand. To take one back:");
    say!("# lncli deletemacaroonid ID, with the number behind --root_key_id.");
    for role in roles {
        say!("");
        say!("# {}: {}", role.name, role.what);
        say!("{}", role.lncli());
    }
    0
}

/// A secret: nobody else on the machine reads it, also not for a moment.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(bytes)
}

async fn test(args: Test) -> anyhow::Result<u8> {
    let typed = args.typed.lnd_of_file()?;
    let report = report(&typed.lnd_access()?, typed.network()?).await?;
    if args.json {
        say!("{}", as_json(&report));
    } else {
        show(&report);
    }
    Ok(u8::from(report.obstacle.is_some()))
}

fn show(report: &Report) {
    let Report { key, alias, version, network, height, synced, .. } = report;
    say!("node     {key} ({alias})");
    say!("software LND {version}");
    say!("chain    {network}, block {height}{}", if *synced { "" } else { ", behind" });
    for address in &report.addresses {
        say!("announces {address}");
    }
    for role in ROLES {
        match report.missing.iter().find(|(name, _)| *name == role.name) {
            None => say!("may      {:<9} {}", role.name, role.what),
            Some((_, missing)) => {
                say!("may NOT  {:<9} {} (missing: {})", role.name, role.what, missing.join(" "))
            }
        }
    }
    for ability in &report.abilities {
        say!("{}", in_words(ability));
    }
    if let Some(obstacle) = &report.obstacle {
        say!("can't be used: {obstacle}");
    }
}

fn in_words(ability: &Ability) -> String {
    let Ability { what, so, .. } = ability;
    let line = ability.line.map(|line| format!("; in lnd.conf: {line}")).unwrap_or_default();
    match ability.can {
        Some(true) => format!("can      {what}"),
        Some(false) => format!("can NOT  {what}: {so}{line}"),
        None => format!("may be   {what}: {so}{line}"),
    }
}

fn as_json(report: &Report) -> serde_json::Value {
    let missing: Vec<_> =
        report.missing.iter().map(|(role, uris)| json!({ "role": role, "uris": uris })).collect();
    let abilities: Vec<_> = report
        .abilities
        .iter()
        .map(|ability| json!({ "what": ability.what, "can": ability.can, "so": ability.so, "line": ability.line }))
        .collect();
    json!({
        "key": report.key, "alias": report.alias, "version": report.version, "network": report.network,
        "height": report.height, "synced": report.synced, "addresses": report.addresses, "missing": missing,
        "abilities": abilities, "obstacle": report.obstacle,
    })
}
