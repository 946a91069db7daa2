//! Entries: what a company writes into its chain. The law judges them; `record` makes their bytes.

use serde::{Deserialize, Serialize};

use super::{Close, Document, Earmark, Fund, Release, RowId, Side, Terms};
use crate::{Hash, NodeId, Preimage, Sat, Signature, Time, XOnlyKey};

/// The signed part of an entry. Its hash (made in `record`) is the entry's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the bytes: 0 until the format is frozen.
    pub v: u32,
    /// The contract's id: the hash of its first entry; zero in that one.
    pub contract: Hash,
    /// Who wrote and signed it.
    pub author: Side,
    /// Place in the author's chain, from 0.
    pub seq: u64,
    /// Id of the author's entry before it. First entry of the contract: zero. First entry of the other chain:
    /// the contract's id.
    pub prev: Hash,
    /// How far the author had the other chain; never falls.
    pub seen: Seen,
    /// Hash of the terms in force in its past; zero where none were.
    pub terms: Hash,
    /// Names the payload's kind.
    pub kind: Kind,
    /// When the author signed; never before its predecessor's.
    pub time: Time,
    /// Hash of the payload's canonical bytes.
    pub payload_hash: Hash,
}

/// How much of the other chain an author held: `count` entries,
/// the last with that id (zero where count is 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// How many entries.
    pub count: u64,
    /// The id of the last of them.
    pub hash: Hash,
}

/// An entry as the law sees it: header, payload, and the id that `record` computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the header.
    pub id: Hash,
    /// What was signed.
    pub header: Header,
    /// What it says.
    pub payload: Payload,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($payload:ty) = $word:literal,)*) => {
        /// The kind of an entry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $word)] $kind,)* }

        impl Kind {
            /// Every kind, in the order of this file.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns the word that stands in the header.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word),* }
            }
        }

        /// What an entry says. On the wire the header's `kind` tells which shape the payload has.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Payload { $($(#[$doc])* $kind($payload),)* }

        impl Payload {
            /// Returns its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind),* }
            }

            /// Reads the payload of a known kind.
            ///
            /// # Errors
            /// When the shape is not that of the kind.
            pub fn read<'de, D: serde::Deserializer<'de>>(kind: Kind, from: D) -> Result<Self, D::Error> {
                match kind { $(Kind::$kind => <$payload>::deserialize(from).map(Self::$kind)),* }
            }
        }
    };
}

kinds! {
    /// Proposes terms; the first of a contract is its genesis.
    Offer(Offer) = "offer",
    /// Takes the open offer.
    Accept(Accept) = "accept",
    /// Declines the open offer.
    Reject(Reject) = "reject",
    /// Answers the open offer with another one; takes the pen.
    Counter(Offer) = "counter",
    /// States that the author's own offer ran out unanswered.
    Lapse(Lapse) = "lapse",
    /// Gives the pen away.
    Pass(Pass) = "pass",
    /// Announces the opening of a channel.
    Fund(Fund) = "fund",
    /// Reports a funded channel as the author's own node sees it.
    Earmark(Earmark) = "earmark",
    /// Proffers performance of a row.
    Tender(Tender) = "tender",
    /// The creditor's judgement of a tender.
    Answer(Answer) = "answer",
    /// States that the examination ran out unanswered and the terms accept then.
    Deem(Deem) = "deem",
    /// Asks for a payable amount.
    Invoice(Invoice) = "invoice",
    /// Withdraws an invoice; the payee takes no payment of it any more.
    Cancel(Cancel) = "cancel",
    /// The payer's receipt.
    Paid(Paid) = "paid",
    /// The payee's confirmation.
    Received(Received) = "received",
    /// Reports a channel that closes or has closed.
    Close(Close) = "close",
    /// Gives back what is set aside in a channel: the seller's word, on which the buyer splices it out.
    Release(Release) = "release",
    /// Signs the final account; when both have, the contract is closed.
    FinalAccount(FinalAccount) = "final_account",
    /// Acknowledges what was seen, when something waits for it.
    Ack(Ack) = "ack",
    /// A sign of life, once a day while anything is open.
    Heartbeat(Ack) = "heartbeat",
}

/// A company's keys and node, as its counterparty is to know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyStatement {
    /// The company's legal name.
    pub name: String,
    /// Signs acts (offer, accept, counter).
    pub company_key: XOnlyKey,
    /// Signs every header.
    pub record_key: XOnlyKey,
    /// Its Lightning node.
    pub node_id: NodeId,
    /// Where the node is reached: `host:port`.
    pub endpoints: Vec<String>,
}

/// What only the first entry of a contract carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Random, so that equal terms make different contracts.
    pub salt: Hash,
    /// The buyer's keys.
    pub buyer: KeyStatement,
    /// The seller's keys.
    pub seller: KeyStatement,
}

