//! The miner's wallet: one Taproot key that every coinbase pays, and payments from it.
//!
//! Invariant: the key is a constant and known to all; it guards play money only. Touches nothing.

use bitcoin::{
    Amount, OutPoint, Script, ScriptBuf, Sequence, TapSighashType, Transaction, TxIn, TxOut, Witness,
    absolute::LockTime,
    key::{Keypair, TapTweak},
    secp256k1::{All, Message, Secp256k1, SecretKey},
    sighash::{Prevouts, SighashCache},
    taproot, transaction,
};

use crate::error::DevChainError;

/// A Schnorr signature with the default sighash, in bytes.
const SIGNATURE_BYTES: usize = 64;

#[derive(Debug)]
pub(crate) struct Miner {
    secp: Secp256k1<All>,
    keypair: Keypair,
    script: ScriptBuf,
}

impl Miner {
    pub(crate) fn new() -> Self {
        let secp = Secp256k1::new();
        let secret = SecretKey::from_slice(&[0x4d; 32]).expect("not zero and below the order of the curve");
        let inner = Keypair::from_secret_key(&secp, &secret);
        let script = ScriptBuf::new_p2tr(&secp, inner.x_only_public_key().0, None);
        let keypair = inner.tap_tweak(&secp, None).to_keypair();
        Self { secp, keypair, script }
    }

    /// Where coinbases pay.
    pub(crate) fn script(&self) -> &Script {
        &self.script
    }

    /// Pays from the given coins, as few as will do in their order; the change comes back.
    pub(crate) fn pay(
        &self,
        coins: &[(OutPoint, TxOut)],
        to: TxOut,
        rate_sat_per_kwu: u32,
    ) -> Result<Transaction, DevChainError> {
        let change = TxOut { value: Amount::ZERO, script_pubkey: self.script.clone() };
        let mut transaction = Transaction {
            version: transaction::Version::TWO,
            lock_time: LockTime::ZERO,
            input: Vec::new(),
            output: vec![to, change],
        };
        let (mut in_sat, mut needed_sat) = (0_u64, 0_u64);
        for (outpoint, coin) in coins {
            transaction.input.push(TxIn {
                previous_output: *outpoint,
                script_sig: ScriptBuf::new(),
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness: Witness::from_slice(&[[0_u8; SIGNATURE_BYTES]]),
            });
            in_sat += coin.value.to_sat();
            let fee_sat = (transaction.weight().to_wu() * u64::from(rate_sat_per_kwu)).div_ceil(1_000);
            needed_sat = transaction.output[0].value.to_sat().saturating_add(fee_sat);
            if in_sat >= needed_sat {
                transaction.output[1].value = Amount::from_sat(in_sat - needed_sat);
                if transaction.output[1].value < self.script.minimal_non_dust() {
                    transaction.output.pop();
                }
                self.sign(&mut transaction, coins);
                return Ok(transaction);
            }
        }
        Err(DevChainError::MinerShort { has_sat: in_sat, needed_sat })
    }

    fn sign(&self, transaction: &mut Transaction, coins: &[(OutPoint, TxOut)]) {
        let spent: Vec<&TxOut> = coins.iter().take(transaction.input.len()).map(|(_, coin)| coin).collect();
        for input in 0..transaction.input.len() {
            let sighash = SighashCache::new(&*transaction)
                .taproot_key_spend_signature_hash(input, &Prevouts::All(&spent), TapSighashType::Default)
                .expect("the input exists and all spent outputs are given");
            let message = Message::from_digest(*AsRef::<[u8; 32]>::as_ref(&sighash));
            // No fresh randomness: the same payment has the same bytes in every run.
            let signature = self.secp.sign_schnorr_no_aux_rand(&message, &self.keypair);
            let signature = taproot::Signature { signature, sighash_type: TapSighashType::Default };
            transaction.input[input].witness = Witness::p2tr_key_spend(&signature);
        }
    }
}
