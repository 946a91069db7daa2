//! The chain port over Bitcoin Core's JSON-RPC (29 or later for packages;
//! older ones take single transactions).
//!
//! Invariant: nothing of bitcoind's wallet is used. What it knows already is no error. Fee rates come as BTC
//! per 1,000 virtual bytes and leave as satoshi per 1,000 weight units, never below 253.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::Engine;
use bitcoin::{Block, BlockHash, Transaction, Work, block::Header, consensus::encode, hex::FromHex};
use lightning_block_sync::{
    http::JsonResponse,
    rpc::{RpcClient, RpcClientError},
};
use lncontract_lightning::{BlockRef, BoxFuture, Chain, ChainError, HeaderAt};
use serde_json::{Value, json};

use crate::{
    fees::{FLOOR_SAT_PER_KWU, decimal_e8},
    health::lock,
};

/// RPC_INVALID_ADDRESS_OR_KEY: no such block.
const NOT_FOUND: i64 = -5;
/// RPC_VERIFY_ALREADY_IN_UTXO_SET: the transaction is in a block.
const IN_A_BLOCK: i64 = -27;
/// RPC_IN_WARMUP: bitcoind is starting.
const WARMING_UP: i64 = -28;
/// RPC_METHOD_NOT_FOUND.
const NO_SUCH_METHOD: i64 = -32601;

/// How long one answer may take. The client's own limit is five minutes: in that time the node would hear of no
/// block. Who asked asks again, over a new connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// A bitcoind.
pub struct Bitcoind {
    url: String,
    credentials: String,
    client: Mutex<Arc<RpcClient>>,
    patience: Duration,
}

impl Bitcoind {
    /// A client for `http://HOST:PORT` with the RPC user and password; connects when it is asked something.
    pub fn new(url: &str, user: &str, password: &str) -> Self {
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let url = url.trim_end_matches('/').to_owned();
        let client = Mutex::new(Arc::new(RpcClient::new(&credentials, url.clone())));
        Bitcoind { url, credentials, client, patience: PATIENCE }
    }

    async fn call(&self, method: &str, params: &[Value]) -> Result<Value, CallError> {
        let client = lock(&self.client).clone();
        let answer = client.call_method::<JsonResponse>(method, params);
        let Ok(answer) = tokio::time::timeout(self.patience, answer).await else {
            *lock(&self.client) = Arc::new(RpcClient::new(&self.credentials, self.url.clone()));
            return Err(CallError::Unreachable(format!("no answer to {method} within {:?}", self.patience)));
        };
        match answer {
            Ok(JsonResponse(value)) => Ok(value),
            Err(RpcClientError::Rpc(error)) if error.code != WARMING_UP => {
                Err(CallError::Answered { code: error.code, text: error.message })
            }
            Err(error) => Err(CallError::Unreachable(error.to_string())),
        }
    }

    async fn send_one(&self, transaction: &Transaction) -> Result<(), ChainError> {
        match self.call("sendrawtransaction", &[json!(encode::serialize_hex(transaction))]).await {
            Ok(_) | Err(CallError::Answered { code: IN_A_BLOCK, .. }) => Ok(()),
            Err(CallError::Answered { text, .. }) if text.contains("already") => Ok(()),
            Err(CallError::Answered { text, .. }) => Err(ChainError::Rejected(text)),
            Err(CallError::Unreachable(text)) => Err(ChainError::Unavailable(text)),
        }
    }

    async fn send_package(&self, package: &[Transaction]) -> Result<(), ChainError> {
        let transactions: Vec<String> = package.iter().map(encode::serialize_hex).collect();
        match self.call("submitpackage", &[json!(transactions)]).await {
            Ok(answer) => package_answer(&answer),
            Err(CallError::Answered { code: NO_SUCH_METHOD, .. }) => self.send_each(package).await,
            Err(CallError::Answered { text, .. }) => Err(ChainError::Rejected(text)),
            Err(CallError::Unreachable(text)) => Err(ChainError::Unavailable(text)),
        }
    }

