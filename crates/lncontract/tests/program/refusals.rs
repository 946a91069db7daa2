//! What the built program refuses: exit code 2, a message that says what to do, and nothing written.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

use serde_json::{Value, json};

use crate::support::{PASSWORD, Running, company, init, program, refused, run, text};

#[test]
fn mainnet_is_refused_with_the_reason_before_anything_is_made() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("company");
    let output = run(&["serve", "--network", "mainnet", "--no-node", "--dir", text(&dir)]);
    refused(&output, &["mainnet is refused", "--network signet"]);
    assert!(!dir.exists());
}

#[test]
fn an_unreachable_bitcoind_is_told_before_anything_is_made() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("company");
    let login = ["--bitcoind-url", "http://127.0.0.1:9", "--bitcoind-user", "u", "--bitcoind-password", "p"];
    let serve = ["serve", "--listen-web", "127.0.0.1:0", "--dir", text(&dir)];
    let output = run(&[&serve[..], &login].concat());
    refused(&output, &["bitcoind at http://127.0.0.1:9", "start it"]);
    assert!(!dir.exists());
}

/// Answers as a bitcoind of another chain: it knows a tip, and no first block of ours.
fn other_chain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_requests(stream));
        }
    });
    url
}

fn answer_requests(stream: std::net::TcpStream) {
    let mut requests = BufReader::new(stream.try_clone().expect("an open connection"));
    loop {
        let (mut length, mut line) = (0, String::new());
        while requests.read_line(&mut line).unwrap_or(0) > 0 && line.trim() != "" {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length is a number");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if length == 0 || requests.read_exact(&mut body).is_err() {
            return;
        }
        let request: Value = serde_json::from_slice(&body).expect("a request is JSON");
        let (status, answer) = match request["method"].as_str() {
            Some("getblockchaininfo") => (
                "200 OK",
                json!({ "result": { "bestblockhash": "11".repeat(32), "blocks": 7 }, "id": request["id"] }),
            ),
            _ => (
                "500 Internal Server Error",
                json!({ "error": { "code": -5, "message": "Block not found" }, "id": request["id"] }),
            ),
        };
        let answer = answer.to_string();
        let mut out = &stream;
        write!(out, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())
            .expect("the program reads");
    }
}

#[test]
fn a_bitcoind_of_another_chain_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("company");
    let url = other_chain();
    let login = ["--bitcoind-url", &url, "--bitcoind-user", "u", "--bitcoind-password", "p"];
    let serve = ["serve", "--network", "signet", "--listen-web", "127.0.0.1:0", "--dir", text(&dir)];
    let output = run(&[&serve[..], &login].concat());
    refused(&output, &["is not on signet", "--network"]);
    assert!(!dir.exists());
}

#[test]
fn a_second_program_on_one_data_directory_is_refused_and_the_first_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("buyer");
    let made = init(&dir, "Castor");
    assert_eq!(made.status.code(), Some(0));
    let first = Running::serve(&dir, None);
    let second = run(&["serve", "--no-node", "--listen-web", "127.0.0.1:0", "--dir", text(&dir)]);
    refused(&second, &["is in use", "stop the other program"]);
    let sandbox = run(&["sandbox", "--play", "--json", "--dir", text(home.path())]);
    refused(&sandbox, &["is in use", "stop the other program"]);
    let out = home.path().join("bundle.json");
    let export = run(&["export", "--dir", text(&dir), "--contract", "00", "--out", text(&out)]);
    refused(&export, &["is in use"]);
    assert!(!out.exists());
    assert!(first.get("/sign-in").starts_with("HTTP/1.0 200"));
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let dir = company();
    lncontract_store::staging::make_newer(dir.path()).await.unwrap();
    let database = dir.path().join("lncontract.db");
    let before = std::fs::read(&database).unwrap();
    let serve = run(&["serve", "--no-node", "--listen-web", "127.0.0.1:0", "--dir", text(dir.path())]);
    refused(&serve, &["start the newer program again"]);
    assert_eq!(std::fs::read(&database).unwrap(), before);
    let doctor = run(&["doctor", "--no-node", "--dir", text(dir.path())]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("start the newer program again"));
}

