//! Standard output that nobody reads, or that has no room.

use std::{
    fs::File,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    support::{program, text},
    terms::{PATIENCE, two_free_ports},
};

/// One look at a page; nothing where none is up.
fn page(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/").then_some(answer)
}

/// Standard output whose reader is gone already.
fn unread() -> Stdio {
    let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().expect("`true` is there");
    let stdin = gone.stdin.take().expect("it is piped");
    gone.wait().expect("`true` ends");
    stdin.into()
}

#[test]
fn a_sandbox_whose_output_nobody_reads_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let port = two_free_ports();
    let arguments = ["sandbox", "--port", &port.to_string(), "--dir", text(dir.path())];
    let mut sandbox = program(&arguments).stdout(unread()).spawn().expect("the program was built");
    let begun = Instant::now();
    // The seller's page comes up after the first lines were printed; the last are printed after it.
    while page(port + 1).is_none() {
        assert!(sandbox.try_wait().unwrap().is_none(), "it ended before its pages were up");
        assert!(begun.elapsed() < PATIENCE, "its pages never came up");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(page(port).is_some() && page(port + 1).is_some(), "its pages are gone");
    assert!(sandbox.try_wait().unwrap().is_none(), "it ended by itself");
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}

#[test]
fn a_command_whose_reader_went_away_ends_quietly() {
    let output = program(&["config-table"]).stdout(unread()).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn output_that_has_no_room_is_told_and_is_no_success() {
    // Every write to it says that there is no space left on the device.
    let full = File::options().write(true).open("/dev/full").expect("a device of every Linux");
    let output = program(&["config-table"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("standard output can't be written") && said.contains("ask again"), "{said}");
}