    async fn send_each(&self, package: &[Transaction]) -> Result<(), ChainError> {
        for transaction in package {
            self.send_one(transaction).await?;
        }
        Ok(())
    }
}

/// How a call failed.
enum CallError {
    /// bitcoind said no.
    Answered { code: i64, text: String },
    /// It did not answer, or not in JSON-RPC.
    Unreachable(String),
}

impl CallError {
    fn about(self, block: BlockHash) -> ChainError {
        match self {
            CallError::Answered { code: NOT_FOUND, .. } => ChainError::UnknownBlock(block),
            CallError::Answered { text, .. } | CallError::Unreachable(text) => ChainError::Unavailable(text),
        }
    }
}

impl From<CallError> for ChainError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Answered { text, .. } | CallError::Unreachable(text) => ChainError::Unavailable(text),
        }
    }
}

fn odd(what: &str) -> ChainError {
    ChainError::Unavailable(format!("bitcoind gave an answer without {what}"))
}

fn hash_and_height(answer: &Value) -> Option<BlockRef> {
    let hash = answer["bestblockhash"].as_str()?.parse().ok()?;
    let height = answer["blocks"].as_u64()?.try_into().ok()?;
    Some(BlockRef { hash, height })
}

/// A header as `getblockheader` tells it, plus its bytes.
fn header_at(raw: &Value, verbose: &Value) -> Option<HeaderAt> {
    let header: Header = encode::deserialize_hex(raw.as_str()?).ok()?;
    let height = verbose["height"].as_u64()?.try_into().ok()?;
    let work = <[u8; 32]>::from_hex(verbose["chainwork"].as_str()?).ok()?;
    Some(HeaderAt { header, height, chainwork: Work::from_be_bytes(work) })
}

/// `submitpackage` answers with a message, and an error for each transaction that it did not take.
pub(crate) fn package_answer(answer: &Value) -> Result<(), ChainError> {
    let errors: Vec<&str> = answer["tx-results"]
        .as_object()
        .into_iter()
        .flat_map(|results| results.values())
        .filter_map(|result| result["error"].as_str())
        .filter(|error| !error.contains("already"))
        .collect();
    match answer["package_msg"].as_str() {
        Some("success") => Ok(()),
        Some(_) if errors.is_empty() => Ok(()),
        Some(text) => Err(ChainError::Rejected(format!("{text}: {}", errors.join(", ")))),
        None => Err(odd("package_msg")),
    }
}

/// `estimatesmartfee`'s rate, exactly: the JSON number's digits are read as a decimal, never as a float.
fn sat_per_kwu(answer: &Value) -> u32 {
    let digits = match &answer["feerate"] {
        Value::Number(number) => number.to_string(),
        // No estimate: too few blocks seen. The relay minimum is then as good a guess as any.
        _ => return FLOOR_SAT_PER_KWU,
    };
    // serde_json writes small numbers as 1e-5: the exponent is moved into the digits by hand.
    let per_kvb_sat = decimal_e8(&digits).unwrap_or(0);
    // 1,000 virtual bytes are 4,000 weight units; rounded up, so that the rate is reached.
    u32::try_from(per_kvb_sat.div_ceil(4)).unwrap_or(u32::MAX).max(FLOOR_SAT_PER_KWU)
}

