//! The configuration in two steps: what was typed (flags, environment, file), and what it means.
//!
//! Invariant: a flag wins over its variable, both win over the file, the file over the default; nothing is
//! opened, bound or written here, only the file, the cookie and the password are read.
//! No secret is ever printed.

mod chain;
mod lnd;
mod peer;
mod table;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use lncontract_lightning_lnd::LndAccess;
use serde::Deserialize;

pub(crate) use chain::is_this_machine;
pub use chain::{BitcoindSettings, ChainSettings};
pub use table::run as print_table;

/// The file that is read from the data directory when no other one is named.
pub const FILE: &str = "lncontract.toml";
/// The variable with the password. There is no flag for it: other users see the flags of a process.
pub const PASSWORD_VARIABLE: &str = "LNCONTRACT_PASSWORD";

const WEB: &str = "127.0.0.1:8420";
const NODE: &str = "127.0.0.1:9735";

/// What was typed: on the command line, in the environment,
/// or in the file (there without the dashes in front).
#[derive(Clone, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Typed {
    /// The data directory: database, node, lock
    #[arg(long, env = "LNCONTRACT_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// File with these options as TOML [default: lncontract.toml in the data directory, where there is one]
    #[arg(long, env = "LNCONTRACT_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The chain to be on [default: regtest]
    #[arg(long, env = "LNCONTRACT_NETWORK", value_name = "NETWORK")]
    pub network: Option<Network>,
    /// Where the pages and the REST interface are [default: 127.0.0.1:8420]
    #[arg(long, env = "LNCONTRACT_LISTEN_WEB", value_name = "IP:PORT")]
    pub listen_web: Option<SocketAddr>,
    /// Where the node listens for other nodes [default: 127.0.0.1:9735]
    #[arg(long, env = "LNCONTRACT_LISTEN_NODE", value_name = "IP:PORT")]
    pub listen_node: Option<SocketAddr>,
    /// Where other nodes reach ours: stands in our invites [default: as --listen-node]
    #[arg(long, env = "LNCONTRACT_NODE_ADDRESS", value_name = "HOST:PORT")]
    pub node_address: Option<String>,
    /// Where other companies' programs are answered over HTTPS, and nothing else is: behind a proxy with TLS
    #[arg(long, env = "LNCONTRACT_LISTEN_PEER", value_name = "IP:PORT")]
    pub listen_peer: Option<SocketAddr>,
    /// Where they reach that: stands in our invites; goes with --listen-peer
    #[arg(long, env = "LNCONTRACT_PEER_ADDRESS", value_name = "https://HOST/PATH")]
    pub peer_address: Option<String>,
    /// The RPC interface of a bitcoind
    #[arg(long, env = "LNCONTRACT_BITCOIND_URL", value_name = "http://HOST:PORT")]
    pub bitcoind_url: Option<String>,
    /// Its RPC user
    #[arg(long, env = "LNCONTRACT_BITCOIND_USER", value_name = "USER")]
    pub bitcoind_user: Option<String>,
    /// Its RPC password; better in the environment or the file, where other users don't see it
    #[arg(long, env = "LNCONTRACT_BITCOIND_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub bitcoind_password: Option<String>,
    /// Its cookie file instead of user and password; read once, at the start
    #[arg(long, env = "LNCONTRACT_BITCOIND_COOKIE_FILE", value_name = "FILE")]
    pub bitcoind_cookie_file: Option<PathBuf>,
    /// The REST interface of an Esplora, instead of a bitcoind, or beside one (or beside another Esplora, the option
    /// again, or commas) to compare the two; http:// only on this machine
    #[arg(long, env = "LNCONTRACT_ESPLORA_URL", value_name = "https://HOST/PATH", value_delimiter = ',')]
    #[serde(default)]
    pub esplora_url: Vec<String>,
    /// File with the company's password, to unlock unattended; without it the first to sign in unlocks
    #[arg(long, env = "LNCONTRACT_PASSWORD_FILE", value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The gRPC interface of the company's own LND, in place of the embedded node
    #[arg(long, env = "LNCONTRACT_LND_ADDRESS", value_name = "HOST:PORT")]
    pub lnd_address: Option<String>,
    /// LND's own tls.cert: exactly this certificate is accepted
    #[arg(long, env = "LNCONTRACT_LND_CERTIFICATE_FILE", value_name = "FILE")]
    pub lnd_certificate_file: Option<PathBuf>,
    /// A macaroon that `lncontract lnd bake` made; several: the option again, or commas
    #[arg(long, env = "LNCONTRACT_LND_MACAROON_FILE", value_name = "FILE", value_delimiter = ',')]
    #[serde(default)]
    pub lnd_macaroon_file: Vec<PathBuf>,
    /// File with an lndconnect:// string, in place of address, certificate and macaroons
    #[arg(long, env = "LNCONTRACT_LNDCONNECT_FILE", value_name = "FILE")]
    pub lndconnect_file: Option<PathBuf>,
    /// Leave the node out: record and pages only
    #[arg(long, env = "LNCONTRACT_NO_NODE")]
    pub no_node: bool,
}

