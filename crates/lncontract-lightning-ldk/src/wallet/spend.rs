//! Spending: funding transactions, fee bumps for LDK, signatures for our inputs.
//!
//! Invariant: what is selected is locked in the same step. Only inputs that are ours are signed.

use std::future::Future;

use bdk_wallet::KeychainKind;
use bitcoin::{
    Amount, EcdsaSighashType, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
    absolute::LockTime,
    bip32::{ChildNumber, Xpriv},
    secp256k1::{Message, Secp256k1},
    sighash::SighashCache,
    transaction::Version,
};
use lightning::{
    chain::ClaimId,
    sign::ChangeDestinationSource,
    util::wallet_utils::{CoinSelection, CoinSelectionSource, ConfirmedUtxo, Input},
};
use lncontract_lightning::OpenFailure;

use super::{
    ClaimLock, Inner, OnchainWallet,
    coins::{Coin, DUST_SAT, Frame, Selection, select},
};

/// Weight of an input without script and witness: outpoint and sequence (BIP 141).
const BASE_INPUT_WU: u64 = 160;

impl OnchainWallet {
    /// Whether a channel of that size can be funded with `reserve_sat` left over; if not,
    /// how much is missing.
    ///
    /// # Errors
    /// [`OpenFailure::InsufficientFunds`]: one more confirmed deposit of exactly the missing sum is enough.
    pub(crate) fn can_fund(&self, amount_sat: u64, reserve_sat: u64, rate: u32) -> Result<(), OpenFailure> {
        self.inner().funding_coins(amount_sat, reserve_sat, rate).map(|_| ())
    }

    /// Builds, locks and signs a funding transaction. LDK broadcasts it when that is safe.
    pub(crate) fn build_funding(
        &self,
        script: ScriptBuf,
        amount_sat: u64,
        reserve_sat: u64,
        rate: u32,
    ) -> Result<Transaction, OpenFailure> {
        let mut inner = self.inner();
        let selection = inner.funding_coins(amount_sat, reserve_sat, rate)?;
        let output = TxOut { value: Amount::from_sat(amount_sat), script_pubkey: script };
        self.build(&mut inner, &selection.coins, vec![output], selection.change_sat)
            .map_err(|()| OpenFailure::Unknown { text: "our wallet could not sign the funding".into() })
    }