impl Chain for Bitcoind {
    fn tip(&self) -> BoxFuture<'_, Result<BlockRef, ChainError>> {
        Box::pin(async {
            let answer = self.call("getblockchaininfo", &[]).await?;
            hash_and_height(&answer).ok_or_else(|| odd("a tip"))
        })
    }

    fn header(&self, hash: BlockHash) -> BoxFuture<'_, Result<HeaderAt, ChainError>> {
        Box::pin(async move {
            let name = json!(hash.to_string());
            let verbose = self.call("getblockheader", &[name.clone(), json!(true)]).await;
            let verbose = verbose.map_err(|error| error.about(hash))?;
            let raw = self.call("getblockheader", &[name, json!(false)]).await;
            header_at(&raw.map_err(|error| error.about(hash))?, &verbose).ok_or_else(|| odd("a header"))
        })
    }

    fn block(&self, hash: BlockHash) -> BoxFuture<'_, Result<Block, ChainError>> {
        Box::pin(async move {
            let raw = self.call("getblock", &[json!(hash.to_string()), json!(0)]).await;
            let raw = raw.map_err(|error| error.about(hash))?;
            let text = raw.as_str().ok_or_else(|| odd("a block"))?;
            encode::deserialize_hex(text).map_err(|_| odd("a block"))
        })
    }

    fn broadcast<'a>(&'a self, package: &'a [Transaction]) -> BoxFuture<'a, Result<(), ChainError>> {
        Box::pin(async move {
            match package {
                [] => Ok(()),
                [one] => self.send_one(one).await,
                several => self.send_package(several).await,
            }
        })
    }

    fn fee_rate_sat_per_kwu(&self, target_blocks: u16) -> BoxFuture<'_, Result<u32, ChainError>> {
        Box::pin(async move {
            // 1 is not a target for bitcoind: it estimates from 2 on.
            let answer = self.call("estimatesmartfee", &[json!(target_blocks.max(2))]).await?;
            Ok(sat_per_kwu(&answer))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(feerate: &str, expect_sat_per_kwu: u32) {
        let answer: Value = serde_json::from_str(&format!("{{\"feerate\": {feerate}}}")).expect("JSON");
        assert_eq!(sat_per_kwu(&answer), expect_sat_per_kwu, "{feerate} BTC/kvB");
    }

    #[tokio::test]
    async fn a_bitcoind_that_does_not_answer_is_unavailable_and_asked_over_a_new_connection() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", silent.local_addr().expect("it is bound"));
        let mut chain = Bitcoind::new(&url, "x", "x");
        chain.patience = Duration::from_millis(50);
        let first = lock(&chain.client).clone();
        let error = chain.tip().await.expect_err("nobody answers");
        assert!(matches!(&error, ChainError::Unavailable(text) if text.contains("no answer")), "{error:?}");
        assert!(!Arc::ptr_eq(&first, &lock(&chain.client)));
    }

    #[test]
    fn fee_rates_are_converted_exactly_and_held_above_the_floor() {
        check("0.00010000", 2_500);
        check("0.00020001", 5_001);
        check("0.00001000", 253);
        check("0.00001017", 255);
        check("1.017e-5", 255);
        check("1e-4", 2_500);
        check("0.5", 12_500_000);
        check("2", 50_000_000);
        assert_eq!(sat_per_kwu(&json!({"errors": ["Insufficient data or no feerate found"]})), 253);
    }

    #[test]
    fn what_is_known_already_is_no_error_and_a_real_one_is_told() {
        let answer =
            |msg: &str, error: &str| json!({"package_msg": msg, "tx-results": {"w": {"error": error}}});
        assert_eq!(package_answer(&json!({"package_msg": "success"})), Ok(()));
        assert_eq!(package_answer(&answer("transaction failed", "txn-already-known")), Ok(()));
        let refused = package_answer(&answer("transaction failed", "bad-txns-inputs-missingorspent"));
        assert!(matches!(refused, Err(ChainError::Rejected(text)) if text.contains("missingorspent")));
        assert!(package_answer(&json!({})).is_err());
    }

    #[tokio::test]
    async fn a_bitcoind_that_is_not_there_is_unavailable() {
        let bitcoind = Bitcoind::new("http://127.0.0.1:9", "user", "password");
        assert!(matches!(bitcoind.tip().await, Err(ChainError::Unavailable(_))));
    }
}
