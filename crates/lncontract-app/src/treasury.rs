//! The wallet on chain: coins, payments out, fees raised.
//!
//! Money: what leaves is shown before with what it costs, the order names that cost as its limit, and the company's
//! password is asked for again. An order has an id that was made with the showing: sent twice, it pays once. What
//! left is a line of the ledger, written when the node has taken the order, and made up for at the next start if the
//! program ended in between.

use std::str::FromStr;

use bitcoin::{Address, Txid, address::NetworkUnchecked};
use lncontract_lightning::{
    CoinState, Lightning, LightningError, OpeningId, PayOut, Treasury, Withdraw, Withdrawal,
};
use lncontract_store::{Change, NewLedger, StoreError};
use rand::RngExt;

use crate::{
    App, AppError,
    view::{Badge, CoinRow, CostView, RaiseView, Tone, TreasuryView, WaitingRow, WithdrawalRow},
};

/// How soon a transaction should be in a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speed {
    /// Within two blocks.
    Next,
    /// Within six: about an hour.
    #[default]
    Hour,
    /// Within 144: about a day.
    Day,
}

impl Speed {
    /// All, the fastest first.
    pub const ALL: [Self; 3] = [Self::Next, Self::Hour, Self::Day];

    /// The word that names it in forms and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Reads it.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.word() == word)
    }

    fn blocks(self) -> u16 {
        match self {
            Self::Next => 2,
            Self::Hour => 6,
            Self::Day => 144,
        }
    }
}

/// What is to leave the wallet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// The address that it goes to.
    pub to: String,
    /// How much arrives; absent: all that may leave.
    pub amount_sat: Option<u64>,
    /// How soon.
    #[serde(default)]
    pub speed: Speed,
}

/// The order to let it leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveOrder {
    /// The id that came with the cost.
    pub id: String,
    /// What.
    pub leaving: Leaving,
    /// The most that it may cost.
    pub fee_sat_max: u64,
}

impl App {
    /// The wallet's page.
    ///
    /// # Errors
    /// When the node does not run.
    pub async fn treasury(&self) -> Result<TreasuryView, AppError> {
        let node = self.node().await?;
        let balances = node.balances().await?;
        let mut view = TreasuryView {
            free_sat: balances.onchain_spendable_sat.saturating_sub(balances.anchor_reserve_sat),
            total_sat: balances.onchain_total_sat,
            reserve_sat: balances.anchor_reserve_sat,
            closing_sat: balances.closing_sat,
            own: false,
            ..TreasuryView::default()
        };
        let Some(treasury) = node.treasury() else { return Ok(view) };
        view.own = true;
        view.coins = treasury.coins().await?.iter().map(coin_row).collect();
        view.coins.sort_by_key(|coin| std::cmp::Reverse(coin.value_sat));
        let ordered = treasury.withdrawals().await?;
        let openings: Vec<Txid> = node
            .channels()
            .await?
            .iter()
            .filter_map(|channel| channel.funding.map(|funding| funding.txid))
            .collect();
        for moved in node.onchain_movements().await?.iter().filter(|moved| moved.height.is_none()) {
            let what = match moved.txid {
                txid if ordered.iter().any(|ordered| ordered.txid == txid) => "Payment out",
                txid if openings.contains(&txid) => "Opening or splice of a channel",
                _ if moved.sent_sat == 0 => "Incoming",
                _ => "Other transaction of our wallet",
            };
            let (txid, fee_sat) = (moved.txid.to_string(), moved.fee_sat);
            view.waiting.push(WaitingRow { txid, what: what.into(), fee_sat });
        }
        view.withdrawals = ordered.into_iter().map(withdrawal_row).collect();
        // Those without a block first, then the newest.
        view.withdrawals.sort_by_key(|row| std::cmp::Reverse(row.height.unwrap_or(u32::MAX)));
        Ok(view)
    }

    /// What it costs to let that leave, with a fresh id for the order.
    ///
    /// # Errors
    /// When it can't leave: says why, and what can.
    pub async fn leaving_cost(&self, leaving: &Leaving) -> Result<CostView, AppError> {
        let node = self.node().await?;
        let cost = own(&*node)?.pay_out_cost(self.pay_out(leaving)?).await?;
        let id = format!("{:032x}", rand::rng().random::<u128>());
        let (amount_sat, fee_sat) = (cost.amount_sat, cost.fee_sat);
        Ok(CostView { id, amount_sat, fee_sat, left_sat: cost.left_sat, reserve_sat: cost.reserve_sat })
    }

    /// Lets it leave.
    ///
    /// # Errors
    /// When the password is another one, or it can't leave; nothing was sent then.
    pub async fn let_leave(&self, order: LeaveOrder, password: &str) -> Result<WithdrawalRow, AppError> {
        let id = u128::from_str_radix(&order.id, 16).ok().filter(|_| order.id.len() == 32);
        let id = id.ok_or_else(|| {
            AppError::refused("order-id", "the order has no id", "ask for the cost again; nothing was sent")
        })?;
        self.check_password(password).await?;
        let node = self.node().await?;
        let pay_out = self.pay_out(&order.leaving)?;
        let order = Withdraw { id: OpeningId(id), pay_out, fee_sat_max: order.fee_sat_max };
        let made = own(&*node)?.withdraw(order).await?;
        tracing::info!(txid = %made.txid, amount_sat = made.amount_sat, "money leaves the wallet, as ordered");
        self.book_withdrawal(&made).await?;
        self.announce();
        Ok(withdrawal_row(made))
    }

