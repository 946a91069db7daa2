//! The wallet's side of the port: coins, payments out, fees raised.
//!
//! Invariant: a payment out is in its table, transaction and all, before the wallet counts it and before it is sent; a
//! start counts and sends again what no block holds. One decision about coins at a time, as for openings.

use bitcoin::{Transaction, Txid};
use lncontract_lightning::{
    BoxFuture, By, Coin, LightningError, OpeningId, PayOut, PayOutCost, Treasury, Withdraw, Withdrawal,
};
use serde::{Deserialize, Serialize};

use crate::{LdkNode, fees::FLOOR_SAT_PER_KWU, parts::Parts, wallet::pay_out::spent_by};

/// Blocks of a day: what a coin costs to spend without hurry.
const DAY_BLOCKS: u16 = 144;

/// A payment out that was ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PayOutRow {
    to: String,
    amount_sat: u64,
    fee_sat: u64,
    transaction: Transaction,
}

fn key(id: OpeningId) -> String {
    format!("{:032x}", id.0)
}

fn refused(reason: String) -> LightningError {
    LightningError::Refused { by: By::Us, reason }
}

impl Parts {
    /// Payments out that were written down and that the wallet may not have counted: a crash came between.
    pub(crate) fn resume_pay_outs(&self) {
        for (_, row) in self.pay_outs.all() {
            if !self.wallet.knows(row.transaction.compute_txid()) {
                self.wallet.take_up(&row.transaction);
            }
        }
    }

    /// The wallet hears of a funding transaction when a mempool has taken it; one that none takes is to be raised, too.
    fn know_funding(&self, txid: Txid) {
        if self.wallet.knows(txid) {
            return;
        }
        let funded = self.book.rows().into_iter().filter(|(_, row)| row.funded && row.end.is_none());
        let mut fundings = funded.filter_map(|(_, row)| row.funding_tx);
        if let Some(funding) = fundings.find(|funding| funding.compute_txid() == txid) {
            self.wallet.take_up(&funding);
        }
    }

    fn child_cost(&self, txid: Txid, within_blocks: u16) -> Result<u64, LightningError> {
        self.know_funding(txid);
        Ok(self.wallet.plan_child(txid, self.fees.within(within_blocks))?.fee_sat)
    }

    fn withdrawal(&self, id: OpeningId, row: PayOutRow) -> Withdrawal {
        let txid = row.transaction.compute_txid();
        let PayOutRow { to, amount_sat, fee_sat, .. } = row;
        Withdrawal { id, txid, to, amount_sat, fee_sat, height: self.wallet.height_of(txid) }
    }

    fn cost(&self, pay_out: &PayOut) -> Result<PayOutCost, LightningError> {
        let (to, reserve_sat) = (self.script(pay_out)?, self.reserve_sat());
        let rate = self.fees.within(pay_out.within_blocks);
        let planned = self.wallet.plan(&to, pay_out.amount_sat, reserve_sat, rate)?;
        let (amount_sat, fee_sat, left_sat) = (planned.amount_sat, planned.fee_sat, planned.left_sat);
        Ok(PayOutCost { amount_sat, fee_sat, left_sat, reserve_sat })
    }

    fn script(&self, pay_out: &PayOut) -> Result<bitcoin::ScriptBuf, LightningError> {
        let network = self.config.network;
        if !pay_out.to.as_unchecked().is_valid_for_network(network) {
            return Err(refused(format!("{} is no address on {network}", pay_out.to)));
        }
        Ok(pay_out.to.script_pubkey())
    }

