//! A manipulated counterparty: whoever has a company's record key and a copy of its record can sign what its program
//! would not, and its node can send it.

use std::sync::Arc;

use anyhow::Context;
use lncontract_app::Seed;
use lncontract_core::{
    Bytes, Hash, Time,
    v1::{Header, Payload, Side},
};
use lncontract_lightning::Host;
use lncontract_record::{Record, SecretKey, SignedEntry, wire::Message};
use lncontract_store::Store;

use super::{Company, Pair};

/// One company's key in wrong hands.
pub struct Forger {
    side: Side,
    /// What it holds; it adds nothing by itself.
    pub record: Record,
    key: SecretKey,
    node: lncontract_lightning::NodeKey,
}

impl Forger {
    /// Takes over a company: its program is stopped.
    pub async fn of(pair: &mut Pair, side: Side, contract: Hash) -> anyhow::Result<Self> {
        let company = if side == Side::Buyer { &mut pair.buyer } else { &mut pair.seller };
        let rows = company.store().entries(contract.0).await?;
        let record = Record::replay(rows.iter().map(|row| &row.bytes))?;
        let node = company.node().info().await?.key;
        let seed = Seed::from_words(company.words.get().context("it was set up")?).context("24 words")?;
        company.stop().await;
        Ok(Self { side, record, key: SecretKey::from_bytes(&seed.record())?, node })
    }

    /// Takes over what the other company holds.
    pub async fn catch_up(&mut self, with: &Company) -> anyhow::Result<()> {
        let rows = with.store().entries(self.record.contract().0).await?;
        self.record = Record::replay(rows.iter().map(|row| &row.bytes))?;
        Ok(())
    }

    /// The company's last entry.
    pub fn last(&self) -> &Header {
        let chain = self.record.ledger().chain(self.side);
        &chain.last().expect("it has signed something").entry.entry().header
    }

    /// Our next entry, as `change` leaves its header.
    pub fn sign(
        &self,
        time: Time,
        payload: Payload,
        change: impl FnOnce(&mut Header),
    ) -> anyhow::Result<SignedEntry> {
        let mut header = self.record.next_header(self.side, time, &payload)?;
        change(&mut header);
        Ok(SignedEntry::sign(header, payload, &self.key)?)
    }

    /// The same with a key that is not the company's.
    pub fn sign_as_somebody_else(&self, time: Time, payload: Payload) -> anyhow::Result<SignedEntry> {
        let header = self.record.next_header(self.side, time, &payload)?;
        Ok(SignedEntry::sign(header, payload, &SecretKey::from_bytes(&[7; 32])?)?)
    }

    /// Brings it to the other company, as its node would.
    pub fn send(&self, to: &Company, entry: &SignedEntry) -> anyhow::Result<()> {
        let host: Arc<dyn Host> = to.host();
        for frame in Message::Entry(entry.bytes().to_vec()).frames(self.record.contract(), 0)? {
            host.message(self.node, frame);
        }
        Ok(())
    }
}

/// What an ack of that company states now.
pub fn ack(record: &Record) -> Payload {
    Payload::Ack(lncontract_core::v1::Ack { state: record.state_hash() })
}

/// A hash that nothing has.
pub const NOTHING: Hash = Bytes([9; 32]);