    /// Builds and signs a transaction that spends these coins, and holds them.
    pub(super) fn build(
        &self,
        inner: &mut Inner,
        coins: &[Coin],
        mut output: Vec<TxOut>,
        change_sat: Option<u64>,
    ) -> Result<Transaction, ()> {
        if let Some(change_sat) = change_sat {
            let change = inner.bdk.reveal_next_address(KeychainKind::Internal).address.script_pubkey();
            output.push(TxOut { value: Amount::from_sat(change_sat), script_pubkey: change });
        }
        let input = coins.iter().map(|coin| TxIn {
            previous_output: coin.outpoint,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            witness: Witness::new(),
        });
        let mut transaction =
            Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: input.collect(), output };
        self.sign_ours(inner, &mut transaction, |_| true)?;
        coins.iter().for_each(|coin| inner.bdk.lock_outpoint(coin.outpoint));
        self.keep(inner);
        Ok(transaction)
    }

    /// Selects and locks coins for a splice that leave the reserve and some change.
    pub(crate) fn select_for_splice(
        &self,
        must_spend: &[Input],
        must_pay_to: &[TxOut],
        rate_sat_per_kwu: u32,
        reserve_sat: u64,
    ) -> Result<CoinSelection, OpenFailure> {
        let mut inner = self.inner();
        let frame = Frame { needs_change: true, ..frame(must_spend, must_pay_to, rate_sat_per_kwu) };
        let selection = inner.coins_for(frame, reserve_sat.max(DUST_SAT))?;
        let coin_selection = inner.as_coin_selection(&selection).map_err(|()| OpenFailure::Unknown {
            text: "our wallet does not have the transaction of one of its coins".into(),
        })?;
        selection.coins.iter().for_each(|coin| inner.bdk.lock_outpoint(coin.outpoint));
        self.keep(&mut inner);
        Ok(coin_selection)
    }

    /// Signs these inputs and no others, whatever else in the transaction may be ours.
    pub(crate) fn sign_inputs(&self, mut tx: Transaction, inputs: &[OutPoint]) -> Result<Transaction, ()> {
        self.sign_ours(&self.inner(), &mut tx, |input| inputs.contains(input)).map(|()| tx)
    }

    /// Signs each P2WPKH input that is ours and wanted (BIP 143); leaves the others.
    fn sign_ours(
        &self,
        inner: &Inner,
        transaction: &mut Transaction,
        wanted: impl Fn(&OutPoint) -> bool,
    ) -> Result<(), ()> {
        let secp = Secp256k1::new();
        let mut witnesses = Vec::new();
        let mut cache = SighashCache::new(&*transaction);
        for (index, input) in transaction.input.iter().enumerate() {
            if !wanted(&input.previous_output) {
                continue;
            }
            let Some(spent) = inner.bdk.tx_graph().get_txout(input.previous_output) else { continue };
            let Some((keychain, number)) = inner.bdk.derivation_of_spk(spent.script_pubkey.clone()) else {
                continue;
            };
            let key = self.key(keychain, number).ok_or(())?.private_key;
            let hash = cache
                .p2wpkh_signature_hash(index, &spent.script_pubkey, spent.value, EcdsaSighashType::All)
                .map_err(|_| ())?;
            let signature = bitcoin::ecdsa::Signature {
                // Low R, so one byte shorter at most: LDK counts on it when it sets the fee of a bump.
                signature: secp.sign_ecdsa_low_r(&Message::from(hash), &key),
                sighash_type: EcdsaSighashType::All,
            };
            witnesses.push((index, Witness::p2wpkh(&signature, &key.public_key(&secp))));
        }
        for (index, witness) in witnesses {
            transaction.input[index].witness = witness;
        }
        Ok(())
    }

    /// The key m/84'/coin'/0'/keychain/number (BIP 84).
    fn key(&self, keychain: KeychainKind, number: u32) -> Option<Xpriv> {
        let coin = u32::from(!self.master.network.is_mainnet());
        let hardened = |index| ChildNumber::from_hardened_idx(index).ok();
        let normal = |index| ChildNumber::from_normal_idx(index).ok();
        let path = [hardened(84)?, hardened(coin)?, hardened(0)?, normal(keychain as u32)?, normal(number)?];
        self.master.derive_priv(&Secp256k1::new(), &path).ok()
    }

    /// Selects and locks coins for LDK; the same claim gets its earlier coins again.
    fn select_for(&self, claim: Option<ClaimId>, frame: Frame, weight_max: u64) -> Result<CoinSelection, ()> {
        let mut inner = self.inner();
        let earlier = claim.and_then(|id| inner.claims.get(&id)).map(|lock| lock.outpoints.clone());
        let earlier = earlier.unwrap_or_default();
        let mut first = inner.confirmed_coins();
        first.retain(|coin| earlier.contains(&coin.outpoint));
        let selection = select(&first, &inner.free_coins(), frame).ok_or_else(|| {
            tracing::error!(
                "no confirmed coin on chain to pay the fee of a closing channel: deposit some now"
            );
        })?;
        if selection.weight_wu > weight_max {
            return Err(());
        }
        let coin_selection = inner.as_coin_selection(&selection)?;
        let outpoints: Vec<OutPoint> = selection.coins.iter().map(|coin| coin.outpoint).collect();
        outpoints.iter().for_each(|outpoint| inner.bdk.lock_outpoint(*outpoint));
        if let Some(id) = claim {
            let height = inner.bdk.latest_checkpoint().height();
            inner.claims.insert(id, ClaimLock { outpoints, height });
        }
        self.keep(&mut inner);
        Ok(coin_selection)
    }
}

