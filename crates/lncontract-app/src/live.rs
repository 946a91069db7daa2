//! Contracts in memory, and the one shape of every write: load, admit, append with its outbox row in one
//! transaction, then act. An entry is believed only once the store has it.

use std::sync::Arc;

use lncontract_core::{
    Bytes, Hash, Time,
    v1::{Payload, Side},
};
use lncontract_record::{Record, RecordError, SignedEntry, Sync};
use lncontract_store::{Change, Channels, Contract, NewEntry, NewOutbox, PutDue, Which};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    App, AppError,
    app::Work,
    carriers::Carrier,
    present::list::{Listed, listed},
    signing::not_in_step,
};

/// A contract's record with what belongs to it while the program runs.
pub(crate) struct Live {
    pub(crate) record: Record,
    pub(crate) sync: Sync,
    pub(crate) our_side: Side,
    /// The counterparty's id.
    pub(crate) peer: String,
    /// Whether the exchange was told of a connection.
    pub(crate) connected: bool,
    /// What carried when it was told so.
    pub(crate) carrier: Option<Carrier>,
    /// When the connection began, or brought something last.
    pub(crate) heard_at: Option<Instant>,
    /// Why the last entry that the peer sent could not be taken, until one can; the store has it too.
    pub(crate) refused: Option<String>,
    /// Whether that came since the program started.
    pub(crate) at_odds: bool,
    /// When heads were last sent.
    pub(crate) asked_at: Time,
    /// How much of our chain the other side has seen, as the outbox has it.
    pub(crate) delivered: u64,
    /// When to ask for an entry again that was dated ahead of our clock.
    pub(crate) ask_again_at: Option<Time>,
    /// The record may hold an entry that the store does not: a commit failed, or its caller went away. It is
    /// read from the store again before anybody looks.
    pub(crate) unsure: bool,
}

impl Live {
    pub(crate) fn new(record: Record, our_side: Side, peer: String) -> Self {
        let sync = Sync::new(record.contract());
        Self {
            record,
            sync,
            our_side,
            peer,
            connected: false,
            carrier: None,
            heard_at: None,
            refused: None,
            at_odds: false,
            asked_at: Time(0),
            delivered: 0,
            ask_again_at: None,
            unsure: false,
        }
    }
}

/// The store's word for a side.
pub(crate) fn stored_side(side: Side) -> lncontract_store::Side {
    match side {
        Side::Buyer => lncontract_store::Side::Buyer,
        Side::Seller => lncontract_store::Side::Seller,
    }
}

fn side_of(stored: lncontract_store::Side) -> Side {
    match stored {
        lncontract_store::Side::Buyer => Side::Buyer,
        lncontract_store::Side::Seller => Side::Seller,
    }
}

impl App {
    /// A contract, from memory or from the store.
    pub(crate) async fn live(&self, contract: Hash) -> Result<Arc<Mutex<Live>>, AppError> {
        let mut contracts = self.contracts.lock().await;
        if let Some(live) = contracts.get(&contract) {
            let live = Arc::clone(live);
            // The map is let go first: whoever writes in a contract may take its time.
            drop(contracts);
            self.make_sure(&mut *live.lock().await).await?;
            return Ok(live);
        }
        let row = self.store.contract(contract.0).await?.ok_or_else(|| AppError::not_found("contract"))?;
        let record = self.stored_record(contract).await?;
        let mut live = Live::new(record, side_of(row.our_side), row.peer_id);
        live.refused = self.stored_refusal(contract).await?;
        let live = Arc::new(Mutex::new(live));
        contracts.insert(contract, Arc::clone(&live));
        Ok(live)
    }

    async fn stored_record(&self, contract: Hash) -> Result<Record, AppError> {
        let rows = self.store.entries(contract.0).await?;
        let forks = self.store.forks(contract.0).await?;
        let damaged = |error: RecordError| {
            tracing::error!(%contract, error = %crate::error::chain_of(&error), "a stored record is damaged");
            AppError::fault("the stored record of this contract is damaged: restore a backup of the database")
        };
        let mut record = Record::replay(rows.iter().map(|row| &row.bytes)).map_err(damaged)?;
        for fork in forks {
            record.insert(&fork.bytes, Time(i64::MAX)).map_err(damaged)?;
        }
        Ok(record)
    }

    /// Reads the record from the store again, if the one in memory may be ahead of it.
    pub(crate) async fn make_sure(&self, live: &mut Live) -> Result<(), AppError> {
        if live.unsure {
            live.record = self.stored_record(live.record.contract()).await?;
            live.unsure = false;
        }
        Ok(())
    }

    /// Commits what `live.record` holds already. The mark is set by the caller before it inserts, and stays
    /// if this future is dropped half-way: then nobody believes the record until it was read again.
    pub(crate) async fn commit_inserted(
        &self,
        live: &mut Live,
        changes: Vec<Change>,
    ) -> Result<(), AppError> {
        match self.store.commit(changes).await {
            Ok(()) => {
                live.unsure = false;
                Ok(())
            }
            Err(error) => {
                self.make_sure(live).await?;
                Err(error.into())
            }
        }
    }

