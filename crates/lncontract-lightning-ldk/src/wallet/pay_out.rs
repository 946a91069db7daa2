//! Payments out of the wallet, and children that raise the fee of what waits.
//!
//! Invariant: a transaction that waits is never replaced, only spent: the id of a channel's funding is the channel.
//! What is built here spends confirmed, free coins, or for a child our own output of the transaction that waits.

use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxOut, Txid};
use lncontract_lightning::{By, Coin as ListedCoin, CoinState, LightningError};

use super::{
    Inner, OnchainWallet,
    coins::{BASE_WU, CHANGE_WU, Coin, DUST_SAT, Frame, INPUT_WU, select},
};
use crate::fees::FLOOR_SAT_PER_KWU;

/// What a child weighs: one input and one output of ours.
const CHILD_WU: u64 = BASE_WU + INPUT_WU + CHANGE_WU;

/// A payment as it would be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) amount_sat: u64,
    pub(crate) fee_sat: u64,
    pub(crate) left_sat: u64,
    coins: Vec<Coin>,
    change_sat: Option<u64>,
}

/// A child as it would be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) fee_sat: u64,
    spends: Coin,
    /// What waits, from the transaction that was named to the one that the child spends.
    pub(crate) waiting: Vec<Transaction>,
}

fn refused(reason: impl Into<String>) -> LightningError {
    LightningError::Refused { by: By::Us, reason: reason.into() }
}

fn unsigned((): ()) -> LightningError {
    refused("our wallet could not sign the transaction")
}

fn fee_sat(weight_wu: u64, rate: u32) -> u64 {
    (weight_wu * u64::from(rate)).div_ceil(1_000)
}

impl OnchainWallet {
    /// Every coin; `rate` is what spending one would be paid with.
    pub(crate) fn coins(&self, rate: u32) -> Vec<ListedCoin> {
        let inner = self.inner();
        let (confirmed, free) = (inner.confirmed_coins(), inner.free_coins());
        let has = |coins: &[Coin], outpoint| coins.iter().any(|coin| coin.outpoint == outpoint);
        let listed = inner.bdk.list_unspent().map(|coin| ListedCoin {
            outpoint: coin.outpoint,
            value_sat: coin.txout.value.to_sat(),
            height: coin.chain_position.confirmation_height_upper_bound(),
            state: match () {
                () if has(&free, coin.outpoint) => CoinState::Free,
                () if has(&confirmed, coin.outpoint) => CoinState::Held,
                () => CoinState::Waiting,
            },
            spend_fee_sat: fee_sat(INPUT_WU, rate),
        });
        listed.collect()
    }

    /// What a payment would come to.
    ///
    /// # Errors
    /// `Refused`, with the most that can be paid out.
    pub(crate) fn plan(
        &self,
        to: &ScriptBuf,
        amount_sat: Option<u64>,
        reserve_sat: u64,
        rate: u32,
    ) -> Result<Planned, LightningError> {
        self.inner().plan(to, amount_sat, reserve_sat, rate)
    }

    /// Builds and signs a payment, and holds its coins.
    pub(crate) fn build_payment(
        &self,
        to: &ScriptBuf,
        amount_sat: Option<u64>,
        reserve_sat: u64,
        rate: u32,
    ) -> Result<(Planned, Transaction), LightningError> {
        let mut inner = self.inner();
        let planned = inner.plan(to, amount_sat, reserve_sat, rate)?;
        let output = TxOut { value: Amount::from_sat(planned.amount_sat), script_pubkey: to.clone() };
        let transaction =
            self.build(&mut inner, &planned.coins, vec![output], planned.change_sat).map_err(unsigned)?;
        Ok((planned, transaction))
    }

    /// What a child would cost that brings a transaction of ours that waits to that rate.
    ///
    /// # Errors
    /// `Refused` says why there can be none.
    pub(crate) fn plan_child(&self, of: Txid, rate: u32) -> Result<Child, LightningError> {
        self.inner().plan_child(of, rate)
    }

    /// Builds and signs the child, and holds what it spends.
    pub(crate) fn build_child(&self, of: Txid, rate: u32) -> Result<(Child, Transaction), LightningError> {
        let mut inner = self.inner();
        let child = inner.plan_child(of, rate)?;
        let back_sat = child.spends.value_sat - child.fee_sat;
        let transaction =
            self.build(&mut inner, &[child.spends], Vec::new(), Some(back_sat)).map_err(unsigned)?;
        Ok((child, transaction))
    }

    /// Whether the wallet has it.
    pub(crate) fn knows(&self, txid: Txid) -> bool {
        self.inner().bdk.get_tx(txid).is_some()
    }

    /// Its block's height, once a block holds it.
    pub(crate) fn height_of(&self, txid: Txid) -> Option<u32> {
        self.inner().bdk.get_tx(txid)?.chain_position.confirmation_height_upper_bound()
    }
}

