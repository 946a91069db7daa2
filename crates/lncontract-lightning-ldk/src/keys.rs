//! The node's keys: LDK's key manager, with closing transactions paid straight into the on-chain wallet.
//!
//! Invariant: every key comes from the seed; scripts for our money come from the wallet,
//! so that it sees them.

use std::sync::Arc;

use bitcoin::{
    Network, NetworkKind, ScriptBuf, Transaction, TxOut,
    absolute::LockTime,
    bip32::{ChildNumber, Xpriv},
    secp256k1::{
        All, PublicKey, Scalar, Secp256k1,
        ecdh::SharedSecret,
        ecdsa::{RecoverableSignature, Signature},
        schnorr,
    },
};
use lightning::{
    ln::{inbound_payment::ExpandedKey, msgs::UnsignedGossipMessage, script::ShutdownScript},
    offers::invoice::UnsignedBolt12Invoice,
    sign::{
        EntropySource, InMemorySigner, KeysManager, NodeSigner, OutputSpender, PeerStorageKey,
        ReceiveAuthKey, Recipient, SignerProvider, SpendableOutputDescriptor,
    },
};
use lightning_invoice::RawBolt11Invoice;

use crate::{health::unix_time, wallet::OnchainWallet};

/// Hardened child of the BIP 32 master under which LDK derives its own keys,
/// apart from the wallet's BIP 84 branch.
const LIGHTNING_BRANCH: u32 = 535;

/// The master key (BIP 32) of a seed.
pub(crate) fn master_key(seed: &[u8; 32], network: Network) -> Xpriv {
    let seed = crate::seed::bip39_seed(seed);
    Xpriv::new_master(NetworkKind::from(network), &*seed)
        .expect("a 64-byte seed has a master key (but for 1 in 2^127)")
}

pub(crate) struct NodeKeys {
    inner: KeysManager,
    wallet: Arc<OnchainWallet>,
}

impl NodeKeys {
    pub(crate) fn new(master: &Xpriv, wallet: Arc<OnchainWallet>) -> Self {
        let branch = ChildNumber::from_hardened_idx(LIGHTNING_BRANCH).expect("below 2^31");
        let child = master
            .derive_priv(&Secp256k1::new(), &[branch])
            .expect("derivation fails for 1 key in 2^127 only");
        let now = unix_time();
        // The last argument makes our output of the peer's commitment recoverable from the seed alone.
        let inner =
            KeysManager::new(&child.private_key.secret_bytes(), now.as_secs(), now.subsec_nanos(), true);
        NodeKeys { inner, wallet }
    }
}

impl EntropySource for NodeKeys {
    fn get_secure_random_bytes(&self) -> [u8; 32] {
        self.inner.get_secure_random_bytes()
    }
}

impl NodeSigner for NodeKeys {
    fn get_expanded_key(&self) -> ExpandedKey {
        self.inner.get_expanded_key()
    }
    fn get_peer_storage_key(&self) -> PeerStorageKey {
        self.inner.get_peer_storage_key()
    }
    fn get_receive_auth_key(&self) -> ReceiveAuthKey {
        self.inner.get_receive_auth_key()
    }
    fn get_node_id(&self, recipient: Recipient) -> Result<PublicKey, ()> {
        self.inner.get_node_id(recipient)
    }
    fn ecdh(
        &self,
        recipient: Recipient,
        key: &PublicKey,
        tweak: Option<&Scalar>,
    ) -> Result<SharedSecret, ()> {
        self.inner.ecdh(recipient, key, tweak)
    }
    fn sign_invoice(
        &self,
        invoice: &RawBolt11Invoice,
        recipient: Recipient,
    ) -> Result<RecoverableSignature, ()> {
        self.inner.sign_invoice(invoice, recipient)
    }
    fn sign_bolt12_invoice(&self, invoice: &UnsignedBolt12Invoice) -> Result<schnorr::Signature, ()> {
        self.inner.sign_bolt12_invoice(invoice)
    }
    fn sign_gossip_message(&self, message: UnsignedGossipMessage) -> Result<Signature, ()> {
        self.inner.sign_gossip_message(message)
    }
    fn sign_message(&self, message: &[u8]) -> Result<String, ()> {
        self.inner.sign_message(message)
    }
}

impl OutputSpender for NodeKeys {
    fn spend_spendable_outputs(
        &self,
        descriptors: &[&SpendableOutputDescriptor],
        outputs: Vec<TxOut>,
        change: ScriptBuf,
        feerate_sat_per_1000_weight: u32,
        locktime: Option<LockTime>,
        secp: &Secp256k1<All>,
    ) -> Result<Transaction, ()> {
        self.inner.spend_spendable_outputs(
            descriptors,
            outputs,
            change,
            feerate_sat_per_1000_weight,
            locktime,
            secp,
        )
    }
}

impl SignerProvider for NodeKeys {
    type EcdsaSigner = InMemorySigner;

    fn generate_channel_keys_id(&self, inbound: bool, user_channel_id: u128) -> [u8; 32] {
        self.inner.generate_channel_keys_id(inbound, user_channel_id)
    }
    fn derive_channel_signer(&self, channel_keys_id: [u8; 32]) -> InMemorySigner {
        self.inner.derive_channel_signer(channel_keys_id)
    }
    fn get_destination_script(&self, _channel_keys_id: [u8; 32]) -> Result<ScriptBuf, ()> {
        self.wallet.fresh_script()
    }
    fn get_shutdown_scriptpubkey(&self) -> Result<ShutdownScript, ()> {
        ShutdownScript::try_from(self.wallet.fresh_script()?).map_err(|_| ())
    }
}
