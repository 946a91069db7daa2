//! The bitcoind that other tests will rely on: started on regtest, asked over RPC, stopped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::*;

/// Kills what a failing test leaves behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One JSON-RPC call; `eDp4` is `x:x` in base64.
fn call(port: u16, method: &str) -> std::io::Result<String> {
    let body = format!("{{\"method\":\"{method}\",\"params\":[]}}");
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp4\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn real_bitcoind_starts_on_regtest_and_answers() {
    let program =
        std::env::var_os(VARIABLE).expect("`cargo xtask test` names a bitcoind; --fast leaves this out");
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["-regtest", "-server", "-listen=0", "-rpcuser=x", "-rpcpassword=x", "-printtoconsole=0"]);
    command.arg(format!("-datadir={}", folder.path().display())).arg(format!("-rpcport={port}"));
    let mut bitcoind = Running(command.spawn().unwrap());
    let start = Instant::now();
    let answer = loop {
        match call(port, "getblockcount") {
            Ok(answer) if answer.contains("\"result\":0") => break answer,
            _ if start.elapsed() > Duration::from_secs(30) => panic!("bitcoind did not answer within 30 s"),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    call(port, "stop").unwrap();
    assert!(bitcoind.0.wait().unwrap().success());
}

#[test]
fn a_starter_runs_the_program_by_the_loader_that_came_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let lib64 = folder.path().join("unpacked/usr/lib64");
    std::fs::create_dir_all(&lib64).unwrap();
    let loader = lib64.join("ld-linux-test.so.2");
    std::fs::write(&loader, "#!/bin/sh\necho \"$3\" \"$4\"\n").unwrap();
    make_executable(&loader).unwrap();
    write_starter(folder.path(), "bitcoind").unwrap();
    let said = crate::shell::read(Command::new(folder.path().join("bitcoind")).arg("-version")).unwrap();
    assert!(said.trim().ends_with("/unpacked/usr/bin/bitcoind -version"), "{said}");
}

#[test]
fn packages_without_a_loader_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(write_starter(folder.path(), "bitcoind").is_err());
}