/// A chain, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Blocks on demand, worth nothing
    Regtest,
    /// The public test chain, worth nothing
    Signet,
    /// Refused for now
    Mainnet,
}

/// What it means.
#[derive(Debug)]
pub struct Settings {
    /// The data directory.
    pub dir: PathBuf,
    /// The chain.
    pub network: bitcoin::Network,
    /// Where the pages are.
    pub listen_web: SocketAddr,
    /// Where other companies' programs are answered.
    pub peer: Option<PeerSettings>,
    /// Unlocks unattended.
    pub password: Option<Secret>,
    /// Where the password was read from, if from a file.
    pub password_file: Option<PathBuf>,
    /// The node; `None`: left out.
    pub node: Option<NodeSettings>,
}

/// Where other companies' programs are answered over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSettings {
    /// Where we listen; TLS ends before it.
    pub listen: SocketAddr,
    /// Where they reach it.
    pub address: String,
}

/// The node's part.
#[derive(Debug)]
pub enum NodeSettings {
    /// In this process.
    Embedded {
        /// Where it listens.
        listen: SocketAddr,
        /// Where others reach it.
        address: String,
        /// Where it has its blocks from: one source, or two that are compared, the one to prefer first.
        chain: Vec<ChainSettings>,
    },
    /// The company's own LND.
    Lnd {
        /// How we reach it.
        access: LndAccess,
        /// Where other nodes reach it.
        address: String,
    },
    /// The LND that is connected on the page.
    OnPage {
        /// Where other nodes reach it, if that is given here.
        address: Option<String>,
    },
}