    /// The contracts whose channels stand like that; the others are not opened.
    pub(crate) async fn live_with(&self, which: &[Channels]) -> Result<Vec<Arc<Mutex<Live>>>, AppError> {
        let mut all = Vec::new();
        for channels in which {
            for row in self.store.contracts_which(Which::With(*channels), u32::MAX).await? {
                all.push(self.live(Bytes(row.id)).await?);
            }
        }
        Ok(all)
    }

    /// Keeps a contract that was begun just now.
    pub(crate) async fn keep(&self, live: Live) {
        let id = live.record.contract();
        self.contracts.lock().await.insert(id, Arc::new(Mutex::new(live)));
        self.wake(Work::Contract(id));
    }

    /// Writes our next entry: drafts it (own and received entries are admitted alike), signs it, and commits
    /// it with its outbox row and what `along` adds. `payload` gets the hash of the present state.
    /// Returns the entry's id.
    pub(crate) async fn write(
        &self,
        live: &mut Live,
        payload: impl FnOnce(Hash) -> Result<Payload, AppError>,
        along: impl FnOnce(Hash) -> Vec<Change>,
    ) -> Result<Hash, AppError> {
        let unlocked = self.unlocked().await?;
        self.make_sure(live).await?;
        if !live.may_sign() {
            return Err(not_in_step());
        }
        let now = self.clock.now();
        let payload = payload(live.record.state_hash())?;
        let entry = live.record.draft(live.our_side, now, payload)?;
        let signed = SignedEntry::sign(entry.header, entry.payload, &unlocked.record_key)?;
        // In place, so that the cost of an entry does not grow with the record.
        live.unsure = true;
        live.record.insert(signed.bytes(), now)?;
        let mut changes = self.appended(&live.record, live.our_side, &live.peer, &signed)?;
        changes.extend(along(signed.id()));
        self.commit_inserted(live, changes).await?;
        self.wake(Work::Contract(live.record.contract()));
        Ok(signed.id())
    }

    /// Begins a contract with our first entry.
    pub(crate) async fn begin(&self, payload: Payload, our_side: Side, peer: &str) -> Result<Hash, AppError> {
        let unlocked = self.unlocked().await?;
        let now = self.clock.now();
        let header = Record::first_header(our_side, now, &payload)?;
        let signed = SignedEntry::sign(header, payload, &unlocked.record_key)?;
        let record = Record::begin(signed.bytes(), now)?;
        self.store.commit(self.appended(&record, our_side, peer, &signed)?).await?;
        let id = record.contract();
        self.keep(Live::new(record, our_side, peer.to_owned())).await;
        Ok(id)
    }

    /// The changes of an entry of ours: the contract's row, the entry, its outbox row.
    fn appended(
        &self,
        after: &Record,
        ours: Side,
        peer: &str,
        signed: &SignedEntry,
    ) -> Result<Vec<Change>, AppError> {
        let mut changes = self.taken(after, ours, peer, signed)?;
        changes.push(Change::PutOutbox(NewOutbox {
            contract_id: after.contract().0,
            entry_hash: signed.id().0,
            peer_id: peer.to_owned(),
            next_try_at: self.clock.now().0,
        }));
        Ok(changes)
    }

    /// The changes that bring a contract's row up to its record and the time.
    pub(crate) fn row(&self, after: &Record, ours: Side, peer: &str) -> Result<Vec<Change>, AppError> {
        let now = self.clock.now();
        let Listed { kept, summary, due } = listed(after, ours, now)?;
        let contract = Contract {
            id: after.contract().0,
            peer_id: peer.to_owned(),
            our_side: stored_side(ours),
            number: kept.row.number.clone(),
            title: kept.row.title.clone(),
            phase: kept.row.state.word.clone(),
            projection: serde_json::to_string(&kept).map_err(|_| AppError::fault("projection"))?,
            created_at: now.0,
            summary,
        };
        let due = PutDue { contract_id: after.contract().0, due };
        Ok(vec![Change::PutContract(contract), Change::PutDue(due)])
    }

    /// The changes of an entry that stands in the record: the contract's row with it.
    pub(crate) fn taken(
        &self,
        after: &Record,
        ours: Side,
        peer: &str,
        signed: &SignedEntry,
    ) -> Result<Vec<Change>, AppError> {
        let mut changes = self.row(after, ours, peer)?;
        let header = &signed.entry().header;
        let entry = NewEntry {
            contract_id: after.contract().0,
            author: stored_side(header.author),
            expected_seq: header.seq,
            hash: signed.id().0,
            bytes: signed.bytes().to_vec(),
            stored_at: self.clock.now().0,
        };
        changes.push(Change::AppendEntry(entry));
        Ok(changes)
    }
}

impl From<RecordError> for AppError {
    fn from(error: RecordError) -> Self {
        Self::refused(
            "record",
            crate::error::chain_of(&error),
            "the entry was not taken; nothing was changed",
        )
    }
}