/// A company key's signature over `{contract, act, target, expires}` (made and checked in `record`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// After this instant the act may not be used in an entry any more.
    pub expires: Time,
    /// BIP 340 by the company key.
    pub signature: Signature,
}

/// Proposes terms (kinds `offer` and `counter`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// In the first entry only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genesis: Option<Genesis>,
    /// In a counter: the offer it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Hash>,
    /// Hash of the terms it would replace; zero for the first.
    pub basis: Hash,
    /// The whole new version.
    pub terms: Terms,
    /// Hash of those terms' canonical bytes (`record` checks it).
    pub terms_hash: Hash,
    /// Irrevocable until then.
    pub valid_until: Time,
    /// Hash of the state of its past (zero in the first entry).
    pub state: Hash,
    /// The company signs the terms hash.
    pub act: Act,
}

/// Takes the open offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The offer's entry.
    pub offer: Hash,
    /// The terms it proposed.
    pub terms_hash: Hash,
    /// Hash of the state of its past.
    pub state: Hash,
    /// The company signs the terms hash.
    pub act: Act,
}

/// Declines the open offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// The offer's entry.
    pub offer: Hash,
    /// Why.
    pub reason: String,
    /// Hash of the state of its past.
    pub state: Hash,
}

/// The author's own offer ran out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lapse {
    /// The offer's entry.
    pub offer: Hash,
    /// Its `valid_until`.
    pub deadline: Time,
}

/// Gives the pen away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {}

/// Proffers performance of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tender {
    /// The `deliver` or `perform` row.
    pub row: RowId,
    /// How many units.
    pub quantity: u64,
    /// Evidence.
    pub documents: Vec<Document>,
    /// Words for the examiner.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The creditor's judgement of a tender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The tender's entry.
    pub tender: Hash,
    /// How many units are accepted: all, some, or 0.
    pub accepted: u64,
    /// All reasons at once, where not all units are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Hash of the state of its past.
    pub state: Hash,
}

/// The examination ran out unanswered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deem {
    /// The tender's entry.
    pub tender: Hash,
    /// The examination's last instant.
    pub deadline: Time,
}

/// The id of something payable: the `pay` row, and for `per_unit` rows the tender it was accepted with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayableId {
    /// The `pay` row.
    pub row: RowId,
    /// The tender, for `per_unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tender: Option<Hash>,
}

/// Asks for a payable amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// What for.
    pub payable: PayableId,
    /// Exactly the payable's amount.
    pub amount: Sat,
    /// The invoice number, gapless for each company in a contract, from 1.
    pub number: u64,
    /// The BOLT 11 invoice.
    pub bolt11: String,
    /// Its payment hash.
    pub payment_hash: Hash,
    /// Its last instant.
    pub expires: Time,
}

/// Withdraws an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The invoice's entry.
    pub invoice: Hash,
    /// Why.
    pub reason: String,
}

/// The payer's receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paid {
    /// The invoice's entry.
    pub invoice: Hash,
    /// How much arrived at the payee.
    pub amount: Sat,
    /// How.
    pub method: PaidBy,
}

/// How a payment was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum PaidBy {
    /// Over Lightning: the preimage hashes to the invoice's payment hash.
    Lightning {
        /// The receipt.
        preimage: Preimage,
    },
}

/// The payee's confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// The invoice's entry.
    pub invoice: Hash,
    /// How much arrived.
    pub amount: Sat,
}

/// Signs the final account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalAccount {
    /// What the contract came to.
    pub account: Account,
    /// Hash of that account's canonical bytes (`record` checks it).
    pub account_hash: Hash,
    /// Hash of the state of its past.
    pub state: Hash,
    /// The company signs the account's hash.
    pub act: Act,
}

/// What a contract came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Hash of the terms in force.
    pub terms: Hash,
    /// Each milestone, in the order of the terms.
    pub milestones: Vec<AccountLine>,
    /// What the buyer owed and paid in all.
    pub buyer: Sums,
    /// What the seller owed and paid in all.
    pub seller: Sums,
}

/// What a milestone came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLine {
    /// The milestone.
    pub milestone: RowId,
    /// Who paid it.
    pub payer: Side,
    /// Its money.
    pub sums: Sums,
}

/// The money of an account or of a line of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// What was owed.
    pub owed: Sat,
    /// What was paid of it.
    pub paid: Sat,
    /// What was paid for nothing: the payee owes it back.
    pub credited: Sat,
    /// What is held back.
    pub retained: Sat,
}

/// A state as its author sees it (kinds `ack` and `heartbeat`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    /// Hash of the state of its past.
    pub state: Hash,
}
