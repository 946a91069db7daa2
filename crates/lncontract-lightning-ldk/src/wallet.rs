//! The on-chain wallet: BIP 84 on BDK, fed with whole blocks; funds channels, bumps fees,
//! receives what closes.
//!
//! Invariant: only confirmed, mature, unlocked coins are spent. Locks are on disk. A write that fails stops
//! the node (`health`): the wallet never acts on what it could not keep.

mod changes;
pub(crate) mod coins;
pub(crate) mod pay_out;
mod spend;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use bdk_wallet::{ChangeSet, KeychainKind, Update, Wallet, chain::BlockId, template::Bip84};
use bitcoin::{Address, Block, Network, OutPoint, ScriptBuf, Transaction, Txid, bip32::Xpriv, block::Header};
use lightning::chain::{BlockLocator, ClaimId, Listen, transaction::TransactionData};
use lncontract_lightning::OnchainMovement;

use self::{changes::Changes, coins::Coin};
use crate::{
    config::StartError,
    health::{Health, lock, unix_time},
    types::Store,
};

/// Blocks after which coins set aside for a fee bump are free again; LDK asks again if it still needs them.
const CLAIM_LOCK_BLOCKS: u32 = 36;

/// Coins set aside for one claim of LDK's.
struct ClaimLock {
    outpoints: Vec<OutPoint>,
    height: u32,
}

struct Inner {
    bdk: Wallet,
    changes: Changes,
    claims: HashMap<ClaimId, ClaimLock>,
}

/// What the wallet holds, in satoshi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// Confirmed, mature and not locked.
    pub(crate) spendable_sat: u64,
    /// All of it.
    pub(crate) total_sat: u64,
}

pub(crate) struct OnchainWallet {
    inner: Mutex<Inner>,
    master: Xpriv,
    health: Arc<Health>,
}

