//! All that the lock guards: ledger, mempool, and how the chain was set.
//!
//! Invariant: the mempool always fits the ledger's tip; every block goes through [`State::connect`]. Touches
//! memory only.

use std::collections::BTreeMap;

use bitcoin::{Block, OutPoint, Script, Transaction, TxOut, Txid, blockdata::constants::COINBASE_MATURITY};
use lncontract_lightning::BlockRef;

use crate::{
    devchain::FEE_RATE_MIN_SAT_PER_KWU,
    error::{BlockReject, Reject},
    ledger::Ledger,
    mempool::Mempool,
    mine,
    miner::Miner,
    script::Scripts,
};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) mempool: Mempool,
    pub(crate) scripts: Scripts,
    /// By target in blocks; a rate holds up to the next target that has one.
    pub(crate) fee_rates: BTreeMap<u16, u32>,
    pub(crate) paused: bool,
    /// How far the chain's time is from the clock's, in seconds.
    pub(crate) ahead_s: i64,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Ledger::new(),
            mempool: Mempool::default(),
            scripts: Scripts::default(),
            fee_rates: BTreeMap::new(),
            paused: false,
            ahead_s: 0,
        }
    }

    pub(crate) fn submit(&mut self, package: &[Transaction]) -> Result<(), Reject> {
        self.mempool.submit(&self.ledger, &mut self.scripts, package)
    }

    /// Mines a block with the chosen entries of the mempool.
    pub(crate) fn mine_one(&mut self, chosen: &[Txid], unix_s: u64, miner: &Miner) -> BlockRef {
        let block = mine::block(&self.ledger, &self.mempool, chosen, unix_s, miner.script().to_owned());
        self.connect(block).expect("the mempool holds only what the rules of a block allow")
    }

    pub(crate) fn connect(&mut self, block: Block) -> Result<BlockRef, BlockReject> {
        let transactions = block.txdata.clone();
        let connected = self.ledger.connect(block, &mut self.scripts)?;
        for transaction in &transactions {
            self.mempool.remove(&transaction.compute_txid());
            // Only a block from outside can hold another spend of what an entry spends.
            let rivals =
                transaction.input.iter().filter_map(|input| self.mempool.spender(&input.previous_output));
            for rival in self.mempool.with_descendants(rivals.collect::<Vec<_>>()) {
                self.mempool.remove(&rival);
            }
        }
        let count = transactions.len();
        tracing::debug!(height = connected.height, hash = %connected.hash, transactions = count, "block");
        Ok(connected)
    }

    pub(crate) fn fee_rate(&self, target_blocks: u16) -> u32 {
        let reached = self.fee_rates.range(..=target_blocks).next_back();
        let rate = reached.or_else(|| self.fee_rates.iter().next());
        rate.map_or(FEE_RATE_MIN_SAT_PER_KWU, |(_, rate)| *rate)
    }

    /// What the script can spend in the next block: mined coins first, the largest first; then what waits.
    pub(crate) fn spendable(&self, script: &Script) -> Vec<(OutPoint, TxOut)> {
        let next = self.ledger.height() + 1;
        let mature = self
            .ledger
            .coins_of(script)
            .filter(|(_, coin)| !coin.coinbase || next - coin.height >= COINBASE_MATURITY);
        let mut coins: Vec<(OutPoint, TxOut)> =
            mature.map(|(outpoint, coin)| (outpoint, coin.output.clone())).collect();
        coins.sort_by_key(|(outpoint, output)| (std::cmp::Reverse(output.value), *outpoint));
        for (txid, entry) in self.mempool.in_order() {
            let outputs =
                (0..).zip(&entry.transaction.output).filter(|(_, output)| *output.script_pubkey == *script);
            coins.extend(outputs.map(|(vout, output)| (OutPoint::new(txid, vout), output.clone())));
        }
        coins.retain(|(outpoint, _)| self.mempool.spender(outpoint).is_none());
        coins
    }
}
