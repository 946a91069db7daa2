//! A real bitcoind on regtest, for tests: started on a folder, asked over RPC.
//!
//! Invariant: it lives no longer than the value that stands for it, and is stopped in order: what it knows is in
//! its folder then. Its own wallet is the miner's; no node of ours uses it. Also a part of the kill runs
//! (`crates/lncontract/examples/kill`).

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// RPC user and password; `eDp4` is `x:x` in base64.
pub const LOGIN: &str = "x";
/// How long it may take to answer: a loaded machine starts it slowly.
const PATIENCE: Duration = Duration::from_secs(60);
/// Coinbases mature after 100 blocks.
const FIRST_BLOCKS: u32 = 101;

/// A running bitcoind.
pub struct Regtest {
    child: Child,
    address: SocketAddr,
}

impl Regtest {
    /// Starts it on a folder and waits until it answers. The first start makes the miner's wallet and its first
    /// coins; a later one finds them.
    pub fn start(program: &Path, folder: &Path, address: SocketAddr) -> Self {
        let mut command = Command::new(program);
        // Without transactions of other people it has no estimate: its wallet is told what to pay.
        command.args(["-regtest", "-server", "-listen=0", "-printtoconsole=0", "-fallbackfee=0.00002"]);
        command.arg(format!("-rpcuser={LOGIN}")).arg(format!("-rpcpassword={LOGIN}"));
        command.arg(format!("-datadir={}", folder.display())).arg(format!("-rpcport={}", address.port()));
        let child = command.stdin(Stdio::null()).spawn().expect("the bitcoind that was named can be started");
        let regtest = Regtest { child, address };
        let start = Instant::now();
        while !matches!(regtest.ask("getblockcount", &json!([])), Ok(Ok(_))) {
            assert!(start.elapsed() < PATIENCE, "bitcoind did not answer within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        if regtest.ask("loadwallet", &json!(["miner"])).is_ok_and(|answer| answer.is_err()) {
            regtest.call("createwallet", &json!(["miner"]));
            regtest.mine(FIRST_BLOCKS);
        }
        regtest
    }

    /// Where its RPC interface is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Mines blocks; the first holds what waits.
    pub fn mine(&self, blocks: u32) {
        let address = self.call("getnewaddress", &json!([]));
        self.call("generatetoaddress", &json!([blocks, address]));
    }

    /// Sends that many satoshi to an address; the next block has it.
    pub fn send(&self, address: &str, sat: u64) {
        // A decimal amount as a string: no float is near it.
        let amount = format!("{}.{:08}", sat / 100_000_000, sat % 100_000_000);
        // Without a locktime the wallet picks one against fee sniping, now and then 21 on so short a chain, and
        // Bitcoin Knots keeps transactions with that one out of its mempool ("parasite-cat21").
        let sent = self.call("send", &json!([[{ address: amount }], null, "unset", null, { "locktime": 0 }]));
        // The wallet gives an id also to what its mempool did not take.
        self.call("getmempoolentry", &json!([sent["txid"]]));
    }

    /// One call that has to be answered.
    pub fn call(&self, method: &str, params: &Value) -> Value {
        match self.ask(method, params) {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => panic!("bitcoind refuses {method}: {error}"),
            Err(error) => panic!("bitcoind does not answer {method}: {error}"),
        }
    }

    /// Its answer: a result, or its error.
    fn ask(&self, method: &str, params: &Value) -> std::io::Result<Result<Value, Value>> {
        let body = json!({ "method": method, "params": params }).to_string();
        let mut stream = TcpStream::connect(self.address)?;
        let head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp4\r\nConnection: close";
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut answer: Value = serde_json::from_str(body).map_err(std::io::Error::other)?;
        match answer["error"].take() {
            Value::Null => Ok(Ok(answer["result"].take())),
            error => Ok(Err(error)),
        }
    }
}

impl Drop for Regtest {
    fn drop(&mut self) {
        if self.ask("stop", &json!([])).is_err() {
            // It has ended by itself, or does not listen any more.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