/// Text that is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Typed {
    /// Says what it means.
    ///
    /// # Errors
    /// When something is missing, can't be read, or is not allowed; says what to type instead.
    pub fn meaning(self) -> anyhow::Result<Settings> {
        let from_outside = self.password_file.clone();
        let all = self.with_file()?;
        let network = all.network()?;
        let password_file = all.password_file.clone();
        let password = password(from_outside.as_deref(), password_file.as_deref())?;
        let node = if all.no_node { None } else { Some(all.node()?) };
        let listen_web = all.listen_web.unwrap_or_else(|| WEB.parse().expect("an address in this file"));
        let peer = all.peer()?;
        let dir = all.dir.context("no data directory: give --dir DIR, or set LNCONTRACT_DIR")?;
        Ok(Settings { dir, network, listen_web, peer, password, password_file, node })
    }

    /// What names an LND, with the file's part of it.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn lnd_of_file(self) -> anyhow::Result<Self> {
        self.with_file()
    }

    /// Fills in from the file what was not typed.
    fn with_file(self) -> anyhow::Result<Self> {
        let beside = self.dir.as_ref().map(|dir| dir.join(FILE)).filter(|file| file.exists());
        let Some(path) = self.config.clone().or(beside) else { return Ok(self) };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("configuration file {}", path.display()))?;
        // The parser's own words: they name the line and the keys that there are.
        // They show no value of another line.
        let file: Self =
            toml::from_str(&text).with_context(|| format!("configuration file {}", path.display()))?;
        Ok(self.or(file.relative_to(path.parent().unwrap_or(Path::new("")))))
    }

    /// Paths in a file are relative to the file.
    fn relative_to(mut self, folder: &Path) -> Self {
        let paths = [
            &mut self.dir,
            &mut self.bitcoind_cookie_file,
            &mut self.lnd_certificate_file,
            &mut self.lndconnect_file,
            &mut self.password_file,
        ];
        for path in paths {
            *path = path.take().map(|path| folder.join(path));
        }
        for path in &mut self.lnd_macaroon_file {
            *path = folder.join(&*path);
        }
        self
    }

    fn or(self, file: Self) -> Self {
        // Credentials stay together: a typed cookie is not mixed with a user of the file.
        let typed_login = self.bitcoind_user.is_some() || self.bitcoind_cookie_file.is_some();
        let file_login = |value| if typed_login { None } else { value };
        // One LND, from one place.
        let typed_lnd = self.names_lnd();
        Self {
            dir: self.dir.or(file.dir),
            config: self.config,
            network: self.network.or(file.network),
            listen_web: self.listen_web.or(file.listen_web),
            listen_node: self.listen_node.or(file.listen_node),
            node_address: self.node_address.or(file.node_address),
            listen_peer: self.listen_peer.or(file.listen_peer),
            peer_address: self.peer_address.or(file.peer_address),
            bitcoind_url: self.bitcoind_url.or(file.bitcoind_url),
            bitcoind_user: self.bitcoind_user.or(file_login(file.bitcoind_user)),
            bitcoind_password: self.bitcoind_password.or(file.bitcoind_password),
            bitcoind_cookie_file: self
                .bitcoind_cookie_file
                .or(file.bitcoind_cookie_file.filter(|_| !typed_login)),
            esplora_url: if self.esplora_url.is_empty() { file.esplora_url } else { self.esplora_url },
            lnd_address: self.lnd_address.or(file.lnd_address.filter(|_| !typed_lnd)),
            lnd_certificate_file: self
                .lnd_certificate_file
                .or(file.lnd_certificate_file.filter(|_| !typed_lnd)),
            lnd_macaroon_file: if typed_lnd { self.lnd_macaroon_file } else { file.lnd_macaroon_file },
            lndconnect_file: self.lndconnect_file.or(file.lndconnect_file.filter(|_| !typed_lnd)),
            password_file: self.password_file.or(file.password_file),
            no_node: self.no_node || file.no_node,
        }
    }

    /// The chain.
    ///
    /// # Errors
    /// When it is one that is refused.
    pub fn network(&self) -> anyhow::Result<bitcoin::Network> {
        match self.network.unwrap_or(Network::Regtest) {
            Network::Regtest => Ok(bitcoin::Network::Regtest),
            Network::Signet => Ok(bitcoin::Network::Signet),
            Network::Mainnet => bail!(
                "mainnet is refused: record, earmarks and paying have not all landed in full, and real money would be \
                 at risk; use --network signet or --network regtest"
            ),
        }
    }

    fn node(&self) -> anyhow::Result<NodeSettings> {
        if self.names_lnd() {
            return self.lnd();
        }
        if !self.names_chain() && self.listen_node.is_none() && !self.has_embedded_node() {
            return Ok(NodeSettings::OnPage { address: self.node_address.clone() });
        }
        let listen = self.listen_node.unwrap_or_else(|| NODE.parse().expect("an address in this file"));
        let address = self.node_address.clone().unwrap_or_else(|| listen.to_string());
        ensure!(
            self.node_address.is_some() || !listen.ip().is_unspecified(),
            "{listen} is every address of this machine, and no address for an invite: give --node-address HOST:PORT, \
             where other nodes reach ours"
        );
        Ok(NodeSettings::Embedded { listen, address, chain: self.chain()? })
    }
}

/// The company's password: from a file named by flag or variable, else from its variable, else from a file
/// that the configuration names.
///
/// # Errors
/// When a file that was named can't be read, or is empty.
pub fn password(typed: Option<&Path>, configured: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let variable = std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty());
    let Some(file) = typed.or(configured.filter(|_| variable.is_none())) else {
        return Ok(variable.map(Secret));
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("password file {}", file.display()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    ensure!(!password.is_empty(), "the password file {} is empty", file.display());
    Ok(Some(Secret(password.to_owned())))
}

#[cfg(test)]
mod tests;