    async fn pay_out(&self, order: Withdraw) -> Result<Withdrawal, LightningError> {
        self.health.check()?;
        let _one_at_a_time = self.openings.lock().await;
        if let Some(row) = self.pay_outs.get(&key(order.id)) {
            return Ok(self.withdrawal(order.id, row));
        }
        if !self.synced() {
            let reason = "it does not yet follow the chain: what is free is not known".to_owned();
            return Err(LightningError::Unavailable { reason });
        }
        let (to, rate) = (self.script(&order.pay_out)?, self.fees.within(order.pay_out.within_blocks));
        let amount_sat = order.pay_out.amount_sat;
        let (planned, transaction) =
            self.health.call(|| self.wallet.build_payment(&to, amount_sat, self.reserve_sat(), rate))??;
        let coins = spent_by(&transaction);
        if planned.fee_sat > order.fee_sat_max {
            self.wallet.unlock(&coins);
            return Err(dearer(planned.fee_sat, order.fee_sat_max));
        }
        let to = order.pay_out.to.to_string();
        let (amount_sat, fee_sat) = (planned.amount_sat, planned.fee_sat);
        let row = PayOutRow { to, amount_sat, fee_sat, transaction };
        self.pay_outs.put(&key(order.id), row.clone()).map_err(|error| self.disk_fault(&error))?;
        self.wallet.take_up(&row.transaction);
        self.wallet.unlock(&coins);
        // From here on it is sent, now or by the next start.
        self.health.check()?;
        self.broadcaster.queue(vec![row.transaction.clone()]);
        Ok(self.withdrawal(order.id, row))
    }

    async fn raise(&self, txid: Txid, within_blocks: u16, fee_sat_max: u64) -> Result<Txid, LightningError> {
        self.health.check()?;
        let _one_at_a_time = self.openings.lock().await;
        self.know_funding(txid);
        let rate = self.fees.within(within_blocks);
        let (child, transaction) = self.health.call(|| self.wallet.build_child(txid, rate))??;
        let spent = spent_by(&transaction);
        if child.fee_sat > fee_sat_max {
            self.wallet.unlock(&spent);
            return Err(dearer(child.fee_sat, fee_sat_max));
        }
        // On the wallet's disk: a start sends it again with all that waits.
        self.wallet.take_up(&transaction);
        self.wallet.unlock(&spent);
        self.health.check()?;
        let (raised, mut waiting) = (transaction.compute_txid(), child.waiting);
        // A parent below the mempools' minimum is taken with its child only.
        waiting.push(transaction);
        self.broadcaster.queue(waiting);
        Ok(raised)
    }
}

fn dearer(fee_sat: u64, fee_sat_max: u64) -> LightningError {
    refused(format!(
        "it would cost {fee_sat} sat by now, and {fee_sat_max} sat were agreed: look at the cost again"
    ))
}

impl Treasury for LdkNode {
    fn coins(&self) -> BoxFuture<'_, Result<Vec<Coin>, LightningError>> {
        Box::pin(async {
            let rate = self.parts.fees.within(DAY_BLOCKS).max(FLOOR_SAT_PER_KWU);
            self.parts.health.call(|| self.parts.wallet.coins(rate))
        })
    }
    fn pay_out_cost(&self, pay_out: PayOut) -> BoxFuture<'_, Result<PayOutCost, LightningError>> {
        Box::pin(async move { self.parts.health.call(|| self.parts.cost(&pay_out))? })
    }
    fn withdraw(&self, order: Withdraw) -> BoxFuture<'_, Result<Withdrawal, LightningError>> {
        Box::pin(self.parts.pay_out(order))
    }
    fn withdrawals(&self) -> BoxFuture<'_, Result<Vec<Withdrawal>, LightningError>> {
        Box::pin(async {
            self.parts.health.check()?;
            let rows = self.parts.pay_outs.all().into_iter();
            let id = |key: &str| u128::from_str_radix(key, 16).ok().map(OpeningId);
            Ok(rows.filter_map(|(key, row)| Some(self.parts.withdrawal(id(&key)?, row))).collect())
        })
    }
    fn raise_cost(&self, txid: Txid, within_blocks: u16) -> BoxFuture<'_, Result<u64, LightningError>> {
        Box::pin(async move { self.parts.health.call(|| self.parts.child_cost(txid, within_blocks))? })
    }
    fn raise(
        &self,
        txid: Txid,
        within_blocks: u16,
        fee_sat_max: u64,
    ) -> BoxFuture<'_, Result<Txid, LightningError>> {
        Box::pin(self.parts.raise(txid, within_blocks, fee_sat_max))
    }
}
