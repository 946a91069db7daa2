//! The log at its loudest: no password, no word, no key in it.

use std::fs::File;

use serde_json::Value;

use crate::{
    bitcoind,
    support::{PASSWORD, Running, init, program},
};

#[test]
fn the_log_at_its_loudest_has_no_secret() {
    let dir = tempfile::tempdir().expect("the system has a temporary directory");
    let made = init(dir.path(), "Castor");
    let made: Value = serde_json::from_slice(&made.stdout).expect("one JSON object");
    let words: Vec<&str> =
        made["words"].as_array().expect("24 words").iter().filter_map(Value::as_str).collect();
    let seed = lncontract_lightning_ldk::seed_of_words(&words.join(" ")).expect("our own words");
    let seed: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();

    let log = dir.path().join("log");
    let chain = bitcoind::serve();
    let mut flags: Vec<&str> = chain.iter().map(String::as_str).collect();
    flags.extend(["--log", "trace"]);
    let file = File::create(&log).expect("a file of this test");
    let server = Running::serve_as(dir.path(), Some(PASSWORD), &flags, |serve| {
        serve.stderr(file);
    });
    let web = server.ready["web"].as_str().expect("an address").to_owned();
    for command in [&["contract", "list"][..], &["node", "info"], &["node", "address"]] {
        let mut ask = program(&[command, &["--json", "--user", "eva", "--url", &web]].concat());
        let answer = ask.env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built");
        assert_eq!(answer.status.code(), Some(0), "{}", String::from_utf8_lossy(&answer.stderr));
    }
    assert_eq!(server.terminate(), Some(0));

    let log = std::fs::read_to_string(&log).expect("the log is text");
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "it is at its loudest:\n{log}");
    let pair_of_words = format!("{} {}", words[0], words[1]);
    // Basic authentication is base64 of `user:password`.
    for secret in [PASSWORD, &pair_of_words, &seed, bitcoind::PASSWORD, bitcoind::LOGIN_BASE64] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
