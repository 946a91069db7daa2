//! The state of a contract: what the fold of its entries has come to.
//!
//! Invariant: a function of the folded entries alone; nothing here depends on when an entry arrived, and
//! nothing grows with acks or heartbeats. A copy shares what is equal ([`Table`]). Compatibility: serialised for
//! snapshots and, in parts, for the state hash, so it has string keys, no null, no float, and counts that fit
//! 2^53 - 1 wherever the terms were checked.

use std::collections::BTreeMap;

mod money;
mod shared;

use serde::{Deserialize, Serialize};

pub use money::{Invoices, Payables, RowMoney};
pub use shared::Shared;

use crate::{
    Hash, Sat, Time,
    table::Table,
    v1::{Account, ChannelStage, CloseManner, KeyStatement, Part, PayableId, RowId, Side, Terms},
};

/// Everything the law needs to know of a contract; the default is the state before its first entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Id and keys, from the first entry on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Who may offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pen: Option<Side>,
    /// The offer that waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OpenOffer>,
    /// The terms in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Shared<Terms>>,
    /// The hashes of all versions that were in force, in order; the last is that of `terms`.
    pub versions: Vec<Hash>,
    /// In which version (index in `versions`) a row last changed;
    /// absent for rows as they were when they first came.
    pub changed: Table<RowId, u64>,
    /// What was done on each `deliver` and `perform` row.
    pub rows: Table<RowId, Performance>,
    /// Every tender, by its entry.
    pub tenders: Table<Hash, TenderState>,
    /// What became payable, by [`PayableId::key`].
    pub payables: Payables,
    /// Every invoice, by its entry.
    pub invoices: Invoices,
    /// Payments of invoices that did not come into effect, by the invoice's entry: facts all the same,
    /// credit is due.
    pub strays: Table<Hash, Stray>,
    /// Every channel announced or reported, by its `fund` entry; and what was released of them, by its `release`.
    pub channels: Table<Hash, ChannelState>,
    /// The final account as each side signed it under the terms in force.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<Side, SignedAccount>,
}

/// Which contract it is, and whose keys sign it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The contract's id: the hash of its first entry.
    pub contract: Hash,
    /// The buyer's keys.
    pub buyer: KeyStatement,
    /// The seller's keys.
    pub seller: KeyStatement,
}

/// An offer that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenOffer {
    /// Its entry.
    pub entry: Hash,
    /// Who made it.
    pub by: Side,
    /// What it proposes.
    pub terms: Shared<Terms>,
    /// The hash of that.
    pub terms_hash: Hash,
    /// Irrevocable until then; answered in time by then.
    pub valid_until: Time,
}

/// What was done on a `deliver` or `perform` row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Performance {
    /// Units accepted so far.
    pub accepted: u64,
    /// When the last of them was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Time>,
    /// The last tender, open or judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_tender: Option<Hash>,
}

/// A tender and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenderState {
    /// The row.
    pub row: RowId,
    /// Units tendered.
    pub quantity: u64,
    /// When.
    pub at: Time,
    /// The examination's last instant.
    pub deadline: Time,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a tender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// Under examination.
    Open,
    /// The creditor accepted that many units: all, some or 0.
    Answered {
        /// How many.
        accepted: u64,
        /// When.
        at: Time,
    },
    /// The examination ran out: all units count as accepted.
    Deemed {
        /// When that was stated.
        at: Time,
    },
}

/// An amount that became payable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payable {
    /// What it is for.
    pub id: PayableId,
    /// How much.
    pub amount: Sat,
    /// The last second of the day it is due; absent if that lies outside the calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// For `per_unit`: how many units earned it; 0 for `whole`.
    pub units: u64,
    /// Its one invoice that is not cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Hash>,
    /// Either side has recorded the payment of that invoice.
    pub paid: bool,
    /// The payee has.
    pub confirmed: bool,
}

/// An invoice and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceState {
    /// What for.
    pub payable: PayableId,
    /// Who made it: the payee.
    pub by: Side,
    /// How much.
    pub amount: Sat,
    /// Its number among those of its author.
    pub number: u64,
    /// BOLT 11.
    pub bolt11: String,
    /// Its payment hash.
    pub payment_hash: Hash,
    /// Its last instant.
    pub expires: Time,
    /// Withdrawn.
    pub cancelled: bool,
    /// When the payer reported the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Time>,
    /// When the payee confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Time>,
}

/// A payment of an invoice that did not come into effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stray {
    /// Who paid.
    pub payer: Side,
    /// What the payer reported.
    pub paid: Sat,
    /// What the payee confirmed.
    pub received: Sat,
}

/// A channel as the record knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelState {
    /// What was announced; absent if the `fund` entry did not come into effect but a channel was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Announced>,
    /// What was released; then it is no channel, but the splice that takes that out of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// What each side's node sees.
    pub reports: BTreeMap<Side, Report>,
    /// What each side said of its end.
    pub closes: BTreeMap<Side, CloseReport>,
}

/// What a `fund` entry announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// The tranche it carries out.
    pub tranche: RowId,
    /// How much goes in.
    pub amount: Sat,
    /// The stages it is earmarked to; empty: the contract in general.
    pub stages: Vec<RowId>,
    /// `to_self_delay` (BOLT 2) asked of the opener, in blocks.
    pub notice_blocks: u16,
    /// The `fund` entry of the channel that it is spliced into; none: it opens a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<Hash>,
    /// The part of another contract's channel that carries it out; none: a channel or a splice of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Part>,
    /// When it was announced.
    pub at: Time,
}