impl Inner {
    fn funding_coins(&self, amount_sat: u64, reserve_sat: u64, rate: u32) -> Result<Selection, OpenFailure> {
        self.coins_for(Frame::funding(amount_sat, rate), reserve_sat)
    }

    /// Coins that leave the reserve, or how much is missing.
    fn coins_for(&self, frame: Frame, reserve_sat: u64) -> Result<Selection, OpenFailure> {
        let coins = self.free_coins();
        let available_sat: u64 = coins.iter().map(|coin| coin.value_sat).sum();
        let amount_sat = frame.pay_sat.saturating_sub(frame.brought_sat);
        let selection = select(&[], &coins, frame)
            .filter(|selection| available_sat >= amount_sat + selection.fee_sat + reserve_sat);
        selection.ok_or_else(|| {
            let needed_sat = frame.needed_with_another_coin_sat(coins.len()) + reserve_sat;
            let missing_sat = needed_sat.saturating_sub(available_sat);
            OpenFailure::InsufficientFunds { needed_sat, available_sat, missing_sat }
        })
    }

    fn as_coin_selection(&mut self, selection: &Selection) -> Result<CoinSelection, ()> {
        let mut confirmed_utxos = Vec::new();
        for coin in &selection.coins {
            let previous = self.bdk.get_tx(coin.outpoint.txid).ok_or(())?.tx_node.tx.as_ref().clone();
            confirmed_utxos.push(ConfirmedUtxo::new_p2wpkh(previous, coin.outpoint.vout)?);
        }
        let change_output = selection.change_sat.map(|change_sat| TxOut {
            value: Amount::from_sat(change_sat),
            script_pubkey: self.bdk.reveal_next_address(KeychainKind::Internal).address.script_pubkey(),
        });
        Ok(CoinSelection { confirmed_utxos, change_output })
    }
}

/// What LDK wants in a transaction besides our coins.
fn frame(must_spend: &[Input], must_pay_to: &[TxOut], rate_sat_per_kwu: u32) -> Frame {
    let inputs_wu: u64 = must_spend.iter().map(|input| BASE_INPUT_WU + input.satisfaction_weight).sum();
    let outputs_wu: u64 = must_pay_to.iter().map(|output| output.weight().to_wu()).sum();
    Frame {
        weight_wu: inputs_wu + outputs_wu,
        pay_sat: must_pay_to.iter().map(|output| output.value.to_sat()).sum(),
        brought_sat: must_spend.iter().map(|input| input.previous_utxo.value.to_sat()).sum(),
        rate_sat_per_kwu,
        needs_change: false,
    }
}

impl CoinSelectionSource for OnchainWallet {
    fn select_confirmed_utxos<'a>(
        &'a self,
        claim_id: Option<ClaimId>,
        must_spend: Vec<Input>,
        must_pay_to: &'a [TxOut],
        target_feerate_sat_per_1000_weight: u32,
        max_tx_weight: u64,
    ) -> impl Future<Output = Result<CoinSelection, ()>> + Send + 'a {
        let frame = frame(&must_spend, must_pay_to, target_feerate_sat_per_1000_weight);
        let selection = self.select_for(claim_id, frame, max_tx_weight);
        async move { selection }
    }

    fn sign_psbt<'a>(&'a self, psbt: Psbt) -> impl Future<Output = Result<Transaction, ()>> + Send + 'a {
        let mut transaction = psbt.unsigned_tx;
        let signed = self.sign_ours(&self.inner(), &mut transaction, |_| true);
        async move { signed.map(|()| transaction) }
    }
}

impl ChangeDestinationSource for OnchainWallet {
    fn get_change_destination_script<'a>(
        &'a self,
    ) -> impl Future<Output = Result<ScriptBuf, ()>> + Send + 'a {
        let script = self.fresh_script();
        async move { script }
    }
}
