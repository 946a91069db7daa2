//! What has to be true after the whole play, however often anybody was killed: the totals of the worked example, every
//! amount received once, no channel closed alone, and every satoshi explained.

use anyhow::Context;
use lncontract::sandbox::play::money::totals;
use lncontract_core::{
    Time,
    status::{Phase, Status, status},
    v1::{CloseManner, Terms},
};
use lncontract_record::{Record, bundle::open_bundle};
use serde_json::{Value, json};

use super::{Before, Faults, agreed, list, moved, wait_until_nothing_is_wrong};
use crate::company::Company;

const PAID_SAT: u64 = 150_000_000;
const PAYMENTS: usize = 11;

/// Waits until nothing is wrong, or says what is.
pub fn reach(contract: &str, buyer: &Company, seller: &Company, before: &Before) -> anyhow::Result<()> {
    wait_until_nothing_is_wrong(|| faults(contract, buyer, seller, before))
}

fn faults(contract: &str, buyer: &Company, seller: &Company, before: &Before) -> anyhow::Result<Vec<String>> {
    let path = format!("/contracts/{contract}");
    let (ours, theirs) = (buyer.get(&path)?, seller.get(&path)?);
    let mut faults = Faults::default();
    for (who, company, view) in [("buyer", buyer, &ours), ("seller", seller, &theirs)] {
        agreed(&mut faults, who, company, view)?;
        payments(&mut faults, who, &company.get(&format!("{path}/payments"))?);
        let record = open_bundle(&company.bundle(contract)?).context("the bundle proves nothing")?;
        // Nothing in it hangs on the day any more.
        let (terms, now) = (record.state().terms.clone().context("terms are in force")?, Time(0));
        came_to(&mut faults, who, &status(record.state(), now), &terms);
        closed_together(&mut faults, who, &record);
        nothing_on_channels(&mut faults, who, &company.get("/node")?);
    }
    faults.must(ours["state_hash"] == theirs["state_hash"], || "the state hashes differ".into());
    faults.must(list(&ours["record"]).len() == list(&theirs["record"]).len(), || {
        "the records are of different length".into()
    });
    moved(&mut faults, buyer, seller, before, PAID_SAT)?;
    Ok(faults.0)
}

/// The totals of the worked example, as the sandbox's play has them.
fn came_to(faults: &mut Faults, who: &str, status: &Status, terms: &Terms) {
    let expected = json!({
        "contract_total_sat": PAID_SAT, "paid_sat": PAID_SAT, "funded_sat": 155_000_000,
        "channels": 2, "splices": 3, "units_accepted": 12,
        "milestones": [25_000_000, 15_000_000, 30_000_000, 60_000_000, 20_000_000],
    });
    let totals = totals(status, terms);
    faults.must(totals == expected, || format!("{who}: {totals} instead of {expected}"));
    faults.must(status.phase == Phase::Closed, || format!("{who}: the contract is {:?}", status.phase));
}

/// The last word of each side on each channel: who was killed while it closed may have feared the worst before.
fn closed_together(faults: &mut Faults, who: &str, record: &Record) {
    for (fund, channel) in &record.state().channels {
        for (side, close) in &channel.closes {
            faults.must(close.manner != CloseManner::Forced, || {
                format!("{who}: the {side:?} reports channel {fund} as {:?}", close.manner)
            });
        }
    }
}

/// Each at its end, none twice.
fn payments(faults: &mut Faults, who: &str, payments: &Value) {
    let word = if who == "buyer" { "Paid" } else { "Received" };
    let all = list(payments);
    let sum_msat: u64 = all.iter().filter_map(|payment| payment["amount_msat"].as_u64()).sum();
    let holds = all.len() == PAYMENTS
        && sum_msat == PAID_SAT * 1_000
        && all.iter().all(|payment| payment["finished"] == true && payment["state"]["word"] == word);
    faults.must(holds, || format!("{who}: payments {payments}"));
}

/// What is left of both channels is on chain.
fn nothing_on_channels(faults: &mut Faults, who: &str, node: &Value) {
    for key in ["in_channels_sat", "confirming_sat"] {
        faults.must(node[key] == 0, || format!("{who}: {key} {}", node[key]));
    }
    faults.must(node["onchain_sat"] == node["total_sat"], || {
        format!("{who}: {} sat of {} are on chain", node["onchain_sat"], node["total_sat"])
    });
}
