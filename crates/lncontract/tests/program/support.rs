//! The built program, run as its users run it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse battery";

pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lncontract"));
    // What the tester has set is of no matter here.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LNCONTRACT_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

pub fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program was built")
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary names are plain text")
}

pub fn refused(output: &Output, says: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for expect in says {
        assert!(told.contains(expect), "{expect:?} is missing in: {told}");
    }
}

/// A folder with a company in it.
pub fn company() -> TempDir {
    let dir = tempfile::tempdir().expect("the system has a temporary directory");
    let made = init(dir.path(), "Castor");
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

pub fn init(dir: &Path, short_name: &str) -> Output {
    init_as(dir, "Castor Subsystems s.r.o.", short_name)
}

pub fn init_as(dir: &Path, name: &str, short_name: &str) -> Output {
    let names = ["--name", name, "--short-name", short_name, "--user", "eva"];
    let mut init = program(&["init", "--json", "--dir", text(dir)]);
    init.args(names).env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built")
}

/// A program that runs until it is dropped.
pub struct Running {
    child: Child,
    pub ready: Value,
}

impl Running {
    /// Without a node.
    pub fn serve(dir: &Path, password: Option<&str>) -> Self {
        Self::serve_with(dir, password, &["--no-node"])
    }

    pub fn serve_with(dir: &Path, password: Option<&str>, more: &[&str]) -> Self {
        Self::serve_as(dir, password, more, |_| {})
    }

    /// With more flags, and what else is to be set.
    pub fn serve_as(
        dir: &Path,
        password: Option<&str>,
        more: &[&str],
        set: impl FnOnce(&mut Command),
    ) -> Self {
        let usual = ["serve", "--json", "--listen-web", "127.0.0.1:0", "--dir", text(dir)];
        let mut serve = program(&[&usual, more].concat());
        if let Some(password) = password {
            serve.env("LNCONTRACT_PASSWORD", password);
        }
        set(&mut serve);
        let mut child = serve.stdout(Stdio::piped()).spawn().expect("the program was built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says when it is ready");
        let ready = serde_json::from_str(&line).expect("one JSON object");
        Self { child, ready }
    }

    pub fn get(&self, path: &str) -> String {
        let address =
            self.ready["web"].as_str().and_then(|web| web.strip_prefix("http://")).expect("an address");
        let mut stream = std::net::TcpStream::connect(address).expect("the page is up");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("the page reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the page answers");
        answer
    }

    /// As a power cut: nothing is ended in order.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }

    #[cfg(unix)]
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("there is a kill").success());
        self.child.wait().expect("it is our child").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