impl Inner {
    fn plan(
        &self,
        to: &ScriptBuf,
        amount_sat: Option<u64>,
        reserve_sat: u64,
        rate: u32,
    ) -> Result<Planned, LightningError> {
        let coins = self.free_coins();
        let available_sat: u64 = coins.iter().map(|coin| coin.value_sat).sum();
        let output = TxOut { value: Amount::ZERO, script_pubkey: to.clone() };
        let frame = |pay_sat| Frame {
            weight_wu: output.weight().to_wu(),
            pay_sat,
            brought_sat: 0,
            rate_sat_per_kwu: rate,
            needs_change: reserve_sat > 0,
        };
        let dust_sat = to.minimal_non_dust().to_sat();
        let most_sat = self.most_sat(frame(0), reserve_sat);
        if most_sat < dust_sat {
            return Err(refused(format!(
                "nothing can be paid out now: {available_sat} sat are free, and {reserve_sat} sat of it are kept for \
                 closing channels"
            )));
        }
        let amount_sat = amount_sat.unwrap_or(most_sat);
        if amount_sat < dust_sat {
            return Err(refused(format!(
                "{amount_sat} sat are dust, which no node passes on: pay out {dust_sat} sat or more"
            )));
        }
        let selection = select(&[], &coins, frame(amount_sat)).filter(|selection| {
            available_sat >= amount_sat + selection.fee_sat + reserve_sat && amount_sat <= most_sat
        });
        let selection = selection.ok_or_else(|| {
            refused(format!(
                "{most_sat} sat can be paid out at the most: {available_sat} sat are free, of which {reserve_sat} sat \
                 are kept for closing channels, and the rest is the fee"
            ))
        })?;
        let left_sat = available_sat - amount_sat - selection.fee_sat;
        let (fee_sat, change_sat) = (selection.fee_sat, selection.change_sat);
        Ok(Planned { amount_sat, fee_sat, left_sat, coins: selection.coins, change_sat })
    }

    /// The most that can be paid out: every coin that is worth its own fee, less reserve and fee.
    fn most_sat(&self, frame: Frame, reserve_sat: u64) -> u64 {
        let own_fee_sat = fee_sat(INPUT_WU, frame.rate_sat_per_kwu);
        let coins = self.free_coins();
        let all_sat: u64 = coins.iter().map(|coin| coin.value_sat).sum();
        let worth: Vec<u64> =
            coins.iter().map(|coin| coin.value_sat).filter(|value_sat| *value_sat > own_fee_sat).collect();
        let sum_sat: u64 = worth.iter().sum();
        // What lies in coins that are not worth spending stays, and is a part of the reserve.
        let change_sat = reserve_sat.saturating_sub(all_sat - sum_sat);
        let change_sat = if change_sat > 0 { Some(change_sat.max(DUST_SAT)) } else { None };
        let needs_change = frame.needs_change.then_some(DUST_SAT);
        let change_sat = change_sat.or(needs_change);
        sum_sat.saturating_sub(frame.needed_sat(worth.len(), change_sat) + change_sat.unwrap_or(0))
    }

    fn plan_child(&self, of: Txid, rate: u32) -> Result<Child, LightningError> {
        let mut waiting = Vec::new();
        let mut txid = of;
        let spends = loop {
            let known = self
                .bdk
                .get_tx(txid)
                .ok_or_else(|| refused(format!("{txid} is no transaction of our wallet")))?;
            if known.chain_position.is_confirmed() {
                return Err(refused(format!("a block holds {txid} already: there is nothing to raise")));
            }
            waiting.push(known.tx_node.tx.as_ref().clone());
            let ours = self.bdk.list_unspent().filter(|coin| coin.outpoint.txid == txid);
            if let Some(coin) = ours.max_by_key(|coin| coin.txout.value) {
                break Coin { outpoint: coin.outpoint, value_sat: coin.txout.value.to_sat() };
            }
            // A child that was made before stands between.
            txid = self.child_of(txid).ok_or_else(|| {
                refused(format!(
                    "{of} pays nothing back to our wallet that a child could spend: it waits until fees fall; it is \
                     sent again with each block"
                ))
            })?;
        };
        let mut paid_sat = 0;
        for transaction in &waiting {
            let fee = self.bdk.calculate_fee(transaction).map_err(|_| {
                refused("it also spends what our wallet does not know, so its fee rate is not known either")
            })?;
            paid_sat += fee.to_sat();
        }
        let weight_wu: u64 = waiting.iter().map(|transaction| transaction.weight().to_wu()).sum();
        let missing_sat = fee_sat(weight_wu + CHILD_WU, rate).saturating_sub(paid_sat);
        if paid_sat >= fee_sat(weight_wu, rate) {
            return Err(refused(format!("it pays what is asked for that speed already: {paid_sat} sat")));
        }
        // A child pays its own way through the mempools whatever its parents paid.
        let child_fee_sat = missing_sat.max(fee_sat(CHILD_WU, FLOOR_SAT_PER_KWU));
        if spends.value_sat < child_fee_sat + DUST_SAT {
            return Err(refused(format!(
                "a child would cost {child_fee_sat} sat, and the output that it would spend holds {} sat only",
                spends.value_sat
            )));
        }
        Ok(Child { fee_sat: child_fee_sat, spends, waiting })
    }

    fn child_of(&self, txid: Txid) -> Option<Txid> {
        let mut waiting = self.bdk.transactions().filter(|known| !known.chain_position.is_confirmed());
        let child = waiting
            .find(|known| known.tx_node.tx.input.iter().any(|input| input.previous_output.txid == txid));
        child.map(|known| known.tx_node.txid)
    }
}

/// The outpoints that a transaction spends.
pub(crate) fn spent_by(transaction: &Transaction) -> Vec<OutPoint> {
    transaction.input.iter().map(|input| input.previous_output).collect()
}
