//! A real LND on regtest, for tests: started on a folder, beside a bitcoind, stopped in order.
//!
//! Invariant: it lives no longer than the value that stands for it. Its ports are its own choice at the first start and
//! the same at later ones, so that peers and programs find it again.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lncontract_lightning_lnd::LndAccess;

/// How long it may take to serve: a loaded machine starts it slowly.
const PATIENCE: Duration = Duration::from_secs(120);
/// A wallet without a seed that anybody keeps, opened at the start.
pub const NO_SEED: &str = "--noseedbackup";
/// What LND writes to its log once each port is bound.
pub const RPC_PORT: &str = "RPC server listening on ";
const PEER_PORT: &str = "Server listening on ";

/// Today's LND, on which nearly all tests run.
pub const NEW: &str = "LNCONTRACT_LND";

/// An LND by the variable that names it.
pub fn program(variable: &str) -> PathBuf {
    let program = std::env::var_os(variable);
    PathBuf::from(program.expect("`cargo xtask test` names an lnd; --fast leaves this out"))
}

/// A running LND.
pub struct Lnd {
    /// What is its own.
    pub folder: PathBuf,
    chain: SocketAddr,
    /// What is started on its folder.
    pub program: PathBuf,
    /// Its command line, but for the ports.
    pub flags: Vec<String>,
    ports: Option<(SocketAddr, SocketAddr)>,
    starts: u32,
    /// The process, while it runs.
    pub child: Option<Child>,
}

impl Lnd {
    /// Starts one on an empty folder, with a bitcoind whose user and password are `login`.
    pub fn start(program: PathBuf, folder: &Path, chain: SocketAddr, login: &str, flags: &[&str]) -> Self {
        fs::create_dir_all(folder).expect("the folder can be made");
        let mut all = vec![
            format!("--lnddir={}", folder.display()),
            "--bitcoin.regtest".into(),
            "--bitcoin.node=bitcoind".into(),
            format!("--bitcoind.rpchost={chain}"),
            format!("--bitcoind.rpcuser={login}"),
            format!("--bitcoind.rpcpass={login}"),
            "--bitcoind.rpcpolling".into(),
            "--bitcoind.blockpollinginterval=200ms".into(),
            "--bitcoind.txpollinginterval=200ms".into(),
            "--norest".into(),
            "--nobootstrap".into(),
            NO_SEED.into(),
            "--debuglevel=info".into(),
        ];
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let mut lnd =
            Lnd { folder: folder.into(), chain, program, flags: all, ports: None, starts: 0, child: None };
        lnd.begin();
        lnd
    }

    /// Where peers connect.
    pub fn peers(&self) -> SocketAddr {
        self.ports.expect("it was started").1
    }

    /// With all rights.
    pub fn access(&self) -> LndAccess {
        let macaroon = fs::read(self.macaroon("admin")).expect("it wrote one");
        LndAccess::new(&self.rpc().to_string(), &self.certificate(), &[macaroon])
            .expect("its own files are good")
    }

    /// Where its gRPC interface is.
    pub fn rpc(&self) -> SocketAddr {
        self.ports.expect("it was started").0
    }

    /// Its certificate, PEM.
    pub fn certificate(&self) -> Vec<u8> {
        fs::read(self.folder.join("tls.cert")).expect("it wrote one")
    }

    /// A macaroon that it made by itself.
    pub fn macaroon(&self, name: &str) -> PathBuf {
        self.folder.join(format!("data/chain/bitcoin/regtest/{name}.macaroon"))
    }

    /// Ends it, with a signal by its name.
    pub fn end(&mut self, signal: &str) {
        let Some(mut child) = self.child.take() else { return };
        self.signal(&child, signal);
        let _ = child.wait();
    }

    /// Sends it a signal.
    pub fn signal(&self, child: &Child, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "lnd in {} gets {signal}", self.folder.display());
    }

    /// Where it writes what it says.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join(format!("start-{}.log", self.starts))
    }

    /// Starts it on its folder and waits until it takes peers.
    pub fn begin(&mut self) {
        // The second port is bound just before it serves.
        let ports = self.spawn_and_wait(|log| Some((bound(log, RPC_PORT)?, bound(log, PEER_PORT)?)));
        self.ports = Some(ports);
    }

    /// Starts it, and waits until its log says something.
    pub fn spawn_and_wait<T>(&mut self, said: impl Fn(&str) -> Option<T>) -> T {
        self.starts += 1;
        let log = self.log_file();
        let (rpc, peers) = match self.ports {
            Some((rpc, peers)) => (rpc.to_string(), peers.to_string()),
            None => ("127.0.0.1:0".into(), "127.0.0.1:0".into()),
        };
        let mut command = Command::new(&self.program);
        command.args(&self.flags).arg(format!("--rpclisten={rpc}")).arg(format!("--listen={peers}"));
        let out = File::create(&log).expect("its log can be made");
        let err = out.try_clone().expect("one file twice");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        self.child = Some(child.expect("the lnd that was named can be started"));
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(said) = said(&text) {
                return said;
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "lnd beside {} does not serve:\n{text}",
                self.chain
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The address behind some words in a log.
pub fn bound(log: &str, words: &str) -> Option<SocketAddr> {
    log.lines().rev().find_map(|line| line.split_once(words)?.1.trim().parse().ok())
}

impl Drop for Lnd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log_file()).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("lnd in {}:", self.folder.display());
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
