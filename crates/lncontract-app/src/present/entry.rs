//! The record as a page shows it: each entry in words, newest first.

use lncontract_core::v1::{ChannelStage, CloseManner, Entry, Kind, Payload, Side, Terms};
use lncontract_record::{Record, Verdict};

use super::words;
use crate::view::{Badge, EntryRow, Tone};

/// All entries, newest first by the one order of the record.
pub(crate) fn rows(record: &Record, ours: Side, terms: &Terms) -> Vec<EntryRow> {
    let ledger = record.ledger();
    let mut at = lncontract_record::Pair { buyer: 0_usize, seller: 0_usize };
    let mut rows = Vec::new();
    for side in ledger.order() {
        let place = at.of_mut(side);
        let line = &ledger.chain(side)[*place];
        *place += 1;
        let entry = line.entry.entry();
        let state = if line.differs.is_some() {
            Badge::new(Tone::Bad, "Read differently")
        } else {
            match &line.verdict {
                Verdict::Fault(_) => Badge::new(Tone::Bad, "Without effect: not allowed"),
                Verdict::Overtaken(_) => Badge::new(Tone::Warn, "Overtaken"),
                Verdict::Taken if record.settled(&entry.id) => Badge::new(Tone::Good, "Confirmed"),
                Verdict::Taken if side == ours => Badge::new(Tone::Busy, "Sent, waiting"),
                Verdict::Taken => Badge::new(Tone::Busy, "Received"),
            }
        };
        rows.push(EntryRow {
            id: entry.id,
            author: terms.party(side).short_name.clone(),
            ours: side == ours,
            number: entry.header.seq + 1,
            time: entry.header.time,
            kind: entry.header.kind.word().into(),
            what: what(entry, record, terms),
            state,
            plain: matches!(entry.header.kind, Kind::Ack | Kind::Heartbeat),
        });
    }
    rows.reverse();
    rows
}

fn what(entry: &Entry, record: &Record, terms: &Terms) -> String {
    let state = record.state();
    let row = |id: &str| terms.obligation(id).map_or_else(|| id.to_owned(), |row| words::what(row, terms));
    let tendered =
        |tender| state.tenders.get(tender).map_or_else(|| "a tender".into(), |tender| row(&tender.row));
    let invoiced = |invoice| {
        state
            .invoices
            .get(invoice)
            .map_or_else(|| "an invoice".into(), |invoice| format!("invoice {}", invoice.number))
    };
    let channel = |fund| {
        let known = state.channels.get(fund);
        match known.map(|channel| (&channel.announced, &channel.released)) {
            Some((Some(announced), _)) => announced.tranche.replace('-', " "),
            Some((None, Some(released))) => format!("release of {}", words::sat(released.amount.0)),
            _ => "a channel".to_owned(),
        }
    };
    match &entry.payload {
        Payload::Offer(offer) => format!("Offer: {}, {}", offer.terms.title, words::sat(offer.terms.total.0)),
        Payload::Counter(offer) => format!("Counter-offer: {}", words::sat(offer.terms.total.0)),
        Payload::Accept(_) => "Terms accepted".into(),
        Payload::Reject(reject) => format!("Offer rejected: {}", reject.reason),
        Payload::Lapse(_) => "Offer ran out unanswered".into(),
        Payload::Pass(_) => "Pen passed".into(),
        Payload::Fund(fund) => {
            let of = if fund.of.is_some() { ", part of another contract’s channel" } else { "" };
            format!("Fund {}: {}{of}", fund.tranche.replace('-', " "), words::sat(fund.amount.0))
        }
        Payload::Earmark(earmark) => {
            let stage = if earmark.stage == ChannelStage::Open { "open" } else { "awaiting confirmation" };
            format!("Seen: {}, {}, {stage}", channel(&earmark.fund), words::sat(earmark.capacity.0))
        }
        Payload::Tender(tender) => {
            let documents = tender.documents.len();
            let plural = if documents == 1 { "" } else { "s" };
            format!("Tendered: {}, {documents} document{plural}", row(&tender.row))
        }
        Payload::Answer(answer) if answer.accepted == 0 => {
            format!("Rejected: {}: {}", tendered(&answer.tender), answer.reasons.join("; "))
        }
        Payload::Answer(answer) if answer.reasons.is_empty() => {
            format!("Accepted: {}", tendered(&answer.tender))
        }
        Payload::Answer(answer) => {
            let (units, reasons) = (answer.accepted, answer.reasons.join("; "));
            format!("Accepted in part: {}, {units} of it: {reasons}", tendered(&answer.tender))
        }
        Payload::Deem(deem) => format!("Deemed accepted: {}", tendered(&deem.tender)),
        Payload::Invoice(invoice) => format!("Invoice {}, {}", invoice.number, words::sat(invoice.amount.0)),
        Payload::Cancel(cancel) => format!("Cancelled: {}: {}", invoiced(&cancel.invoice), cancel.reason),
        Payload::Paid(paid) => {
            format!("Paid: {}, {}, with receipt", invoiced(&paid.invoice), words::sat(paid.amount.0))
        }
        Payload::Received(received) => {
            format!("Received: {}, {}", invoiced(&received.invoice), words::sat(received.amount.0))
        }
        Payload::FinalAccount(signed) => {
            format!("Final account signed: {} paid", words::sat(signed.account.buyer.paid.0))
        }
        Payload::Close(close) => {
            let manner = match close.manner {
                CloseManner::Cooperative => "closed together",
                CloseManner::Forced => "closed alone",
                CloseManner::Failed => "not opened",
            };
            format!("{}: {manner}", channel(&close.fund))
        }
        Payload::Release(release) => {
            format!("Released: {} of {}", words::sat(release.amount.0), channel(&release.fund))
        }
        Payload::Ack(_) => "Confirmation".into(),
        Payload::Heartbeat(_) => "Sign of life".into(),
    }
}
