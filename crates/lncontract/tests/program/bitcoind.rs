//! A chain in this process that answers the few calls of bitcoind's RPC that a node without money makes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use bitcoin::{BlockHash, consensus::encode::serialize_hex};
use lncontract_devchain::DevChain;
use serde_json::{Value, json};

/// bitcoind's code for what it does not know.
const NOT_FOUND: i64 = -5;

/// The password for it, and how that goes over the wire with its user `rpc`.
pub const PASSWORD: &str = "chain-password-17";
pub const LOGIN_BASE64: &str = "cnBjOmNoYWluLXBhc3N3b3JkLTE3";

/// Serves a new chain for as long as the test runs; returns the flags that reach it.
pub fn serve() -> Vec<String> {
    let chain = DevChain::with_wall_clock();
    chain.mine(1);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let chain = Arc::clone(&chain);
            std::thread::spawn(move || answer_all(&chain, stream));
        }
    });
    let login = ["--bitcoind-user", "rpc", "--bitcoind-password", PASSWORD];
    let flags = [&["--bitcoind-url", &url, "--listen-node", "127.0.0.1:0"][..], &login].concat();
    flags.into_iter().map(str::to_owned).collect()
}

fn answer_all(chain: &DevChain, stream: TcpStream) {
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
        let answer = match answer(chain, &request) {
            Some(result) => json!({ "result": result, "id": request["id"] }),
            None => json!({ "error": { "code": NOT_FOUND, "message": "not here" }, "id": request["id"] }),
        };
        let (status, answer) = (if answer["error"].is_null() { 200 } else { 500 }, answer.to_string());
        let mut out = &stream;
        // A program that was killed reads no more.
        // In one piece: the system waits between small ones.
        let answer = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        let _ = out.write_all(answer.as_bytes());
    }
}

fn answer(chain: &DevChain, request: &Value) -> Option<Value> {
    let hash = || request["params"][0].as_str()?.parse::<BlockHash>().ok();
    match request["method"].as_str()? {
        "getblockchaininfo" => {
            let tip = chain.tip_block();
            Some(json!({ "bestblockhash": tip.hash.to_string(), "blocks": tip.height }))
        }
        "getblockheader" => {
            let at = chain.header_by_hash(hash()?)?;
            let work = serialize_hex(&at.chainwork.to_be_bytes());
            Some(if request["params"][1] == true {
                json!({ "height": at.height, "chainwork": work })
            } else {
                json!(serialize_hex(&at.header))
            })
        }
        "getblock" => Some(json!(serialize_hex(&chain.block_by_hash(hash()?)?))),
        "estimatesmartfee" => Some(json!({ "errors": ["Insufficient data or no feerate found"] })),
        _ => None,
    }
}