    /// What it costs to raise the fee of a transaction that waits, or why it can't be raised.
    ///
    /// # Errors
    /// When the node does not run, or keeps its wallet itself.
    pub async fn raise_cost(&self, txid: &str, speed: Speed) -> Result<RaiseView, AppError> {
        let node = self.node().await?;
        match own(&*node)?.raise_cost(transaction(txid)?, speed.blocks()).await {
            Ok(fee_sat) => Ok(RaiseView { fee_sat: Some(fee_sat), reason: String::new() }),
            Err(LightningError::Refused { reason, .. }) => Ok(RaiseView { fee_sat: None, reason }),
            Err(error) => Err(error.into()),
        }
    }

    /// Raises it, for so much at the most. Returns the id of the transaction that does it.
    ///
    /// # Errors
    /// When it can't be raised, or costs more by now; nothing was sent then.
    pub async fn raise(&self, txid: &str, speed: Speed, fee_sat_max: u64) -> Result<String, AppError> {
        let node = self.node().await?;
        let child = own(&*node)?.raise(transaction(txid)?, speed.blocks(), fee_sat_max).await?;
        self.announce();
        Ok(child.to_string())
    }

    /// Writes down what left the wallet and is not in the ledger: the program ended before it could.
    pub(crate) async fn book_withdrawals(&self) -> Result<(), AppError> {
        let node = self.node().await?;
        let Some(treasury) = node.treasury() else { return Ok(()) };
        for made in treasury.withdrawals().await? {
            self.book_withdrawal(&made).await?;
        }
        Ok(())
    }

    async fn book_withdrawal(&self, made: &Withdrawal) -> Result<(), AppError> {
        let mut booked = self.withdrawn.lock().await;
        if booked.contains(&made.id) {
            return Ok(());
        }
        let line = NewLedger {
            key: format!("withdrawn:{:032x}", made.id.0),
            contract_id: None,
            kind: "withdrawn".into(),
            amount_msat: -i64::try_from(made.amount_sat.saturating_mul(1_000)).unwrap_or(i64::MAX),
            // What the transaction costs is counted with all that our transactions cost.
            fee_msat: 0,
            at: self.clock.now().0,
            detail: format!("{} to {}", made.txid, made.to),
        };
        match self.store.commit(vec![Change::Ledger(line)]).await {
            // It is there already.
            Ok(()) | Err(StoreError::Conflict { .. }) => {
                booked.insert(made.id);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn pay_out(&self, leaving: &Leaving) -> Result<PayOut, AppError> {
        let network =
            bitcoin::Network::from_str(&self.network).map_err(|_| AppError::fault("the network"))?;
        let bad = |title: String| {
            AppError::refused("address", title, "copy the address again, whole; nothing was sent")
        };
        let address = leaving.to.trim().parse::<Address<NetworkUnchecked>>();
        let address =
            address.map_err(|error| bad(format!("{:?} is no address: {error}", leaving.to.trim())))?;
        let to = address.require_network(network);
        let to = to.map_err(|_| bad(format!("that address is not one on {network}, where we are")))?;
        Ok(PayOut { to, amount_sat: leaving.amount_sat, within_blocks: leaving.speed.blocks() })
    }
}

fn own(node: &dyn Lightning) -> Result<&dyn Treasury, AppError> {
    node.treasury().ok_or_else(|| {
        let todo = "use its own tools, as `lncli sendcoins` and `lncli wallet bumpfee`; nothing was sent";
        AppError::refused("node-has-tools", "the wallet is kept by the company's own node", todo)
    })
}

fn transaction(txid: &str) -> Result<Txid, AppError> {
    txid.parse().map_err(|_| {
        AppError::refused(
            "transaction",
            "that is no id of a transaction",
            "take it from the list of those that wait",
        )
    })
}

fn coin_row(coin: &lncontract_lightning::Coin) -> CoinRow {
    let state = match coin.state {
        CoinState::Free if coin.spend_fee_sat >= coin.value_sat => Badge::new(Tone::Mute, "Dust"),
        CoinState::Free => Badge::new(Tone::Good, "Free"),
        CoinState::Waiting => Badge::new(Tone::Busy, "Waiting for a block"),
        CoinState::Held => Badge::new(Tone::Busy, "Set aside"),
    };
    let (outpoint, value_sat, height) = (coin.outpoint.to_string(), coin.value_sat, coin.height);
    CoinRow { outpoint, value_sat, height, state, spend_fee_sat: coin.spend_fee_sat }
}

fn withdrawal_row(made: Withdrawal) -> WithdrawalRow {
    let state = match made.height {
        Some(height) => Badge::new(Tone::Good, format!("In block {height}")),
        None => Badge::new(Tone::Busy, "Waiting for a block"),
    };
    let (txid, to, amount_sat) = (made.txid.to_string(), made.to, made.amount_sat);
    WithdrawalRow { txid, to, amount_sat, fee_sat: made.fee_sat, height: made.height, state }
}
