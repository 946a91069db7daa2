//! Money in the play: an invoice paid with both receipts in both records, and the account at the end, in which
//! every satoshi is explained.

use anyhow::Context;
use lncontract_core::{
    Hash, Sat, state,
    status::{ChannelView, ObligationView, PayableState, RowState, Status},
    v1::{ChannelStage, Duty, Side, Terms},
};
use lncontract_record::verify_bundle;
use serde_json::{Value, json};

use super::{
    follow::Course,
    node,
    wait::{in_step, until},
};
use crate::sandbox::{Company, Sandbox, report::Report};

/// What the chain gave to both companies, in satoshi.
pub struct Given {
    /// To the buyer.
    pub buyer_sat: u64,
    /// To the seller.
    pub seller_sat: u64,
}

/// Pays an invoice, and waits for the receipts of both sides.
///
/// # Errors
/// When it is not payable, or a receipt does not come.
pub async fn pay(
    course: &Course<'_>,
    payer: Side,
    invoice: Hash,
    amount: Sat,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (payer, payee) = (course.company(payer), course.company(payer.other()));
    let payable = until("a payable invoice", || async {
        let prompt = payer.app.pay_prompt(course.contract, invoice).await.ok();
        Ok(prompt.filter(|prompt| prompt.obstacles.is_empty()).map(|prompt| prompt.over))
    });
    let over = match payable.await {
        Ok(over) => over,
        Err(error) => return Err(error.context(in_the_way(course, payer, invoice, amount).await?)),
    };
    payer.app.pay(course.contract, invoice).await?;
    let over: Vec<String> = over.into_iter().map(|(title, _)| title).collect();
    report.step("payment.requested", payer.side, json!({ "sat": amount.0, "over": over }));
    for (company, step) in [(payer, "payment.sent"), (payee, "payment.received")] {
        let receipt = until("the receipt", || async {
            let prompt = company.app.pay_prompt(course.contract, invoice).await?;
            let status = company.app.status(course.contract).await?;
            Ok(prompt.receipt.filter(|_| both_signed(&status, invoice)))
        })
        .await?;
        report.step(step, company.side, json!({ "sat": amount.0, "receipt": receipt.to_string() }));
    }
    Ok(())
}

/// What keeps an invoice from being paid, with the path of its milestone in the terms.
async fn in_the_way(
    course: &Course<'_>,
    payer: &Company,
    invoice: Hash,
    amount: Sat,
) -> anyhow::Result<String> {
    let prompt = payer.app.pay_prompt(course.contract, invoice).await?;
    let terms = payer.app.terms_of(course.contract).await?;
    let place = terms.milestones.iter().position(|milestone| milestone.title == prompt.milestone);
    let path = place.map_or(prompt.milestone, |place| format!("milestones[{place}]"));
    Ok(format!("{path}: {amount} can't be paid by the {}: {}", payer.side, prompt.obstacles.join("; ")))
}

/// Whether the receipts of both are in the record.
fn both_signed(status: &Status, of: Hash) -> bool {
    status.payables.iter().any(|payable| {
        matches!(payable.state, PayableState::Paid { invoice, by_payer: true, by_payee: true, .. } if invoice == of)
    })
}

