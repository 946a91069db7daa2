//! The programs that the walk needs: the built binary with both companies, and the driver of the browsers.
//!
//! Invariant: none of them outlives the test, however it ends. They are killed when they are dropped, and a
//! browser ends by itself when the pipe to its driver is closed.

use std::{ffi::OsString, net::TcpListener, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// How long a program may take to say that it is ready.
const READY: Duration = Duration::from_secs(120);

/// A program that ends with the test.
pub struct Program {
    name: &'static str,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Program {
    /// Starts it. What it says besides goes into `log`.
    fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let log = std::fs::File::create(log).context("the log can't be made")?;
        let mut child = command
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let stdout = child.stdout.take().expect("its output is a pipe");
        Ok(Self { name, lines: BufReader::new(stdout).lines(), _child: child })
    }

    /// Reads on to the line in which `find` finds something.
    async fn says<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let reading = async {
            while let Some(line) = self.lines.next_line().await? {
                if let Some(found) = find(&line) {
                    return Ok(found);
                }
            }
            Err(anyhow!("{} ended before it said {what}", self.name))
        };
        let said = timeout(READY, reading).await;
        said.with_context(|| format!("{} did not say {what} within {READY:?}", self.name))?
    }
}

/// Both companies, with the addresses of their pages as the program prints them.
pub struct Sandbox {
    /// The buyer's page.
    pub buyer: String,
    /// The seller's page.
    pub seller: String,
    _program: Program,
}

impl Sandbox {
    /// Starts it in this folder.
    pub async fn start(dir: &Path) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lncontract"));
        command.arg("sandbox").arg("--port").arg(two_free_ports()?.to_string());
        command.arg("--dir").arg(dir.join("sandbox"));
        let mut program = Program::start("the sandbox", &mut command, &dir.join("sandbox.log"))?;
        let address = |side: &'static str| {
            move |line: &str| {
                line.strip_prefix(side)
                    .map(str::trim)
                    .filter(|url| url.starts_with("http"))
                    .map(str::to_owned)
            }
        };
        let buyer = program.says("the buyer's address", address("buyer")).await?;
        let seller = program.says("the seller's address", address("seller")).await?;
        Ok(Self { buyer, seller, _program: program })
    }
}

/// The driver of the browsers.
pub struct Driver {
    /// Where it takes orders.
    pub url: String,
    _program: Program,
}

impl Driver {
    /// Starts it on a port of its own choice.
    pub async fn start(dir: &Path) -> Result<Self> {
        let mut command = Command::new(given("LNCONTRACT_CHROMEDRIVER")?);
        command.arg("--port=0");
        let mut program = Program::start("chromedriver", &mut command, &dir.join("chromedriver.log"))?;
        let port = |line: &str| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        };
        let port = program.says("its port", port).await?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _program: program })
    }
}

/// A program that `cargo xtask test` names; without it the test fails and says so.
pub fn given(variable: &str) -> Result<OsString> {
    let why = "it names a program that this test needs; cargo xtask test sets it";
    std::env::var_os(variable).with_context(|| format!("{variable} is not set: {why}"))
}

/// The sandbox takes a port and the one after it.
fn two_free_ports() -> Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
        let port = first.local_addr()?.port();
        if port.checked_add(1).is_some_and(|next| TcpListener::bind(("127.0.0.1", next)).is_ok()) {
            return Ok(port);
        }
    }
    Err(anyhow!("no two free ports side by side on 127.0.0.1"))
}
