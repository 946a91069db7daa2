//! A small Esplora over a chain in the process, for tests: the few paths that a node asks for, and ways to misbehave.
//!
//! Invariant: it answers in the words and with the status codes of Blockstream's electrs; what it is told to do wrong
//! it does from the next request on, also on connections that are open. Also a part of the tests of the program
//! (`crates/lncontract/tests/program`).

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bitcoin::{
    Block, BlockHash, CompactTarget, Transaction,
    consensus::encode::{deserialize_hex, serialize, serialize_hex},
};
use lncontract_devchain::DevChain;
use lncontract_lightning::HeaderAt;
use serde_json::{Value, json};

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Honest,
    /// Hides that many of the newest blocks.
    Behind(u32),
    /// Puts a block on the tip that nobody worked for.
    NoWork,
    /// Gives blocks with the transactions of another one.
    WrongBody,
    /// Gives headers, and says of no block that it has it.
    NoBodies,
    /// Says that every block is that much higher.
    Higher(u32),
    /// Gives the header of the block before.
    WrongHeader,
    /// A fee rate that ruins whoever pays it.
    Ruinous,
    /// Takes no packages, as older ones.
    NoPackages,
    /// Wants fewer requests (429), for that many seconds.
    TooMany(u32),
    /// Takes a request and never answers.
    Silent,
    /// Ends the connection in the middle of an answer.
    CutOff,
    /// Sends without an end.
    Endless,
    /// Sends elsewhere.
    Elsewhere,
    /// A portal's page for everything.
    Portal,
}

/// A running one.
pub struct Server {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    chain: Mutex<Arc<DevChain>>,
    manner: Mutex<Manner>,
    asked: Mutex<Vec<String>>,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Serves a chain for as long as the test runs.
    pub fn start(chain: Arc<DevChain>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let inner = Arc::new(Inner {
            chain: Mutex::new(chain),
            manner: Mutex::new(Manner::Honest),
            asked: Mutex::default(),
        });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&serving);
                std::thread::spawn(move || inner.serve(stream));
            }
        });
        Server { address, inner }
    }

    /// Where its interface is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes it behave like that from now on.
    pub fn behave(&self, manner: Manner) {
        *lock(&self.inner.manner) = manner;
    }

    /// Makes it serve another chain from now on.
    pub fn serve(&self, chain: Arc<DevChain>) {
        *lock(&self.inner.chain) = chain;
    }

    /// How many requests came for paths that begin like that.
    pub fn asked(&self, path: &str) -> usize {
        lock(&self.inner.asked).iter().filter(|asked| asked.starts_with(path)).count()
    }
}

impl Inner {
    fn serve(&self, mut stream: TcpStream) {
        let mut requests = BufReader::new(stream.try_clone().expect("an open connection"));
        while let Some((path, body)) = request(&mut requests) {
            lock(&self.asked).push(path.clone());
            let manner = *lock(&self.manner);
            // Who asked may have gone.
            if self.reply(&mut stream, manner, &path, &body).is_err() {
                return;
            }
        }
    }

    fn reply(&self, out: &mut TcpStream, manner: Manner, path: &str, body: &str) -> std::io::Result<()> {
        match manner {
            Manner::Silent => {
                std::thread::sleep(Duration::from_secs(600));
                Ok(())
            }
            Manner::CutOff => {
                out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            Manner::Endless => {
                out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    out.write_all(b"400\r\n")?;
                    out.write_all(&[b'0'; 1_024])?;
                    out.write_all(b"\r\n")?;
                }
            }
            Manner::TooMany(s) => {
                let head = format!("Retry-After: {s}\r\n");
                write_answer(out, &head, &Answer { status: 429, body: b"too many requests".to_vec() })
            }
            Manner::Elsewhere => {
                let head = "Location: http://127.0.0.1:9/\r\n";
                write_answer(out, head, &Answer { status: 302, body: Vec::new() })
            }
            Manner::Portal => {
                write_answer(out, "", &Answer { status: 200, body: b"<html>Log in</html>".to_vec() })
            }
            _ => write_answer(out, "", &self.answer(manner, path, body)),
        }
    }