/// Compares what both records and both nodes say, to the millisatoshi.
///
/// # Errors
/// When one of them can't be asked, or the bundle can't be written.
pub async fn account(sandbox: &Sandbox, contract: Hash, given: &Given) -> anyhow::Result<Value> {
    let (buyer, seller) = (&sandbox.buyer, &sandbox.seller);
    // Not in step is a disagreement, and shown as one below.
    let step = in_step(sandbox, contract).await.is_ok();
    let (ours, theirs) = (buyer.app.contract(contract).await?, seller.app.contract(contract).await?);
    let status = buyer.app.status(contract).await?;
    let bundle = sandbox.dir.join("contract.lncontract.json");
    let bytes = buyer.app.export_bundle(contract).await?;
    tokio::fs::write(&bundle, &bytes).await.with_context(|| format!("bundle {}", bundle.display()))?;
    let mut equal = step && verify_bundle(&bytes).is_ok() && ours.state_hash == theirs.state_hash;
    let (mut fees, mut left, mut returned) = (0, 0, 0);
    let mut sides = Vec::new();
    for (company, view) in [(buyer, &ours), (seller, &theirs)] {
        let account = company.app.account().await?;
        equal &= account.ledger_msat == account.node_msat;
        fees += account.onchain_fee_sat;
        left += i128::from(account.node_msat);
        returned += node(company)?.balances().await?.onchain_total_sat;
        sides.push(json!({
            "state": view.state_hash.to_string(),
            "ledger_msat": account.ledger_msat.to_string(),
            "node_msat": account.node_msat.to_string(),
        }));
    }
    // Money: what the chain gave is with the two companies, or was paid as a fee; nothing else.
    equal &= left == i128::from(given.buyer_sat + given.seller_sat) * 1_000 - i128::from(fees) * 1_000;
    let terms = buyer.app.terms_of(contract).await?;
    let seller_side = sides.pop().unwrap_or_default();
    let buyer_side = sides.pop().unwrap_or_default();
    let mut said = json!({
        "result": if equal { "ok" } else { "disagreement" },
        "state_equal": ours.state_hash == theirs.state_hash,
        "buyer": buyer_side,
        "seller": seller_side,
        "given_sat": given.buyer_sat + given.seller_sat,
        "returned_onchain_sat": returned,
        "onchain_fee_sat": fees,
        "bundle": bundle.display().to_string(),
    });
    if let (Value::Object(said), Value::Object(totals)) = (&mut said, totals(&status, &terms)) {
        said.extend(totals);
    }
    Ok(said)
}

/// What a contract came to, by its record.
pub fn totals(status: &Status, terms: &Terms) -> Value {
    let funded = funded(status);
    let milestones: Vec<u64> = status.milestones.iter().map(|milestone| milestone.paid.0).collect();
    json!({
        "contract_total_sat": status.figures.total.0,
        "paid_sat": status.figures.paid.0,
        "funded_sat": funded.sat,
        "channels": funded.channels,
        "splices": funded.splices,
        "units_accepted": units_accepted(status, terms),
        "milestones": milestones,
    })
}

struct Funded {
    sat: u64,
    channels: usize,
    splices: usize,
}

/// What was set aside by the record, and how; what never opened was not.
fn funded(status: &Status) -> Funded {
    let mut funded = Funded { sat: 0, channels: 0, splices: 0 };
    let is_open =
        |seen: &Option<state::Report>| seen.as_ref().is_some_and(|seen| seen.stage == ChannelStage::Open);
    let opened = |channel: &&ChannelView| is_open(&channel.buyer) || is_open(&channel.seller);
    for channel in status.channels.iter().filter(opened) {
        let splices: Vec<u64> = channel.splices.iter().filter(opened).map(|splice| splice.amount.0).collect();
        funded.sat += channel.amount.0 + splices.iter().sum::<u64>();
        funded.channels += 1;
        funded.splices += splices.len();
    }
    funded
}

/// Units of goods that were accepted.
fn units_accepted(status: &Status, terms: &Terms) -> u64 {
    let accepted = |row: &ObligationView| match row.state {
        RowState::AcceptedInPart { accepted, .. } => accepted,
        RowState::Accepted | RowState::Deemed => {
            terms.obligation(&row.row).and_then(|row| row.quantity()).unwrap_or(0)
        }
        _ => 0,
    };
    let deliveries = status
        .obligations
        .iter()
        .filter(|row| terms.obligation(&row.row).is_some_and(|row| matches!(row.duty, Duty::Deliver { .. })));
    deliveries.map(accepted).sum()
}
