//! The built program on an Esplora: alone, beside a bitcoind, over TLS.

use std::{path::Path, sync::Arc};

use lncontract_devchain::DevChain;
use serde_json::Value;

use crate::{
    bitcoind,
    server::{Manner, Server},
    support::{PASSWORD, Running, company, program, refused, run, text},
    tls,
};

fn chain() -> Arc<DevChain> {
    let chain = DevChain::with_wall_clock();
    chain.mine(1);
    chain
}

/// What the doctor says: its exit code, and each check with its state and its words.
fn doctor(
    dir: &Path,
    flags: &[&str],
    certificate: Option<&Path>,
) -> (Option<i32>, Vec<(String, String, String)>) {
    let mut doctor = program(&[&["doctor", "--json", "--dir", text(dir)], flags].concat());
    if let Some(certificate) = certificate {
        doctor.env("SSL_CERT_FILE", certificate);
    }
    let output = doctor.output().expect("the program was built");
    let said = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("one JSON object a line");
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (word("check"), word("state"), word("text"))
    };
    (output.status.code(), said.lines().map(line).collect())
}

fn check(found: &[(String, String, String)], what: &str, state: &str, words: &str) {
    let there = found.iter().any(|(check, is, text)| check == what && is == state && text.contains(words));
    assert!(there, "{what} {state} {words:?} is missing in {found:?}");
}

#[test]
fn the_doctor_looks_at_an_esplora_and_a_company_runs_on_it() {
    let (dir, chain) = (company(), chain());
    let server = Server::start(Arc::clone(&chain));
    let url = server.url();
    let (code, found) = doctor(dir.path(), &["--esplora-url", &url], None);
    check(&found, "esplora", "ok", &format!("the Esplora at {url} on regtest, at block {}", chain.height()));
    assert_eq!(code, Some(0), "{found:?}");
    let flags = ["--esplora-url", url.as_str(), "--listen-node", "127.0.0.1:0"];
    let running = Running::serve_with(dir.path(), Some(PASSWORD), &flags);
    assert_eq!(
        (&running.ready["unlocked"], &running.ready["node"]),
        (&Value::Bool(true), &Value::Bool(true))
    );
}

#[test]
fn an_esplora_of_another_chain_or_none_is_refused_before_anything_is_made() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let dir = home.path().join("company");
    let server = Server::start(chain());
    let serve = |url: &str, more: &[&str]| {
        let usual = ["serve", "--listen-web", "127.0.0.1:0", "--dir", text(&dir), "--esplora-url", url];
        run(&[&usual, more].concat())
    };
    refused(&serve(&server.url(), &["--network", "signet"]), &["is not on signet", "--network"]);
    refused(&serve("http://127.0.0.1:9", &[]), &["the Esplora at http://127.0.0.1:9", "check its address"]);
    refused(&serve("http://example.com/api", &[]), &["has no TLS", "give https://"]);
    server.behave(Manner::Higher(1));
    refused(&serve(&server.url(), &[]), &["is not to be trusted", "said to be at"]);
    assert!(!dir.exists());
}

#[test]
fn the_doctor_compares_two_sources_and_one_of_them_is_enough_to_start() {
    let dir = company();
    // A chain of another time behind each: nothing in common but the first block.
    let mut flags = bitcoind::serve();
    let long_ago = DevChain::new(Arc::new(|| 1_700_000_000));
    long_ago.mine(5);
    let server = Server::start(long_ago);
    flags.extend(["--esplora-url".to_owned(), server.url()]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let (code, found) = doctor(dir.path(), &flags, None);
    check(&found, "sources", "look", "is on another branch with less work");
    assert_eq!(code, Some(0), "a look, not a fault, while nobody lies: {found:?}");
    server.behave(Manner::CutOff);
    let (_, found) = doctor(dir.path(), &flags, None);
    check(&found, "esplora", "look", "can't be used");
    check(&found, "bitcoind", "ok", "on regtest");
    assert!(found.iter().all(|(what, ..)| what != "sources"), "there is nothing to compare: {found:?}");
    let wrong = [&flags[..], &["--network", "signet"]].concat();
    let (code, found) = doctor(dir.path(), &wrong, None);
    check(&found, "bitcoind", "wrong", "is not on signet");
    assert!(code == Some(1) && found.iter().all(|(what, ..)| what != "sources"), "{found:?}");
    let running = Running::serve_with(dir.path(), Some(PASSWORD), &flags);
    assert_eq!(running.ready["unlocked"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_an_authority_that_the_machine_knows_is_needed() {
    let (dir, chain) = (company(), chain());
    let server = Server::start(Arc::clone(&chain));
    let url = tls::before(server.url().trim_start_matches("http://")).await;
    let flags = ["--esplora-url", url.as_str()];
    let (code, found) = doctor(dir.path(), &flags, None);
    check(&found, "esplora", "wrong", "UnknownIssuer");
    assert_eq!((code, server.asked("/")), (Some(1), 0), "nothing was asked over a connection to a stranger");
    let authority = tls::authority();
    let (code, found) = doctor(dir.path(), &flags, Some(authority));
    check(&found, "esplora", "ok", &format!("the Esplora at {url} on regtest, at block {}", chain.height()));
    assert_eq!(code, Some(0), "{found:?}");
    // The same server under another name.
    let other = url.replace("localhost", "127.0.0.1");
    let (code, found) = doctor(dir.path(), &["--esplora-url", &other], Some(authority));
    check(&found, "esplora", "wrong", "certificate");
    assert_eq!(code, Some(1));
}