#[test]
fn a_wrong_password_is_refused_and_the_right_one_unlocks() {
    let dir = company();
    let mut wrong =
        program(&["serve", "--no-node", "--listen-web", "127.0.0.1:0", "--dir", text(dir.path())]);
    let output = wrong.env("LNCONTRACT_PASSWORD", "another password").output().unwrap();
    refused(&output, &["the password does not open the company's keys"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("another password"));
    let right = Running::serve(dir.path(), Some(PASSWORD));
    assert_eq!((&right.ready["set_up"], &right.ready["unlocked"]), (&json!(true), &json!(true)));
}

#[test]
fn a_company_is_made_once_and_a_field_that_is_missing_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    refused(&init(dir.path(), ""), &["a short name is missing"]);
    let made = init(dir.path(), "Castor");
    let said: Value = serde_json::from_slice(&made.stdout).expect("one JSON object");
    assert_eq!(said["words"].as_array().map(Vec::len), Some(24));
    refused(&init(dir.path(), "Castor"), &["set up", "already"]);
    let without = run(&["init", "--dir", text(dir.path())]);
    refused(&without, &["LNCONTRACT_PASSWORD", "--password-file"]);
}

#[cfg(unix)]
#[test]
fn a_program_that_is_told_to_stop_ends_in_order_and_lets_go_of_the_folder() {
    let dir = company();
    assert_eq!(Running::serve(dir.path(), Some(PASSWORD)).terminate(), Some(0));
    assert_eq!(Running::serve(dir.path(), None).terminate(), Some(0));
}

#[test]
fn the_client_commands_ask_a_running_program_and_pass_on_its_refusals() {
    let dir = company();
    let server = Running::serve(dir.path(), Some(PASSWORD));
    let web = server.ready["web"].as_str().unwrap().to_owned();
    let ask = |command: &[&str], password: &str| {
        let whole = [command, &["--json", "--user", "eva", "--url", &web]].concat();
        program(&whole).env("LNCONTRACT_PASSWORD", password).output().unwrap()
    };
    let said = |command: &[&str]| {
        let output = ask(command, PASSWORD);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON value")
    };
    assert_eq!(said(&["contract", "list"]), json!([]));
    assert_eq!(said(&["node", "info"])["state"]["word"], "Stopped");
    let unknown = "00".repeat(32);
    refused(&ask(&["contract", "show", &unknown], PASSWORD), &["no such contract", "check the id"]);
    refused(&ask(&["channel", "list", &unknown], PASSWORD), &["no such contract"]);
    refused(&ask(&["invoice", "list", &unknown], PASSWORD), &["no such contract"]);
    refused(&ask(&["invoice", "show", &unknown, &unknown], PASSWORD), &["no such contract"]);
    refused(
        &ask(&["invoice", "pay", &unknown, &unknown, "--amount-sat", "1"], PASSWORD),
        &["no such contract"],
    );
    refused(&ask(&["node", "address"], PASSWORD), &["the node does not run", "--no-node"]);
    refused(&ask(&["node", "account"], PASSWORD), &["the node does not run"]);
    refused(&ask(&["contract", "show", "../node"], PASSWORD), &["is no id"]);
    refused(&ask(&["company", "accept", "lncontract1:no"], PASSWORD), &["invite", "copy it again, whole"]);
    refused(&ask(&["company", "accept", "nonsense"], PASSWORD), &["does not begin with"]);
    refused(&ask(&["company", "invite"], PASSWORD), &["the node does not run"]);
    assert_eq!(said(&["company", "list"]), json!([]));
    refused(&ask(&["contract", "list"], "another password"), &["password"]);
    drop(server);
    refused(&ask(&["contract", "list"], PASSWORD), &["no program answers", "serve"]);
}

#[cfg(unix)]
#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let dir = company();
    let look = || {
        let output = run(&["doctor", "--no-node", "--dir", text(dir.path())]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = look();
    assert_eq!(code, Some(0), "{said}");
    for what in ["folder", "lock", "database", "disk", "node folder", "starts", "chain", "clock"] {
        assert!(said.contains(what), "{what} is missing in:\n{said}");
    }
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, said) = look();
    assert!(code == Some(1) && said.contains("chmod 700"), "{said}");
    let missing = run(&["doctor", "--no-node", "--dir", text(&dir.path().join("nowhere"))]);
    refused(&missing, &["make a company in it with init"]);
}
