//! Scripts, judged by libbitcoinconsensus: the one file that knows it.
//!
//! Invariant: every input of every transaction that enters the mempool or a block has passed here, with the
//! rules in force on the main network (P2SH, strict DER, NULLDUMMY, CLTV, CSV, witness, Taproot).
//! Touches only its own memory of what passed.

use std::collections::HashSet;

use bitcoin::{Transaction, TxOut, Wtxid, consensus::encode::serialize};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};

use crate::error::Reject;

/// Every rule that libbitcoinconsensus knows: on regtest all are in force from the start.
const FLAGS: u32 = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;

/// Judges scripts and remembers what passed.
///
/// The memory is safe: a wtxid commits to the witness and, through the outpoints, to what is spent, and the
/// rules never change. So a block pays nothing for what the mempool has judged already.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    passed: HashSet<Wtxid>,
}

impl Scripts {
    /// Judges all inputs of a transaction; `spent` are the outputs they spend, in their order.
    pub(crate) fn judge(&mut self, transaction: &Transaction, spent: &[TxOut]) -> Result<(), Reject> {
        assert_eq!(transaction.input.len(), spent.len(), "one spent output for each input");
        let wtxid = transaction.compute_wtxid();
        if self.passed.contains(&wtxid) {
            return Ok(());
        }
        let bytes = serialize(transaction);
        // Each `Utxo` points into `spent`, which outlives it; nothing here keeps one.
        let utxos: Vec<Utxo> = spent.iter().map(utxo).collect();
        for (input, output) in spent.iter().enumerate() {
            let script = output.script_pubkey.as_bytes();
            verify_with_flags(script, output.value.to_sat(), &bytes, Some(&utxos), input, FLAGS)
                .map_err(|_| Reject::Script { input, outpoint: transaction.input[input].previous_output })?;
        }
        self.passed.insert(wtxid);
        Ok(())
    }
}

fn utxo(output: &TxOut) -> Utxo {
    let script = output.script_pubkey.as_bytes();
    Utxo {
        script_pubkey: script.as_ptr(),
        script_pubkey_len: u32::try_from(script.len()).expect("no script is longer than a block"),
        value: i64::try_from(output.value.to_sat()).expect("no output exceeds all money, as checked before"),
    }
}
