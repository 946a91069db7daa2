//! Two built programs whose nodes never meet: the record goes over HTTPS, and by files.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use lncontract_devchain::DevChain;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    server::Server,
    support::{PASSWORD, Running, init_as, program, text},
    tls,
};

const PATIENCE: Duration = Duration::from_secs(60);
const TERMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/terms/1-worked-example.toml");

/// A company with its program; nobody reaches its node.
struct Company {
    dir: TempDir,
    running: Running,
}

impl Company {
    /// `behind`: where it answers other companies; TLS before it is somebody else's matter.
    fn start(name: &str, esplora: &str, behind: Option<(&str, &str)>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let legal =
            if name == "Meridian" { "Meridian Systems Integration SE" } else { "Castor Subsystems GmbH" };
        assert_eq!(init_as(dir.path(), legal, name).status.code(), Some(0));
        let mut flags =
            vec!["--esplora-url", esplora, "--listen-node", "127.0.0.1:0", "--node-address", "127.0.0.1:9"];
        if let Some((listen, address)) = behind {
            flags.extend(["--listen-peer", listen, "--peer-address", address]);
        }
        let trust = |command: &mut std::process::Command| {
            command.env("SSL_CERT_FILE", tls::authority());
        };
        let running = Running::serve_as(dir.path(), Some(PASSWORD), &flags, trust);
        Self { dir, running }
    }

    /// What a client command answers, and whether it was done.
    fn ask(&self, command: &[&str]) -> Result<Value, String> {
        let url = self.running.ready["web"].as_str().expect("an address");
        let mut client = program(&[command, &["--url", url, "--user", "eva", "--json"]].concat());
        let output = client.env("LNCONTRACT_PASSWORD", PASSWORD).output().expect("the program was built");
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).expect("one JSON value")),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn until(&self, what: &str, command: &[&str], seen: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(command);
            match answer {
                Ok(answer) if seen(&answer) => return answer,
                answer => assert!(Instant::now() < end, "{what} never came: {answer:?}"),
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Takes the other one's invite. Returns its id here.
    fn accept(&self, other: &Self) -> String {
        let invite = other.ask(&["company", "invite"]).expect("an invite");
        let invite = invite["invite"].as_str().expect("text");
        let row = self.ask(&["company", "accept", invite]).expect("the invite is taken");
        let id = row["id"].as_str().expect("an id");
        self.ask(&["company", "confirm", id]).expect("the words are equal");
        id.to_owned()
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

fn esplora() -> Server {
    let chain = DevChain::with_wall_clock();
    chain.mine(1);
    Server::start(chain)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_goes_over_tls_to_a_company_whose_node_nobody_reaches() {
    let server = esplora();
    let listen = format!("127.0.0.1:{}", free_port());
    let address = tls::before(&listen).await;
    let buyer = Company::start("Meridian", &server.url(), None);
    let seller = Company::start("Castor", &server.url(), Some((&listen, &address)));
    let id = buyer.accept(&seller);
    // They have not taken our invite yet: to them we are a stranger.
    let said = |row: &Value, words: &str| row[0]["way"].as_str().is_some_and(|way| way.contains(words));
    buyer.until("the refusal", &["company", "list"], |rows| {
        said(rows, "something answers there, and not to us")
    });
    seller.accept(&buyer);
    buyer.until("the connection", &["company", "list"], |rows| {
        rows[0]["connection"]["word"] == "Connected over HTTPS"
    });
    let offered = buyer.ask(&["contract", "offer", "--terms", TERMS, "--to", &id]).expect("it is offered");
    let contract = offered["id"].as_str().expect("an id").to_owned();
    seller.until("the offer", &["contract", "list"], |rows| rows[0]["id"] == Value::String(contract.clone()));

    // A stranger finds nothing there, whatever it asks.
    for question in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET /peer/v1 HTTP/1.0\r\n\r\n",
        "POST /api/v1/sessions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        "POST /peer/v1 HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /peer/v1 HTTP/1.0\r\nContent-Length: 9999999\r\n\r\nabcd",
    ] {
        assert_eq!(
            answer(&listen, question),
            ("HTTP/1.0 404 Not Found".to_owned(), String::new()),
            "{question}"
        );
    }

    // A certificate by nobody that the machine trusts: nothing is asked.
    drop(seller);
    let gone = buyer.until("the trouble", &["company", "list"], |rows| said(rows, "No answer over HTTPS"));
    assert_eq!(gone[0]["connection"]["word"], "Away");
}

/// The status line and the body of the answer to raw bytes.
fn answer(at: &str, question: &str) -> (String, String) {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.write_all(question.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it is HTTP");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn without_any_way_a_file_brings_the_offer() {
    let server = esplora();
    // Addresses at which nothing answers: the invites are taken all the same.
    let nowhere = |name| {
        let address = format!("https://localhost:{}", free_port());
        Company::start(name, &server.url(), Some(("127.0.0.1:0", &address)))
    };
    let (buyer, seller) = (nowhere("Meridian"), nowhere("Castor"));
    let id = buyer.accept(&seller);
    let offered = buyer.ask(&["contract", "offer", "--terms", TERMS, "--to", &id]).expect("it is offered");
    let contract = offered["id"].as_str().expect("an id").to_owned();
    let file = buyer.dir.path().join("record.lncbundle");
    buyer.ask(&["contract", "export", &contract, "--out", text(&file)]).expect("it is exported");
    let twice = buyer.ask(&["contract", "export", &contract, "--out", text(&file)]).expect_err("it is there");
    assert!(twice.contains("give a name that is not taken"), "{twice}");

    let take = |file: &Path| seller.ask(&["contract", "import", text(file)]);
    let stranger = take(&file).expect_err("their invite is not here yet");
    assert!(stranger.contains("take their invite first"), "{stranger}");
    seller.accept(&buyer);
    let taken = take(&file).expect("it is taken");
    assert_eq!((&taken["contract"], &taken["new"]), (&Value::String(contract), &Value::from(1)));
    assert_eq!(take(&file).expect("again")["new"], 0);
    let other = take(Path::new(TERMS)).expect_err("that is no record");
    assert!(other.contains("the file can't be used"), "{other}");
}
