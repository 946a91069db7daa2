//! The built program without a chain source: a real LND is connected to it, tested first, and is its node for good.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    lnd::{self, Lnd, NEW},
    regtest::{LOGIN, Regtest},
    support::{PASSWORD, Running, init, program, text},
};

const REACHED_AT: &str = "lnd.castor.example:9735";

/// What a client command answers, and whether it was done.
fn ask(running: &Running, command: &[&str]) -> Result<Value, String> {
    let url = running.ready["web"].as_str().expect("an address");
    let mut client = program(&[command, &["--url", url, "--user", "eva", "--json"]].concat());
    let output = client.env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built");
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).expect("one JSON value")),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Files that lead to an LND.
struct Files {
    address: String,
    certificate: PathBuf,
    macaroon: PathBuf,
}

impl Files {
    fn of(lnd: &Lnd, dir: &Path) -> Self {
        let certificate = dir.join(format!("{}.cert", lnd.rpc().port()));
        fs::write(&certificate, lnd.certificate()).expect("the folder is there");
        Self { address: lnd.rpc().to_string(), certificate, macaroon: lnd.macaroon("admin") }
    }

    fn connect(&self, running: &Running, reached_at: &str) -> Result<Value, String> {
        let (certificate, macaroon) = (text(&self.certificate), text(&self.macaroon));
        let mut command = vec!["node", "connect", "--lnd-address", &self.address];
        command.extend(["--lnd-certificate-file", certificate, "--lnd-macaroon-file", macaroon]);
        if !reached_at.is_empty() {
            command.extend(["--reached-at", reached_at]);
        }
        ask(running, &command)
    }
}

fn refused(connected: Result<Value, String>, words: &[&str]) {
    let told = connected.expect_err("it is refused");
    for expect in words {
        assert!(told.contains(expect), "{expect:?} is missing in: {told}");
    }
}

#[test]
fn real_lnd_is_connected_after_a_test_kept_sealed_and_never_exchanged_for_another() {
    let bitcoind = std::env::var_os("LNCONTRACT_BITCOIND");
    let bitcoind = bitcoind.expect("`cargo xtask test` names a bitcoind; --fast leaves this out");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let of_chain = dir.path().join("bitcoind");
    fs::create_dir(&of_chain).expect("the folder is empty");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let _chain = Regtest::start(Path::new(&bitcoind), &of_chain, port);
    let lnds =
        ["one", "other"].map(|name| Lnd::start(lnd::program(NEW), &dir.path().join(name), port, LOGIN, &[]));
    let [one, other] = lnds.each_ref().map(|lnd| Files::of(lnd, dir.path()));

    let company = dir.path().join("company");
    assert_eq!(init(&company, "Castor").status.code(), Some(0));
    let running = Running::serve_with(&company, Some(PASSWORD), &[]);
    let info = ask(&running, &["node", "info"]).expect("pages are up");
    let trouble = info["trouble"].as_str().expect("words");
    assert!(trouble.contains("“Our LND”") && trouble.contains("--bitcoind-url"), "{trouble}");

    let foreign = Files { macaroon: other.macaroon.clone(), ..copy(&one) };
    refused(foreign.connect(&running, REACHED_AT), &["bake it again"]);
    let strange = Files { certificate: other.certificate.clone(), ..copy(&one) };
    refused(strange.connect(&running, REACHED_AT), &["another certificate"]);
    let none = Files { macaroon: one.certificate.clone(), ..copy(&one) };
    refused(none.connect(&running, REACHED_AT), &["no macaroon"]);
    refused(one.connect(&running, ""), &["where other nodes reach", "HOST:PORT"]);
    assert_eq!(ask(&running, &["node", "info"]).expect("pages are up")["answers"], false, "nothing was kept");

    let tested = one.connect(&running, REACHED_AT).expect("it is the right one");
    assert_eq!(tested["report"]["abilities"][0]["line"], "protocol.wumbo-channels=true", "{tested}");
    let key = tested["report"]["key"].clone();
    let is_node = |running: &Running| {
        let info = ask(running, &["node", "info"]).expect("pages are up");
        assert_eq!((&info["key"], &info["answers"]), (&key, &Value::Bool(true)), "{info}");
        assert_eq!(info["address"], REACHED_AT);
    };
    is_node(&running);
    refused(other.connect(&running, REACHED_AT), &["this node has the key", "belong to that one"]);
    // New access to the same node is taken, and the node goes on.
    one.connect(&running, REACHED_AT).expect("it is the same one");
    is_node(&running);

    assert_eq!(running.terminate(), Some(0));
    let macaroon = fs::read(&one.macaroon).expect("LND wrote it");
    for file in fs::read_dir(&company).expect("the company's folder").flatten() {
        let bytes = fs::read(file.path()).unwrap_or_default();
        let hex: String = macaroon.iter().map(|byte| format!("{byte:02x}")).collect();
        for secret in [macaroon.as_slice(), hex.as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "a macaroon lies open in {}", file.path().display());
        }
    }
    let running = Running::serve_with(&company, Some(PASSWORD), &[]);
    is_node(&running);
}

fn copy(files: &Files) -> Files {
    let Files { address, certificate, macaroon } = files;
    Files { address: address.clone(), certificate: certificate.clone(), macaroon: macaroon.clone() }
}
