//! One company: its folder, its program as a process, and what people ask of it.
//!
//! Invariant: the program is started as an operator starts it, and ended by SIGKILL, or by SIGTERM at the end.

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{
    regtest::LOGIN,
    rest::{self, Asked},
};

/// The file that moves the clock of both, beside their folders.
pub const CLOCK: &str = "clock";
const PASSWORD: &str = "correct horse battery";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buyer,
    Seller,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Side::Buyer { "buyer" } else { "seller" })
    }
}

impl Side {
    /// Legal name, short name.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Side::Buyer => ("Meridian Systems Integration GmbH", "Meridian"),
            Side::Seller => ("Castor Subsystems s.r.o.", "Castor"),
        }
    }
}

/// Where a company is reached; the same in all its lives, since the other one has it in an invite.
#[derive(Clone, Debug)]
pub struct Address {
    pub side: Side,
    pub program: PathBuf,
    /// Whether its clock moves: then the harness itself serves it (see `served`).
    pub moves: bool,
    pub web: SocketAddr,
    pub node: SocketAddr,
}

/// A company with a folder of its own.
pub struct Company {
    address: Address,
    home: PathBuf,
    /// The URL of its bitcoind.
    bitcoind: String,
    /// Of the session of its people; kept in its database, so it outlives the program. It ends by the company's clock.
    token: Mutex<String>,
    process: Mutex<Option<Child>>,
    /// How often it was started, and which of its starts has said that it is ready.
    starts: AtomicU64,
    ready: Arc<AtomicU64>,
}

impl Company {
    /// The company of a scene: its data directory is `home/SIDE`, its log is beside.
    pub fn new(address: Address, home: &Path, bitcoind: &str, token: &str) -> Self {
        Company {
            address,
            home: home.to_path_buf(),
            bitcoind: bitcoind.to_owned(),
            token: Mutex::new(token.to_owned()),
            process: Mutex::new(None),
            starts: AtomicU64::new(0),
            ready: Arc::default(),
        }
    }

    fn command(&self, program: &Path, verb: &str) -> Command {
        let mut command = Command::new(program);
        // What the tester has set is of no matter here, but for the log.
        let ours = |name: &str| name.starts_with("LNCONTRACT_") && name != "LNCONTRACT_LOG";
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.args([verb, "--json", "--dir"]).arg(self.home.join(self.address.side.to_string()));
        command.env("LNCONTRACT_PASSWORD", PASSWORD).stdin(Stdio::null());
        command
    }

    /// First run.
    pub fn init(&self) -> anyhow::Result<()> {
        let (name, short_name) = self.address.side.names();
        let user = self.address.side.to_string();
        let mut init = self.command(&self.address.program, "init");
        init.args(["--name", name, "--short-name", short_name, "--user", &user]);
        let output = init.output().context("the program can't be started")?;
        ensure!(output.status.success(), "init: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Starts its program and does not wait for it.
    pub fn start(&self) -> anyhow::Result<()> {
        let Address { side, web, node, .. } = &self.address;
        let log = self.home.join(format!("{side}.log"));
        let log = File::options().create(true).append(true).open(log).context("the log can't be written")?;
        let mut serve = if self.address.moves {
            let mut serve = self.command(&std::env::current_exe()?, "company");
            serve.arg("--clock").arg(self.home.join(CLOCK));
            serve
        } else {
            let mut serve = self.command(&self.address.program, "serve");
            serve.args(["--network", "regtest", "--bitcoind-user", LOGIN]);
            serve
        };
        serve.args(["--bitcoind-url", &self.bitcoind]);
        serve.args(["--listen-web", &web.to_string(), "--listen-node", &node.to_string()]);
        serve.env("LNCONTRACT_BITCOIND_PASSWORD", LOGIN).stdout(Stdio::piped()).stderr(log);
        if std::env::var_os("LNCONTRACT_LOG").is_none() {
            serve.env("LNCONTRACT_LOG", "info");
        }
        let mut child = serve.spawn().context("the program can't be started")?;
        let number = self.starts.fetch_add(1, Ordering::SeqCst) + 1;
        let (ready, stdout) = (Arc::clone(&self.ready), child.stdout.take().context("it is piped")?);
        std::thread::spawn(move || {
            let said = BufReader::new(stdout).lines().next();
            // A killed program says nothing.
            if said.is_some_and(|line| line.is_ok_and(|line| line.contains("\"unlocked\":true"))) {
                ready.fetch_max(number, Ordering::SeqCst);
            }
        });
        *self.process() = Some(child);
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its program runs and is ready.
    pub fn is_up(&self) -> bool {
        self.process().is_some() && self.ready.load(Ordering::SeqCst) == self.starts.load(Ordering::SeqCst)
    }

    /// SIGKILL.
    pub fn kill(&self) -> anyhow::Result<()> {
        let mut child = self.process().take().context("a kill of a program that does not run")?;
        if let Some(status) = child.try_wait()? {
            anyhow::bail!("the {} ended by itself before it was killed: {status}", self.address.side);
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// SIGTERM, and its end in order.
    pub fn stop(&self) -> anyhow::Result<()> {
        let Some(mut child) = self.process().take() else { return Ok(()) };
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
        let status = child.wait()?;
        ensure!(status.success(), "the {} did not end in order: {status}", self.address.side);
        Ok(())
    }

    /// Signs in; the session is there in all further lives.
    pub fn sign_in(&self) -> Result<String, Asked> {
        let body = json!({ "user": self.address.side.to_string(), "password": PASSWORD });
        let answer = rest::ask(self.address.web, "/sessions", "", Some(&body))?;
        let token = answer["token"].as_str().unwrap_or_default().to_owned();
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&token);
        Ok(token)
    }

    /// Asks, and signs in again where the session has ended.
    fn signed_in<T>(&self, ask: impl Fn(&str) -> Result<T, Asked>) -> Result<T, Asked> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match ask(&token) {
            Err(Asked::Refused { status: 401, .. }) => ask(&self.sign_in()?),
            answer => answer,
        }
    }

    /// Looks.
    pub fn get(&self, path: &str) -> Result<Value, Asked> {
        self.signed_in(|token| rest::ask(self.address.web, path, token, None))
    }

    /// The bundle of a contract, as its page hands it out.
    pub fn bundle(&self, contract: &str) -> Result<Vec<u8>, Asked> {
        let path = format!("/contracts/{contract}/bundle");
        self.signed_in(|token| rest::download(self.address.web, &path, token))
    }

    /// Acts.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Asked> {
        self.signed_in(|token| rest::ask(self.address.web, path, token, Some(body)))
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        if let Some(mut child) = self.process().take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
