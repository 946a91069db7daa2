//! Transactions on their way into a block.
//!
//! Invariant: LDK hands them over under its locks, so nothing is sent there; a task does it. What no block
//! holds yet is sent again at every new block, for two weeks at most, since mempools forget.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use bitcoin::{Block, OutPoint, Transaction, Txid};
use lightning::chain::chaininterface::{BroadcasterInterface, TransactionType};
use lncontract_lightning::{Chain, ChainError};
use tokio::sync::Notify;

use crate::{health::lock, wallet::OnchainWallet};

/// Two weeks: as long as LDK waits for a funding transaction.
const KEEP_BLOCKS: u32 = 2_016;
/// So many packages are kept at most; more than that many unconfirmed closes at once means trouble elsewhere.
const KEEP_PACKAGES: usize = 1_000;

struct Package {
    transactions: Vec<Transaction>,
    /// Blocks seen since it was handed over.
    age: u32,
    /// To be sent at the next turn of the task.
    due: bool,
}

pub(crate) struct Broadcaster {
    packages: Mutex<Vec<Package>>,
    wake: Notify,
    /// Keeps a splice that both sides have signed: LDK hands it over once, and not again after a restart.
    keep: Box<dyn Fn(&Transaction) + Send + Sync>,
}

impl Broadcaster {
    pub(crate) fn new(wallet: Arc<OnchainWallet>) -> Arc<Self> {
        Self::keeping(Box::new(move |splice| wallet.take_up(splice)))
    }

    fn keeping(keep: Box<dyn Fn(&Transaction) + Send + Sync>) -> Arc<Self> {
        Arc::new(Broadcaster { packages: Mutex::default(), wake: Notify::new(), keep })
    }

    /// Queues a package: one transaction, or parents before children.
    pub(crate) fn queue(&self, transactions: Vec<Transaction>) {
        let mut packages = lock(&self.packages);
        let same = |package: &Package| package.transactions == transactions;
        match packages.iter_mut().find(|package| same(package)) {
            Some(package) => package.due = true,
            None => packages.push(Package { transactions, age: 0, due: true }),
        }
        if packages.len() > KEEP_PACKAGES {
            packages.remove(0);
        }
        drop(packages);
        self.wake.notify_one();
    }

    /// Forgets what the block holds or has overtaken, and has the rest sent again.
    pub(crate) fn block_connected(&self, block: &Block) {
        let confirmed: HashSet<Txid> = block.txdata.iter().map(Transaction::compute_txid).collect();
        let spends = |transaction: &Transaction| {
            transaction.input.iter().map(|input| input.previous_output).collect::<Vec<_>>()
        };
        let spent: HashSet<OutPoint> = block.txdata.iter().flat_map(&spends).collect();
        let mut packages = lock(&self.packages);
        for package in packages.iter_mut() {
            package.transactions.retain(|transaction| !confirmed.contains(&transaction.compute_txid()));
            package.age += 1;
            package.due = true;
        }
        packages.retain(|package| {
            let inputs: Vec<OutPoint> = package.transactions.iter().flat_map(&spends).collect();
            // A coin that the block has spent otherwise: this package can never be taken.
            let overtaken = inputs.iter().any(|input| spent.contains(input));
            !inputs.is_empty() && !overtaken && package.age < KEEP_BLOCKS
        });
        drop(packages);
        self.wake.notify_one();
    }

    /// Sends what is due, for ever.
    pub(crate) async fn run(self: Arc<Self>, chain: Arc<dyn Chain>, wallet: Arc<OnchainWallet>) {
        loop {
            let due: Vec<_> = lock(&self.packages)
                .iter_mut()
                .filter_map(|package| std::mem::take(&mut package.due).then(|| package.transactions.clone()))
                .collect();
            for transactions in due {
                send(&*chain, &wallet, &transactions).await;
            }
            self.wake.notified().await;
        }
    }
}

/// Sends one package; what fails is tried again at the next block.
async fn send(chain: &dyn Chain, wallet: &OnchainWallet, transactions: &[Transaction]) {
    let txids: Vec<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
    match chain.broadcast(transactions).await {
        Ok(()) => {
            tracing::debug!(?txids, "broadcast");
            transactions.iter().for_each(|transaction| wallet.broadcast(transaction));
        }
        // Usual for a claim that the peer's transaction has overtaken.
        Err(error @ ChainError::Rejected(_)) => tracing::debug!(?txids, %error, "not broadcast"),
        Err(error) => tracing::warn!(?txids, %error, "not broadcast; tried again at the next block"),
    }
}

impl BroadcasterInterface for Broadcaster {
    fn broadcast_transactions(&self, transactions: &[(&Transaction, TransactionType)]) {
        let splices =
            transactions.iter().filter(|(_, of)| matches!(of, TransactionType::InteractiveFunding { .. }));
        splices.for_each(|(splice, _)| (self.keep)(splice));
        self.queue(transactions.iter().map(|(transaction, _)| (*transaction).clone()).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::{
        Amount, Network, ScriptBuf, Sequence, TxIn, TxOut, Witness, absolute::LockTime,
        constants::genesis_block, hashes::Hash, transaction::Version,
    };

    fn spend(coin: u8, value_sat: u64) -> Transaction {
        let input = TxIn {
            previous_output: OutPoint::new(Txid::from_byte_array([coin; 32]), 0),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        };
        let output = TxOut { value: Amount::from_sat(value_sat), script_pubkey: ScriptBuf::new() };
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![input],
            output: vec![output],
        }
    }

    #[test]
    fn what_a_block_holds_or_has_overtaken_is_forgotten_and_the_rest_is_due_again() {
        let broadcaster = Broadcaster::keeping(Box::new(|_| ()));
        for transaction in [spend(1, 10), spend(2, 10), spend(3, 10), spend(3, 10)] {
            broadcaster.queue(vec![transaction]);
        }
        assert_eq!(lock(&broadcaster.packages).len(), 3, "the same package once");
        lock(&broadcaster.packages).iter_mut().for_each(|package| package.due = false);
        let mut block = genesis_block(Network::Regtest);
        block.txdata.extend([spend(1, 10), spend(2, 99)]);
        broadcaster.block_connected(&block);
        let packages = lock(&broadcaster.packages);
        assert_eq!(packages.len(), 1);
        assert_eq!((&packages[0].transactions, packages[0].due), (&vec![spend(3, 10)], true));
    }
}