impl OnchainWallet {
    /// Opens the wallet of this seed, or makes it, looking at the chain from `birthday` on.
    pub(crate) fn open(
        master: Xpriv,
        network: Network,
        store: Arc<Store>,
        health: Arc<Health>,
        birthday: BlockId,
    ) -> Result<Self, StartError> {
        let bad = |reason: String| StartError::State { part: "wallet", reason };
        let (mut changes, state) = Changes::load(store)?;
        let (external, internal) = descriptors(master);
        let bdk = match state {
            Some(state) => Wallet::load()
                .descriptor(KeychainKind::External, Some(external))
                .descriptor(KeychainKind::Internal, Some(internal))
                .check_network(network)
                .load_wallet_no_persist(state)
                .map_err(|error| bad(format!("it does not fit the seed or network: {error}")))?
                .ok_or_else(|| bad("it is empty".into()))?,
            None => {
                let mut bdk = Wallet::create(external, internal)
                    .network(network)
                    .create_wallet_no_persist()
                    .map_err(|error| bad(error.to_string()))?;
                let chain = bdk.latest_checkpoint().insert(birthday);
                bdk.apply_update(Update { chain: Some(chain), ..Default::default() })
                    .map_err(|error| bad(error.to_string()))?;
                bdk
            }
        };
        changes.gather()?;
        let inner = Mutex::new(Inner { bdk, changes, claims: HashMap::new() });
        let wallet = OnchainWallet { inner, master, health };
        wallet.keep(&mut wallet.inner());
        Ok(wallet)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Writes what changed.
    fn keep(&self, inner: &mut Inner) {
        let Some(change): Option<ChangeSet> = inner.bdk.take_staged() else { return };
        let result = match inner.changes.append(&change) {
            Ok(true) => inner.changes.gather().map_err(|error| error.to_string()),
            Ok(false) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = result {
            self.health.fault(format!("the wallet could not be written: {error}; free the disk"));
        }
    }

    /// Where the wallet stands in the chain, with what a re-organisation while down needs.
    pub(crate) fn best_block(&self) -> BlockLocator {
        let tip = self.inner().bdk.latest_checkpoint();
        let mut locator = BlockLocator::new(tip.hash(), tip.height());
        for checkpoint in tip.iter().skip(1) {
            let depth = (tip.height() - checkpoint.height()) as usize;
            match locator.previous_blocks.get_mut(depth.wrapping_sub(1)) {
                Some(place) => *place = Some(checkpoint.hash()),
                None => break,
            }
        }
        locator
    }

    /// A script of ours that was never given out, for change and closes.
    pub(crate) fn fresh_script(&self) -> Result<ScriptBuf, ()> {
        let mut inner = self.inner();
        let script = inner.bdk.reveal_next_address(KeychainKind::Internal).address.script_pubkey();
        self.keep(&mut inner);
        if self.health.ending().is_some() { Err(()) } else { Ok(script) }
    }

    /// A deposit address that was never given out.
    pub(crate) fn new_address(&self) -> Address {
        let mut inner = self.inner();
        let address = inner.bdk.reveal_next_address(KeychainKind::External).address;
        self.keep(&mut inner);
        address
    }

    /// Every transaction that moved its money.
    pub(crate) fn movements(&self) -> Vec<OnchainMovement> {
        let inner = self.inner();
        let bdk = &inner.bdk;
        bdk.transactions()
            .map(|known| {
                let tx = &known.tx_node.tx;
                let (sent, received) = bdk.sent_and_received(tx);
                OnchainMovement {
                    txid: known.tx_node.txid,
                    received_sat: received.to_sat(),
                    sent_sat: sent.to_sat(),
                    outputs_sat: tx.output.iter().map(|output| output.value.to_sat()).sum(),
                    fee_sat: bdk.calculate_fee(tx).ok().map(|fee| fee.to_sat()),
                    height: known.chain_position.confirmation_height_upper_bound(),
                }
            })
            .collect()
    }

    /// Its transactions that spend outputs of that one: which output, and which transaction.
    pub(crate) fn spenders(&self, of: Txid) -> Vec<(u32, Txid)> {
        let inner = self.inner();
        let spends = inner.bdk.transactions().flat_map(|known| {
            let by = known.tx_node.txid;
            let spent: Vec<_> = known.tx_node.tx.input.iter().map(|input| input.previous_output).collect();
            spent.into_iter().filter(|spent| spent.txid == of).map(move |spent| (spent.vout, by))
        });
        spends.collect()
    }

    /// What the wallet holds.
    pub(crate) fn holdings(&self) -> Holdings {
        let inner = self.inner();
        Holdings {
            spendable_sat: inner.free_coins().iter().map(|coin| coin.value_sat).sum(),
            total_sat: inner.bdk.list_unspent().map(|coin| coin.txout.value.to_sat()).sum(),
        }
    }

    /// Takes up a transaction of ours before it is confirmed, so that its change is counted and its inputs
    /// are spent. Transactions that only pay us are left to the block that confirms them.
    pub(crate) fn broadcast(&self, transaction: &Transaction) {
        let mut inner = self.inner();
        let ours = |outpoint: &OutPoint| inner.bdk.get_utxo(*outpoint).is_some();
        if transaction.input.iter().any(|input| ours(&input.previous_output)) {
            inner.bdk.apply_unconfirmed_txs([(transaction.clone(), unix_time().as_secs())]);
            self.keep(&mut inner);
        }
    }

    /// Takes up a splice as soon as both sides have signed it: what it spends is gone, what it pays us comes.
    pub(crate) fn take_up(&self, transaction: &Transaction) {
        let mut inner = self.inner();
        let (sent, received) = inner.bdk.sent_and_received(transaction);
        if sent + received > bitcoin::Amount::ZERO {
            inner.bdk.apply_unconfirmed_txs([(transaction.clone(), unix_time().as_secs())]);
            self.keep(&mut inner);
        }
    }

    /// Forgets a transaction that can't get into a block any more.
    pub(crate) fn forget(&self, txid: Txid) {
        let mut inner = self.inner();
        inner.bdk.apply_evicted_txs([(txid, unix_time().as_secs())]);
        self.keep(&mut inner);
    }

    /// Our transactions that no block holds yet.
    pub(crate) fn unconfirmed(&self) -> Vec<Transaction> {
        let inner = self.inner();
        let waiting = inner.bdk.transactions().filter(|tx| !tx.chain_position.is_confirmed());
        waiting.map(|tx| tx.tx_node.tx.as_ref().clone()).collect()
    }

    /// Frees coins.
    pub(crate) fn unlock(&self, outpoints: &[OutPoint]) {
        let mut inner = self.inner();
        outpoints.iter().for_each(|outpoint| inner.bdk.unlock_outpoint(*outpoint));
        self.keep(&mut inner);
    }

    /// Frees every coin but these: what earlier runs set aside for what no longer exists.
    pub(crate) fn unlock_all_but(&self, kept: &HashSet<OutPoint>) {
        let locked: Vec<_> = self.inner().bdk.list_locked_outpoints().collect();
        self.unlock(&locked.into_iter().filter(|outpoint| !kept.contains(outpoint)).collect::<Vec<_>>());
    }
}

impl Inner {
    /// Confirmed, mature coins, locked or not.
    fn confirmed_coins(&self) -> Vec<Coin> {
        let tip = self.bdk.latest_checkpoint().height();
        let mature = |coin: &bdk_wallet::LocalOutput| {
            let Some(height) = coin.chain_position.confirmation_height_upper_bound() else { return false };
            let coinbase = self.bdk.get_tx(coin.outpoint.txid).is_some_and(|tx| tx.tx_node.tx.is_coinbase());
            !coinbase || tip + 1 >= height + bitcoin::constants::COINBASE_MATURITY
        };
        let coins = self.bdk.list_unspent().filter(mature);
        coins.map(|coin| Coin { outpoint: coin.outpoint, value_sat: coin.txout.value.to_sat() }).collect()
    }

    fn free_coins(&self) -> Vec<Coin> {
        let mut coins = self.confirmed_coins();
        coins.retain(|coin| !self.bdk.is_outpoint_locked(coin.outpoint));
        coins
    }

    /// Frees coins of claims that LDK has not asked for again.
    fn free_old_claims(&mut self, height: u32) {
        let old: Vec<_> = self
            .claims
            .iter()
            .filter(|(_, claim)| claim.height + CLAIM_LOCK_BLOCKS < height)
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            let claim = self.claims.remove(&id).into_iter().flat_map(|claim| claim.outpoints);
            claim.for_each(|outpoint| self.bdk.unlock_outpoint(outpoint));
        }
    }
}

fn descriptors(master: Xpriv) -> (Bip84<Xpriv>, Bip84<Xpriv>) {
    (Bip84(master, KeychainKind::External), Bip84(master, KeychainKind::Internal))
}

impl Listen for OnchainWallet {
    fn filtered_block_connected(&self, _: &Header, _: &TransactionData, _: u32) {
        self.health.fault("the chain source gave a filtered block; it must give whole blocks");
    }

    fn block_connected(&self, block: &Block, height: u32) {
        let mut inner = self.inner();
        let tip = inner.bdk.latest_checkpoint();
        if tip.get(height).is_some_and(|known| known.hash() == block.block_hash()) {
            return;
        }
        if let Err(error) = inner.bdk.apply_block(block, height) {
            self.health.fault(format!("the wallet could not connect block {height}: {error}"));
        }
        inner.free_old_claims(height);
        self.keep(&mut inner);
    }

    // BDK follows a re-organisation by itself when the next block with another parent is applied.
    fn blocks_disconnected(&self, _fork_point: BlockLocator) {}
}
