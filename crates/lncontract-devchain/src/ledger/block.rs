//! The rules of a block that is to follow the tip.
//!
//! Invariant: judging changes nothing in the ledger; what passes here can be connected. Every rule of
//! consensus that regtest has in force from the start is checked, except "no more than two hours ahead", for
//! the sandbox moves its clock. Touches nothing but the memory of judged scripts.

use std::collections::{HashMap, HashSet};

use bitcoin::{
    Block, OutPoint, Target, Transaction, TxOut, Weight, block::Version,
    blockdata::constants::MAX_BLOCK_SIGOPS_COST, script::Builder,
};

use super::{Coin, Ledger, Undo, subsidy_sat};
use crate::{
    check,
    error::{BlockReject, Reject},
    script::Scripts,
};

/// Judges a block against the tip and returns what it spends.
pub(super) fn judge(ledger: &Ledger, block: &Block, scripts: &mut Scripts) -> Result<Undo, BlockReject> {
    header(ledger, block)?;
    body(ledger.height() + 1, block)?;
    let mut view = View { ledger, made: HashMap::new(), spent: HashSet::new(), undo: Undo::new() };
    let (mut fees_sat, mut sigops) = (0_u64, 0_usize);
    for (place, transaction) in block.txdata.iter().enumerate() {
        let refused = |reject| BlockReject::Transaction { txid: transaction.compute_txid(), reject };
        check::form(transaction).map_err(refused)?;
        let coins = if place == 0 { Vec::new() } else { view.spend(transaction).map_err(refused)? };
        if place == 0 {
            check::finality(ledger, transaction).map_err(refused)?;
        } else {
            fees_sat += check::in_next_block(ledger, transaction, &coins).map_err(refused)?;
        }
        sigops += check::sigops_cost(transaction, &coins);
        if sigops > MAX_BLOCK_SIGOPS_COST as usize {
            return Err(BlockReject::Malformed("bad-blk-sigops"));
        }
        if place > 0 {
            let spent: Vec<TxOut> = coins.into_iter().map(|coin| coin.output).collect();
            scripts.judge(transaction, &spent).map_err(refused)?;
        }
        view.make(transaction, place == 0);
    }
    let pays_sat = block.txdata[0].output.iter().map(|output| output.value.to_sat()).sum();
    let limit_sat = subsidy_sat(ledger.height() + 1) + fees_sat;
    if pays_sat > limit_sat {
        return Err(BlockReject::CoinbaseAmount { pays_sat, limit_sat });
    }
    Ok(view.undo)
}

fn header(ledger: &Ledger, block: &Block) -> Result<(), BlockReject> {
    let (header, tip) = (&block.header, ledger.tip().hash);
    if header.prev_blockhash != tip {
        return Err(BlockReject::NotOnTip { follows: header.prev_blockhash, tip });
    }
    // Regtest never changes the difficulty: each block has the bits of the genesis block.
    if header.bits != Target::MAX_ATTAINABLE_REGTEST.to_compact_lossy() {
        return Err(BlockReject::Malformed("bad-diffbits"));
    }
    header.validate_pow(header.target()).map_err(|_| BlockReject::Malformed("high-hash"))?;
    if header.time <= ledger.median_time(ledger.height()) {
        return Err(BlockReject::Malformed("time-too-old"));
    }
    // BIP 34, 65 and 66 are in force.
    if header.version < Version::from_consensus(4) {
        return Err(BlockReject::Malformed("bad-version"));
    }
    Ok(())
}

fn body(height: u32, block: &Block) -> Result<(), BlockReject> {
    let rule = |holds, reason| if holds { Ok(()) } else { Err(BlockReject::Malformed(reason)) };
    rule(block.txdata.first().is_some_and(Transaction::is_coinbase), "bad-cb-missing")?;
    rule(!block.txdata[1..].iter().any(Transaction::is_coinbase), "bad-cb-multiple")?;
    rule(block.check_merkle_root(), "bad-txnmrklroot")?;
    // A list that repeats its end has the same merkle root (CVE-2012-2459).
    let mut seen = HashSet::new();
    rule(
        block.txdata.iter().all(|transaction| seen.insert(transaction.compute_txid())),
        "bad-txns-duplicate",
    )?;
    let script_sig = &block.txdata[0].input[0].script_sig;
    rule(script_sig.as_bytes().starts_with(height_push(height).as_script().as_bytes()), "bad-cb-height")?;
    rule(block.check_witness_commitment(), "bad-witness-merkle-match")?;
    rule(block.weight() <= Weight::MAX_BLOCK, "bad-blk-weight")
}

/// The first push of a coinbase's script: the height (BIP 34).
pub(crate) fn height_push(height: u32) -> Builder {
    Builder::new().push_int(i64::from(height))
}

/// The coins as the transactions of the block find them, one after the other.
struct View<'a> {
    ledger: &'a Ledger,
    made: HashMap<OutPoint, Coin>,
    spent: HashSet<OutPoint>,
    undo: Undo,
}

impl View<'_> {
    fn spend(&mut self, transaction: &Transaction) -> Result<Vec<Coin>, Reject> {
        let mut coins = Vec::with_capacity(transaction.input.len());
        for outpoint in transaction.input.iter().map(|input| input.previous_output) {
            let coin = self.made.get(&outpoint).or_else(|| self.ledger.coin(&outpoint)).cloned();
            let coin =
                coin.filter(|_| self.spent.insert(outpoint)).ok_or(Reject::MissingOrSpent(outpoint))?;
            self.undo.push((outpoint, coin.clone()));
            coins.push(coin);
        }
        Ok(coins)
    }

    fn make(&mut self, transaction: &Transaction, coinbase: bool) {
        let (txid, height) = (transaction.compute_txid(), self.ledger.height() + 1);
        for (vout, output) in (0..).zip(&transaction.output) {
            self.made.insert(OutPoint::new(txid, vout), Coin { output: output.clone(), height, coinbase });
        }
    }
}
