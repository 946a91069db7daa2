//! The chain as others hold it: one lock around ledger and mempool, orders in, answers out.
//!
//! Invariant: each call sees and leaves a whole state; who watches the tip hears of it only when a call is
//! done, so never of a block on the way through a reorganisation. Touches memory, and the clock it was given.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use bitcoin::{Address, Amount, Block, Network, Transaction, TxOut, Txid};
use lncontract_lightning::BlockRef;
use tokio::sync::watch;

use crate::{
    error::{BlockReject, DevChainError, Reject},
    mempool::Mempool,
    mine,
    miner::Miner,
    state::State,
};

/// Tells the time in Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How many blocks a new chain has: eleven coinbases are mature, 550 BTC to give away.
pub const PREMINED_BLOCKS: u32 = 110;
/// The lowest fee rate there is for a node, in satoshi per 1,000 weight units (1 sat/vB, as LDK rounds it).
pub const FEE_RATE_MIN_SAT_PER_KWU: u32 = 253;

/// What regtest aims at between blocks, in seconds; the premined blocks lie so far apart.
const BLOCK_SPACING_S: u64 = 600;

/// A regtest chain in the process, with its miner and its mempool.
pub struct DevChain {
    pub(crate) state: Mutex<State>,
    pub(crate) miner: Miner,
    clock: Clock,
    pub(crate) watched_tip: watch::Sender<BlockRef>,
}

impl DevChain {
    /// Starts a chain with [`PREMINED_BLOCKS`] blocks, ten minutes apart, the last one now.
    pub fn new(clock: Clock) -> Arc<Self> {
        let chain = Self::bare(clock);
        let now = chain.now();
        let mut state = chain.lock();
        for left in (0..u64::from(PREMINED_BLOCKS)).rev() {
            state.mine_one(&[], now.saturating_sub(left * BLOCK_SPACING_S), &chain.miner);
        }
        chain.announce(&state);
        drop(state);
        chain
    }

    /// Starts a chain that follows the clock of the machine.
    pub fn with_wall_clock() -> Arc<Self> {
        Self::new(Arc::new(wall_clock))
    }

    /// A chain with nothing but the genesis block.
    pub(crate) fn bare(clock: Clock) -> Arc<Self> {
        let state = State::new();
        let watched_tip = watch::Sender::new(state.ledger.tip());
        Arc::new(Self { state: Mutex::new(state), miner: Miner::new(), clock, watched_tip })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a panic under this lock left a state that nobody may build on")
    }

    /// Tells those who watch where the tip is now; under the lock, so that no older tip comes after a newer.
    pub(crate) fn announce(&self, state: &State) {
        let tip = state.ledger.tip();
        self.watched_tip.send_if_modified(|known| std::mem::replace(known, tip) != tip);
    }

    /// Mines that many blocks: the first takes what waits, as far as it fits.
    pub fn mine(&self, blocks: u32) -> Vec<BlockRef> {
        self.mine_with(blocks, mine::choose)
    }

    /// Mines that many blocks with nothing in them: what waits goes on waiting.
    pub fn mine_empty(&self, blocks: u32) -> Vec<BlockRef> {
        self.mine_with(blocks, |_| Vec::new())
    }

    /// Mines one block without the given transactions and what spends from them: those go on waiting.
    pub fn mine_without(&self, left_out: &[Txid]) -> BlockRef {
        let mined = self.mine_with(1, |mempool| mine::choose_without(mempool, left_out));
        *mined.first().expect("one block was asked for")
    }

    fn mine_with(&self, blocks: u32, choose: impl Fn(&Mempool) -> Vec<Txid>) -> Vec<BlockRef> {
        let now = self.now();
        let mut state = self.lock();
        let mined = (0..blocks)
            .map(|_| {
                let chosen = choose(&state.mempool);
                state.mine_one(&chosen, now, &self.miner)
            })
            .collect();
        self.announce(&state);
        mined
    }

    /// Judges a block that others made and makes it the tip.
    ///
    /// # Errors
    /// The rule it breaks; nothing has changed then.
    pub fn submit_block(&self, block: Block) -> Result<BlockRef, BlockReject> {
        let mut state = self.lock();
        let connected = state.connect(block);
        self.announce(&state);
        connected
    }

    /// Pays from the miner to an address. The transaction waits until a block is mined.
    ///
    /// # Errors
    /// If the address is not one of regtest, the amount is dust, or the miner has too few mature coins.
    pub fn fund(&self, address: &Address, amount_sat: u64) -> Result<Txid, DevChainError> {
        if !address.as_unchecked().is_valid_for_network(Network::Regtest) {
            return Err(DevChainError::WrongNetwork(address.to_string()));
        }
        let mut state = self.lock();
        let rate = state.fee_rate(6);
        let coins = state.spendable(self.miner.script());
        let to = TxOut { value: Amount::from_sat(amount_sat), script_pubkey: address.script_pubkey() };
        let transaction = self.miner.pay(&coins, to, rate)?;
        state.submit(std::slice::from_ref(&transaction))?;
        Ok(transaction.compute_txid())
    }

    /// Hands transactions over, as the port does, but with the refusal as a value, and also while paused.
    ///
    /// # Errors
    /// The rule that one of them breaks. Earlier ones may have been taken.
    pub fn submit(&self, package: &[Transaction]) -> Result<(), Reject> {
        self.lock().submit(package)
    }

    /// The chain's time in Unix seconds: its clock's, moved as [`Self::set_time`] said.
    pub fn now(&self) -> u64 {
        let ahead_s = self.lock().ahead_s;
        (self.clock)().saturating_add_signed(ahead_s)
    }

    /// Makes it that time now, in Unix seconds; from there the time runs on with the clock. Blocks never go
    /// back in time: until the tip's time is reached again they keep it, or as little more as the rules want.
    pub fn set_time(&self, unix_s: u64) {
        let ahead_s = i128::from(unix_s) - i128::from((self.clock)());
        let ahead_s = i64::try_from(ahead_s).unwrap_or(if ahead_s < 0 { i64::MIN } else { i64::MAX });
        self.lock().ahead_s = ahead_s;
    }

    /// Sets the fee rate for that target and all longer ones up to the next that was set; the rate of the
    /// shortest target holds for shorter ones too. Below [`FEE_RATE_MIN_SAT_PER_KWU`] it counts as that.
    pub fn set_fee_rate(&self, target_blocks: u16, sat_per_kwu: u32) {
        self.lock().fee_rates.insert(target_blocks, sat_per_kwu.max(FEE_RATE_MIN_SAT_PER_KWU));
    }

    /// Makes the port answer "unavailable", as when bitcoind is away. Everything here goes on working.
    pub fn pause(&self) {
        self.lock().paused = true;
    }

    /// Ends [`Self::pause`].
    pub fn resume(&self) {
        self.lock().paused = false;
    }
}

impl fmt::Debug for DevChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevChain").field("tip", &*self.watched_tip.borrow()).finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of who asks for the machine's; others give theirs"
)]
fn wall_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
