//! A chain at a fixed time and a wallet that spends from it by any of the usual scripts.
//! Touches nothing outside the chain of its test.

use std::sync::Arc;

use bitcoin::{
    Address, Amount, CompressedPublicKey, EcdsaSighashType, Network, OutPoint, ScriptBuf, Sequence,
    TapSighashType, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    key::{Keypair, TapTweak},
    secp256k1::{All, Message, Secp256k1, SecretKey},
    sighash::{Prevouts, SighashCache},
    transaction::Version,
};

use crate::{DevChain, Reject};

/// When the tests' chains begin: a fixed clock, so that every run is the same.
pub(super) const BEGIN_UNIX_S: u64 = 1_800_000_000;

pub(super) fn chain() -> Arc<DevChain> {
    DevChain::new(Arc::new(|| BEGIN_UNIX_S))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Taproot,
    Segwit,
}

/// One key, with a Taproot and a version 0 address.
pub(super) struct Owner {
    secp: Secp256k1<All>,
    key: Keypair,
}

impl Owner {
    pub(super) fn new() -> Self {
        let secp = Secp256k1::new();
        let key = Keypair::from_secret_key(&secp, &SecretKey::from_slice(&[7; 32]).unwrap());
        Self { secp, key }
    }

    pub(super) fn address(&self, kind: Kind) -> Address {
        match kind {
            Kind::Taproot => {
                Address::p2tr(&self.secp, self.key.x_only_public_key().0, None, Network::Regtest)
            }
            Kind::Segwit => Address::p2wpkh(&CompressedPublicKey(self.key.public_key()), Network::Regtest),
        }
    }

    pub(super) fn script(&self, kind: Kind) -> ScriptBuf {
        self.address(kind).script_pubkey()
    }

    /// Gets a coin of that size from the miner, mined, and returns where it is.
    pub(super) fn funded(&self, chain: &DevChain, kind: Kind, amount_sat: u64) -> OutPoint {
        let txid = chain.fund(&self.address(kind), amount_sat).unwrap();
        chain.mine(1);
        self.find(chain, txid, kind)
    }

    pub(super) fn find(&self, chain: &DevChain, txid: Txid, kind: Kind) -> OutPoint {
        let (transaction, _) = chain.transaction(txid).unwrap();
        let script = self.script(kind);
        let vout = transaction.output.iter().position(|output| output.script_pubkey == script).unwrap();
        OutPoint::new(txid, u32::try_from(vout).unwrap())
    }

    /// Signs every input that spends one of the owner's outputs.
    pub(super) fn sign(&self, mut transaction: Transaction, spent: &[TxOut]) -> Transaction {
        for input in 0..spent.len() {
            let script = &spent[input].script_pubkey;
            let witness = if *script == self.script(Kind::Taproot) {
                self.taproot(&transaction, input, spent)
            } else if *script == self.script(Kind::Segwit) {
                self.segwit(&transaction, input, &spent[input])
            } else {
                Witness::new()
            };
            transaction.input[input].witness = witness;
        }
        transaction
    }

    fn taproot(&self, transaction: &Transaction, input: usize, spent: &[TxOut]) -> Witness {
        let sighash = SighashCache::new(transaction)
            .taproot_key_spend_signature_hash(input, &Prevouts::All(spent), TapSighashType::Default)
            .unwrap();
        let key = self.key.tap_tweak(&self.secp, None).to_keypair();
        let message = Message::from_digest(*AsRef::<[u8; 32]>::as_ref(&sighash));
        let signature = self.secp.sign_schnorr_no_aux_rand(&message, &key);
        Witness::p2tr_key_spend(&bitcoin::taproot::Signature {
            signature,
            sighash_type: TapSighashType::Default,
        })
    }

    fn segwit(&self, transaction: &Transaction, input: usize, spent: &TxOut) -> Witness {
        let sighash = SighashCache::new(transaction)
            .p2wpkh_signature_hash(input, &spent.script_pubkey, spent.value, EcdsaSighashType::All)
            .unwrap();
        let message = Message::from_digest(*AsRef::<[u8; 32]>::as_ref(&sighash));
        let signature = self.secp.sign_ecdsa(&message, &self.key.secret_key());
        let signature = bitcoin::ecdsa::Signature { signature, sighash_type: EcdsaSighashType::All };
        Witness::p2wpkh(&signature, &self.key.public_key())
    }
}

