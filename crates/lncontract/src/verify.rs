//! `verify`: checks a bundle by itself. No network, no database, no keys of ours.

use std::path::PathBuf;

use anyhow::Context;
use lncontract_core::v1::Side;
use lncontract_record::{BundleError, Report, bundle::Proof, verify_bundle};
use serde_json::json;

use crate::say::say;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The bundle, as `export` or the contract's page wrote it
    bundle: PathBuf,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
}

/// Checks it: 0 it holds, 1 it does not, 2 it can't be read.
///
/// # Errors
/// When the file can't be read.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let bytes = std::fs::read(&args.bundle).with_context(|| format!("bundle {}", args.bundle.display()))?;
    match verify_bundle(&bytes) {
        Ok(report) => {
            if args.json {
                say!("{}", as_json(&report));
            } else {
                print(&report);
            }
            Ok(u8::from(!report.faults.is_empty() || report.differing > 0 || !report.forked.is_empty()))
        }
        Err(error) => Ok(refuse(&error, args.json)),
    }
}

fn refuse(error: &BundleError, json: bool) -> u8 {
    let text = format!("{:#}", anyhow::Error::new(error.clone()));
    if json {
        say!("{}", json!({ "result": "not-proven", "reason": text }));
    } else {
        eprintln!("lncontract: not proven: {text}");
    }
    if error.is_unreadable() { 2 } else { 1 }
}

fn strength(proof: Proof) -> &'static str {
    match proof {
        Proof::BothSigned => "both companies signed: paid and received",
        Proof::Preimage => {
            "preimage of an invoice that the payee signed: convicts the payee towards the payer"
        }
        Proof::PayeeOnly => "the payee's word alone",
    }
}

fn as_json(report: &Report) -> serde_json::Value {
    let head = |side: Side| {
        let head = report.heads.of(side);
        json!({ "entries": head.count, "hash": head.hash.to_string() })
    };
    let payments: Vec<_> = report
        .payments
        .iter()
        .map(|payment| {
            json!({
                "invoice": payment.number,
                "row": payment.payable.row,
                "sat": payment.amount.0,
                "proof": strength(payment.proof),
            })
        })
        .collect();
    json!({
        "result": "ok",
        "contract": report.contract.to_string(),
        "terms": report.terms.to_string(),
        "buyer": head(Side::Buyer),
        "seller": head(Side::Seller),
        "state": report.state.to_string(),
        "payments": payments,
        "faults": report.faults.len(),
        "overtaken": report.overtaken,
        "differing": report.differing,
        "forked": report.forked,
    })
}

fn print(report: &Report) {
    say!("contract     {}", report.contract);
    say!("terms        {}", report.terms);
    for side in [Side::Buyer, Side::Seller] {
        let head = report.heads.of(side);
        say!("{:<12} {} entries, the last {}", side.to_string(), head.count, head.hash);
    }
    say!("state        {}", report.state);
    say!("signatures   every entry by its author's record key, every act by its company key");
    for payment in &report.payments {
        let (number, row, amount) = (payment.number, &payment.payable.row, payment.amount);
        say!("payment      invoice {number}, {row}, {amount}: {}", strength(payment.proof));
    }
    say!("overtaken    {}", report.overtaken);
    for fault in &report.faults {
        say!("fault        entry {} of the {}: {}", fault.entry, fault.author, fault.fault);
    }
    if report.differing > 0 || !report.forked.is_empty() {
        say!("differing    {} entries state another state; forked: {:?}", report.differing, report.forked);
    }
    say!(
        "not proven   what neither company has acknowledged can be left out unnoticed; that keys belong to a company"
    );
}