    fn answer(&self, manner: Manner, path: &str, body: &str) -> Answer {
        let chain = Arc::clone(&lock(&self.chain));
        match path.split('/').skip(1).collect::<Vec<_>>()[..] {
            ["blocks", "tip", "hash"] => text(tip(&chain, manner).to_string()),
            ["block-height", height] => {
                let at = height.parse().ok().and_then(|height| chain.block_at(height));
                at.map_or_else(missing, |at| text(at.hash.to_string()))
            }
            ["block", hash] => place(&chain, manner, hash).map_or_else(missing, |at| {
                let height = if let Manner::Higher(by) = manner { at.height + by } else { at.height };
                text(json!({ "id": hash, "height": height, "timestamp": at.header.time }).to_string())
            }),
            ["block", hash, "header"] => place(&chain, manner, hash).map_or_else(missing, |at| {
                let before = || chain.header_by_hash(at.header.prev_blockhash);
                let wrong = if manner == Manner::WrongHeader { before() } else { None };
                text(serialize_hex(&wrong.unwrap_or(at).header))
            }),
            ["block", hash, "raw"] => block(&chain, manner, hash)
                .map_or_else(missing, |block| Answer { status: 200, body: serialize(&block) }),
            ["fee-estimates"] if manner == Manner::Ruinous => {
                text(r#"{"1": 2500000.0, "6": 90000.5}"#.to_owned())
            }
            ["fee-estimates"] => text(r#"{"2": 4.02, "6": 2.5, "144": 1.0, "1008": 1.0}"#.to_owned()),
            ["tx"] => submit_one(&chain, body),
            ["txs", "package"] if manner != Manner::NoPackages => submit_package(&chain, body),
            _ => missing(),
        }
    }
}

/// One request: its path, and its body.
fn request(requests: &mut impl BufRead) -> Option<(String, String)> {
    let (mut path, mut length, mut line) = (String::new(), 0, String::new());
    while requests.read_line(&mut line).ok()? > 0 && !line.trim().is_empty() {
        if path.is_empty() {
            path = line.split(' ').nth(1)?.to_owned();
        } else if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    requests.read_exact(&mut body).ok()?;
    (!path.is_empty()).then(|| Some((path, String::from_utf8(body).ok()?)))?
}

fn write_answer(out: &mut TcpStream, head: &str, answer: &Answer) -> std::io::Result<()> {
    let Answer { status, body } = answer;
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} -\r\nConnection: keep-alive\r\n{head}Content-Length: {length}\r\n\r\n");
    // In one piece: the system waits between small ones.
    out.write_all(&[head.as_bytes(), body].concat())
}

fn text(body: String) -> Answer {
    Answer { status: 200, body: body.into_bytes() }
}

fn missing() -> Answer {
    Answer { status: 404, body: b"Block not found".to_vec() }
}

/// A block on the tip with the target that is hardest to reach, and no work at all.
fn forged(chain: &DevChain) -> Block {
    let tip = chain.tip_block();
    let mut block = chain.block_by_hash(tip.hash).expect("the tip is there");
    block.header.prev_blockhash = tip.hash;
    block.header.bits = CompactTarget::from_consensus(0x1702_ffff);
    block
}

fn tip(chain: &DevChain, manner: Manner) -> BlockHash {
    match manner {
        Manner::NoWork => forged(chain).block_hash(),
        Manner::Behind(blocks) => chain.block_at(chain.height() - blocks).expect("a chain that long").hash,
        _ => chain.tip_block().hash,
    }
}

fn place(chain: &DevChain, manner: Manner, hash: &str) -> Option<HeaderAt> {
    let hash = hash.parse().ok()?;
    let forged = forged(chain);
    if manner == Manner::NoWork && forged.block_hash() == hash {
        let tip = chain.header_by_hash(forged.header.prev_blockhash)?;
        return Some(HeaderAt { header: forged.header, height: tip.height + 1, chainwork: tip.chainwork });
    }
    let hidden = if let Manner::Behind(blocks) = manner { blocks } else { 0 };
    chain.header_by_hash(hash).filter(|at| at.height + hidden <= chain.height())
}

fn block(chain: &DevChain, manner: Manner, hash: &str) -> Option<Block> {
    let at = place(chain, manner, hash)?;
    let mut block = chain.block_by_hash(at.header.block_hash())?;
    match manner {
        Manner::NoBodies => return None,
        Manner::WrongBody => block.txdata = chain.block_by_hash(at.header.prev_blockhash)?.txdata,
        _ => {}
    }
    Some(block)
}

fn submit(chain: &DevChain, package: &[Transaction]) -> Result<(), String> {
    chain.submit(package).map_err(|reject| format!("sendrawtransaction RPC error: {reject}"))
}

fn submit_one(chain: &DevChain, body: &str) -> Answer {
    let Ok(transaction) = deserialize_hex::<Transaction>(body) else {
        return Answer { status: 400, body: b"TX decode failed".to_vec() };
    };
    match submit(chain, std::slice::from_ref(&transaction)) {
        Ok(()) => text(transaction.compute_txid().to_string()),
        Err(reject) => Answer { status: 400, body: reject.into_bytes() },
    }
}

fn submit_package(chain: &DevChain, body: &str) -> Answer {
    let package: Option<Vec<Transaction>> = serde_json::from_str::<Vec<String>>(body)
        .ok()
        .and_then(|package| package.iter().map(|hex| deserialize_hex(hex).ok()).collect());
    let Some(package) = package else { return Answer { status: 400, body: b"no package".to_vec() } };
    let answer: Value = match submit(chain, &package) {
        Ok(()) => json!({ "package_msg": "success", "tx-results": {} }),
        Err(reject) => {
            json!({ "package_msg": "transaction failed", "tx-results": { "w": { "error": reject } } })
        }
    };
    text(answer.to_string())
}

/// The server's own test: it runs wherever the server is a part.
#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The raw answer to one request, or as much of it as comes soon.
    fn ask(server: &Server, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(server.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a time");
        write!(stream, "{request} HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]").expect("it reads");
        let mut answer = vec![0; 10_000];
        let mut read = 0;
        while let Ok(more @ 1..) = stream.read(&mut answer[read..]) {
            read += more;
        }
        answer.truncate(read);
        answer
    }

    #[test]
    fn each_manner_differs_from_an_honest_one() {
        let chain = DevChain::with_wall_clock();
        let hash = chain.tip_block().hash;
        let server = Server::start(DevChain::with_wall_clock());
        server.serve(chain);
        let look = || {
            let paths = ["blocks/tip/hash", &format!("block/{hash}"), &format!("block/{hash}/header")];
            let more = [format!("block/{hash}/raw"), "fee-estimates".to_owned()];
            let gets =
                paths.into_iter().chain(more.iter().map(String::as_str)).map(|path| format!("GET /{path}"));
            let all = gets.chain(["POST /txs/package".to_owned()]);
            all.map(|request| ask(&server, &request)).collect::<Vec<_>>()
        };
        let honest = look();
        assert_eq!((server.asked("/block/"), server.url().starts_with("http://127.0.0.1:")), (3, true));
        for manner in [
            Manner::Behind(1),
            Manner::NoWork,
            Manner::WrongBody,
            Manner::NoBodies,
            Manner::Higher(1),
            Manner::WrongHeader,
            Manner::Ruinous,
            Manner::NoPackages,
            Manner::TooMany(1),
            Manner::Silent,
            Manner::CutOff,
            Manner::Endless,
            Manner::Elsewhere,
            Manner::Portal,
        ] {
            server.behave(manner);
            assert_ne!(look(), honest, "{manner:?}");
        }
        server.behave(Manner::Honest);
        assert_eq!(look(), honest);
    }
}