/// What a test wants to spend, and how; the rest is ordinary.
pub(super) struct Spend<'a> {
    pub(super) owner: &'a Owner,
    pub(super) chain: &'a DevChain,
    /// The outputs to spend; those of `parents` need not be known to the chain.
    pub(super) inputs: Vec<OutPoint>,
    pub(super) parents: &'a [Transaction],
    pub(super) version: i32,
    pub(super) sequence: u32,
    pub(super) lock_time: u32,
    /// Outputs before the change, which takes the rest less the fee.
    pub(super) outputs: Vec<TxOut>,
    pub(super) fee_sat: u64,
}

impl<'a> Spend<'a> {
    pub(super) fn of(owner: &'a Owner, chain: &'a DevChain, input: OutPoint, fee_sat: u64) -> Self {
        Self {
            owner,
            chain,
            inputs: vec![input],
            parents: &[],
            version: 2,
            sequence: 0xffff_fffd,
            lock_time: 0,
            outputs: Vec::new(),
            fee_sat,
        }
    }

    pub(super) fn build(self) -> Transaction {
        let spent: Vec<TxOut> = self.inputs.iter().map(|outpoint| self.output(outpoint)).collect();
        let in_sat: u64 = spent.iter().map(|output| output.value.to_sat()).sum();
        let mut output = self.outputs.clone();
        let out_sat: u64 = output.iter().map(|output| output.value.to_sat()).sum();
        let change_sat = in_sat - out_sat - self.fee_sat;
        if change_sat > 0 {
            let script_pubkey = self.owner.script(Kind::Taproot);
            output.push(TxOut { value: Amount::from_sat(change_sat), script_pubkey });
        }
        let txin = |previous_output: &OutPoint| TxIn {
            previous_output: *previous_output,
            sequence: Sequence::from_consensus(self.sequence),
            ..TxIn::default()
        };
        let transaction = Transaction {
            version: Version::non_standard(self.version),
            lock_time: LockTime::from_consensus(self.lock_time),
            input: self.inputs.iter().map(txin).collect(),
            output,
        };
        self.owner.sign(transaction, &spent)
    }

    fn output(&self, outpoint: &OutPoint) -> TxOut {
        let parent = self.parents.iter().find(|parent| parent.compute_txid() == outpoint.txid).cloned();
        let parent = parent.unwrap_or_else(|| self.chain.transaction(outpoint.txid).unwrap().0);
        parent.output[outpoint.vout as usize].clone()
    }
}

/// The last output of a transaction: the change, as [`Spend`] builds it.
pub(super) fn change_of(transaction: &Transaction) -> OutPoint {
    OutPoint::new(transaction.compute_txid(), u32::try_from(transaction.output.len() - 1).unwrap())
}

pub(super) fn submit(chain: &DevChain, transaction: &Transaction) -> Result<(), Reject> {
    chain.submit(std::slice::from_ref(transaction))
}

/// Refused, with a text that starts like that.
#[track_caller]
pub(super) fn refused(result: Result<(), Reject>, reason: &str) {
    let text = result.expect_err("it should have been refused").to_string();
    assert!(text.starts_with(reason), "expected {reason:?}, got {text:?}");
}

/// A pay-to-anchor output of that size.
pub(super) fn anchor(amount_sat: u64) -> TxOut {
    TxOut {
        value: Amount::from_sat(amount_sat),
        script_pubkey: ScriptBuf::from_bytes(vec![0x51, 0x02, 0x4e, 0x73]),
    }
}

/// Outputs to anyone's Taproot key, to make a transaction larger.
pub(super) fn ballast(count: usize) -> Vec<TxOut> {
    let script_pubkey = Owner::new().script(Kind::Taproot);
    vec![TxOut { value: Amount::from_sat(1_000), script_pubkey }; count]
}

pub(super) fn child_of(
    owner: &Owner,
    chain: &DevChain,
    parent: &Transaction,
    fee_sat: u64,
    version: i32,
) -> Transaction {
    let parents = std::slice::from_ref(parent);
    Spend { parents, version, ..Spend::of(owner, chain, change_of(parent), fee_sat) }.build()
}