/// What a `release` entry gave back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// The `fund` entry of the channel that it is spliced out of.
    pub from: Hash,
    /// How much.
    pub amount: Sat,
    /// When it was released.
    pub at: Time,
}

/// A channel as one side's own node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The funding output, `txid:index`.
    pub outpoint: String,
    /// The channel's size.
    pub capacity: Sat,
    /// How far it is.
    pub stage: ChannelStage,
    /// When that was reported.
    pub at: Time,
}

/// The end of a channel as one side tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseReport {
    /// How.
    pub manner: CloseManner,
    /// The closing transaction, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txid: Option<Hash>,
    /// When that was reported.
    pub at: Time,
}

/// The final account as one side signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAccount {
    /// What it says.
    pub account: Account,
    /// When it was signed.
    pub at: Time,
}

impl Contract {
    /// Tells whether both sides have signed the same final account.
    pub fn is_closed(&self) -> bool {
        let of = |side| self.accounts.get(&side).map(|signed| &signed.account);
        of(Side::Buyer).is_some() && of(Side::Buyer) == of(Side::Seller)
    }

    /// Returns the contract's id; zero before its first entry.
    pub fn id(&self) -> Hash {
        self.identity.as_ref().map_or(Hash::ZERO, |identity| identity.contract)
    }

    /// Returns the hash of the terms in force; zero where none are.
    pub fn terms_hash(&self) -> Hash {
        self.versions.last().copied().unwrap_or(Hash::ZERO)
    }

    /// Returns one side's keys, from the first entry on.
    pub fn keys(&self, side: Side) -> Option<&KeyStatement> {
        let identity = self.identity.as_ref()?;
        Some(match side {
            Side::Buyer => &identity.buyer,
            Side::Seller => &identity.seller,
        })
    }

    /// Returns how long after a deadline a timeout entry may be written, in seconds:
    /// 24 hours before any terms.
    pub fn grace_seconds(&self) -> i64 {
        self.terms.as_ref().map_or(24, |terms| i64::from(terms.clauses.grace_hours)) * 3_600
    }

    /// Returns what was done on a row; nothing where nothing was.
    pub fn performance(&self, row: &str) -> Performance {
        self.rows.get(row).cloned().unwrap_or_default()
    }

    /// Returns the row's tender that is under examination.
    pub fn open_tender(&self, row: &str) -> Option<(Hash, &TenderState)> {
        let id = self.rows.get(row)?.last_tender?;
        let tender = self.tenders.get(&id)?;
        (tender.outcome == Outcome::Open).then_some((id, tender))
    }

    /// Returns what was said of the end of a channel or splice: a splice ends with its channel.
    pub fn ends<'a>(&'a self, channel: &'a ChannelState) -> impl Iterator<Item = &'a CloseReport> {
        let base = channel.base().and_then(|base| self.channels.get(&base));
        channel.closes.values().chain(base.into_iter().flat_map(|base| base.closes.values()))
    }

    /// Returns what was released of the channel that a fund entry opened; a release whose splice failed is void.
    pub fn released(&self, fund: Hash) -> Sat {
        let of_it = self.channels.values().filter(|part| part.closes.is_empty() || part.was_open());
        let of_it = of_it.filter_map(|part| part.released.as_ref()).filter(|released| released.from == fund);
        of_it.fold(Sat::ZERO, |sum, released| Sat(sum.0.saturating_add(released.amount.0)))
    }

    /// Returns the fund entry that carries out a tranche and has not ended, with its channel.
    pub fn live_channel(&self, tranche: &str) -> Option<(Hash, &ChannelState)> {
        let mut channels = self.channels.iter().filter(|(_, channel)| self.ends(channel).next().is_none());
        let named =
            |channel: &ChannelState| channel.announced.as_ref().is_some_and(|fund| fund.tranche == tranche);
        channels.find(|(_, channel)| named(channel)).map(|(id, channel)| (*id, channel))
    }

    /// Returns the number of a company's next invoice.
    pub fn next_invoice_number(&self, by: Side) -> u64 {
        self.invoices.last_number(by).saturating_add(1)
    }

    /// Returns the payable's invoice that is not cancelled.
    pub fn live_invoice(&self, payable: &Payable) -> Option<(Hash, &InvoiceState)> {
        let id = payable.invoice?;
        self.invoices.get(&id).map(|invoice| (id, invoice))
    }
}

impl ChannelState {
    /// Returns the channel that a splice changes, by its `fund` entry; none: it is a channel itself.
    pub fn base(&self) -> Option<Hash> {
        let released = self.released.as_ref().map(|released| released.from);
        released.or(self.announced.as_ref().and_then(|fund| fund.into))
    }

    /// Returns the part of another contract's channel that carries it out; none: it is money of its own.
    pub fn part(&self) -> Option<&Part> {
        self.announced.as_ref().and_then(|fund| fund.of.as_ref())
    }

    /// Tells whether either side has reported it open; of a splice: locked.
    pub fn was_open(&self) -> bool {
        self.reports.values().any(|report| report.stage == ChannelStage::Open)
    }
}

impl TenderState {
    /// Returns how many of its units were accepted so far.
    pub fn accepted(&self) -> u64 {
        match self.outcome {
            Outcome::Open => 0,
            Outcome::Answered { accepted, .. } => accepted,
            Outcome::Deemed { .. } => self.quantity,
        }
    }
}

impl InvoiceState {
    /// Tells whether either side has recorded its payment.
    pub fn is_paid(&self) -> bool {
        self.paid_at.is_some() || self.received_at.is_some()
    }
}
